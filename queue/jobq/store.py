"""What a store must do for queues: the contract that SQLite and Redis keep alike.

Each verb is one round trip and one atomic step: after a crash at any instant it has happened wholly or not at
all. (Of very large batches each thousand is a step, so that no call holds the store for long.) A verb that raises `StoreUnavailable` may have happened; every verb is therefore safe to repeat, because it
is judged by what the store holds and not by what the caller believes:

- `enqueue` refuses an id that it knows, so a repeated call inserts nothing twice, for as long as the job's record is
  kept;
- `complete`, `extend` and `release` are judged by (id, token): a lease that is over cannot be ended again, and one
  that ran out belongs to whoever fetched the job since;
- `fetch` is the one verb whose lost answer costs time: the jobs it claimed run when their leases expire.

The four steps that carry "no job is lost" (design: a job leaves the queue only in the step that records its end):

fetch     available -> running. Makes available first what is due: scheduled jobs whose time has come, at the
          back of their queue, and running jobs whose lease is over, at its front. A job that has outlived
          its workers more than MAX_LOST times is claimed once more, to be ended and not to be run: what follows
          from its failure is in its message, and the store does not look into messages. If it outlives that
          worker too, it becomes failed here, and nothing follows.
complete  running -> ended or scheduled, result, and the jobs that follow, in one step.
release   running -> available, at the front of the queue; not counted as an attempt, for it never started.
extend    moves the lease on.

All instants are epoch microseconds on the store's own clock: callers give durations wherever they can, so the
clocks of the machines around the store need not agree with it.

That clock may be set, too. A lease that has run out is therefore not over yet: the first fetch that sees it grants
its *grace*, counted from then, and only if that runs out as well is the job taken from its worker. Whoever lives
extends the lease meanwhile, so a clock that jumps ahead, or a store that was away, takes no job from the living. The
grace is part of the lease's length, not on top of it (`lease_parts`). And a lease that reaches further than its own
length from now is the trace of a clock that was set back: the next fetch cuts it to its length, so a job that died with
its worker does not wait until the clock has caught up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobq.job import Claim, JobRecord, NewJob, Outcome, State


class Fetched(NamedTuple):
    """`next_at` is when a scheduled job is due or a lease expires next, 0 if nothing is in sight."""

    now: int
    next_at: int
    claims: list[Claim]


def lease_parts(lease: int) -> tuple[int, int]:
    """How long a lease of `lease` microseconds is held after it was given or extended, and its grace.

    The grace is a third of it: workers extend more often. It is a second at least, in which those who live reconnect
    to a store that was away; so a lease of less than three seconds can last a little longer than it says.
    """
    return lease - lease // 3, max(lease // 3, min(lease, SECOND))


class WorkerInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker child says of itself. `started_at` is epoch microseconds, `running` the id of its job."""

    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    started_at: int
    running: str = ""
    completed: int = 0
    failed: int = 0


class Store(Protocol):
    url: str
    """Without a password: fit for logs."""

    def close(self) -> None: ...

    def examine(self) -> list[str]:
        """Look at the store once, before anything rests on it: sentences on what makes it unfit.

        Raises `StoreRefused` where no patience would help. Verbs that write raise the same, and have written nothing,
        for what is found missing after an outage or by those who have not called this.
        """

    def now(self) -> int:
        """The store's clock."""

    # -- producers

    def enqueue(self, jobs: Sequence[NewJob]) -> list[bool]:
        """Insert each job whose id is not known, in order; False for those that are."""

    def cancel(self, job_id: str) -> bool:
        """scheduled or available -> cancelled. False if the job is unknown, running or ended."""

    def forget(self, job_id: str) -> bool:
        """Remove an ended job's record. False if it is unknown or has not ended."""

    # -- workers

    def fetch(self, queues: Sequence[str], limit: int, lease: int, worker: str) -> Fetched:
        """Claim up to `limit` jobs for `lease` microseconds, each start counted as an attempt.

        Queues are served in the order given; within one, priority 0 before 9, then first in, first out. A job that
        has outlived a worker comes alone, for it may be what killed it, and nothing else is to die with it.
        """

    def extend(self, claims: Sequence[tuple[str, int]], lease: int) -> list[bool]:
        """Move the leases of (id, token) to `lease` microseconds from now; False where it is no longer held."""

    def release(self, claims: Sequence[tuple[str, int]]) -> list[bool]:
        """Give back jobs that were not started; the first given is again the first of its queue."""

    def complete(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """End attempts; False, and nothing done, where the lease is no longer held.

        Repeated with the same outcome it does nothing; it answers True as long as the record is there to tell.
        """

    def wait(self, queues: Sequence[str], timeout: float) -> bool:
        """Block until a job may be available in one of `queues`, at most `timeout` seconds. True if woken.

        A hint, not a promise: callers fetch afterwards either way.
        """

    def report(self, worker: WorkerInfo, ttl: int) -> None:
        """Keep this worker in `workers` for `ttl` seconds; 0 removes it."""

    # -- readers

    def get(self, job_ids: Sequence[str]) -> list[JobRecord | None]: ...

    def wait_ended(self, job_id: str, timeout: float) -> JobRecord | None:
        """The record once the job has ended, or None after `timeout` seconds. Pushed, not polled."""

    def queues(self) -> dict[str, dict[State, int]]:
        """How many jobs each queue holds that are available, scheduled, running; ended ones are not counted."""

    def job_ids(self, queue: str, limit: int = 1000) -> list[str]:
        """Available jobs in the order in which they will be fetched."""

    def totals(self) -> dict[str, int]:
        """Jobs `completed`, `failed`, `cancelled`, `retried` and `lost` since the store was made."""

    def workers(self) -> list[WorkerInfo]: ...

    # -- dead letters

    def failed(self, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        """Failed jobs, the latest first. They are kept for 30 days."""

    def requeue(self, jobs: Sequence[tuple[str, str]]) -> list[bool]:
        """failed -> available for each (id, message), attempts and losses counted from 0.

        The message replaces the one stored (its retries start again); an empty one leaves it as it is.
        """

    def purge(self, queue: str) -> int:
        """Forget all available and scheduled jobs of a queue; how many there were."""


TOTALS = ("completed", "failed", "cancelled", "retried", "lost")
DEAD_LETTER_SECONDS = 30 * 86400
CANCELLED_KEEP = 86400
"""Seconds that a cancelled job's record is kept."""
