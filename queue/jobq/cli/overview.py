"""What `jobq info` shows: each queue as a bar, then the workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobq.cli.times import iso_or_none
from jobq.job import State
from jobq.store import TOTALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group

    from jobq.store import Store, WorkerInfo

_BAR = 40


def told_totals(totals: dict[str, int]) -> str:
    """In one line; "lost" are leases whose workers died, and the jobs were taken back from them."""
    words = {"lost": "taken back from dead workers"}
    return ", ".join(f"{totals.get(name, 0)} {words.get(name, name)}" for name in TOTALS)


@dataclass(frozen=True, slots=True)
class Overview:
    store: str
    queues: dict[str, dict[State, int]]
    totals: dict[str, int]
    workers: list[WorkerInfo]

    def sum(self, state: State) -> int:
        return sum(counts.get(state, 0) for counts in self.queues.values())

    def as_object(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "queues": [
                {
                    "name": name,
                    "available": counts.get(State.AVAILABLE, 0),
                    "scheduled": counts.get(State.SCHEDULED, 0),
                    "running": counts.get(State.RUNNING, 0),
                }
                for name, counts in self.queues.items()
            ],
            "totals": self.totals,
            "workers": [
                {
                    "name": worker.name,
                    "host": worker.host,
                    "pid": worker.pid,
                    "state": "busy" if worker.running else "idle",
                    "running": worker.running or None,
                    "queues": worker.queues,
                    "started_at": iso_or_none(worker.started_at),
                    "completed": worker.completed,
                    "failed": worker.failed,
                }
                for worker in self.workers
            ],
        }

    def as_text(self) -> Group:
        from rich.console import Group

        parts = [
            self._bars(),
            self._queue_line(),
            "",
            self._worker_lines(),
            self._worker_count(),
            self._totals_line(),
        ]
        return Group(*(part for part in parts if part is not None))

    def _bars(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        from jobq.log import in_one_line

        grid = Table.grid(padding=(0, 1))
        grid.add_column(overflow="fold", ratio=None)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        most = max((counts.get(State.AVAILABLE, 0) for counts in self.queues.values()), default=0)
        for name, counts in self.queues.items():
            available = counts.get(State.AVAILABLE, 0)
            bar = Text("|")
            bar.append("█" * _length(available, most), style="green" if available < 100 else "yellow")  # noqa: PLR2004 - a colour, no limit
            bar.append(f" {available}")
            for state in (State.SCHEDULED, State.RUNNING):
                if counts.get(state):
                    bar.append(f", {state.value} {counts[state]}")
            grid.add_row(Text(in_one_line(name)), bar)
        return grid

    def _queue_line(self) -> str:
        return (
            f"{_count(len(self.queues), 'queue')}, {_count(self.sum(State.AVAILABLE), 'job')} available, "
            f"{self.sum(State.SCHEDULED)} scheduled, {self.sum(State.RUNNING)} running"
        )

    def _worker_lines(self) -> Any:
        from jobq.cli.tables import table

        if not self.workers:
            return None
        rows = [
            [
                worker.name,
                f"busy {worker.running}" if worker.running else "idle",
                ", ".join(worker.queues),
                str(worker.completed),
                str(worker.failed),
            ]
            for worker in self.workers
        ]
        return table(["WORKER", "STATE", "QUEUES", "DONE", "FAILED"], rows, right=["DONE", "FAILED"])

    def _worker_count(self) -> str:
        busy = sum(bool(worker.running) for worker in self.workers)
        return f"{_count(len(self.workers), 'worker')}, {busy} busy"

    def _totals_line(self) -> str:
        return f"so far: {told_totals(self.totals)}"


def overview(store: Store, queues: Sequence[str]) -> Overview:
    """All queues and workers, or those that concern `queues`; a queue that the store does not know is empty."""
    counts, workers = store.queues(), store.workers()
    if queues:
        counts = {name: counts.get(name, {}) for name in queues}
        workers = [worker for worker in workers if set(worker.queues) & set(queues)]
    return Overview(store.url, counts, store.totals(), workers)


def _length(available: int, most: int) -> int:
    """Full bars stand for at least `_BAR` jobs; a queue that holds something shows something."""
    scale = max(most, _BAR)
    return max(1, available * _BAR // scale) if available else 0


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
