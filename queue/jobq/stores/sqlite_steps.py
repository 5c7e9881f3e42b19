"""The steps that the verbs of a SQLite store are made of. Each runs within its caller's transaction.

Ids and queue names travel as one JSON array, which `json_each` turns into rows: one statement whatever their
number. Where the order of a plan matters, CROSS JOIN fixes it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from jobq.instants import SECOND
from jobq.job import MAX_LOST, Claim, Outcome, State
from jobq.message import LOST, encode_json
from jobq.store import DEAD_LETTER_SECONDS, lease_parts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from jobq.job import NewJob

BATCH = 100
"""Of what one fetch promotes in a queue, and reaps; the rest follows in the next."""


class Outlook(NamedTuple):
    """`next_at`: the first instant at which `ready` can turn true by itself; 0 if none is in sight."""

    ready: bool
    next_at: int


class Lease(NamedTuple):
    worker: str
    start: int
    length: int


OUTLOOK = """
SELECT
    EXISTS (
        SELECT 1 FROM json_each(:queues) AS q CROSS JOIN jobs
        WHERE jobs.state = 'available' AND jobs.queue = q.value
    ),
    (
        SELECT min((SELECT min(due) FROM jobs WHERE state = 'scheduled' AND queue = q.value))
        FROM json_each(:queues) AS q
    ),
    (SELECT min(lease_until) FROM jobs WHERE state = 'running'),
    (SELECT number FROM clock)
"""


def outlook(connection: sqlite3.Connection, queues: Sequence[str], now: int) -> Outlook:
    """Whether a fetch from these queues has anything to do."""
    row = connection.execute(OUTLOOK, {"queues": encode_json(list(queues))}).fetchone()
    available, due, lease, last_given = row
    next_at = min((at for at in (due, lease) if at is not None), default=0)
    set_back = (last_given or 0) > now
    return Outlook(bool(available) or set_back or 0 < next_at <= now, next_at)


# -- into the store


def insert(connection: sqlite3.Connection, jobs: Sequence[NewJob], now: int) -> list[bool]:
    """The one definition of how a job is stored. False for each whose id is known."""
    known = _known(connection, [job.id for job in jobs], now)
    answers = []
    fresh = []
    for job in jobs:
        answers.append(job.id not in known)
        if answers[-1]:
            known.add(job.id)
            fresh.append(job)
    connection.executemany(
        "INSERT INTO jobs (id, queue, priority, message, enqueued_at, state, due) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(job.id, job.queue, job.priority, job.message, now, *_start(job, now)) for job in fresh],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO queues VALUES (?)", [(queue,) for queue in {job.queue for job in fresh}]
    )
    return answers


def _known(connection: sqlite3.Connection, ids: list[str], now: int) -> set[str]:
    """Those of `ids` that have a record; one past its time makes room instead."""
    rows = connection.execute(
        "SELECT id, forget_at FROM jobs WHERE id IN (SELECT value FROM json_each(?))", (encode_json(ids),)
    ).fetchall()
    stale = [(job_id,) for job_id, forget_at in rows if 0 < forget_at <= now]
    connection.executemany("DELETE FROM jobs WHERE id = ?", stale)
    return {job_id for job_id, _ in rows}.difference(job_id for (job_id,) in stale)


def _start(job: NewJob, now: int) -> tuple[State, int]:
    due = max(job.due, now + job.delay)
    return (State.SCHEDULED, due) if due > now else (State.AVAILABLE, 0)


def to_back(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Make jobs available, in this order, behind all that are: a new `seq` is a new place."""
    connection.executemany(
        "UPDATE jobs SET state = 'available', seq = (SELECT max(seq) FROM jobs) + 1 WHERE seq = ?",
        [(seq,) for seq in seqs],
    )


# -- fetch

EXPIRED = """
SELECT seq, lost, lease, called FROM jobs WHERE state = 'running' AND lease_until <= ? ORDER BY lease_until LIMIT ?
"""

CUT = """
UPDATE jobs SET lease_until = ? + lease - lease / 3 WHERE state = 'running' AND lease > 0 AND lease_until > ? + lease
"""

