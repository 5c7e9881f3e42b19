"""What a simulated run leaves behind, for `promises` to judge: what took effect in the store and when, what ran where."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from beat.entry import tick_id

if TYPE_CHECKING:
    from beat.store import HistoryRecord, StoredEntry
    from jobq.job import JobRecord, State
    from jobq.testing.faults import Effect
    from jobq.testing.simulation import SimulatedProcess


class Run(NamedTuple):
    """One start of a job, by the world's clock and by the store's."""

    job: str
    process: SimulatedProcess
    at: int
    now: int


class Insertion(NamedTuple):
    """A job that the store took: by whom (a tick, a producer, a job that ended) and when, by the store's clock."""

    job: str
    by: str
    now: int
    message: str
    due: int


class End(NamedTuple):
    """An outcome that the store took."""

    job: str
    token: int
    state: State
    at: int
    follow: tuple[str, ...]


class Grid(NamedTuple):
    """The fire times of an entry: `anchor + k * step`, k >= 1."""

    step: int
    catchup: str


@dataclass
class Evidence:
    ttl: int
    lease: int
    margin: float
    grids: dict[str, Grid] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    troubles: dict[SimulatedProcess, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    untrusted_fires: list[str] = field(default_factory=list)
    calm: tuple[int, int] = (0, 0)
    calm_now: int = 0
    failover_at: int = 0
    graceful: bool = False
    steady: bool = True  # whether the store's clock was never set
    steps: list[tuple[int, int]] = field(default_factory=list)  # of the store's clock: when, and by how much
    stuck: list[str] = field(default_factory=list)

    # What the store held at the end.
    now: int = 0
    entries: list[StoredEntry] = field(default_factory=list)
    histories: dict[str, list[HistoryRecord]] = field(default_factory=dict)
    records: dict[str, JobRecord | None] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)

    def insertions(self) -> list[Insertion]:
        found = []
        for effect in self.effects:
            if effect.verb == "enqueue":
                found += _taken(effect, effect.args[0], effect.answer, "a producer")
            elif effect.verb == "fire":
                for firing, inserted in zip(effect.args[1], effect.answer, strict=True):
                    if inserted is not None:
                        taken = [
                            (tick.job, ok)
                            for tick, ok in zip(firing.ticks, inserted, strict=True)
                            if tick.job
                        ]
                        found += _taken(
                            effect, [job for job, _ in taken], [ok for _, ok in taken], firing.name
                        )
            elif effect.verb == "complete":
                for outcome, accepted in zip(effect.args[0], effect.answer, strict=True):
                    if accepted:
                        found += _taken(effect, outcome.follow, [True] * len(outcome.follow), outcome.id)
        return found

    def made(self, name: str) -> int:
        """When an entry was made, by the store's clock."""
        changes = (effect for effect in self.effects if effect.verb == "change")
        return next(
            effect.now
            for effect in changes
            for change, accepted in zip(effect.args[0], effect.answer, strict=True)
            if accepted and change.name == name
        )

    def ends(self) -> list[End]:
        """In the order in which they took effect. The same words again are the same end."""
        found: dict[tuple[str, int], End] = {}
        for effect in self.effects:
            if effect.verb == "complete":
                for outcome, accepted in zip(effect.args[0], effect.answer, strict=True):
                    if accepted:
                        follow = tuple(job.id for job in outcome.follow)
                        end = End(outcome.id, outcome.token, outcome.state, effect.at, follow)
                        found.setdefault((outcome.id, outcome.token), end)
        return list(found.values())

    def claims(self) -> dict[str, list[int]]:
        """When each job was given to somebody, in order, though who asked may not have heard of it."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for effect in self.effects:
            if effect.verb == "fetch":
                for claim in effect.answer.claims:
                    found[claim.id].append(effect.at)
        return found

    def judged_at(self, fired_at: int) -> int:
        """What the store's clock showed when ticks were judged that were recorded at `fired_at`: it may have been set back."""
        fire = next(effect for effect in self.effects if effect.verb == "fire" and effect.now == fired_at)
        looks = (e for e in reversed(self.effects) if e.verb == "due" and e.process is fire.process)
        return max(fired_at, next(look.now for look in looks if look.at <= fire.called))

    def hindered(self, process: SimulatedProcess, since: int, until: int) -> bool:
        """Whether a process died in a stretch of time, or could not speak with its store for a third of a lease of its end.

        Where the store's clock was set forward, its leases have but their grace left: one call that is lost then is enough.
        """
        if process.killed_at is not None and process.killed_at <= until:
            return True
        reached = max(since, until - 2 * self.lease)
        jumps = [when for when, by in self.steps if by > 0 and reached <= when <= until]
        kept = self._kept_from_speaking(process, reached, until)
        return 3 * kept >= self.lease or any(self._kept_from_speaking(process, at, until) for at in jumps)

    def _kept_from_speaking(self, process: SimulatedProcess, since: int, until: int) -> int:
        kept, reached = 0, since
        for begins, ends in sorted(self.troubles[process]):
            start, end = max(begins, reached), min(ends, until)
            if start < end:
                kept, reached = kept + end - start, end
        return kept


def tick_ids(name: str, records: list[HistoryRecord]) -> list[str]:
    return [tick_id(name, record.fire_time) for record in records if record.verdict == "enqueued"]


def _taken(effect: Effect, jobs: Any, answers: Any, by: str) -> list[Insertion]:
    return [
        Insertion(job.id, by, effect.now, job.message, max(job.due, effect.now + job.delay))
        for job, accepted in zip(jobs, answers, strict=True)
        if accepted
    ]
