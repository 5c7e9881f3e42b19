"""A change of leader: how long until the next one fires, and how late the ticks are meanwhile.

    python benchmarks/failover.py [--quick] [--times N] [--idle N] [--store redis|sqlite]

Three beatds on one store, one entry due every 20 ms (nothing shorter can be told apart), leases of 3 s. The leader is
killed with kill -9, N times, and then told to stop, N times; another one is started in its place each time. Printed are
p50, p99 and max of

takeover    from the kill, or SIGTERM, to the first fire of the next leader, by the store's clock
late        of each change of leader, the tick that was latest: from its fire time to when it was recorded

first with that one entry in the store, then with a million others that are due in 2100.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import signal
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from common import row, stores

# The support code of the tests, which `common` has put on the path.
from programs import PATIENCE, Programs, entry
from waiting import wait_until

from beat.entry import Entry
from beat.schedules import every
from beat.store import EntryChange
from beat.stores import open_beat_store

if TYPE_CHECKING:
    from programs import Program

    from beat.store import BeatStore

SECOND = 1_000_000
LEASE = 3.0
EVERY = 0.02
FAR = 4_102_444_800 * SECOND  # 2100-01-01
BATCH = 10_000
KEPT = 500
AFTERWARDS = 0.5
"""Seconds of the new leader's time in which ticks may still be late for the old one's sake."""


class Change(NamedTuple):
    takeover: float
    late: float


class Fleet:
    def __init__(self, folder: Path, url: str, store: BeatStore) -> None:
        self.store = store
        self._programs = Programs(folder, url)
        text = f"[beat]\nhistory = {KEPT}\n" + entry(every=EVERY, catchup="all")
        self._config = self._programs.write_config(text)
        self._names = itertools.count()
        self._beats: list[Program] = []
        for _ in range(3):
            self._start()

    def _start(self) -> None:
        node = f"beat{next(self._names)}"
        self._beats.append(self._programs.beatd("--lease-ttl", str(LEASE), config=self._config, node=node))

    def close(self) -> None:
        self._programs.clear_away()

    def change_leader(self, rng: random.Random, number: signal.Signals) -> Change:
        self._settle()
        term, leader = self._leader()
        time.sleep(rng.uniform(0, LEASE / 3))  # anywhere between two renewals
        began = self.store.now()
        leader.send(number)
        elected = wait_until(lambda: self._elected_after(term), LEASE + PATIENCE)
        leader.wait()
        self._beats.remove(leader)
        wait_until(lambda: self._last_fire() > elected + AFTERWARDS * SECOND, PATIENCE)
        records = [record for record in self.store.history("tick", KEPT) if record.recorded_at > began]
        first = min(record.recorded_at for record in records if record.recorded_at > elected)
        late = max(record.recorded_at - record.fire_time for record in records)
        self._start()
        return Change((first - began) / SECOND, late / SECOND)

    def _settle(self) -> None:
        for beat in self._beats:
            beat.wait_said("beat_ready")
            wait_until(
                lambda beat=beat: beat.said("leader_followed") or beat.said("leader_elected"), PATIENCE
            )

    def _leader(self) -> tuple[int, Program]:
        terms = {said["term"]: beat for beat in self._beats for said in beat.said("leader_elected")[-1:]}
        return max(terms.items(), key=lambda term: term[0])

    def _elected_after(self, term: int) -> int:
        """When, by its log, the next leader was elected."""
        for beat in self._beats:
            for said in beat.said("leader_elected"):
                if said["term"] > term:
                    return round(datetime.fromisoformat(said["time"]).timestamp() * SECOND)
        return 0

    def _last_fire(self) -> int:
        return self.store.history("tick", 1)[0].fire_time


def load_idle(store: BeatStore, count: int) -> float:
    """Entries that are due in 2100; the seconds it took."""
    began = time.monotonic()
    definition = Entry(name="idle", task="process_tasks.echo", schedule=every(86400)).definition()
    for start in range(0, count, BATCH):
        names = range(start, min(count, start + BATCH))
        store.change(
            [EntryChange(f"idle-{n}", "idle", definition, 0, FAR - 86_400 * SECOND, FAR) for n in names]
        )
    return time.monotonic() - began


def figures(seconds: list[float]) -> str:
    ranked = sorted(seconds)
    p99 = ranked[math.ceil(len(ranked) * 0.99) - 1]
    return f"{statistics.median(ranked):.3f} {p99:.3f} {ranked[-1]:.3f}"


def measure(what: str, url: str, times: int, rng: random.Random) -> None:
    store = open_beat_store(url)
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder), url, store)
        try:
            wait_until(lambda: store.entries(names=["tick"]) and store.history("tick", 1), PATIENCE)
            for name, number in (("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
                changes = [fleet.change_leader(rng, number) for _ in range(times)]
                row(
                    f"{what}, {name}",
                    figures([c.takeover for c in changes]),
                    figures([c.late for c in changes]),
                )
        finally:
            fleet.close()
            store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five times, and no idle entries")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--idle", type=int, default=1_000_000)
    parser.add_argument("--store", choices=["redis", "sqlite"])
    options = parser.parse_args()
    times, idle = (5, 0) if options.quick else (options.times, options.idle)
    row(f"seconds, of {times} times", "takeover p50 p99 max", "late p50 p99 max")
    names = [options.store] if options.store else ["redis", "sqlite"]
    with stores(*names) as urls:
        for name, url in urls.items():
            measure(name, url, times, random.Random(1))
            if idle:
                store = open_beat_store(url)
                seconds = load_idle(store, idle)
                store.close()
                print(f"({idle:,} idle entries written in {seconds:.0f} s)")
                measure(f"{name}, {idle:,} idle", url, times, random.Random(1))


if __name__ == "__main__":
    main()