PROMOTABLE = """
SELECT seq FROM jobs WHERE state = 'scheduled' AND queue = ? AND due <= ? ORDER BY due, seq LIMIT ?
"""

CLAIMABLE = """
SELECT seq, id, queue, max(token + 1, ?), CAST(message AS BLOB), enqueued_at, attempt + 1, lost FROM jobs
WHERE state = 'available' AND queue = ? ORDER BY priority, seq LIMIT ?
"""


def leases_given(connection: sqlite3.Connection, now: int) -> None:
    """Take note of when a lease was given last: none reaches further than its own length from there."""
    connection.execute(
        "INSERT INTO clock VALUES (1, ?) ON CONFLICT DO UPDATE SET number = max(number, excluded.number)",
        (now,),
    )


def cut(connection: sqlite3.Connection, now: int) -> None:
    """After the clock was set back: no lease reaches further than its own length from now."""
    last_given = connection.execute("SELECT number FROM clock").fetchone()
    if last_given is not None and last_given[0] > now:
        connection.execute(CUT, (now, now))
        connection.execute("UPDATE clock SET number = ?", (now,))


def reap(connection: sqlite3.Connection, now: int, usual: int) -> None:
    """Take back what outlived its lease and its grace: to its old place, which is before all that never started.

    A lease of which no length is known (an older program gave it) counts as one of the `usual` length.
    """
    expired = connection.execute(EXPIRED, (now, BATCH)).fetchall()
    connection.executemany(
        "UPDATE jobs SET lease_until = ?, called = 1 WHERE seq = ?",
        [(now + lease_parts(lease or usual)[1], seq) for seq, _, lease, called in expired if not called],
    )
    rows = [(seq, lost) for seq, lost, _, called in expired if called]
    if not rows:
        return
    # With one more than MAX_LOST a worker is to end the job; with two, the worker that was to has died as well.
    again = [(seq,) for seq, lost in rows if lost <= MAX_LOST]
    poison = [seq for seq, lost in rows if lost > MAX_LOST]
    connection.executemany("UPDATE jobs SET lost = lost + 1 WHERE seq = ?", [(seq,) for seq, _ in rows])
    connection.executemany("UPDATE jobs SET state = 'available' WHERE seq = ?", again)
    record_ends(connection, [(seq, Outcome("", 0, State.FAILED, LOST, keep=-1)) for seq in poison], now)
    count(connection, {"lost": len(rows), State.FAILED: len(poison)})


def promote(connection: sqlite3.Connection, queue: str, now: int) -> None:
    """Make available what is due, at the back of the queue, in the order of the due times."""
    to_back(connection, [seq for (seq,) in connection.execute(PROMOTABLE, (queue, now, BATCH)).fetchall()])


def claim(connection: sqlite3.Connection, queues: Sequence[str], limit: int, lease: Lease) -> list[Claim]:
    """A job that has outlived a worker may be what killed it: it is claimed alone, and nothing else dies with it."""
    rows: list[tuple[Any, ...]] = []
    for queue in queues:
        rows += connection.execute(CLAIMABLE, (lease.start, queue, max(0, limit - len(rows)))).fetchall()
    suspect = next((place for place, (*_, lost) in enumerate(rows) if lost), len(rows))
    rows = rows[: max(1, suspect)]
    held, _ = lease_parts(lease.length)
    if rows:
        leases_given(connection, lease.start)
    connection.executemany(
        "UPDATE jobs SET state = 'running', token = max(token + 1, ?), attempt = attempt + 1, worker = ?, started_at = ?, "
        "lease_until = ?, lease = ?, called = 0 WHERE seq = ?",
        [(lease.start, lease.worker, lease.start, lease.start + held, lease.length, seq) for seq, *_ in rows],
    )
    return [Claim(*fields) for _, *fields in rows]


# -- out of running


