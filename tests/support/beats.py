"""What tests of the beat speak with: a store of either kind, and entries of which only the fire times matter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from waiting import wait_until

from beat.entry import tick_id
from beat.store import EntryChange, Firing, Tick, Verdict
from beat.stores import open_beat_store
from jobq.instants import SECOND
from jobq.job import NewJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from beat.store import BeatStore, Enqueued, HistoryRecord, StoredEntry

LONG = 60 * SECOND
DUE = 1_577_836_800 * SECOND  # 2020-01-01, which has come whatever the clock says
FAR = 4_102_444_800 * SECOND  # 2100-01-01, which has not


@contextmanager
def beat_stores(url: str) -> Iterator[Callable[..., BeatStore]]:
    """A factory of store objects that share nothing but the URL; all are closed at the end."""
    stores: list[BeatStore] = []

    def make(keep_history: int = 1000) -> BeatStore:
        stores.append(open_beat_store(url, keep_history))
        return stores[-1]

    try:
        yield make
    finally:
        for store in stores:
            store.close()


def taken(answers: Iterable[Enqueued | None]) -> list[bool]:
    """Which firings found their entry as they saw it."""
    return [answer is not None for answer in answers]


class Stage:
    """The verbs with the arguments that most tests do not care about."""

    def __init__(self, store: BeatStore) -> None:
        self.store = store

    def lead(self, node: str = "a", ttl: int = LONG) -> int:
        """Win the election as soon as it can be won; the term."""
        election = wait_until(lambda: (e := self.store.elect(node, ttl)).won and e, what=f"{node} to lead")
        return int(election.lease.term)

    def lead_in_vain(self, node: str = "a") -> int:
        """A term whose lease has run out, with nobody elected since."""
        term = self.lead(node, ttl=1)
        wait_until(lambda: self.store.leader() is None)
        return term

    def add(self, *names: str, next_fire: int = DUE, **fields: object) -> None:
        """New entries, alike but for their names."""
        assert all(self.store.change([change(name, next_fire=next_fire, **fields) for name in names]))

    def remove(self, name: str) -> None:
        assert self.change(name, definition="") == [True]

    def change(self, name: str, **fields: object) -> list[bool]:
        """By somebody who sees the entry as it is."""
        entry = self.entry(name)
        seen = {"seen_revision": entry.revision, "seen_fire": entry.next_fire}
        return self.store.change([change(name, **seen | fields)])

    def entry(self, name: str) -> StoredEntry:
        (found,) = self.store.entries(names=[name])
        return found

    def due_names(self, limit: int = 100) -> list[str]:
        return [entry.name for entry in self.store.due(limit).entries]

    def fire(self, term: int, *names: str) -> list[bool]:
        """Fire the tick at DUE of entries at their first revision; which were as seen."""
        return taken(self.store.fire(term, [firing(name) for name in names]))

    def verdicts(self, name: str, limit: int = 100) -> list[tuple[int, str]]:
        """The latest first."""
        return [(record.fire_time, record.verdict.value) for record in self.store.history(name, limit)]

    def record(self, name: str) -> HistoryRecord:
        """The one there is."""
        (found,) = self.store.history(name, 100)
        return found

    def jobs(self) -> list[str]:
        return self.store.job_ids("default", 100_000)


def change(name: str, **fields: object) -> EntryChange:
    """A new entry, or with a `seen_revision` one that was seen to be due at DUE."""
    seen_fire = DUE if fields.get("seen_revision") else 0
    given = {
        "source": "file",
        "definition": "{}",
        "seen_revision": 0,
        "seen_fire": seen_fire,
        "next_fire": DUE,
    }
    return EntryChange(**{"name": name} | given | fields)


def tick(name: str, fire_time: int = DUE) -> Tick:
    job = NewJob(tick_id(name, fire_time), "default", 5, f'{{"of":"{fire_time}"}}')
    return Tick(fire_time, Verdict.ENQUEUED, job=job)


def skipped(fire_time: int = DUE, reason: str = "for a test", until: int = 0) -> Tick:
    return Tick(fire_time, Verdict.SKIPPED, reason, until)


def firing(name: str, **fields: object) -> Firing:
    given = {"seen_fire": DUE, "revision": 1, "next_fire": FAR, "ticks": (tick(name),)}
    return Firing(**{"name": name} | given | fields)
