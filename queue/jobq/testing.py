"""For tests: a clock that moves by hand, signals to wait for, and a worker without a process.

app.conf.task_always_eager = True     # calls run here and now, no store involved

add.delay(1, 2)                       # or: enqueue as ever,
assert run_until_idle(app) == 1       # and run what has become of it
"""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Generic, TypeVar

from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from jobq.app import App

T = TypeVar("T")

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LEASE = 3600 * SECOND


class ManualClock:
    """A wall clock and a monotonic clock that stand still until they are told to move.

    Called, it is the clock that a SQLite store takes: epoch microseconds. `monotonic` is the one that
    deadlines take: seconds. `now` is what schedules and people take.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._wall = to_micros(start)
        self._monotonic = 0

    def __call__(self) -> int:
        return self._wall

    def time(self) -> float:
        """Seconds since the epoch, as `time.time()`."""
        return self._wall / SECOND

    def monotonic(self) -> float:
        return self._monotonic / SECOND

    def now(self, tz: tzinfo = UTC) -> datetime:
        return from_micros(self._wall, tz)

    def advance(self, by: float | timedelta) -> None:
        """Let time pass, in seconds: both clocks move on."""
        span = by if isinstance(by, timedelta) else timedelta(seconds=by)
        micros = span // timedelta(microseconds=1)
        if micros < 0:
            raise ValueError(
                f"time passes in one direction only; {by!r} is negative (set_wall may step back)"
            )
        self._wall += micros
        self._monotonic += micros

    def set_wall(self, instant: datetime) -> None:
        """Set the wall clock, either way, as an operator or NTP does: no time passes."""
        self._wall = to_micros(instant)


class Signal(Generic[T]):
    """A named moment in running code that a test can wait for, instead of sleeping.

    `send` costs nothing until a test has called `watch`; what is sent after that is kept until it is waited for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._sent: queue.SimpleQueue[T] | None = None

    def __repr__(self) -> str:
        return f"<Signal {self.name}>"

    def watch(self) -> None:
        """Keep what is sent from now on, and forget what was sent before."""
        self._sent = queue.SimpleQueue()

    def send(self, value: T) -> None:
        if self._sent is not None:
            self._sent.put(value)

    def wait(self, timeout: float = 10.0) -> T:
        """The next value sent; `TimeoutError` if there is none within `timeout` seconds."""
        if self._sent is None:
            raise RuntimeError(f"signal {self.name} is not watched; call watch() before what sends it")
        try:
            return self._sent.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"signal {self.name} was not sent within {timeout:g} seconds") from None


def run_until_idle(app: App) -> int:
    """Run the jobs of the app's store in this process, one after another; how many runs that were.

    All queues are served, and what jobs enqueue, retry and are linked to is run too, until nothing is available
    or due. What is due later stays scheduled. Hard time limits are not enforced.
    """
    from jobq.worker.execute import Executor

    app.finalize()
    store, runs = app.store, 0
    executor = Executor(app, f"run_until_idle-{threading.get_ident()}")
    try:
        while (fetched := store.fetch(sorted(store.queues()), 1, _LEASE, executor.hostname)).claims:
            for claim in fetched.claims:
                store.complete([executor.run(claim, fetched.now)])
                runs += 1
    finally:
        executor.close()
    return runs