def held(connection: sqlite3.Connection, claims: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The `seq` of each claim whose lease is still held."""
    wanted = set(claims)
    rows = connection.execute(
        "SELECT id, token, seq FROM jobs WHERE state = 'running' AND id IN (SELECT value FROM json_each(?))",
        (encode_json([job_id for job_id, _ in wanted]),),
    )
    return {(job_id, token): seq for job_id, token, seq in rows if (job_id, token) in wanted}


def end(connection: sqlite3.Connection, outcomes: Sequence[Outcome], now: int) -> list[bool]:
    """End attempts, record how, and insert what follows from them."""
    states = _states(connection, outcomes)
    answers = []
    accepted: list[tuple[int, Outcome]] = []
    for outcome in outcomes:
        seq, state = states.get((outcome.id, outcome.token), (0, None))
        if state is State.RUNNING:
            accepted.append((seq, outcome))
            states[outcome.id, outcome.token] = (seq, outcome.state)
        # Its own words again, after an answer that was lost, are welcome too.
        answers.append(state in (State.RUNNING, outcome.state))
    record_retries(connection, [(seq, o) for seq, o in accepted if o.state is State.SCHEDULED], now)
    record_ends(connection, [(seq, o) for seq, o in accepted if o.state is not State.SCHEDULED], now)
    follow = [job for _, outcome in accepted for job in outcome.follow]
    if follow:
        insert(connection, follow, now)
    count(
        connection, Counter("retried" if o.state is State.SCHEDULED else o.state.value for _, o in accepted)
    )
    return answers


def _states(
    connection: sqlite3.Connection, outcomes: Sequence[Outcome]
) -> dict[tuple[str, int], tuple[int, State]]:
    rows = connection.execute(
        "SELECT id, token, seq, state FROM jobs WHERE id IN (SELECT value FROM json_each(?))",
        (encode_json([outcome.id for outcome in outcomes]),),
    )
    return {(job_id, token): (seq, State(state)) for job_id, token, seq, state in rows}


def record_retries(connection: sqlite3.Connection, retries: list[tuple[int, Outcome]], now: int) -> None:
    if not retries:
        return
    dues = [max(outcome.due, now + outcome.delay) for _, outcome in retries]
    connection.executemany(
        "UPDATE jobs SET state = 'scheduled', due = ?, message = coalesce(nullif(?, ''), message), error = ? WHERE seq = ?",
        [(due, o.message, o.payload, seq) for due, (seq, o) in zip(dues, retries, strict=True)],
    )
    to_back(connection, [seq for due, (seq, _) in zip(dues, retries, strict=True) if due <= now])


def record_ends(connection: sqlite3.Connection, ends: list[tuple[int, Outcome]], now: int) -> None:
    """`keep` decides: 0 leaves no record, -1 a dead letter."""
    connection.executemany("DELETE FROM jobs WHERE seq = ?", [(seq,) for seq, o in ends if o.keep == 0])
    connection.executemany(
        "UPDATE jobs SET state = ?, ended_at = ?, result = coalesce(?, result), error = coalesce(?, error), "
        "dead = ?, forget_at = ? WHERE seq = ?",
        [(o.state, now, *_payload(o), *_keep(o, now), seq) for seq, o in ends if o.keep != 0],
    )


def _payload(outcome: Outcome) -> tuple[str | None, str | None]:
    return (outcome.payload, None) if outcome.state is State.COMPLETED else (None, outcome.payload)


def _keep(outcome: Outcome, now: int) -> tuple[bool, int]:
    dead = outcome.keep == -1
    return dead, now + (DEAD_LETTER_SECONDS if dead else outcome.keep) * SECOND


# -- housekeeping


def count(connection: sqlite3.Connection, numbers: dict[str, int]) -> None:
    connection.executemany(
        "INSERT INTO totals VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = number + excluded.number",
        [(str(name), number) for name, number in numbers.items() if number],
    )


FORGETTABLE = "SELECT seq FROM jobs WHERE forget_at > 0 AND forget_at <= ? LIMIT ?"


def prune(connection: sqlite3.Connection, now: int, room: int) -> None:
    """Delete records past their time, at most `room` of them."""
    connection.execute(f"DELETE FROM jobs WHERE seq IN ({FORGETTABLE})", (now, room))  # noqa: S608 - ours
