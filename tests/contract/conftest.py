"""What the contract's tests speak with: a store of either kind, seen only through the protocol."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import Claim, NewJob, Outcome, State
from jobq.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jobq.store import Store

LONG = 60 * SECOND


class Desk:
    """The verbs with the arguments that most tests do not care about."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def enqueue(self, *ids: str, **fields: object) -> list[bool]:
        """Jobs of these ids, alike but for them."""
        return self.store.enqueue([new_job(job_id, **fields) for job_id in ids])

    def fetch(self, *queues: str, limit: int = 100, lease: int = LONG, worker: str = "w1") -> list[Claim]:
        return self.store.fetch(queues or ("default",), limit, lease, worker).claims

    def fetch_one(self, *queues: str, lease: int = LONG, worker: str = "w1") -> Claim:
        """The next job, as soon as there is one."""
        return wait_until(lambda: self.fetch(*queues, limit=1, lease=lease, worker=worker))[0]

    def fetch_ids(self, *queues: str, **options: int) -> list[str]:
        return [claim.id for claim in self.fetch(*queues, **options)]

    def lose(self, *ids: str, **fields: object) -> list[Claim]:
        """Jobs whose worker has died: running still, their leases over, and the grace too."""
        self.enqueue(*ids, **fields)
        claims = self.fetch(lease=1)
        self.fetch("a queue that nobody uses")  # sees that they have run out
        return claims

    def end(self, claim: Claim, state: State = State.COMPLETED, **fields: object) -> bool:
        return self.store.complete([Outcome(claim.id, claim.token, state, **fields)])[0]

    def fail(self, *ids: str) -> None:
        """Dead letters, made in this order."""
        for job_id in ids:
            self.enqueue(job_id)
            assert self.end(self.fetch_one(), State.FAILED, payload='{"type":"E","message":"m"}', keep=-1)

    def state(self, job_id: str) -> State | None:
        (record,) = self.store.get([job_id])
        return None if record is None else record.state


def new_job(job_id: str, **fields: object) -> NewJob:
    return NewJob(**{"id": job_id, "queue": "default", "priority": 5, "message": '{"task":"t"}'} | fields)


@pytest.fixture
def open_another(store_url: str) -> Iterator[Callable[[], Store]]:
    """A factory of store objects that share nothing but the URL."""
    stores: list[Store] = []

    def make() -> Store:
        stores.append(open_store(store_url))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def store(open_another: Callable[[], Store]) -> Store:
    return open_another()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.fixture
def new() -> Callable[..., NewJob]:
    """`new("a", priority=0)`: a job to insert."""
    return new_job


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A factory: run Python text in a process of its own. What is left of it is killed after the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(text: str, *arguments: str) -> subprocess.Popen[str]:
        command: Sequence[str] = [sys.executable, "-W", "error", "-c", text, *arguments]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
