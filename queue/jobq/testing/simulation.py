"""A world in which time is a number: processes under one seeded scheduler, one at a time.

Each simulated process runs real code in real threads, but in the whole world only one thread has the turn. It gives
the turn up where the code would wait: in a sleep, on a condition, in a call of its store (`jobq.testing.faults`). Then
the world moves its clock to whatever is to happen next, and lets that happen. Nothing else decides who runs when, so a
world that is made again from the same seed does the same again.

A process can be sent signals, stopped for a while (none of its threads gets a turn, but its clock goes on), and killed.
Of a killed process nothing runs any more. Its threads have to end all the same: each is unwound by `Killed`, raised
where it waits, and what it does on its way out comes to nothing, because whatever reaches out of a process begins with
a wait, and every wait of a dead process raises `Killed` at once.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from jobq.instants import SECOND
from jobq.runtime import Runtime

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from jobq.runtime import Handler

    Main = Callable[["SimulatedProcess"], object]

START = 1_767_225_600 * SECOND
"""2026-01-01, in epoch microseconds: when a world begins, unless told otherwise."""


class Killed(BaseException):
    """The process is no more; this thread of it has to end."""


class World:
    """`now` is the time that has really passed, in epoch microseconds; the clocks of processes may show another.

    `random` decides whatever is left to chance. `trace` is what happened last, one line each.
    """

    def __init__(self, seed: int, start: int = START, keep: int = 2_000) -> None:
        self.random = Random(seed)  # noqa: S311 - chance, not a secret
        self.now = self._began = start
        self.trace: deque[str] = deque(maxlen=keep)
        self.processes: list[SimulatedProcess] = []
        self.crash: BaseException | None = None
        self._events: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()
        self._turn = threading.Lock()
        self._turn.acquire()

    def at(self, when: int, action: Callable[[], object]) -> None:
        """Let `action` happen at an instant."""
        heapq.heappush(self._events, (max(when, self.now), next(self._order), action))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        self.at(self.now + round(seconds * SECOND), action)

    def start(self, name: str, main: Main) -> SimulatedProcess:
        """A new process that runs `main(process)`."""
        process = SimulatedProcess(self, name)
        self.processes.append(process)
        self.note(name, "starts")
        process.main = _Thread(process, partial(main, process))
        process.threads.append(process.main)
        return process

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass, or until something is true, which is asked after each event: then True.

        Raises what a process raised: only a signal or a kill may end one early.
        """
        end = self.now + round(seconds * SECOND)
        while self._events and self._events[0][0] <= end:
            when, _, action = heapq.heappop(self._events)
            self.now = max(self.now, when)
            action()
            if self.crash is not None:
                raise self.crash
            if until():
                return True
        self.now = end
        return False

    def close(self) -> None:
        """Kill what is left, so that no thread remains."""
        for process in self.processes:
            process.kill()
        while self._events:
            self.now, _, action = heapq.heappop(self._events)
            action()

    def note(self, who: str, what: str) -> None:
        self.trace.append(f"{(self.now - self._began) / SECOND:12.6f}  {who:<10} {what}")

    # -- whose turn it is

    def hand_over(self, thread: _Thread) -> None:
        """Let a thread run until it waits or ends."""
        thread.turn.release()
        self._turn.acquire()

    def take_back(self) -> None:
        self._turn.release()


