"""Jobs seen from a test: their records, and the signs that `process_tasks` leave in a folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import redis
from waiting import wait_until

from jobq.job import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from jobq.app import App
    from jobq.job import JobRecord
    from jobq.store import Store

PATIENCE = 20.0


def put_messages(store: Store, messages: Sequence[tuple[str, bytes]]) -> None:
    """Make jobs as another language does: by plain commands, whatever their messages are."""
    now = store.now()
    if store.url.startswith("redis"):
        with closing(redis.Redis.from_url(store.url)) as client, client.pipeline() as pipe:
            for job_id, message in messages:
                fields = {"queue": "default", "priority": 5, "message": message, "state": "available"}
                pipe.hset(f"{{beatd}}:job:{job_id}", mapping=fields | {"enqueued_at": now})
            pipe.sadd("{beatd}:queues", "default")
            pipe.rpush("{beatd}:queue:5:default", *(job_id for job_id, _ in messages))
            pipe.rpush("{beatd}:wake:default", "1")
            pipe.execute()
        return
    store.queues()  # makes the file
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany(
            "INSERT INTO jobs (id, queue, priority, message, state, enqueued_at) VALUES (?, 'default', 5, "
            "CAST(? AS TEXT), 'available', ?)",
            [(job_id, message, now) for job_id, message in messages],
        )
        connection.execute("INSERT OR IGNORE INTO queues VALUES ('default')")


def record(store: Store, job_id: str) -> JobRecord:
    (found,) = store.get([job_id])
    assert found is not None, job_id
    return found


def wait_state(
    store: Store, job_id: str, *states: State | str, timeout: float = PATIENCE, attempt: int = 0
) -> JobRecord:
    """The record once the job is in one of these states, in this attempt or a later one."""

    def look() -> JobRecord | None:
        found = record(store, job_id)
        return found if found.state in states and found.attempt >= attempt else None

    return wait_until(look, timeout, what=f"job {job_id} to be {' or '.join(states)}")


def wait_completed(store: Store, job_ids: Iterable[str], timeout: float = PATIENCE) -> list[JobRecord]:
    return [wait_state(store, job_id, State.COMPLETED, timeout=timeout) for job_id in job_ids]


def runs(folder: Path) -> list[int]:
    """The processes that a task was started in, one for each start, the earliest first."""
    signs = (path.name.split("-") for path in folder.glob("run-*"))
    return [int(pid) for _, pid, _ in sorted(signs, key=lambda sign: int(sign[2]))]


def wait_runs(folder: Path, times: int = 1, timeout: float = PATIENCE) -> int:
    """The process of the run that makes it so many."""
    return wait_until(lambda: runs(folder)[times - 1 :], timeout, what=f"{times} runs")[0]


def warm_up(app: App, store: Store, jobs: int = 300) -> list[JobRecord]:
    """Let the worker learn that jobs are short, so that it fetches many at once."""
    results = app.enqueue_many([("process_tasks.echo", (number,)) for number in range(jobs)])
    return wait_completed(store, [result.id for result in results])


def enqueue_behind(app: App, task: str, folder: Path, others: int = 20) -> tuple[str, list[str]]:
    """The ids of a job of `task` and of short ones right behind it, which one fetch may take all together."""
    calls = [
        (f"process_tasks.{task}", (str(folder),)),
        *[("process_tasks.echo", (n,)) for n in range(others)],
    ]
    first, *rest = [result.id for result in app.enqueue_many(calls)]
    return first, rest
