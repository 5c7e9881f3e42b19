"""A store as one simulated process sees it, and what can go wrong between the two.

A call travels to the store, takes effect there at one instant, and its answer travels back. On the way, by chance:

refused    it does not arrive: the caller is told at once that the store is away
lost       it takes effect, and the answer is lost: the caller waits for its time-out
late       it is held up for longer than a lease may last. If the caller's patience ends before, the call takes effect
           all the same, when nobody waits for it any more
killed     the process is killed before the call leaves, while it is on its way, or when its answer arrives
stopped    the process stands still at one of the same three moments

A file, other than a server, is written to by the process itself: there a call that a dead process had under way has no
effect, and that of a stopped one waits with it.

`wait` and `wait_beat` are hints, pushed by what others do: here they are most often heard, after a moment, and
sometimes not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jobq.errors import StoreUnavailable
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from jobq.testing.simulation import SimulatedProcess, World

TIMEOUT = 3.0
MOMENTS = ("before", "under way", "after")

BEATS_HEAR = frozenset({"resign", "change", "request_reload"})
WORKERS_HEAR = frozenset({"enqueue", "fire", "complete", "release", "requeue"})


@dataclass
class Rates:
    """The chance of each fault, a call, and of a hint that is not heard.

    In seconds: the longest delay or standstill, and the slowest way there or back.
    """

    refused: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    killed: float = 0.0
    stopped: float = 0.0
    longest: float = 8.0
    slowest: float = 0.002
    unheard: float = 0.0


class Effect(NamedTuple):
    """A call that took effect. `called` and `at` are instants of the world, `now` is the store's at the effect."""

    called: int
    at: int
    now: int
    process: SimulatedProcess
    verb: str
    args: tuple[Any, ...]
    answer: Any


class Net:
    """All that lies between the processes of a world and one store.

    `server` tells a server from a file. Who observes is told of every call when it is made, of every effect, of every
    answer that is heard, and of what keeps a process from its store, and for how many seconds from now.
    """

    def __init__(self, world: World, store: Any, *, server: bool, rates: Rates | None = None) -> None:
        self.world = world
        self.store = store
        self.server = server
        self.rates = rates or Rates()
        self.away = False
        self.injected: Counter[str] = Counter()
        self.on_call: Callable[[SimulatedProcess, str, tuple[Any, ...]], None] = lambda *_: None
        self.on_effect: Callable[[Effect], None] = lambda _: None
        self.on_heard: Callable[[Effect], None] = lambda _: None
        self.on_trouble: Callable[[SimulatedProcess, float], None] = lambda *_: None
        self.beats = Bell(self)
        self.workers = Bell(self)

    def seen_by(self, process: SimulatedProcess) -> Any:
        """The store as a process has it."""
        return _Remote(self, process)

    def effect(self, call: _Call) -> None:
        """The instant at which a call takes effect, unless something is in its way."""
        process = call.process
        if not self.server:
            if not process.alive:
                return
            if process.stopped_until > self.world.now:
                self.world.at(process.stopped_until, lambda: self.effect(call))
                return
        if self.away or call.refused:
            call.error = StoreUnavailable("the store is away")
        else:
            self._take_effect(call)
        call.arrive()

    def _take_effect(self, call: _Call) -> None:
        try:
            answer = getattr(self.store, call.verb)(*call.args, **call.kwargs)
        except Exception as error:  # noqa: BLE001 - it is for the caller
            call.error = error
        else:
            call.took_effect = Effect(
                call.called, self.world.now, self.store.now(), call.process, call.verb, call.args, answer
            )
            self.on_effect(call.took_effect)
        self.world.note(call.process.name, f"  {call.verb} -> {call.shown}")
        if call.verb in BEATS_HEAR:
            self.beats.ring()
        if call.verb in WORKERS_HEAR:
            self.workers.ring()


