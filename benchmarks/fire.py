"""The fire path: N entries due in the same second, from the first to the last enqueued, through the real ticker.

    python benchmarks/fire.py [N]

Prints, for each store, the time from the first to the last job's `enqueued_at` (the store's clock), the wall time
of the whole, and the rate. The bare limit stands beside it: the same number of jobs inserted in batches of 500
without any of the checks.
"""

from __future__ import annotations

import sys
import time

from common import row, stores

from beat.entry import Entry, tick_id
from beat.schedules import every
from beat.store import EntryChange
from beat.stores import open_beat_store
from beat.ticker import BATCH, Ticker
from jobq.job import NewJob, new_id


def fire(url: str, count: int) -> tuple[float, float]:
    """Seconds from first to last enqueued, and seconds of the whole."""
    store = open_beat_store(url)
    due_at = store.now() + 2_000_000
    entries = [
        Entry(name=f"entry-{n}", task="bench.noop", schedule=every(86400), args=(n,)) for n in range(count)
    ]
    anchor = due_at - 86_400_000_000
    changes = [EntryChange(e.name, "benchmark", e.definition(), 0, anchor, due_at) for e in entries]
    store.change(changes)
    term = store.elect("benchmark", 3_600_000_000).lease.term
    while store.now() < due_at:
        time.sleep(0.01)
    ticker = Ticker(store)
    fired, began = 0, time.perf_counter()
    while fired < count:
        fired += ticker.run_once(term).fired
    whole = time.perf_counter() - began
    records = store.get([tick_id(f"entry-{n}", due_at) for n in range(count)])
    enqueued = sorted(record.enqueued_at for record in records if record is not None)
    if len(enqueued) != count:
        raise SystemExit(f"{count - len(enqueued)} of {count} entries were not enqueued")
    store.close()
    return (enqueued[-1] - enqueued[0]) / 1e6, whole


def limit(url: str, count: int) -> float:
    store = open_beat_store(url)
    jobs = [NewJob(new_id(), "limit", 5, f'{{"task":"bench.noop","args":[{n}]}}') for n in range(count)]
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        store.enqueue(jobs[start : start + BATCH])
    taken = time.perf_counter() - began
    store.close()
    return taken


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    row(f"{count} entries due at once", "first to last", "whole", "entries/s", "bare inserts/s")
    with stores("redis", "sqlite", "sqlite-off") as urls:
        for name, url in urls.items():
            span, whole = fire(url, count)
            row(
                name,
                f"{span:.3f} s",
                f"{whole:.3f} s",
                f"{count / whole:,.0f}",
                f"{count / limit(url, count):,.0f}",
            )


if __name__ == "__main__":
    main()
