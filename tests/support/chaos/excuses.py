"""Why a job may start again although an earlier start of it did not fail: by the log of what was done to processes.

A worker extends the lease of what it holds each third of the lease, and a lease that has run out has a third of it as
a grace; so one that was silent for as long as its lease may have lost what it held, wherever the silence began. Faults
that follow one another closely are one silence, for a worker that is about to return from one is hit by the next. A
tenth of the lease is left for a busy machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from chaos.evidence import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chaos.evidence import Fault, Run

LONG_ENOUGH = 1 - 1 / 10
"""The part of a lease that a worker must have been silent for."""

BREATH = SECOND
"""Between two faults that are one silence."""


class Silence(NamedTuple):
    at: int
    until: int


class Excuses:
    """`leases` in microseconds, by the worker's name."""

    def __init__(self, faults: Sequence[Fault], leases: Mapping[str, int]) -> None:
        self._faults = sorted(faults, key=lambda fault: fault.at)
        self._leases = leases
        self.of = lru_cache(maxsize=None)(self._of)
        self._silences = lru_cache(maxsize=None)(self._merged)

    def allow(self, earlier: Run, later: Run) -> bool:
        """Whether the process of the earlier run was killed, or silent for too long, before the later one."""
        lease = self._leases[earlier.worker]
        since = earlier.at - lease
        return any(
            fault.kills and earlier.pid in fault.pids and since <= fault.at <= later.at
            for fault in self._faults
        ) or any(
            silence.until - silence.at >= lease * LONG_ENOUGH
            and silence.at <= later.at
            and since <= silence.until
            for silence in self._silences(earlier.pid, earlier.worker)
        )

    def _of(self, pid: int, program: str) -> list[Fault]:
        return [fault for fault in self._faults if fault.hits(pid, program)]

    def _merged(self, pid: int, program: str) -> list[Silence]:
        return merged(Silence(fault.at, fault.until) for fault in self.of(pid, program) if not fault.kills)


def merged(silences: Iterable[Silence]) -> list[Silence]:
    """Those that overlap, or have no more than a breath between, as one."""
    joined: list[Silence] = []
    for silence in sorted(silences):
        if joined and silence.at <= joined[-1].until + BREATH:
            joined[-1] = Silence(joined[-1].at, max(joined[-1].until, silence.until))
        else:
            joined.append(silence)
    return joined
