"""SQLite as the store: one file, for the processes of one machine, with nothing to install.

Atomicity: every verb is one transaction, begun with the file's write lock in hand (BEGIN IMMEDIATE), so verbs
happen one after another, each wholly or not at all. What a crash leaves, between any two steps of

    fetch      before its commit nothing is claimed; after it the leases run, and whoever fetches once they have
               expired takes the jobs back
    complete   before its commit the job runs still and its lease brings it back; after it the end, the result,
               the totals and the jobs that follow are all there
    enqueue    all of a batch or none of it, and repeating it inserts nothing twice

A commit waits until the disk has the data (synchronous=full, the default): what was acknowledged survives a power
cut. With `?synchronous=normal` a power cut may take back the last moments, never the order; a crash of a process
takes nothing back with any setting. "Not now" (locked, disk full, file away) is `StoreUnavailable`.

A fetch that finds nothing only reads. Each state has an index of its own, so no verb looks at jobs that it does
not concern. Records past their time are deleted by those who add records, twice as many as they add.

Layout. One row of `jobs` is one job:

column                 written by                means
seq                    enqueue, promote          the place in the queue: the least is first within its priority.
                                                 A job that joins the back is given the greatest; one that is
                                                 released or reaped has kept its own, which is before all that
                                                 never started. No clock is asked, so none can upset the order
id                     enqueue, fire             given by the caller; unique
queue priority         enqueue, fire
message                enqueue, retry, requeue   JSON text
state                  every verb
token                  fetch                     of the latest lease; only grows, and is never
                                                 less than its start: a forgotten id may come again
attempt                fetch, release, requeue   starts so far
lost                   fetch, requeue            leases that expired
enqueued_at            enqueue, fire
due                    enqueue, retry            when a scheduled job becomes available
lease_until worker     fetch, extend             of the attempt that runs, or ran last
lease called           fetch, extend             the lease's length, and 1 once its grace has begun
started_at             fetch
ended_at result error  complete, cancel, fetch   error: of the latest attempt that did not complete
dead                   complete, fetch, requeue  1 for a dead letter
forget_at              complete, cancel, fetch   the record is deleted after this instant; 0 while the job lives

queues (name)                        enqueue     every queue that ever had a job
clock (number)                       fetch, extend  when a lease was given last; if that is later than now, the
                                                 clock was set back since
totals (name, number)                complete …  five numbers, never deleted
workers (name, info, believed_until) report      what workers say of themselves, deleted once they are silent

Beside the file lie SQLite's own -wal and -shm, and -turn, an empty file that writers queue by (sqlite_turn.py).
Instants are epoch microseconds of this machine's clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, TypeVar

import msgspec

from jobq.instants import SECOND
from jobq.job import JobRecord, Outcome, State
from jobq.message import CANCELLED, encode_json
from jobq.store import CANCELLED_KEEP, TOTALS, Fetched, WorkerInfo, lease_parts
from jobq.stores import sqlite_steps as steps
from jobq.stores.sqlite_file import Database
from jobq.stores.sqlite_schema import QUEUE_SCHEMA
from jobq.stores.sqlite_url import parse

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from jobq.job import NewJob

T = TypeVar("T")

_BATCH = 10_000
"""Jobs that one transaction inserts or purges at the most, so that others wait for a fraction of a second."""

_COUNTED = (State.AVAILABLE, State.SCHEDULED, State.RUNNING)

_RECORD = """
SELECT id, queue, priority, state, CAST(message AS BLOB), attempt, lost, enqueued_at, due, started_at, ended_at,
    worker, CAST(result AS BLOB), CAST(error AS BLOB)
