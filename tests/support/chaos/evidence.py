"""What a run of chaos leaves behind. Instants are epoch microseconds: all is on one machine, store included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000


class Record(NamedTuple):
    """One line of an entry's history. With `until`, it stands for every fire time from the one to the other."""

    fire_time: int
    verdict: str
    recorded_at: int
    reason: str = ""
    until: int = 0


@dataclass
class EntryFacts:
    """An entry whose fire times are `phase + k * step`. `seen_at` is when the driver first saw it in the store.

    One that is `broken` on purpose may miss ticks; that it harms nobody else shows in the others.
    """

    name: str
    step: int
    phase: int
    catchup: str
    seen_at: int
    next_fire: int
    runs: int
    records: list[Record]
    broken: bool = False


class JobFacts(NamedTuple):
    """How a job stands in the store. `dead` is whether the dead letters list it."""

    state: str
    error: str = ""
    dead: bool = False


class Sent(NamedTuple):
    """A job that a producer sent. One that follows `parent` is inserted when that has completed.

    Of a job that was not acknowledged nobody knows whether it was inserted; once it was, it is as good as any.
    """

    id: str
    acknowledged: bool
    parent: str = ""


class Run(NamedTuple):
    """One line of a task: `what` is start, end or raise."""

    job: str
    what: str
    at: int
    pid: int
    worker: str
    retries: int = 0


class Fault(NamedTuple):
    """Something that was done from `at` to `until`, with the time included that those it hit need to get over it.

    It hit the processes of `pids` and all of the programs named, or, with `everyone`, each process there was.
    `kills` means that the processes of `pids` were killed, `outage` that the store may have been out of reach, and
    `flaps` that it may have been so more than once: it answered some calls, and others not, or not in time.
    """

    kind: str
    at: int
    until: int
    pids: frozenset[int] = frozenset()
    programs: frozenset[str] = frozenset()
    everyone: bool = False
    kills: bool = False
    outage: bool = False
    flaps: bool = False

    def hits(self, pid: int, program: str) -> bool:
        return self.everyone or pid in self.pids or program in self.programs


class Said(NamedTuple):
    """A line that a process logged about the store, store_lost or store_returned; or, with the child's process id, the
    line child_died of its supervisor."""

    program: str
    pid: int
    action: str
    at: int


class Exit(NamedTuple):
    """How a program ended that was told to, with SIGTERM, when it was ready: 0 is as it should be.

    With `told` false, it was found to have ended by itself, which is never as it should be.
    """

    program: str
    code: int
    told: bool = True


@dataclass
class Evidence:
    """`until` is when the beats were seen to have dealt with all that was due, after the last fault.

    `leases` are the workers' leases by name, `left` what the queues still hold, `survivors` the processes that
    lived until the end of the last fault and a while longer, `complaints` the lines that tell of a mistake in a program.
    """

    until: int = 0
    entries: list[EntryFacts] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    jobs: dict[str, JobFacts] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    deaths: list[Said] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    survivors: set[int] = field(default_factory=set)
    totals: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
