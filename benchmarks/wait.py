"""What waiting for a replica costs: the same work on a master with one replica, with `wait_replicas` and without.

    python benchmarks/wait.py [N]

Prints milliseconds a call: the median and the 99th percentile, with the two taking turns in one run, so that what
else the machine does falls on both. Master, replica and this program share the loopback.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from common import row
from redis_fleet import start_replica
from redis_server import RedisServer, find

from jobq.job import NewJob, Outcome, State, new_id
from jobq.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.store import Store

BATCH = 100


def enqueue(store: Store, count: int) -> None:
    store.enqueue([NewJob(new_id(), "bench", 5, '{"task":"bench.noop"}') for _ in range(count)])


def run(store: Store, count: int) -> None:
    """Fetch and complete what was enqueued before."""
    claims = store.fetch(["bench"], count, 60_000_000, "bench").claims
    store.complete([Outcome(claim.id, claim.token, State.COMPLETED, keep=60) for claim in claims])


def measured(calls: list[Callable[[], None]], times: int) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(times):
        for call, seconds in zip(calls, taken, strict=True):
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
    return taken


def shown(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f} / {statistics.quantiles(seconds, n=100)[98] * 1000:.2f}"


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    program = find()
    if program is None:
        raise SystemExit("no Redis server was found; `make test` says what to install")
    servers: list[RedisServer] = []

    def start(**options: object) -> RedisServer:
        servers.append(RedisServer(program, Path(folder, str(len(servers))), **options))  # type: ignore[arg-type]
        servers[-1].start()
        return servers[-1]

    with tempfile.TemporaryDirectory() as folder:
        master = start(options={"repl-diskless-sync-delay": "0"})
        start_replica(start, master)
        alone, waiting = open_store(master.url), open_store(f"{master.url}?wait_replicas=1")
        row("milliseconds, median / p99", "without", "wait_replicas=1")
        for name, deed, count in (
            ("enqueue 1 job", enqueue, 1),
            ("fetch and complete 1 job", run, 1),
            (f"enqueue {BATCH} jobs", enqueue, BATCH),
            (f"fetch and complete {BATCH} jobs", run, BATCH),
        ):
            calls = [
                lambda store=store, deed=deed, count=count: deed(store, count) for store in (alone, waiting)
            ]
            row(name, *map(shown, measured(calls, times // (1 if count == 1 else 10))))
        for store in (alone, waiting):
            store.close()
        for server in reversed(servers):
            server.stop()


if __name__ == "__main__":
    main()