class _Call:
    """One call of one process, under way."""

    def __init__(
        self, net: Net, process: SimulatedProcess, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.net, self.process, self.verb, self.args, self.kwargs = net, process, verb, args, kwargs
        self.called = net.world.now
        self.took_effect: Effect | None = None
        self.error: Exception | None = None
        self.answered = False
        chance = net.world.random
        slowest = round(net.rates.slowest * SECOND)
        self.there, self.back = chance.randint(50, slowest), chance.randint(50, slowest)
        self.refused = self._happens("refused", net.rates.refused)
        self.lost = self._happens("lost", net.rates.lost)
        self.killed = self._moment(chance, "killed", net.rates.killed)
        self.stopped = self._moment(chance, "stopped", net.rates.stopped)
        if self._happens("late", net.rates.late):
            self.there = round(chance.uniform(0, net.rates.longest) * SECOND)
            net.on_trouble(process, min(self.there / SECOND, TIMEOUT))
        if self.lost:
            net.on_trouble(process, TIMEOUT)

    def _happens(self, fault: str, rate: float) -> bool:
        happens = rate > 0 and self.net.world.random.random() < rate
        if happens:
            self.net.injected[fault] += 1
        return happens

    def _moment(self, chance: Random, fault: str, rate: float) -> str:
        return chance.choice(MOMENTS) if self._happens(fault, rate) else ""

    @property
    def shown(self) -> str:
        return repr(self.error if self.error is not None else self.took_effect and self.took_effect.answer)[
            :300
        ]

    def make(self) -> Any:
        """From the caller's side. Raises what the store raised, or `StoreUnavailable`."""
        process, world = self.process, self.net.world
        self._thread = process.waiting()
        self._meet("before")
        if not process.alive:
            process.waiting()  # raises
        if process.stopped_until > world.now:
            process.wait(process.stopped_until)
        world.at(world.now + self.there, lambda: self.net.effect(self))
        self._meet("under way")
        process.wait(world.now + round(TIMEOUT * SECOND), lambda: self.answered)
        if not self.answered:
            raise StoreUnavailable("the store does not answer")
        if self.error is not None:
            raise self.error
        effect = self.took_effect
        if effect is None:
            raise AssertionError("a call that was answered took effect or failed")
        self.net.on_heard(effect)
        return effect.answer

    def arrive(self) -> None:
        """The answer sets out."""
        if self.lost or not self.process.alive:
            return
        self._meet("after")

        def hear() -> None:
            self.answered = True
            self._thread.wake_soon()

        self.net.world.at(self.net.world.now + self.back, hear)

    def _meet(self, moment: str) -> None:
        if self.killed == moment:
            self.process.kill()
        if self.stopped == moment:
            seconds = self.net.world.random.uniform(0, self.net.rates.longest)
            self.net.on_trouble(self.process, seconds)
            self.process.stop(seconds)


class _Remote:
    """Every verb of the store becomes a call."""

    url = "simulated"

    def __init__(self, net: Net, process: SimulatedProcess) -> None:
        self._net = net
        self._process = process

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._process.waiting()
            self._net.on_call(self._process, verb, args)
            return _Call(self._net, self._process, verb, args, kwargs).make()

        return call

    def close(self) -> None:
        """Nothing is kept open."""

    def wait(self, _: object, timeout: float) -> bool:
        return self._net.workers.listen(self._process, timeout)

    def listen(self) -> bool:
        return False

    def wait_beat(self, timeout: float) -> bool:
        return self._net.beats.listen(self._process, timeout)


class Bell:
    """Wakes those who listen, most of them."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._world = net.world
        self._listeners: list[Callable[[], None]] = []

    def listen(self, process: SimulatedProcess, timeout: float) -> bool:
        thread = process.waiting()
        rung: list[bool] = []

        def hear() -> None:
            rung.append(True)
            thread.wake_soon()

        self._listeners.append(hear)
        try:
            process.wait(self._world.now + round(max(timeout, 0) * SECOND), lambda: bool(rung))
        finally:
            if hear in self._listeners:
                self._listeners.remove(hear)
        return bool(rung)

    def ring(self) -> None:
        listeners, self._listeners = self._listeners, []
        for hear in listeners:
            if self._world.random.random() >= self._net.rates.unheard:
                self._world.at(self._world.now + self._world.random.randint(50, 5_000), hear)
            else:
                self._listeners.append(hear)
