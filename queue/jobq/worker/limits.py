"""What may break into a running task: its time limits, and a worker that must leave at once.

The soft limit raises in the task; the hard one is kept by the heartbeat. A signal's exception would surface in
the event loop instead of the coroutine that the loop runs, and leave that one behind half-done: coroutines are
told by the loop's own timer.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from jobq.errors import SoftTimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator


class BrokenOff(BaseException):
    """SIGQUIT arrived while a task ran."""


@contextmanager
def soft_time_limit(seconds: float, task: str) -> Iterator[None]:
    """Raise `SoftTimeLimitExceeded` in the block after `seconds`. Signals reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise _exceeded(seconds, task)

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class _Limited:
    """The awaitable of `limited`: hands on what goes between the loop and the coroutine."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], seconds: float, task: str) -> None:
        self._coroutine = coroutine
        self._seconds = seconds
        self._task = task

    def __await__(self) -> Generator[Any, Any, Any]:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - coroutines are awaited by tasks
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            me.cancel()

        timer = asyncio.get_running_loop().call_later(self._seconds, expire)
        steps = self._coroutine.__await__()
        resume: Callable[[], Any] = partial(next, steps)
        try:
            while True:
                try:
                    awaited = resume()
                except StopIteration as end:
                    return end.value
                try:
                    resume = partial(steps.send, (yield awaited))
                except asyncio.CancelledError as error:
                    resume = partial(steps.throw, error)
                    if expired:
                        expired = False
                        me.uncancel()
                        resume = partial(steps.throw, _exceeded(self._seconds, self._task))
                except BaseException as error:  # noqa: BLE001 - the coroutine's own to handle
                    resume = partial(steps.throw, error)
        finally:
            timer.cancel()


async def limited(coroutine: Coroutine[Any, Any, Any], seconds: float, task: str) -> Any:
    """Await a coroutine; after `seconds`, `SoftTimeLimitExceeded` is raised in it, at what it awaits then."""
    return await _Limited(coroutine, seconds, task)


def _exceeded(seconds: float, task: str) -> SoftTimeLimitExceeded:
    return SoftTimeLimitExceeded(f"{task} ran for its soft time limit of {seconds:g} seconds")
