"""What the store says became of an entry's ticks, held against what should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waiting import wait_until

from beat.entry import tick_id
from beat.store import Verdict
from jobq.instants import SECOND

if TYPE_CHECKING:
    from beat.store import BeatStore, HistoryRecord

ALL = 1_000_000


def history(store: BeatStore, name: str = "tick") -> list[HistoryRecord]:
    """The earliest first."""
    return store.history(name, ALL)[::-1]


def wait_ticks(store: BeatStore, since: int, name: str = "tick", timeout: float = 20.0) -> None:
    """Until a tick after the instant `since` is recorded: everything up to there has its verdict."""
    wait_until(
        lambda: any(record.fire_time > since for record in store.history(name, 1)),
        timeout,
        what=f"a tick of {name} later than {since}",
    )


def check_ticks(store: BeatStore, every: float, name: str = "tick") -> list[HistoryRecord]:
    """Each expected fire time is there, in order, once, as enqueued; and its job is in the store, once.

    The fire times are `anchor + k * every`, from the first after the entry was made. No worker may have run.
    """
    records = history(store, name)
    (entry,) = store.entries(names=[name])
    step = round(every * SECOND)
    fire_times = [record.fire_time for record in records]
    first = (fire_times[0] - entry.anchor) // step
    assert 1 <= first <= SECOND // step + 1, "the first tick is not the first one after the entry was made"
    assert fire_times == [entry.anchor + (first + k) * step for k in range(len(records))]
    assert {record.verdict for record in records} == {Verdict.ENQUEUED}
    jobs = [tick_id(name, fire_time) for fire_time in fire_times]
    assert store.job_ids("default", ALL) == jobs
    assert entry.runs == len(jobs)
    assert entry.next_fire == fire_times[-1] + step
    return records


def lateness(record: HistoryRecord) -> float:
    """Seconds from a tick's fire time to the step that recorded it."""
    return (record.recorded_at - record.fire_time) / SECOND
