"""A few beats and workers at one store, in a world of their own: how it is set up, disturbed, calmed and read.

The real service, election, ticker, worker loop and stores; only time, chance and the ways to the store are the world's.
A run has three parts: trouble of the kinds and in the measure that the seed chooses; calm, in which everything has to be
on time again, but for one change of leader; and the end, when the beats have left and the workers finish what there is.
"""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from evidence import Evidence, Grid, Run
from strays import strays

from beat.entry import Entry
from beat.leadership import MARGIN, Leadership
from beat.schedules import every
from beat.sdnotify import Notifier
from beat.service import Service
from beat.sources import FILE
from jobq import App
from jobq.errors import StoreUnavailable
from jobq.instants import SECOND
from jobq.job import NewJob, State
from jobq.message import JobOptions, Link, new_job, parse_options
from jobq.testing.faults import Net, Rates
from jobq.testing.simulation import START, SimulatedProcess, World
from jobq.worker.child import Child
from jobq.worker.options import WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobq.job import JobRecord
    from jobq.testing.faults import Effect

TTL = 3.0
LEASE = 3.0
TROUBLE = 15.0
SETTLING = 9.0
"""Seconds after the last fault until all is well: a lease may have been extended by a call that came late."""
CALM = 8.0
END = 60.0
HOUR = 3600.0
BETWEEN = 0.2
"""The chance that a clock is set back between a decision and its deed, where clocks are set."""
LOOKS = 3
"""At the places of all jobs, while there is trouble."""


