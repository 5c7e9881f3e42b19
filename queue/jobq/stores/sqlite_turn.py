"""Whose turn it is to write: a courtesy among the processes at one file.

SQLite's write lock has no queue. Who finds it taken sleeps for up to 100 ms and tries again, so a process that
writes in a tight loop, and leaves the lock free for microseconds only, can keep all others out for seconds.
Writers therefore pass a turnstile one by one: each holds the turn while it tries for the write lock and gives it up
once it has that. While someone tries, a busy writer stands before the turnstile and does not compete.

The turn is a `flock` on an empty file beside the database, so it ends with the process that holds it. Nothing
rests on it: who does not get it in time (its holder may be stopped, or the file cannot be made) goes on without.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRY = 0.001


class Turnstile:
    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        held = self._take(time.monotonic() + patience)
        try:
            yield
        finally:
            if held and self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _take(self, deadline: float) -> bool:
        with suppress(OSError):
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_RETRY)
        return False
