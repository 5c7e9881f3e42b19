"""The steps that `fire` and `change` of a SQLite store are made of. Each runs within its caller's transaction.

One outcome per tick rests on two things: the entry's `next_fire` and `revision`, which must be as seen, and the
job's id, which is taken once. The history is a log of those outcomes and has no lock of its own: its key is
the record's number, not the fire time. An entry that is removed while a tick is due leaves a record of it; should
the entry be made again, and the clock set back, the same fire time comes once more, this time to be enqueued. A
key on the fire time would have to refuse the tick, lose a record, or let the later one hide the earlier; a log
says what happened, in the order in which it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jobq.message import encode_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from beat.store import EntryChange, Firing, Tick, Verdict


class Outcome(NamedTuple):
    """What becomes of one tick of an entry."""

    name: str
    tick: Tick
    verdict: Verdict
    reason: str


class State(NamedTuple):
    """What decides on a firing, and what it changes."""

    id: int
    next_fire: int
    revision: int
    runs: int = 0
    last_fire: int = 0


DUE = "SELECT name, next_fire, revision FROM entries WHERE next_fire > 0 ORDER BY next_fire, name LIMIT ?"


def first_due(connection: sqlite3.Connection) -> int:
    """The first fire time of all, 0 if there is none."""
    row = connection.execute(DUE, (1,)).fetchone()
    return 0 if row is None else int(row[1])


HELD = "SELECT node, term, min(until, ? + ttl) FROM leader"
"""Who holds the lease, until when: cut to its own length, for its end may come from before the clock was set back."""


# -- fire


def holds(connection: sqlite3.Connection, term: int, now: int) -> bool:
    """Whether this is the term of the lease, and that has not run out."""
    held = "SELECT 1 FROM leader WHERE term = ? AND until > ?"
    return connection.execute(held, (term, now)).fetchone() is not None


def states(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, State]:
    rows = connection.execute(
        "SELECT name, id, next_fire, revision, runs FROM entries "
        "WHERE name IN (SELECT value FROM json_each(?))",
        (encode_json(list(names)),),
    )
    return {name: State(*state) for name, *state in rows}


def accept(known: dict[str, State], firings: Iterable[Firing], now: int) -> list[bool]:
    """Which firings find their entry as they saw it, and their time come; those move it on in `known`."""
    answers = []
    for firing in firings:
        state = known.get(firing.name)
        as_seen = state is not None and (state.next_fire, state.revision) == (
            firing.seen_fire,
            firing.revision,
        )
        last = last_of(firing.ticks)
        taken = as_seen and last <= now
        answers.append(taken)
        if state is not None and taken:
            known[firing.name] = state._replace(
                next_fire=firing.next_fire,
                last_fire=last or firing.seen_fire,
            )
    return answers


def move_on(connection: sqlite3.Connection, moved: Iterable[State]) -> None:
    connection.executemany(
        "UPDATE entries SET next_fire = ?, last_fire = ?, runs = ? WHERE id = ?",
        [(state.next_fire, state.last_fire, state.runs, state.id) for state in moved],
    )


# -- history


def record(connection: sqlite3.Connection, outcomes: Sequence[Outcome], now: int, keep: int) -> None:
    """Append to the histories, in this order, and delete what is older than the latest `keep` of each."""
    if keep <= 0 or not outcomes:
        return
    ends = _ends(connection, {outcome.name for outcome in outcomes})
    rows = []
    for name, tick, verdict, reason in outcomes:
        ends[name] += 1
        rows.append((name, ends[name], tick.fire_time, verdict.value, now, reason, tick.until))
    connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "DELETE FROM history WHERE entry = ? AND number <= ?",
        [(name, end - keep) for name, end in ends.items() if end > keep],
    )


def _ends(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """The number of each entry's latest record, 0 where there is none."""
    rows = connection.execute(
        "SELECT value, coalesce((SELECT max(number) FROM history WHERE entry = value), 0) FROM json_each(?)",
        (encode_json(list(names)),),
    )
    return dict(rows.fetchall())


# -- change


def change(connection: sqlite3.Connection, wanted: EntryChange, now: int) -> bool:
    """Insert, replace or remove one entry, if it is as it was seen, and what it skips has come due."""
    if last_of(wanted.skipped) > now:
        return False  # the clock was set back since that was decided
    was = connection.execute(
        "SELECT id, revision, next_fire FROM entries WHERE name = ?", (wanted.name,)
    ).fetchone()
    if (was or (0, 0, 0))[1:] != (wanted.seen_revision, wanted.seen_fire):
        return False
    if not wanted.definition:
        if was is not None:
            _remove(connection, *was[:2])
            connection.execute("INSERT OR REPLACE INTO removed VALUES (?, ?)", (wanted.name, now))
    elif was is None:
        connection.execute("DELETE FROM removed WHERE entry = ?", (wanted.name,))
        connection.execute(
            "INSERT INTO entries (name, source, definition, anchor, next_fire, revision) VALUES (?, ?, ?, ?, ?, ?)",
            (*_fields(wanted), counter(connection, "retired") + 1),
        )
    else:
        connection.execute(
            "UPDATE entries SET name = ?, source = ?, definition = ?, anchor = ?, next_fire = ?, "
            "revision = revision + 1, last_fire = max(last_fire, ?) WHERE id = ?",
            (*_fields(wanted), last_of(wanted.skipped), was[0]),
        )
    return True


def last_of(ticks: Iterable[Tick]) -> int:
    """The last fire time that these are about, 0 if there are none."""
    return max((max(tick.fire_time, tick.until) for tick in ticks), default=0)


def _fields(wanted: EntryChange) -> tuple[object, ...]:
    return (wanted.name, wanted.source, wanted.definition, wanted.anchor, wanted.next_fire)


def _remove(connection: sqlite3.Connection, entry: int, revision: int) -> None:
    """An entry of the same name starts above this revision, so that nobody takes the one for the other."""
    connection.execute("DELETE FROM entries WHERE id = ?", (entry,))
    connection.execute(
        "INSERT INTO counters VALUES ('retired', ?) "
        "ON CONFLICT (name) DO UPDATE SET number = max(number, excluded.number)",
        (revision,),
    )


def forget_histories(connection: sqlite3.Connection, before: int) -> None:
    """Delete those of the entries that were removed before then."""
    connection.execute(
        "DELETE FROM history WHERE entry IN (SELECT entry FROM removed WHERE removed_at < ?)", (before,)
    )
    connection.execute("DELETE FROM removed WHERE removed_at < ?", (before,))


# -- counters


def counter(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT number FROM counters WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def bump(connection: sqlite3.Connection, name: str) -> None:
    connection.execute(
        "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET number = number + 1", (name,)
    )
