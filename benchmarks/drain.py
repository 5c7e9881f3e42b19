"""Draining a queue: N no-op jobs, results kept, by one worker of two children.

    python benchmarks/drain.py [N] [--ignore-results]

The clock runs from the first job's start to the last one's end, by the store's own times, so that the start of the
processes does not count. Two jobs whose results are kept in any case, before and after the others, mark the two.
"""

from __future__ import annotations

import os
import sys
import time

from common import row, stores

from jobq import App
from jobq import log as logs
from jobq.worker.options import WorkerOptions
from jobq.worker.supervisor import run_worker

app = App("bench")


@app.task(name="bench.noop")
def noop(value: int) -> int:
    return value


def drain(url: str, count: int, *, ignore: bool) -> tuple[float, float]:
    """(seconds to enqueue in bulk, seconds to drain)."""
    bench = App("bench", store=url)
    bench.tasks = app.tasks
    began = time.perf_counter()
    bench.enqueue_many([noop.signature((n,), ignore_result=ignore or None) for n in range(count)])
    enqueue = time.perf_counter() - began
    first, last = (
        bench.send_task("bench.noop", (0,), priority=0),
        bench.send_task("bench.noop", (0,), priority=9),
    )
    pid = os.fork()
    if pid == 0:
        os._exit(run_worker(bench, WorkerOptions(concurrency=2, burst=True)))
    os.waitpid(pid, 0)
    start, end = bench.store.get([first.id, last.id])
    if start is None or end is None or bench.store.totals()["completed"] != count + 2:
        raise SystemExit("not every job has completed")
    return enqueue, (end.ended_at - start.started_at) / 1e6


def main() -> None:
    logs.setup("warning", "text")
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    count = numbers[0] if numbers else 20_000
    ignore = "--ignore-results" in sys.argv
    row(f"{count} no-op jobs, two children", "bulk enqueue/s", "drain s", "drain/s")
    with stores("redis", "sqlite", "sqlite-off") as urls:
        for name, url in urls.items():
            enqueue, seconds = drain(url, count, ignore=ignore)
            row(name, f"{count / enqueue:,.0f}", f"{seconds:.2f}", f"{count / seconds:,.0f}")


if __name__ == "__main__":
    main()
