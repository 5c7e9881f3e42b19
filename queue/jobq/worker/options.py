"""How a worker is to run, as the command line and the configuration file say it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field

from jobq.errors import ConfigError
from jobq.job import DEFAULT_QUEUE, check_queue
from jobq.store import lease_parts
from jobq.stores import longest_wait
from jobq.suggest import did_you_mean

POOLS = ("prefork", "solo")


def default_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Times in seconds. `burst`: leave when the queues are empty. `max_memory_per_child` in KB.

    `lifeline` is the reading end of a pipe whose other end the parent process holds: when the parent is gone,
    the worker shuts down as if it had been told to.
    """

    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    concurrency: int = 2
    pool: str = "prefork"
    burst: bool = False
    name: str = field(default_factory=default_name)
    lease_ttl: float = 10.0
    shutdown_timeout: float = 30.0
    max_tasks_per_child: int | None = None
    max_memory_per_child: int | None = None
    lifeline: int | None = None

    def __post_init__(self) -> None:
        if self.pool not in POOLS:
            raise ConfigError(
                f'pool "{self.pool}" is not available in this version{did_you_mean(self.pool, POOLS)}'
            )
        if self.concurrency < 1:
            raise ConfigError(f"concurrency is {self.concurrency}; a worker needs at least 1 child")
        if not 1 <= self.lease_ttl <= 86400:  # noqa: PLR2004 - a second and a day: the bounds that the sentence states
            raise ConfigError(f"lease_ttl is {self.lease_ttl:g}; expected 1 to 86400 seconds")
        for queue in self.queues:
            check_queue(queue)


def check_lease(lease_ttl: float, url: str) -> None:
    """`ConfigError` for a lease by which no job might be started, from the store of this URL.

    A job is started only within the grace of its lease, counted from before the store was asked for it (`holding`). If
    that is over when the answer comes, the lease is extended first, which takes as long again: where the replicas take
    longer than the grace, and no longer than `wait_ms`, all that is fetched would be given back, time after time.
    """
    wait_ms = longest_wait(url)
    grace = lease_parts(round(lease_ttl * 1_000_000))[1]
    if wait_ms * 1000 >= grace:
        raise ConfigError(
            f"lease_ttl of the worker is {lease_ttl:g} s, and the store's URL lets replicas take {wait_ms} ms (wait_ms): "
            "leases could be too old to start their jobs by, which would be given back again and again; expected a "
            f"lease_ttl above {3 * wait_ms / 1000:g} s, or a wait_ms of at most {(grace - 1) // 1000}"
        )
