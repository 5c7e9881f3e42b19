"""The fleet, what is done to it while it works, and what it leaves behind once all is over.

Faults are generators in a heap by the time at which each goes on. Each takes its target for itself: no program is
killed while it is stopped, no proxy has two faults at once; but one program, its connection and the store may all
have theirs at the same time.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from programs import BEATD, JOBQ, Programs, command
from waiting import wait_until

from beat.stores import open_beat_store
from chaos import faults, load
from chaos.evidence import SECOND, Exit, Fault, Sent
from chaos.sites import RedisSite
from chaos.tasks import FOLDER
from jobq.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from programs import Program

    from chaos.sites import Site

BEATS = ("a", "b", "c")
BEAT_LEASE = 1.0
WORKERS = {"w1": (1, 6.0), "w2": (2, 1.5), "w3": (2, 3.0)}
"""Children, and the lease in seconds: the longer it is, the less excuses a run that was repeated."""

STALL = 0.3
"""Seconds by which the machine may be late before that counts as a fault of its own."""

TO_THE_LEADER = 0.4
"""The part of what is done to beats and to connections that is done to the leader."""

CALM = 90.0
"""Seconds for everything that was due to be dealt with after the last fault, and again for it to be run."""


class Stage:
    def __init__(self, site: Site, folder: Path, seed: str) -> None:
        self.site = site
        self.rng = random.Random(seed)
        self.in_one_file = not isinstance(site, RedisSite)
        self.store = open_beat_store(site.url)
        self.plans = load.plans()
        self.programs: dict[str, Program] = {}
        self.noted_faults: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.left_out: dict[str, str] = {}
        self.extra: list[Sent] = []
        self.exits: list[Exit] = []
        self.runs = folder / "runs"
        self.runs.mkdir()
        self._numbers = itertools.count()
        self._programs = Programs(folder, site.url)
        self._config = self._programs.write_config(load.configuration(self.plans))
        self._heap: list[tuple[float, int, Generator[float, None, None], str]] = []
        self._taken: set[str] = set()
        self._leader = ""
        self._watching = True
        self._watch = threading.Thread(target=self._watch_the_machine, daemon=True)
        self.producers = [load.Producer(name, site.url_for(name), f"{seed}-{name}") for name in ("p1", "p2")]

    @property
    def proxies(self) -> dict[str, Any]:
        return getattr(self.site, "proxies", {})

    # -- the fleet

    def begin(self) -> None:
        for name in (*BEATS, *WORKERS):
            self.start(name)
        wait_until(lambda: len(self.store.entries()) == len(self.plans), CALM, what="the entries to be there")
        self.seen_at = self.store.now()
        self._watch.start()
        for producer in self.producers:
            producer.start()

    def start(self, name: str) -> None:
        words = ["--store", self.site.url_for(name)]
        if name in BEATS:
            words += ["--config", str(self._config), "--node", name, "--lease-ttl", str(BEAT_LEASE)]
            words = command(BEATD, *words, "--log-format", "json")
        else:
            children, lease = WORKERS[name]
            options = ["--concurrency", str(children), "--lease-ttl", str(lease), "--name", name]
            words = command(JOBQ, *words, "-A", "chaos.tasks:app", "worker", *options, "--log-format", "json")
        self.programs[name] = self._programs.start(words, name, **{FOLDER: str(self.runs)})

    def ready(self, name: str) -> bool:
        return bool(self.programs[name].said("beat_ready" if name in BEATS else "worker_started"))

    def role(self, name: str) -> str:
        return "beat" if name in BEATS else "worker"

    def lease(self, name: str) -> float:
        return BEAT_LEASE if name in BEATS else WORKERS[name][1]

    def some_child(self, name: str) -> int:
        """The process of one of a worker's children, 0 if it has none just now."""
        children = self.programs[name].children
        return self.rng.choice(children) if children else 0

    def exited(self, name: str, *, told: bool = True) -> None:
        process = self.programs[name].process
        self.exits.append(Exit(f"{name} (pid {process.pid})", process.returncode, told))

    def look_after(self, name: str) -> None:
        """Before something is done to a program: does it still live?"""
        if self.programs[name].process.poll() is not None:
            self.exited(name, told=False)

    # -- what faults note

    def note(self, kind: str, **who: Any) -> None:
        """Of what takes no time."""
        now = time.time_ns() // 1000
        self._log(kind, now, now, **who)

    @contextmanager
    def noted(self, kind: str, recovery: float, **who: Any) -> Iterator[None]:
        began = time.time_ns() // 1000
        try:
            yield
        finally:
            self._log(kind, began, time.time_ns() // 1000 + round(recovery * SECOND), **who)

    def _log(
        self,
        kind: str,
        at: int,
        until: int,
        *,
        pids: Iterable[int] = (),
        programs: Iterable[str] = (),
        **flags: bool,
    ) -> None:
        self.counts[kind] += 1
        self.noted_faults.append(Fault(kind, at, until, frozenset(pids), frozenset(programs), **flags))

    def leave_out(self, kind: str, reason: str) -> None:
        self.left_out[kind] = reason

    def new_name(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"

    def sent(self, job: str, *, acknowledged: bool) -> None:
        self.extra.append(Sent(job, acknowledged))

    # -- time

    def rage(self, seconds: float, pause: float) -> None:
        """Inject a fault every `pause` seconds on average, and then see all of them through."""
        kinds = self._kinds()
        weights = [kind.weight for kind in kinds]
        deadline = time.monotonic() + seconds
        upcoming = time.monotonic()
        while (now := time.monotonic()) < deadline or self._heap:
            if now < deadline and now >= upcoming:
                self._inject(self.rng.choices(kinds, weights)[0])
                upcoming = now + self.rng.expovariate(1 / pause)
            while self._heap and self._heap[0][0] <= time.monotonic():
                _, _, fault, taken = heapq.heappop(self._heap)
                self._go_on(fault, taken)
            time.sleep(0.01)

    def _kinds(self) -> list[faults.Kind]:
        of_store = faults.OF_SQLITE if self.in_one_file else [*faults.OF_CONNECTIONS, *faults.OF_REDIS]
        return [*faults.OF_PROCESSES, *of_store]

    def _inject(self, kind: faults.Kind) -> None:
        pools = {"beat": BEATS, "worker": tuple(WORKERS), "proxy": tuple(self.proxies)}
        names = pools.get(kind.pool, (kind.pool,))
        prefix = "proxy " if kind.pool == "proxy" else ""
        free = [name for name in names if prefix + name not in self._taken]
        if free:
            name = (
                self._leader
                if self._leader in free and self.rng.random() < TO_THE_LEADER
                else self.rng.choice(free)
            )
            self._taken.add(prefix + name)
            self._go_on(kind.fault(self, name), prefix + name)

    def _go_on(self, fault: Generator[float, None, None], taken: str) -> None:
        try:
            heapq.heappush(self._heap, (time.monotonic() + next(fault), next(self._numbers), fault, taken))
        except StopIteration:
            self._taken.discard(taken)

    def _watch_the_machine(self) -> None:
        """A machine, a disk or a store that stands still is a fault too, though nobody injected it."""
        while self._watching:
            began = time.time_ns() // 1000
            time.sleep(0.05)
            self.site.probe()
            ended = time.time_ns() // 1000
            with suppress(StoreUnavailable):
                lease = self.store.leader()
                self._leader = lease.node if lease is not None else ""
            if ended - began > STALL * SECOND:
                self._log("stall", began, ended + round(faults.AGAIN * SECOND), everyone=True, outage=True)

    # -- the end

    def drain(self) -> int:
        """Let the beats deal with all that is due, and the workers with all that there is. Until when was fired."""
        for producer in self.producers:
            producer.stop()
        for producer in self.producers:
            producer.join(CALM)
        self._patiently(self._all_is_well)
        until = self.store.now() - SECOND
        for name in BEATS:
            self._end(name)
        self._patiently(lambda: not any(self.left().values()))
        self.survivors = {pid for name in WORKERS for pid in self.programs[name].children}
        self.survivors |= {self.programs[name].pid for name in BEATS}
        for name in WORKERS:
            self._end(name)
        self._watching = False
        self._watch.join()
        return until

    def _all_is_well(self) -> bool:
        """Everyone has had the time to get over what was done to them, and nothing has been due for a second."""
        now = self.store.now()
        if any(fault.until > now for fault in self.noted_faults):
            return False
        if not all(self.ready(name) for name in self.programs):
            return False
        return all(not entry.next_fire or entry.next_fire > now - SECOND for entry in self.store.entries())

    def _patiently(self, condition: Any) -> None:
        """What is not so in the end, the checker will say."""

        def look() -> bool:
            try:
                return bool(condition())
            except StoreUnavailable:
                return False

        try:
            wait_until(look, CALM, interval=0.1)
        except TimeoutError:
            return

    def left(self) -> dict[str, int]:
        counted: Counter[str] = Counter()
        for queue, states in self.store.queues().items():
            for state, number in states.items():
                counted[f"{state} in {queue}"] += number
        return dict(counted)

    def _end(self, name: str) -> None:
        self.look_after(name)
        program = self.programs[name]
        try:
            program.stop()
        except AssertionError:
            program.kill_all()
        self.exited(name)

    def logs(self) -> Iterator[tuple[str, Path]]:
        """By the name of the program."""
        for path in sorted(self._programs.folder.glob("*.log")):
            yield path.name.partition("-")[0], path

    def clear_away(self) -> None:
        self._watching = False
        self._programs.clear_away()
        self.store.close()
