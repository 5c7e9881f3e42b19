"""Time limits inside a child. The soft one interrupts the task; the hard one is kept by the heartbeat."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobq.errors import SoftTimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def soft_time_limit(seconds: float, task: str) -> Iterator[None]:
    """Raise `SoftTimeLimitExceeded` in the block after `seconds`. Signals reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise SoftTimeLimitExceeded(f"{task} ran for its soft time limit of {seconds:g} seconds")

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