FROM jobs
"""

_OF_QUEUE = "SELECT seq FROM jobs WHERE state = '{}' AND queue = ?"


def wall_clock() -> int:
    """Epoch microseconds of this machine."""
    return time.time_ns() // 1000


class SQLiteStore:
    """A subclass that keeps more in the same file adds to `schemas` and builds on the protected methods."""

    schemas: ClassVar[tuple[str, ...]] = (QUEUE_SCHEMA,)

    def __init__(self, url: str, clock: Callable[[], int] = wall_clock) -> None:
        self.url = url
        self._clock = clock
        self._file = Database(parse(url), self.schemas)

    def close(self) -> None:
        self._file.close()

    def examine(self) -> list[str]:
        return []

    def now(self) -> int:
        return self._clock()

    # -- producers

    def enqueue(self, jobs: Sequence[NewJob]) -> list[bool]:
        answers: list[bool] = []
        for start in range(0, len(jobs), _BATCH):
            with self._write() as connection:
                answers += self._insert_jobs(connection, jobs[start : start + _BATCH], self.now())
        return answers

    def cancel(self, job_id: str) -> bool:
        with self._write() as connection:
            row = connection.execute(
                "SELECT seq FROM jobs WHERE id = ? AND state IN ('scheduled', 'available')", (job_id,)
            ).fetchone()
            if row is None:
                return False
            outcome = Outcome(job_id, 0, State.CANCELLED, CANCELLED, keep=CANCELLED_KEEP)
            steps.record_ends(connection, [(row[0], outcome)], self.now())
            steps.count(connection, {State.CANCELLED: 1})
            return True

    def forget(self, job_id: str) -> bool:
        with self._write() as connection:
            deleted = connection.execute(
                "DELETE FROM jobs WHERE id = ? AND forget_at > ?", (job_id, self.now())
            )
            return deleted.rowcount > 0

    # -- workers

    def fetch(self, queues: Sequence[str], limit: int, lease: int, worker: str) -> Fetched:
        with self._read() as connection:
            now = self.now()
            outlook = steps.outlook(connection, queues, now)
        if not outlook.ready:
            return Fetched(now, outlook.next_at, [])
        with self._write() as connection:
            now = self.now()
            steps.cut(connection, now)
            steps.reap(connection, now, lease)
            for queue in queues:
                steps.promote(connection, queue, now)
            claims = steps.claim(connection, queues, limit, steps.Lease(worker, now, lease))
            return Fetched(now, steps.outlook(connection, queues, now).next_at, claims)

    def extend(self, claims: Sequence[tuple[str, int]], lease: int) -> list[bool]:
        with self._write() as connection:
            held = steps.held(connection, claims)
            now = self.now()
            until = now + lease_parts(lease)[0]
            if held:
                steps.leases_given(connection, now)
            connection.executemany(
                "UPDATE jobs SET lease_until = ?, lease = ?, called = 0 WHERE seq = ?",
                [(until, lease, seq) for seq in held.values()],
            )
            return [claim in held for claim in map(tuple, claims)]

    def release(self, claims: Sequence[tuple[str, int]]) -> list[bool]:
        with self._write() as connection:
            held = steps.held(connection, claims)
            connection.executemany(
                "UPDATE jobs SET state = 'available', attempt = attempt - 1 WHERE seq = ?",
                [(seq,) for seq in held.values()],
            )
            return [claim in held for claim in map(tuple, claims)]

    def complete(self, outcomes: Sequence[Outcome]) -> list[bool]:
        with self._write() as connection:
            now = self.now()
            answers = steps.end(connection, outcomes, now)
            steps.prune(connection, now, room=2 * len(outcomes))
            return answers

    def wait(self, queues: Sequence[str], timeout: float) -> bool:
        outlook = steps.Outlook(False, 0)

        def ready() -> bool:
            nonlocal outlook
            with self._read() as connection:
                outlook = steps.outlook(connection, queues, self.now())
            return outlook.ready

        def until_next() -> float:
            return (outlook.next_at - self.now()) / SECOND if outlook.next_at else timeout

        return self._file.wait_until(ready, timeout, until_next)

    def report(self, worker: WorkerInfo, ttl: int) -> None:
        with self._write() as connection:
            now = self.now()
            connection.execute(
                "INSERT OR REPLACE INTO workers VALUES (?, ?, ?)",
                (worker.name, encode_json(worker), now + ttl * SECOND),
            )
            connection.execute("DELETE FROM workers WHERE believed_until <= ?", (now,))

    # -- readers

    def get(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        rows = self._records(
            "WHERE id IN (SELECT value FROM json_each(?)) AND (forget_at = 0 OR forget_at > ?)",
            encode_json(list(job_ids)),
            self.now(),
        )
        found = {record.id: record for record in rows}
        return [found.get(job_id) for job_id in job_ids]

    def wait_ended(self, job_id: str, timeout: float) -> JobRecord | None:
        def ended() -> JobRecord | None:
            (record,) = self.get([job_id])
            return record if record is not None and record.state.ended else None

        return self._wait_until(ended, timeout)

    def queues(self) -> dict[str, dict[State, int]]:
        with self._read() as connection:
            names = connection.execute("SELECT name FROM queues ORDER BY name").fetchall()
            counts = {name: dict.fromkeys(_COUNTED, 0) for (name,) in names}
            for state in _COUNTED:
                for name, number in connection.execute(
                    f"SELECT queue, count(*) FROM jobs WHERE state = '{state}' GROUP BY queue"  # noqa: S608 - ours
                ):
                    counts[name][state] = number
            return counts

    def job_ids(self, queue: str, limit: int = 1000) -> list[str]:
        with self._read() as connection:
            rows = connection.execute(
                "SELECT id FROM jobs WHERE state = 'available' AND queue = ? ORDER BY priority, seq LIMIT ?",
                (queue, limit),
            )
            return [job_id for (job_id,) in rows]

    def totals(self) -> dict[str, int]:
        with self._read() as connection:
            return dict.fromkeys(TOTALS, 0) | dict(connection.execute("SELECT name, number FROM totals"))

    def workers(self) -> list[WorkerInfo]:
        with self._read() as connection:
            rows = connection.execute(
                "SELECT info FROM workers WHERE believed_until > ? ORDER BY name", (self.now(),)
            )
            return [msgspec.json.decode(info, type=WorkerInfo) for (info,) in rows]

    # -- dead letters

    def failed(self, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        return self._records(
            "WHERE dead = 1 AND forget_at > ? ORDER BY ended_at DESC, seq DESC LIMIT ? OFFSET ?",
            self.now(),
            limit,
            offset,
        )

    def requeue(self, jobs: Sequence[tuple[str, str]]) -> list[bool]:
        with self._write() as connection:
            now = self.now()
            return [self._requeue(connection, job_id, message, now) for job_id, message in jobs]

    def purge(self, queue: str) -> int:
        return self._purge(queue, State.AVAILABLE) + self._purge(queue, State.SCHEDULED)

    # -- to build on

    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        """One consistent view, for as long as the block lasts."""
        return self._file.read()

    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        """One atomic step: committed at the block's end, undone if anything is raised within."""
        return self._file.write()

    def _insert_jobs(self, connection: sqlite3.Connection, jobs: Sequence[NewJob], now: int) -> list[bool]:
        """What `enqueue` does, as a part of another transaction."""
        return steps.insert(connection, jobs, now)

    def _wait_until(self, check: Callable[[], T], timeout: float) -> T:
        """What `check` answers once that is true, else its last answer; it is asked again after every commit."""
        return self._file.wait_until(check, timeout)

    def _records(self, where: str, *parameters: object) -> list[JobRecord]:
        with self._read() as connection:
            return [_record(row) for row in connection.execute(_RECORD + where, parameters)]

    def _requeue(self, connection: sqlite3.Connection, job_id: str, message: str, now: int) -> bool:
        row = connection.execute(
            "SELECT seq FROM jobs WHERE id = ? AND state = 'failed' AND forget_at > ?", (job_id, now)
        ).fetchone()
        if row is None:
            return False
        connection.execute(
            "UPDATE jobs SET message = coalesce(nullif(?, ''), message), attempt = 0, lost = 0, started_at = 0, "
            "ended_at = 0, worker = '', error = '', dead = 0, forget_at = 0 WHERE seq = ?",
            (message, row[0]),
        )
        steps.to_back(connection, [row[0]])
        return True

    def _purge(self, queue: str, state: State) -> int:
        gone, step = 0, _BATCH
        while step == _BATCH:
            with self._write() as connection:
                step = connection.execute(
                    f"DELETE FROM jobs WHERE seq IN ({_OF_QUEUE.format(state)} LIMIT ?)",  # noqa: S608 - ours
                    (queue, _BATCH),
                ).rowcount
            gone += step
        return gone


def _record(row: Iterable[object]) -> JobRecord:
    values = [v.decode(errors="replace") if isinstance(v, bytes) else v for v in row]
    return msgspec.convert(dict(zip(JobRecord.__struct_fields__, values, strict=True)), JobRecord)
