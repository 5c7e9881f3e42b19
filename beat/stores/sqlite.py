"""The beat's part of the SQLite store: its tables lie in the file of the queue.

Transactions. Every verb that writes is one transaction with the file's write lock from its start, and reads the
clock once it has the lock; so the verbs of all beats happen one after another, and each judges a state that
nobody changes before it has committed. `fire` compares the term, `next_fire` and `revision`, inserts the jobs, moves
the entries on and appends to the histories in one such transaction. What a crash leaves, between any two steps of

    fire       before its commit nothing was done, the entries are due still, and the next leader fires them;
               after it they have moved on, and a leader that saw them as they were is refused
    change     before its commit the definition is the old one; after it a leader that decided by the old one is
               refused, and whoever makes the change again finds another revision
    elect      before its commit nobody has the lease; after it the winner has, and if that died, it runs out

A commit whose answer was lost looks to the caller like a crash after it: see the head of beat/store.py.

A lease that reaches further than its own `ttl` from now is the trace of a clock that was set back. `elect` cuts it
to `ttl`: a leader that lives renews it in time, and one that died does not keep its seat for the length of the step.

Layout. Instants are epoch microseconds of this machine's clock.

table     column                        written by      means
leader    node term until ttl           elect renew     one row; `until` is 0 once resigned; the term only grows
                                        resign
nodes     name until                    elect renew     present until then; deleted once silent, and by resign
entries   id name source definition     change, fire    one row an entry; `id` is no one's business outside
          revision anchor
          next_fire last_fire runs
history   entry number                  fire, change    one row a record; the greatest number is the latest
          fire_time verdict recorded_at                 the oldest beyond `keep_history` are deleted
          reason until                                  those of a removed entry after 30 days
removed   entry removed_at              change          one row an entry that is no more and has a history still
counters  wakes                         the three below how often beats were woken; they sleep until it differs
          reloads                       request_reload  how often a reload was asked for
          changes                       change          how many changes there were
          identity                      identity        a random number, given once
          retired                       change          the highest revision of an entry that was removed

Beats are woken by a resignation, by a change that brings the first fire time nearer, and by a reload.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

import msgspec

from beat.store import (
    KEEP_HISTORY_OF_REMOVED,
    KNOWN,
    Due,
    DueEntry,
    Election,
    HistoryRecord,
    Lease,
    NotLeader,
    StoredEntry,
    Verdict,
)
from beat.stores import sqlite_steps as steps
from beat.stores.sqlite_schema import BEAT_SCHEMA
from jobq.instants import SECOND
from jobq.message import encode_json
from jobq.stores.sqlite import SQLiteStore, wall_clock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from beat.store import Enqueued, EntryChange, Firing

_BATCH = 1000
"""Changes that one transaction makes at the most, so that others wait for some milliseconds."""

# As bytes: a definition that is no text must not keep those beside it from being read.
_ENTRY = "SELECT name, source, CAST(definition AS BLOB), revision, anchor, next_fire, last_fire, runs FROM entries WHERE "


class SQLiteBeatStore(SQLiteStore):
    schemas: ClassVar[tuple[str, ...]] = (*SQLiteStore.schemas, BEAT_SCHEMA)

    def __init__(self, url: str, keep_history: int, clock: Callable[[], int] = wall_clock) -> None:
        super().__init__(url, clock)
        self._keep_history = keep_history
        self._seen_wakes: int | None = None

    # -- leadership

    def elect(self, node: str, ttl: int) -> Election:
        with self._write() as connection:
            now = self.now()
            _be_present(connection, node, ttl, now)
            held = connection.execute(steps.HELD, (now,)).fetchone()
            holder, last_term, until = held or ("", 0, 0)
            if until > now:
                connection.execute("UPDATE leader SET until = ? WHERE until > ?", (until, until))
                return Election(won=False, lease=Lease(holder, last_term, until, now))
            connection.execute(
                "INSERT OR REPLACE INTO leader VALUES (1, ?, ?, ?, ?)", (node, last_term + 1, now + ttl, ttl)
            )
            return Election(won=True, lease=Lease(node, last_term + 1, now + ttl, now))

    def renew(self, node: str, term: int, ttl: int) -> bool:
        with self._write() as connection:
            now = self.now()
            renewed = connection.execute(
                "UPDATE leader SET until = ?, ttl = ? WHERE node = ? AND term = ? AND until > ?",
                (now + ttl, ttl, node, term, now),
            ).rowcount
            if renewed:
                _be_present(connection, node, ttl, now)
            return renewed > 0

    def resign(self, node: str, term: int) -> bool:
        with self._write() as connection:
            connection.execute("DELETE FROM nodes WHERE name = ?", (node,))
            resigned = connection.execute(
                "UPDATE leader SET until = 0 WHERE node = ? AND term = ?", (node, term)
            ).rowcount
            if resigned:
                steps.bump(connection, "wakes")
            return resigned > 0

    def leader(self) -> Lease | None:
        with self._read() as connection:
            now = self.now()
            rows = connection.execute("SELECT node, term, until FROM leader WHERE until > ?", (now,))
            return next((Lease(node, term, until, now) for node, term, until in rows), None)

    def nodes(self) -> list[str]:
        with self._read() as connection:
            rows = connection.execute("SELECT name FROM nodes WHERE until > ? ORDER BY name", (self.now(),))
            return [name for (name,) in rows]

    # -- entries

    def due(self, limit: int) -> Due:
        with self._read() as connection, closing(connection.execute(steps.DUE, (limit + 1,))) as rows:
            now = self.now()
            entries: list[DueEntry] = []
            for row in rows:  # found one by one: those after the first that is not due are never looked at
                entry = DueEntry(*row)
                if entry.next_fire > now or len(entries) == limit:
                    return Due(now, entry.next_fire, entries)
                entries.append(entry)
            return Due(now, 0, entries)

    def fire(self, term: int, firings: Sequence[Firing]) -> list[Enqueued | None]:
        with self._write() as connection:
            now = self.now()
            if not steps.holds(connection, term, now):
                raise NotLeader(f"term {term} is over")
            known = steps.states(connection, {firing.name for firing in firings})
            answers = steps.accept(known, firings, now)
            taken = [firing for firing, accepted in zip(firings, answers, strict=True) if accepted]
            outcomes = self._enqueue_ticks(connection, taken, now)
            for outcome in outcomes:
                if outcome.verdict is Verdict.ENQUEUED:
                    state = known[outcome.name]
                    known[outcome.name] = state._replace(runs=state.runs + 1)
            steps.move_on(connection, [known[name] for name in {firing.name for firing in taken}])
            steps.record(connection, outcomes, now, self._keep_history)
        enqueued = iter([outcome.verdict is Verdict.ENQUEUED for outcome in outcomes])
        return [
            tuple(islice(enqueued, len(firing.ticks))) if accepted else None
            for firing, accepted in zip(firings, answers, strict=True)
        ]

    def _enqueue_ticks(
        self, connection: sqlite3.Connection, firings: Sequence[Firing], now: int
    ) -> list[steps.Outcome]:
        """Insert the jobs of the ticks; what became of each tick, in their order."""
        ticks = [(firing.name, tick) for firing in firings for tick in firing.ticks]
        jobs = [tick.job for _, tick in ticks if tick.verdict is Verdict.ENQUEUED and tick.job is not None]
        inserted = iter(self._insert_jobs(connection, jobs, now))
        return [
            steps.Outcome(name, tick, Verdict.SKIPPED, KNOWN)
            if tick.verdict is Verdict.ENQUEUED and not next(inserted)
            else steps.Outcome(name, tick, tick.verdict, tick.reason)
            for name, tick in ticks
        ]

    def change(self, changes: Sequence[EntryChange]) -> list[bool]:
        answers: list[bool] = []
        for start in range(0, len(changes), _BATCH):
            with self._write() as connection:
                answers += self._change(connection, changes[start : start + _BATCH])
        return answers

    def _change(self, connection: sqlite3.Connection, changes: Sequence[EntryChange]) -> list[bool]:
        before = steps.first_due(connection)
        now = self.now()
        answers = [steps.change(connection, change, now) for change in changes]
        skipped = [
            steps.Outcome(change.name, tick, tick.verdict, tick.reason)
            for change, accepted in zip(changes, answers, strict=True)
            if accepted
            for tick in change.skipped
        ]
        steps.record(connection, skipped, now, self._keep_history)
        if any(answers):
            steps.bump(connection, "changes")
        if not all(change.definition for change in changes):
            steps.forget_histories(connection, now - KEEP_HISTORY_OF_REMOVED * SECOND)
        after = steps.first_due(connection)
        if after and (not before or after < before):
            steps.bump(connection, "wakes")
        return answers

    def entries(self, names: Sequence[str] | None = None, source: str | None = None) -> list[StoredEntry]:
        conditions, values = ["TRUE"], []
        if names is not None:
            conditions.append("name IN (SELECT value FROM json_each(?))")
            values.append(encode_json(list(names)))
        if source is not None:
            conditions.append("source = ?")
            values.append(source)
        with self._read() as connection:
            rows = connection.execute(f"{_ENTRY}{' AND '.join(conditions)} ORDER BY name", values).fetchall()
        return [
            StoredEntry(name, source, str(definition, "utf-8", "surrogateescape"), *state)
            for name, source, definition, *state in rows
        ]

    def history(self, name: str, limit: int) -> list[HistoryRecord]:
        with self._read() as connection:
            rows = connection.execute(
                "SELECT fire_time, verdict, recorded_at, reason, until FROM history "
                "WHERE entry = ? ORDER BY number DESC LIMIT ?",
                (name, max(0, limit)),
            ).fetchall()
        fields = HistoryRecord.__struct_fields__
        return [msgspec.convert(dict(zip(fields, row, strict=True)), HistoryRecord) for row in rows]

    def identity(self) -> int:
        with self._read() as connection:
            known = steps.counter(connection, "identity")
        if known:
            return known
        with self._write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO counters VALUES ('identity', ?)", (secrets.randbits(62) + 1,)
            )
            return steps.counter(connection, "identity")

    def changes(self) -> int:
        with self._read() as connection:
            return steps.counter(connection, "changes")

    # -- waking

    def listen(self) -> bool:
        return False

    def wait_beat(self, timeout: float) -> bool:
        """What was seen last is kept from call to call, so that no waking in between is missed."""

        def woken() -> bool:
            seen, self._seen_wakes = self._seen_wakes, self._wakes()
            return self._seen_wakes != seen  # at first, what was before is not known: look

        try:
            return self._wait_until(woken, timeout)
        except BaseException:
            self._seen_wakes = None
            raise

    def _wakes(self) -> int:
        with self._read() as connection:
            return steps.counter(connection, "wakes")

    def request_reload(self) -> None:
        with self._write() as connection:
            steps.bump(connection, "reloads")
            steps.bump(connection, "wakes")

    def reloads(self) -> int:
        with self._read() as connection:
            return steps.counter(connection, "reloads")


def _be_present(connection: sqlite3.Connection, node: str, ttl: int, now: int) -> None:
    connection.execute("INSERT OR REPLACE INTO nodes VALUES (?, ?)", (node, now + 3 * ttl))
    connection.execute("DELETE FROM nodes WHERE until <= ?", (now,))
