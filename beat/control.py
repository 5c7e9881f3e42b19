"""The beat as a program sees it: its entries, when they fire next, what became of their ticks, and who leads.

    beat = Beat("redis://localhost:6379/0")
    beat.next("nightly")[0], beat.leader()

Everything is read from the store, by whatever process, whether or not a beat is running.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from beat.entry import Entry, tick_id
from beat.store import Verdict
from jobq.app import App
from jobq.errors import ConfigError, JobqError
from jobq.instants import from_micros, to_micros
from jobq.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beat.store import BeatStore, HistoryRecord, StoredEntry

_FEW = 10
_COMPARED = 5000
"""Names that an unknown one is compared with; more would take seconds."""


class UnknownEntry(JobqError, LookupError):  # noqa: N818 - reads as the sentence it is
    """The store has no entry of this name."""


@dataclass(frozen=True, slots=True)
class EntryInfo:
    """A stored entry. `next_fire` and `last_fire` are in its own zone; None stands for none.

    `entry` is what was defined, or None where this version can't read it: then `problem` says why.
    """

    name: str
    source: str
    revision: int
    created_at: datetime
    next_fire: datetime | None
    last_fire: datetime | None
    runs: int
    entry: Entry | None
    problem: str = ""

    @property
    def tz(self) -> ZoneInfo:
        return _zone(self.entry, to_micros(self.created_at))

    @property
    def description(self) -> str:
        """What its schedule does, in its zone and under its name; empty where it can't be read."""
        if self.entry is None:
            return ""
        try:
            return self.entry.evaluated(to_micros(self.created_at)).evaluation.schedule.describe()
        except Exception as error:  # noqa: BLE001 - the code of another package may raise anything
            return f"its schedule fails: {type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What became of a tick, or of all ticks from `fire_time` to `until`. `job_id` is that of an enqueued one."""

    fire_time: datetime
    verdict: str
    reason: str
    until: datetime | None
    recorded_at: datetime
    job_id: str | None

    @property
    def lateness(self) -> timedelta:
        return self.recorded_at - self.fire_time


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads, under which term; `until` is when the lease ends unless it is renewed, `left` how long that is."""

    node: str
    term: int
    until: datetime
    left: timedelta


class Beat:
    """`app_or_store` is an `App`, a store's URL or an open `BeatStore`; None is the store of an `App()`."""

    def __init__(self, app_or_store: App | BeatStore | str | None = None) -> None:
        self._source = App() if app_or_store is None else app_or_store
        self._opened: BeatStore | None = None
        if not isinstance(self._source, App | str):
            if not hasattr(self._source, "elect"):
                raise ConfigError(
                    f"{app_or_store!r} is neither an App nor a beat store; give the store's URL"
                )
            self._opened = self._source

    @property
    def store(self) -> BeatStore:
        if self._opened is None:
            from beat.stores import open_beat_store

            source = cast("App | str", self._source)
            self._opened = open_beat_store(source.store_url if isinstance(source, App) else source)
        return self._opened

    def close(self) -> None:
        """Close the store if it was opened here."""
        if self._opened is not None and self._opened is not self._source:
            self._opened.close()
            self._opened = None

    # -- entries

    def entries(self) -> list[EntryInfo]:
        """All entries, sorted by name. One that can't be read is listed with its problem."""
        return [_info(stored) for stored in self.store.entries()]

    def get(self, name: str) -> EntryInfo:
        return _info(self._stored(name))

    def next(self, name: str, count: int = 10) -> list[datetime]:
        """The next fire times of an entry, in its zone; fewer if it ends, none if it is disabled."""
        stored = self._stored(name)
        return list(_fires(stored, self.store.now(), count))

    def history(self, name: str, limit: int = 50) -> list[HistoryEntry]:
        """What became of an entry's latest ticks, the last recorded first. A removed entry's is kept."""
        records = self.store.history(name, limit)
        if not records:
            self._stored(name)
        return [_history_entry(name, record) for record in records]

    # -- leadership

    def leader(self) -> Leader | None:
        """Who leads now, None if nobody does."""
        lease = self.store.leader()
        if lease is None:
            return None
        left = timedelta(microseconds=max(0, lease.until - lease.now))
        return Leader(lease.node, lease.term, from_micros(lease.until), left)

    def _stored(self, name: str) -> StoredEntry:
        found = self.store.entries([name])
        if not found:
            raise UnknownEntry(f'there is no entry "{name}"{_suggestion(name, self.store.entries())}')
        return found[0]


def _suggestion(name: str, entries: list[StoredEntry]) -> str:
    """The nearest name; where there is none, all names if they are few."""
    names = [entry.name for entry in entries[:_COMPARED]]
    return did_you_mean(name, names) if len(names) <= _FEW or nearest(name, names) else ""


def _info(stored: StoredEntry) -> EntryInfo:
    entry, problem = _read(stored)
    tz = _zone(entry, stored.anchor)

    def instant(micros: int) -> datetime | None:
        return from_micros(micros, tz) if micros else None

    return EntryInfo(
        name=stored.name,
        source=stored.source,
        revision=stored.revision,
        created_at=from_micros(stored.anchor),
        next_fire=instant(stored.next_fire),
        last_fire=instant(stored.last_fire),
        runs=stored.runs,
        entry=entry,
        problem=problem,
    )


def _zone(entry: Entry | None, anchor: int) -> ZoneInfo:
    """The zone in which an entry's fires are shown."""
    if entry is None:
        return ZoneInfo("UTC")
    try:
        return entry.evaluated(anchor).tz
    except Exception:  # noqa: BLE001 - the code of another package may raise anything
        return ZoneInfo(entry.timezone)


def _read(stored: StoredEntry) -> tuple[Entry | None, str]:
    """The entry, or why it can't be read: one bad entry must not hide the others."""
    try:
        entry = Entry.from_definition(stored.name, stored.definition)
        ZoneInfo(entry.timezone)
    except (ValueError, LookupError, OSError) as error:
        return None, str(error)
    return entry, ""


def _fires(stored: StoredEntry, now: int, count: int) -> Iterator[datetime]:
    """Fire times from the stored next one on, or if that is overdue, from now."""
    entry = Entry.from_definition(stored.name, stored.definition)
    running = entry.evaluated(stored.anchor)
    fire = stored.next_fire if stored.next_fire > now else 0
    fire = fire or (running.next_after(now) if stored.next_fire else 0)
    while fire and count > 0:
        yield from_micros(fire, running.tz)
        count -= 1
        fire = running.next_after(fire)


def _history_entry(name: str, record: HistoryRecord) -> HistoryEntry:
    return HistoryEntry(
        fire_time=from_micros(record.fire_time),
        verdict=record.verdict.value,
        reason=record.reason,
        until=from_micros(record.until) if record.until else None,
        recorded_at=from_micros(record.recorded_at),
        job_id=tick_id(name, record.fire_time) if record.verdict is Verdict.ENQUEUED else None,
    )
