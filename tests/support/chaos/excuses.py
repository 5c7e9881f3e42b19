"""Why a job may start again although an earlier start of it did not fail: by the log of what was done to processes.

A worker extends the lease of what it holds each third of the lease, so one that was silent for two thirds of it may
have lost what it held, wherever the silence began. Faults that follow one another closely are one silence, for a
worker that is about to return from one is hit by the next. A tenth of the lease is left for a busy machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from chaos.evidence import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chaos.evidence import Fault, Run

LONG_ENOUGH = 2 / 3 - 1 / 10
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
        """Whether the process of the earlier run was killed or lost what it held before the later one, or the
        process of the later one lost it before the earlier one, and woke too late to hear of it."""
        return (
            self._killed(earlier, later.at)
            or self._silent(earlier, earlier.at, later.at)
            or self._silent(later, later.at, earlier.at)
        )

    def _killed(self, run: Run, until: int) -> bool:
        since = run.at - self._leases[run.worker]
        return any(f.kills and run.pid in f.pids and since <= f.at <= until for f in self._faults)

    def _silent(self, run: Run, since: int, before: int) -> bool:
        """Whether a silence of its process that cost it the lease began before then, and lasted until shortly before
        `since` at least."""
        lease = self._leases[run.worker]
        return any(
            silence.until - silence.at >= lease * LONG_ENOUGH
            and silence.at <= before
            and since - lease <= silence.until
            for silence in self._silences(run.pid, run.worker)
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
