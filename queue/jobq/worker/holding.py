"""What a child holds: the jobs that it has fetched and not yet accounted for, and their leases.

Its parts are under one lock, since two threads look at them. The main thread takes jobs from `waiting`, runs one,
and puts its outcome into `ended`; what will not be run goes to `returning`. The heartbeat thread works while the
main thread is deep in a task's code:

- it extends the leases of everything held, long before they run out, and drops waiting jobs whose lease was lost;
- when the job that runs turns out to be a long one, it gives the waiting jobs back to the queue, so that no short
  job waits behind it, and records the outcomes that would have waited for the end of the batch;
- it reports what the child does;
- when the job has run for its hard time limit, it records that and kills the process.

A job is in exactly one part at any moment. If the process dies, whatever it held has a lease that runs out.
If the store is away, outcomes wait in `ended` until it is back; should a lease run out meanwhile, the store refuses
the outcome, because the job has been given to another worker by then: it ran twice and was counted once.
A process that stood still may wake up with jobs in its hands that are another's by now. So none is started whose lease
was not given or extended within its grace, by this process' monotonic clock: such jobs are returned, which the store
refuses where they are another's.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

from jobq.errors import ConfigError, StoreUnavailable, TimeLimitExceeded
from jobq.job import Failure, Outcome, State
from jobq.log import event
from jobq.message import encode_json
from jobq.store import lease_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobq.job import Claim, NewJob
    from jobq.outage import Outage
    from jobq.runtime import Runtime
    from jobq.store import Store

log = logging.getLogger(__name__)

LONG = 0.1
"""Seconds after which a running job is a long one."""

REPORT_EVERY = 10.0
"""Seconds between two reports of what the child does."""


class Holding:
    def __init__(
        self,
        store: Store,
        outage: Outage,
        lease_ttl: float,
        report: Callable[[Claim | None], None],
        runtime: Runtime,
    ) -> None:
        self._report = report
        self._runtime = runtime
        self._next_report = 0.0
        self._store = store
        self._outage = outage
        self._lease = round(lease_ttl * 1_000_000)
        self._grace = lease_parts(self._lease)[1] / 1_000_000
        self._granted = 0.0
        self._every = lease_ttl / 4  # within the grace, whenever that begins
        self._lock = threading.Lock()
        self._changed = runtime.condition(self._lock)
        self._waiting: deque[Claim] = deque()
        self._returning: list[tuple[str, int]] = []
        self._running: Claim | None = None
        self._ended: list[Outcome] = []
        self._started = 0.0
        self._hard_limit: float | None = None
        self._after_kill: tuple[NewJob, ...] = ()
        self._doomed: Claim | None = None
        self._next_extension = 0.0
        self._closed = False
        self._heartbeat: threading.Thread | None = None

    def start(self) -> None:
        self._heartbeat = self._runtime.start_thread(self._beat, "jobq-heartbeat")

    # -- the main thread

    def add(self, claims: Sequence[Claim], asked: float) -> None:
        """Take claims that were `asked` for at that time of the monotonic clock."""
        with self._lock:
            self._waiting.extend(claims)
            self._granted = asked
            self._next_extension = asked + self._every
            self._changed.notify()

    def next(self) -> Claim | None:
        """Take the next waiting job as the running one; None if there is none, or the process is being killed."""
        with self._lock:
            self._started = self._runtime.monotonic()
            if self._started >= self._granted + self._grace and self._waiting:
                self._refuse_to_start()
            self._running = self._waiting.popleft() if self._waiting and self._doomed is None else None
            self._hard_limit = None
            return self._running

    def renew(self) -> None:
        """Extend all leases now, if they were given too long ago for a job to be started. Raises `StoreUnavailable`."""
        with self._lock:
            late = self._runtime.monotonic() >= self._granted + self._grace
        if late:
            self._extend(at_once=True)

    def _refuse_to_start(self) -> None:
        sentence = f"{len(self._waiting)} jobs are given back unstarted: their leases were not kept in time"
        event(log, logging.WARNING, "jobs_returned", sentence)
        self._return_waiting()

    def limit(self, seconds: float, follow: tuple[NewJob, ...] = ()) -> None:
        """The running job's process is to be killed after `seconds`, and `follow` is what follows then."""
        with self._lock:
            self._hard_limit, self._after_kill = seconds, follow
            self._changed.notify()

    def end(self, outcome: Outcome) -> None:
        with self._lock:
            self._running = None
            if self._doomed is None:  # else its end is on its way: it ran for its time limit
                self._ended.append(outcome)

    @property
    def running(self) -> Claim | None:
        return self._running

    def give_back(self) -> None:
        """Return the waiting jobs to their queue. On `StoreUnavailable` they are still to be returned."""
        with self._lock:
            self._return_waiting()
            returning = list(self._returning)
        if returning:
            self._store.release(returning)
            self._outage.answered()
            with self._lock:
                self._returning = [claim for claim in self._returning if claim not in returning]

    def _return_waiting(self) -> None:
        self._returning += [(claim.id, claim.token) for claim in self._waiting]
        self._waiting.clear()

    def record(self) -> None:
        """Record the outcomes at hand. Whatever is raised, they stay at hand."""
        with self._lock:
            outcomes, self._ended = self._ended, []
        if not outcomes:
            return
        try:
            answers = self._store.complete(outcomes)
        except BaseException:
            with self._lock:
                self._ended = outcomes + self._ended
            raise
        self._outage.answered()
        for outcome, held in zip(outcomes, answers, strict=True):
            if not held:
                event(
                    log,
                    logging.WARNING,
                    "lease_lost",
                    f"the outcome of job {outcome.id} was dropped: its lease had run out, or it was recorded before",
                    job=outcome.id,
                )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._changed.notify()
        if self._heartbeat is not None:
            self._heartbeat.join(timeout=5)

    # -- the heartbeat thread

    def _beat(self) -> None:
        while not self._closed:
            with self._lock:
                self._changed.wait(self._until_next())
            try:
                self._tend()
            except StoreUnavailable as error:
                self._runtime.sleep(self._outage.failed(error))
            except ConfigError:  # the main thread meets the same one, and says so
                self._runtime.sleep(1)
            except Exception:
                # Without a heartbeat every long job would lose its lease: say what is wrong, and beat on.
                log.exception("the heartbeat failed", extra={"action": "heartbeat_failed"})
                self._runtime.sleep(1)

    def _until_next(self) -> float:
        """Seconds until something is to be done; the lock is held."""
        now = self._runtime.monotonic()
        if self._doomed is not None:
            return LONG
        if self._running is None:
            busy = self._waiting or self._ended or self._returning
            return LONG if busy else max(0.0, self._next_report - now)
        elapsed = now - self._started
        deadlines = [self._next_extension - now, self._next_report - now]
        if elapsed < LONG or self._waiting or self._returning or self._ended:
            deadlines.append(LONG - elapsed)
        if self._hard_limit is not None:
            deadlines.append(self._hard_limit - elapsed)
        return max(0.0, min(deadlines))

    def _tend(self) -> None:
        with self._lock:
            claim, elapsed = self._running, self._runtime.monotonic() - self._started
            if claim is not None and self._hard_limit is not None and elapsed >= self._hard_limit:
                self._doom(claim, elapsed)
        if self._doomed is not None:
            self.record()
            self.give_back()
            self._runtime.kill()
        self._extend()  # first: what can't be recorded for now must not cost the job that runs its lease
        if claim is not None and elapsed >= LONG:
            self.record()
            self.give_back()
        if self._runtime.monotonic() >= self._next_report:
            self._next_report = self._runtime.monotonic() + REPORT_EVERY
            self._report(claim)

    def _extend(self, *, at_once: bool = False) -> None:
        now = self._runtime.monotonic()
        with self._lock:
            if now < self._next_extension and not at_once:
                return
            self._next_extension = now + self._every
            held = [(c.id, c.token) for c in (self._running, *self._waiting) if c is not None]
            held += [(outcome.id, outcome.token) for outcome in self._ended]
        if not held:
            return
        try:
            answers = self._store.extend(held, self._lease)
        except StoreUnavailable:
            with self._lock:
                self._next_extension = now
            raise
        self._outage.answered()
        lost = {claim for claim, still in zip(held, answers, strict=True) if not still}
        with self._lock:  # another worker has those: running them here would be once too often
            self._granted = now
            self._waiting = deque(c for c in self._waiting if (c.id, c.token) not in lost)

    def _doom(self, claim: Claim, elapsed: float) -> None:
        """From here on the process does nothing but record how this job ended, and die; the lock is held."""
        if self._doomed is not None:
            return
        self._doomed = claim
        sentence = f"the job ran for its time limit: {elapsed:.1f} s"
        kind = f"{TimeLimitExceeded.__module__}.{TimeLimitExceeded.__name__}"
        failure = encode_json(Failure(kind, sentence))
        self._ended.append(Outcome(claim.id, claim.token, State.FAILED, failure, -1, follow=self._after_kill))
        event(log, logging.ERROR, "time_limit", f"{sentence}; its process is killed", job=claim.id)
