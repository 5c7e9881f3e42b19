"""Signals that ask a process to stop, and how they end a blocking wait at once.

A handler only sets a flag, so that no other code is ever cut in two. The one exception is a wait that was
declared interruptible: there the handler raises, and the wait's connection is thrown away with what it was about
to read. A wait reads hints only, so nothing is lost with it.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jobq.runtime import Handler

T = TypeVar("T")


class _Interrupted(BaseException):
    pass


class Interrupts:
    """Counts the signals it was given, in the order in which they came: `pending`."""

    def __init__(
        self,
        signals: Iterable[signal.Signals],
        install: Callable[[signal.Signals, Handler], object] = signal.signal,
    ) -> None:
        self.pending: list[signal.Signals] = []
        self._armed = False
        for number in signals:
            install(number, self.take)

    def take(self, number: int, _: object = None) -> None:
        """Count a signal, and end the wait that it came into: a signal handler, or a part of another one."""
        self.pending.append(signal.Signals(number))
        if self._armed:
            self._armed = False
            raise _Interrupted

    def during(self, wait: Callable[[], T]) -> T | None:
        """Run a blocking wait; None if a signal has come, before it or while it waited."""
        try:
            self._armed = True
            if self.pending:
                return None
            return wait()
        except _Interrupted:
            return None
        finally:
            self._armed = False