class Simulation:
    """`open_store` takes a clock; `server` says whether its store is one."""

    def __init__(self, seed: int, open_store: Callable[[Callable[[], int]], Any], *, server: bool) -> None:
        self.world = World(seed)
        self.random = self.world.random
        self.clock_offset = 0
        self.store = open_store(lambda: self.world.now + self.clock_offset)
        self.net = Net(self.world, self.store, server=server)
        self.net.on_effect = self._take_effect
        self.net.on_call = self._call
        self.net.on_heard = self._hear
        self.net.on_trouble = self._trouble
        self.evidence = Evidence(round(TTL * SECOND), round(LEASE * SECOND), MARGIN)
        self.counts: Counter[str] = Counter()
        self._roles: dict[str, Callable[[SimulatedProcess], object]] = {}
        self._running: dict[str, SimulatedProcess] = {}
        self._trusted: dict[SimulatedProcess, int] = {}
        self._seen: set[str] = set()
        self._open: set[str] = set()
        self._enqueued = 0
        self._troubled = True
        self._stepping = self.random.random() < 0.25  # the clock of the store's machine
        self._farthest = self.random.choice((60.0, HOUR))
        self.evidence.steady = not self._stepping
        self.versions: Counter[str] = Counter()
        self._grids()

    # -- the three parts

    def run(self) -> Evidence:
        self._people()
        self._plan_trouble()
        try:
            for _ in range(LOOKS):
                self.world.run(TROUBLE / LOOKS)
                self.evidence.strays += strays(self.store)
                self._revive()
            self._calm()
            self.world.run(SETTLING)
            self._revive()  # who was killed by a call that was under way
            calm_since, self.evidence.calm_now = self.world.now, self.store.now()
            self.world.run(CALM / 2)
            self._change_leader()
            self.world.run(CALM / 2)
            self.evidence.calm, self.evidence.now = (calm_since, self.world.now), self.store.now()
            self._end()
        finally:
            self.world.close()
        self._collect()
        return self.evidence

    def _people(self) -> None:
        for number in range(self.random.randint(2, 3)):
            self._employ(f"beat{number}", self._beat)
        for number in range(self.random.randint(2, 3)):
            self._employ(f"worker{number}", self._worker)
        self._employ("producer", self._producer)

    def _employ(self, name: str, role: Callable[[SimulatedProcess], object]) -> None:
        self._roles[name] = role
        self._running[name] = self.world.start(name, role)

    def _calm(self) -> None:
        self._troubled = False
        self.net.rates = Rates()
        self.net.away = False
        for name in self._roles:
            process = self._running[name]
            process.stopped_until = min(process.stopped_until, self.world.now)
            if not process.alive:
                self._replace(name)

    def _revive(self) -> None:
        for name in self._roles:
            self._replace(name)

    def _change_leader(self) -> None:
        lease = self.store.leader()
        if lease is None:
            return
        self.evidence.failover_at = self.store.now()
        self.evidence.graceful = self.random.random() < 0.5
        self._end_one(lease.node, graceful=self.evidence.graceful)

    def _end(self) -> None:
        del self._roles["producer"]
        self._running["producer"].kill()
        for name in [name for name in self._roles if name.startswith("beat")]:
            del self._roles[name]
            self._running[name].send(signal.SIGTERM)
        self.world.run(1.0)  # what is on its way arrives
        self.world.run(END, lambda: not self._open)
        late = {
            job_id
            for job_id, record in self._waiting()
            if record is None or record.state is not State.SCHEDULED
        }
        self.world.run(END / 4, lambda: not self._open)  # what had just come due
        if self._open:  # what waits for an instant that a clock which was set back has not reached again
            waiting = dict(self._waiting())
            self.evidence.stuck = [
                f"job {job_id} is {record and record.state.value} for ever"
                for job_id, record in waiting.items()
                if job_id in late and (record is None or record.state is not State.SCHEDULED)
            ]
            last = max((record.due for record in waiting.values() if record is not None), default=0)
            self.clock_offset += max(0, last - self.store.now())
            self.world.run(END, lambda: not self._open)

    def _waiting(self) -> list[tuple[str, JobRecord | None]]:
        job_ids = sorted(self._open)
        return list(zip(job_ids, self.store.get(job_ids), strict=True))

    def _collect(self) -> None:
        evidence, store = self.evidence, self.store
        evidence.strays += strays(store)
        evidence.entries = store.entries()
        evidence.histories = {
            entry.name: store.history(entry.name, 1_000_000)[::-1] for entry in evidence.entries
        }
        ids = sorted({insertion.job for insertion in evidence.insertions()})
        evidence.records = dict(zip(ids, store.get(ids), strict=True))
        evidence.totals = store.totals()
        self.counts.update(self.net.injected)
        self.counts["ticks"] = sum(map(len, evidence.histories.values()))
        self.counts["jobs"] = len(ids)
        self.counts["runs"] = len(evidence.runs)
        self.counts["calls"] = len(evidence.effects)

    # -- who there is

    def _grids(self) -> None:
        """A step of an hour is a flood of ticks: where the clock steps, entries are rare."""
        scale = max(1, round(self._farthest / 60)) if self._stepping else 1
        for name, seconds, catchup in (("all", 0.9, "all"), ("latest", 1.3, "latest"), ("skip", 1.7, "skip")):
            step = round(seconds * self.random.uniform(0.8, 2.5) * scale * 1000) * 1000
            self.evidence.grids[name] = Grid(step, catchup)

    def _load(self) -> dict[str, Sequence[Entry]]:
        return {FILE: [self._entry(name, grid) for name, grid in self.evidence.grids.items()]}

    def _entry(self, name: str, grid: Grid) -> Entry:
        kinds = {"all": "quick", "latest": "linked", "skip": "slow"}
        options = JobOptions(link=(Link("quick", immutable=True),)) if name == "latest" else JobOptions()
        return Entry(
            name=name,
            task=kinds[name],
            schedule=every(grid.step / SECOND),
            args=(name, self.versions[name]),
            catchup=grid.catchup,
            options=options,
        )

    def _beat(self, process: SimulatedProcess) -> None:
        store = self.net.seen_by(process)
        service = Service(
            store,
            Leadership(store, process.name, TTL, process.monotonic),
            self._load,
            Notifier({}),
            max_loop_interval=5.0,
            runtime=process,
        )
        service.run(self._load())
        self._replace_soon(process)

    def _worker(self, process: SimulatedProcess) -> None:
        app = App("simulated", store="sqlite:///unused.db")
        app._store = self.net.seen_by(process)
        takes = {"quick": 0.02, "linked": 0.1, "slow": 2.5 * LEASE, "flaky": 0.1}
        for name, seconds in takes.items():
            app.task(partial(self._task, process, name, seconds), name=name, bind=True)
        app.finalize()
        Child(app, WorkerOptions(lease_ttl=LEASE), process.name, process).run()
        self._replace_soon(process)

    def _task(self, process: SimulatedProcess, name: str, seconds: float, task: Any, *_: object) -> str:
        self.evidence.runs.append(Run(task.request.id, process, self.world.now, self.store.now()))
        self.world.note(process.name, f"runs {task.request.id}")
        process.sleep(self.random.uniform(0.1, 1) * seconds)
        if name == "flaky" and task.request.retries == 0:
            raise task.retry(countdown=0.5)
        return name

    def _producer(self, process: SimulatedProcess) -> None:
        store = self.net.seen_by(process)
        while True:
            process.sleep(self.random.expovariate(1.0))
            self._enqueued += 1
            job = self._job(f"p{self._enqueued}")
            while True:
                try:
                    store.enqueue([job])
                    break
                except StoreUnavailable:
                    process.sleep(0.2)

    def _job(self, job_id: str) -> NewJob:
        task = self.random.choice(["quick", "quick", "flaky", "slow"])
        given: dict[str, Any] = {"task_id": job_id}
        if self.random.random() < 0.3:
            given["countdown"] = self.random.uniform(0, 3)
        if self.random.random() < 0.3:
            given["link"] = Link("quick", immutable=True)
        return new_job(task, (), {}, parse_options(given, UTC))

    # -- what happens to them

    def _plan_trouble(self) -> None:
        """Each kind of fault by the toss of a coin, as often as the seed says."""
        chance = self.random

        def rate(most: float) -> float:
            return chance.uniform(0, most) if chance.random() < 0.5 else 0.0

        self.net.rates = Rates(
            *(rate(0.05), rate(0.05), rate(0.03), rate(0.02), rate(0.02)),
            longest=2.5 * TTL,
            slowest=0.002 if chance.random() < 0.5 else chance.uniform(0.002, 0.2),
            unheard=rate(0.3),
        )
        plans = (
            (self._kill_one, 4),
            (self._stop_one, 4),
            (self._retire_one, 3),
            (self._outage, 1),
            (self._change_entry, 40),
            (self._step_own_clock, 2),
        )
        for action, most in plans:
            for _ in range(chance.randint(0, most) if chance.random() < 0.6 else 0):
                self.world.after(chance.uniform(0.5, TROUBLE), partial(self._if_troubled, action))
        if self._stepping:
            # A grace covers one step; that two jumps within one are not covered is stated.
            for number in chance.sample(range(3), chance.randint(1, 3)):
                at = number * TROUBLE / 3 + chance.uniform(0.5, 0.5 * TROUBLE / 3)
                self.world.after(at, partial(self._if_troubled, self._step_store_clock))

    def _if_troubled(self, action: Callable[[], None]) -> None:
        if self._troubled:
            action()

    def _anyone(self, role: str = "") -> SimulatedProcess:
        return self._running[self.random.choice([name for name in self._roles if name.startswith(role)])]

    def _kill_one(self) -> None:
        self.counts["killed"] += 1
        self._end_one(self._anyone().name, graceful=False)

    def _retire_one(self) -> None:
        self.counts["retired"] += 1
        self._end_one(self._anyone().name, graceful=True)

    def _end_one(self, name: str, *, graceful: bool) -> None:
        process = self._running[name]
        if graceful:
            process.send(signal.SIGTERM)
        else:
            process.kill()
            self._replace_soon(process)

    def _stop_one(self) -> None:
        process, seconds = self._anyone(), self.random.uniform(0.1, 2.5 * TTL)
        self.counts["stopped"] += 1
        self._trouble(process, seconds)
        process.stop(seconds)

    def _trouble(self, process: SimulatedProcess, seconds: float) -> None:
        now = self.world.now
        self.evidence.troubles[process].append((now, now + round(seconds * SECOND)))

    def _outage(self) -> None:
        seconds = self.random.uniform(0.1, 2 * TTL)
        self.counts["outages"] += 1
        for name in self._roles:
            self._trouble(self._running[name], seconds)
        self.net.away = True
        self.world.note("store", f"is away for {seconds:.3f} s")
        self.world.after(seconds, self._return)

    def _return(self) -> None:
        self.net.away = False
        self.world.note("store", "is back")

    def _change_entry(self) -> None:
        self.counts["changes"] += 1
        self.versions.update(list(self.evidence.grids))
        for name in self._roles:
            if name.startswith("beat"):
                self._running[name].send(signal.SIGHUP)

    def _step_own_clock(self) -> None:
        self.counts["clock steps"] += 1
        self._anyone().wall_offset += round(self.random.uniform(-HOUR, HOUR) * SECOND)

    def _step_store_clock(self) -> None:
        self.counts["clock steps of the store"] += 1
        step = self.random.choice((-1, 1)) * self._farthest ** self.random.random()
        self._step(step)

    def _step(self, seconds: float) -> None:
        self.world.note("store", f"clock steps by {seconds:.3f} s")
        self.evidence.steps.append((self.world.now, round(seconds * SECOND)))
        self.clock_offset += round(seconds * SECOND)

    def _set_back(self) -> None:
        """Between a decision and its deed; and then, perhaps, the leader is no more."""
        self.counts["clock steps of the store"] += 1
        seconds = self._farthest ** self.random.random()
        self._step(-seconds)
        lease = self.store.leader()
        if lease is not None and self.random.random() < BETWEEN:
            self.world.after(self.random.uniform(0, 2), partial(self._end_one, lease.node, graceful=False))

    def _replace_soon(self, process: SimulatedProcess) -> None:
        self.world.after(self.random.uniform(0.1, 2.0), partial(self._replace, process.name))

    def _replace(self, name: str) -> None:
        if name in self._roles and not self._running[name].alive:
            self._running[name] = self.world.start(name, self._roles[name])

    # -- what is taken down

    def _take_effect(self, effect: Effect) -> None:
        self.evidence.effects.append(effect)
        fresh = set(_inserted(effect)) - self._seen  # a call that is repeated names its jobs again
        self._seen |= fresh
        self._open |= fresh
        if effect.verb == "complete":
            for outcome, accepted in zip(effect.args[0], effect.answer, strict=True):
                if accepted and outcome.state.ended:
                    self._open.discard(outcome.id)

    def _hear(self, effect: Effect) -> None:
        """A leader may trust a lease from when it asked for it."""
        granted = (effect.verb == "renew" and effect.answer) or (effect.verb == "elect" and effect.answer.won)
        if granted:
            self._trusted[effect.process] = effect.called + round(TTL * (1 - MARGIN) * SECOND)

    def _call(self, process: SimulatedProcess, verb: str, args: tuple[Any, ...]) -> None:
        if not process.alive:
            return
        if (
            verb in ("fire", "change")
            and self._stepping
            and self._troubled
            and self.random.random() < BETWEEN
        ):
            self._set_back()
        self.world.note(process.name, verb if verb == "report" else f"{verb}{args!r:.200}")
        if verb == "fire" and self.world.now >= self._trusted.get(process, 0):
            when = (self.world.now - START) / SECOND
            self.evidence.untrusted_fires.append(
                f"{process.name} set out to fire under term {args[0]} at {when:.6f} s, when it could not trust its lease"
            )


def _inserted(effect: Effect) -> list[str]:
    if effect.verb == "enqueue":
        return [job.id for job, taken in zip(effect.args[0], effect.answer, strict=True) if taken]
    if effect.verb == "fire":
        pairs = zip(effect.args[1], effect.answer, strict=True)
        return [
            tick.job.id for firing, taken in pairs if taken for tick in firing.ticks if tick.job is not None
        ]
    if effect.verb == "complete":
        pairs = zip(effect.args[0], effect.answer, strict=True)
        return [job.id for outcome, taken in pairs if taken for job in outcome.follow]
    return []
