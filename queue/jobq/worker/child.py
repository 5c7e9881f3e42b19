"""The fetch loop of one child: fetch a batch, run it, record what became of it.

What is fetched is bounded by time, not by number: about BATCH_SECONDS of work as it has been lately, so that no
job waits long in a child's hands while another child is idle. A batch's outcomes are recorded in one step when
it is through; what that means for a crash is argued in `holding`.

Shutdown has two stages. SIGTERM: fetch no more, finish the job that runs, give the others back, record, leave.
SIGQUIT: the job that runs is broken off as well and given back; its start stays counted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING, TypeVar

import msgspec

from jobq.clock_watch import ClockWatch
from jobq.errors import StoreUnavailable
from jobq.interrupts import Interrupts
from jobq.job import Failure, Outcome, State
from jobq.log import event
from jobq.message import encode_json, task_name
from jobq.outage import Outage
from jobq.runtime import Runtime
from jobq.store import WorkerInfo
from jobq.worker.execute import Executor
from jobq.worker.holding import Holding
from jobq.worker.limits import BrokenOff

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.app import App
    from jobq.job import Claim
    from jobq.store import Fetched
    from jobq.worker.options import WorkerOptions

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_SECONDS = 0.05
MOST_CLAIMS = 200
LONGEST_WAIT = 10.0
REPORT_TTL = 30


class Child:
    def __init__(self, app: App, options: WorkerOptions, name: str, runtime: Runtime | None = None) -> None:
        self.runtime = runtime or Runtime()
        self.app = app
        self.options = options
        self.name = name
        self.store = app.store
        self.outage = Outage(log, self.runtime.monotonic)
        self.clock_watch = ClockWatch(log, self.runtime)
        self.holding = Holding(self.store, self.outage, options.lease_ttl, self._report, self.runtime)
        self.executor = Executor(app, name, on_time_limit=self.holding.limit)
        self.interrupts = Interrupts([signal.SIGTERM], self.runtime.on_signal)
        self._quit = self._breakable = False
        self.runtime.on_signal(signal.SIGQUIT, self._on_quit)
        self._seconds_per_job = BATCH_SECONDS
        self._counts = {State.COMPLETED: 0, State.FAILED: 0}
        self._asked = 0.0
        self._ran = 0
        self._born = 0

    def run(self) -> bool:
        """Until told to stop, a limit is reached, or with `burst` the queues are empty: then True."""
        self.holding.start()
        try:
            while not self._leaving():
                fetched = self._persist(self._fetch, unless_stopping=True)
                if fetched is None:
                    continue
                if fetched.claims:
                    self._run_batch(fetched)
                elif self.options.burst:
                    return True
                else:
                    self._wait(fetched)
        except BrokenOff:
            self._break_off()
        finally:
            self._settle()
        return False

    def _leaving(self) -> bool:
        if self.interrupts.pending or self._quit:
            return True
        most_tasks, most_memory = self.options.max_tasks_per_child, self.options.max_memory_per_child
        return (most_tasks is not None and self._ran >= most_tasks) or (
            most_memory is not None and _memory_kb() > most_memory
        )

    def _fetch(self) -> Fetched:
        limit = max(1, min(MOST_CLAIMS, int(BATCH_SECONDS / self._seconds_per_job)))
        if self.options.max_tasks_per_child is not None:
            limit = min(limit, self.options.max_tasks_per_child - self._ran)
        lease = round(self.options.lease_ttl * 1_000_000)
        self._asked = self.runtime.monotonic()
        fetched = self.store.fetch(self.options.queues, limit, lease, self.name)
        if self.outage.lasts and not fetched.claims:
            self._report(None)  # something to write
        self.outage.answered()
        self.clock_watch.compare(fetched.now, self._asked)
        return fetched

    def _wait(self, fetched: Fetched) -> None:
        # Whoever takes a job does not wake the others for its sake: they look at the leases within a lease's time.
        timeout = min(LONGEST_WAIT, self.options.lease_ttl)
        if fetched.next_at:
            timeout = min(timeout, (fetched.next_at - fetched.now) / 1_000_000)
        timeout = max(0.0, timeout)
        with contextlib.suppress(StoreUnavailable):  # the next fetch meets the same outage and tells of it
            self.interrupts.during(lambda: self.store.wait(self.options.queues, timeout))

    # -- a batch

    def _run_batch(self, fetched: Fetched) -> None:
        began = self.runtime.monotonic()
        offset = fetched.now - round(began * 1_000_000)
        self.holding.add(fetched.claims, self._asked)
        self._persist(self.holding.renew)  # the answer may have taken its time
        ran = 0
        while not self._leaving() and (claim := self.holding.next()) is not None:
            started = self.runtime.monotonic()
            outcome = self._run_one(claim, offset + round(started * 1_000_000))
            self.holding.end(outcome)
            self._tell(claim, outcome, self.runtime.monotonic() - started)
            ran += 1
            self._ran += 1
        if ran:
            lately = (self.runtime.monotonic() - began) / ran
            self._seconds_per_job = max(1e-6, 0.7 * lately + 0.3 * min(self._seconds_per_job, 2 * lately))
        self._persist(self._hand_in)

    def _run_one(self, claim: Claim, now: int) -> Outcome:
        try:
            self._breakable = True
            if self._quit:
                raise BrokenOff
            return self.executor.run(claim, now)
        finally:
            self._breakable = False

    def _on_quit(self, number: int, _: object) -> None:
        self._quit = True
        if self._breakable:
            self._breakable = False
            raise BrokenOff
        self.interrupts.take(number)

    def _break_off(self) -> None:
        claim = self.holding.running
        if claim is None:
            return
        why = Failure("jobq.errors.Interrupted", "broken off because the worker was told to leave at once")
        self.holding.end(Outcome(claim.id, claim.token, State.SCHEDULED, encode_json(why)))
        event(
            log,
            logging.WARNING,
            "job_broken_off",
            f"job {claim.id} was broken off and given back",
            job=claim.id,
        )

    # -- around it

    def _persist(self, verb: Callable[[], T], *, unless_stopping: bool = False) -> T | None:
        """Call a verb until the store answers. Told to leave at once (or, for a fetch, to stop): None."""
        while True:
            try:
                return verb()
            except StoreUnavailable as error:
                delay = self.outage.failed(error)
                if self._quit or (unless_stopping and self.interrupts.pending):
                    return None
                self.runtime.sleep(delay)

    def _settle(self) -> None:
        self._persist(self._hand_in)
        self.holding.close()
        self._persist(self._hand_in)  # what the heartbeat had in its hands
        self.executor.close()
        with contextlib.suppress(StoreUnavailable):
            self.store.report(self._info(), ttl=0)

    def _hand_in(self) -> None:
        self.holding.record()  # first: what has run must not wait for what has not
        self.holding.give_back()

    def _report(self, running: Claim | None) -> None:
        self.store.report(self._info(running), REPORT_TTL)

    def _info(self, running: Claim | None = None) -> WorkerInfo:
        self._born = self._born or self.store.now()
        return WorkerInfo(
            name=self.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=self.options.queues,
            started_at=self._born,
            running="" if running is None else running.id,
            completed=self._counts[State.COMPLETED],
            failed=self._counts[State.FAILED],
        )

    def _tell(self, claim: Claim, outcome: Outcome, seconds: float) -> None:
        if outcome.state in self._counts:
            self._counts[outcome.state] += 1
        level, action = _TOLD[outcome.state]
        if not log.isEnabledFor(level):
            return
        name = task_name(claim.message)
        said = _shortened(outcome.payload)
        sentence = f"{name}[{claim.id}] {outcome.state} in {seconds:.3f} s: {said}"
        if outcome.state is State.SCHEDULED:
            sentence = f"{name}[{claim.id}] runs again in {outcome.delay / 1_000_000:.1f} s: {said}"
        event(
            log,
            level,
            action,
            sentence,
            job=claim.id,
            task=name,
            queue=claim.queue,
            attempt=claim.attempt,
            seconds=round(seconds, 6),
        )


_TOLD = {
    State.COMPLETED: (logging.INFO, "job_completed"),
    State.FAILED: (logging.ERROR, "job_failed"),
    State.CANCELLED: (logging.WARNING, "job_cancelled"),
    State.SCHEDULED: (logging.WARNING, "job_retried"),
}
_MOST_SHOWN = 200


def _shortened(payload: str) -> str:
    """The result, or the failure in one line, fit for a log."""
    try:
        failure = msgspec.json.decode(payload, type=Failure)
        payload = f"{failure.type.rpartition('.')[2]}: {failure.message}"
    except msgspec.DecodeError:
        pass
    return payload if len(payload) <= _MOST_SHOWN else payload[:_MOST_SHOWN] + "…"


def _memory_kb() -> int:
    """The most memory that this process has held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