class SimulatedProcess(Runtime):
    """The runtime of one process: its clocks, its signals, its threads."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.killed_at: int | None = None
        self.stopped_until = 0
        self.wall_offset = 0  # microseconds
        self.threads: list[_Thread] = []
        self.main: _Thread | None = None
        self.pending: list[signal.Signals] = []
        self._handlers: dict[signal.Signals, Handler] = {}
        self._born = world.now

    def __repr__(self) -> str:
        return f"<{self.name}{'' if self.alive else ', dead'}>"

    @property
    def ended(self) -> bool:
        return self.main is not None and self.main.ended

    # -- what the code in it asks for

    def monotonic(self) -> float:
        return (self.world.now - self._born) / SECOND

    def wall(self) -> float:
        return (self.world.now + self.wall_offset) / SECOND

    def sleep(self, seconds: float) -> None:  # type: ignore[override]
        self.wait(self.world.now + round(max(seconds, 0) * SECOND))

    def on_signal(self, number: signal.Signals, handler: Handler) -> None:
        self._handlers[number] = handler

    def condition(self, lock: threading.Lock) -> threading.Condition:
        return _Condition(self, lock)

    def start_thread(self, target: Callable[[], None], name: str) -> threading.Thread:  # noqa: ARG002 - as of a real one
        thread = _Thread(self, target)
        self.threads.append(thread)
        return thread

    def kill(self) -> None:
        """kill -9. The thread that calls it, if it is one of the process, is unwound at its next wait."""
        if self.alive:
            self.world.note(self.name, "ends" if self.ended else "is killed")
            self.alive = False
            self.killed_at = None if self.ended else self.world.now
            self.stopped_until = 0
            for thread in self.threads:
                thread.wake_soon()

    # -- what happens to it

    def stop(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so many seconds."""
        self.world.note(self.name, f"is stopped for {seconds:.3f} s")
        self.stopped_until = max(self.stopped_until, self.world.now + round(seconds * SECOND))

    def send(self, number: signal.Signals) -> None:
        if self.alive and self.main is not None and not self.main.ended:
            self.world.note(self.name, f"gets {number.name}")
            self.pending.append(number)
            self.main.wake_soon()

    # -- waiting

    def wait(self, until: int | None, answered: Callable[[], bool] = lambda: False) -> None:
        """Wait for an instant (None: for ever), or until something is true once the thread is woken.

        It takes a microsecond at least, as it does anywhere: what looks again and again must see time pass.
        """
        thread = self.waiting()
        if until is not None:
            until = max(until, self.world.now + 1)
        while not answered() and (until is None or self.world.now < until):
            thread.wait(until)
            if thread is self.main:
                self._deliver()

    def waiting(self) -> _Thread:
        """The thread that is about to wait. Raises `Killed` if the process is dead."""
        if not self.alive:
            raise Killed
        return _current.thread

    def _deliver(self) -> None:
        while self.pending:
            number = self.pending.pop(0)
            handler = self._handlers.get(number)
            if handler is not None:
                handler(number, None)


class _Current(threading.local):
    thread: _Thread


_current = _Current()


class _Thread(threading.Thread):
    """A thread of a simulated process. Each wait has a number, so that what woke an earlier one wakes no later one."""

    def __init__(self, process: SimulatedProcess, target: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.ended = False
        self.turn = threading.Lock()
        self.turn.acquire()
        self._target_of = target
        self._wait = 0
        self.start()
        self.wake_soon()

    def run(self) -> None:
        _current.thread = self
        self.turn.acquire()
        try:
            if self.process.alive:
                self._target_of()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - the world raises it where a test sees it
            if self.process.alive:
                self.process.world.crash = error
        self.ended = True
        if self is self.process.main:
            self.process.kill()
        self.process.world.take_back()

    def wait(self, until: int | None) -> None:
        """Give the turn up until an instant, or until woken. Raises `Killed`."""
        world = self.process.world
        if not self.process.alive:
            raise Killed
        if until is not None:
            world.at(until, self.waker())
        world.take_back()
        self.turn.acquire()
        if not self.process.alive:
            raise Killed

    def waker(self) -> Callable[[], None]:
        """What ends the wait that is under way, or that comes next."""
        return partial(self._wake, self._wait)

    def wake_soon(self) -> None:
        self.process.world.at(self.process.world.now, self.waker())

    def join(self, timeout: float | None = None) -> None:
        """As ever; it is looked at again and again, which is exact enough for an end."""
        process = self.process
        deadline = None if timeout is None else process.monotonic() + timeout
        while not self.ended and (deadline is None or process.monotonic() < deadline):
            process.sleep(0.001)

    def _wake(self, wait: int) -> None:
        process = self.process
        if self.ended or wait != self._wait:
            return
        if process.stopped_until > process.world.now:
            process.world.at(process.stopped_until, partial(self._wake, wait))
            return
        self._wait += 1
        process.world.hand_over(self)


class _Condition(threading.Condition):
    """Of a simulated process: its lock is free whenever a thread waits, since only one thread has the turn."""

    def __init__(self, process: SimulatedProcess, lock: threading.Lock) -> None:
        super().__init__(lock)
        self._process = process
        self._free = lock
        self._sleepers: list[tuple[_Thread, list[bool]]] = []

    def wait(self, timeout: float | None = None) -> bool:
        process = self._process
        notified: list[bool] = []
        sleeper = (process.waiting(), notified)
        self._sleepers.append(sleeper)
        until = None if timeout is None else process.world.now + round(max(timeout, 0) * SECOND)
        self._free.release()
        try:
            process.wait(until, lambda: bool(notified))
        finally:
            self._free.acquire()
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
        return bool(notified)

    def notify(self, n: int = 1) -> None:
        for thread, notified in self._sleepers[:n]:
            notified.append(True)
            thread.wake_soon()
        del self._sleepers[:n]
