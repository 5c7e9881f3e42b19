"""RQ's face: named queues that take any importable function, and the jobs in them.

    queue = Queue("reports", store="redis://localhost:6379/0")
    job = queue.enqueue("package.module.function", 1, 2, key="value")
    job.get_status(), job.result

A worker needs no app for such jobs: they carry the function's import path. RQ's own arguments (`job_id`,
`job_timeout`, `ttl` ...) are taken out before the function's; those that mean nothing here are refused, for a
function must not get arguments that were meant for the queue.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from jobq.app import App, default_store_url
from jobq.context import current_request
from jobq.errors import ConfigError, JobqError, MessageNotUnderstood
from jobq.instants import from_micros
from jobq.job import DEFAULT_QUEUE, State, check_queue
from jobq.message import Message, decode_message, encode_json, new_job, parse_options
from jobq.plain import name_of
from jobq.redis_connection import url_of
from jobq.results import failure_of
from jobq.rq_arguments import take_options
from jobq.sizes import TASK_MAX_BYTES
from jobq.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobq.job import JobRecord
    from jobq.store import Store

_ALL = 2**31
_STATUS = {
    State.AVAILABLE: "queued",
    State.SCHEDULED: "scheduled",
    State.RUNNING: "started",
    State.COMPLETED: "finished",
    State.FAILED: "failed",
    State.CANCELLED: "canceled",
}


class NoSuchJob(JobqError, LookupError):  # noqa: N818 - RQ's NoSuchJobError by its state
    """The store holds no job of this id: there never was one, or its record is no longer kept."""


class Queue:
    """`store` is a URL, an `App` or an open store; `connection` a redis.Redis whose server is the store.

    Without either: the store of an `App()`, which is JOBQ_STORE or what stands in for it.
    """

    def __init__(
        self,
        name: str = DEFAULT_QUEUE,
        store: str | App | Store | None = None,
        connection: Any = None,
    ) -> None:
        self.name = check_queue(name)
        self._source = _source(store, connection)

    def __repr__(self) -> str:
        return f"Queue({self.name!r})"

    def __len__(self) -> int:
        return self.count

    @property
    def store(self) -> Store:
        return _open(self._source)

    # -- enqueue

    def enqueue(self, func: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call of a function, of an import path, or of a task.

        RQ's arguments that are taken out: `job_id`, `job_timeout` (seconds, or text such as "5m"), `ttl` (seconds
        until the job is dropped if it has not started), `result_ttl=0`, `meta`, `description`. The job of a
        `job_id` that is known already is returned as it is, and nothing is enqueued.
        """
        return self._enqueue(func, args, kwargs, {})

    def enqueue_in(
        self, time_delta: timedelta, func: Callable[..., Any] | str, *args: Any, **kwargs: Any
    ) -> Job:
        if not isinstance(time_delta, timedelta):
            raise ConfigError(
                f"enqueue_in takes a timedelta, then the function; {time_delta!r} is no timedelta"
            )
        return self._enqueue(func, args, kwargs, {"countdown": time_delta})

    def enqueue_at(
        self, datetime: datetime, func: Callable[..., Any] | str, *args: Any, **kwargs: Any
    ) -> Job:
        """A naive datetime is in this machine's time zone, as with RQ."""
        if not hasattr(datetime, "astimezone"):
            raise ConfigError(f"enqueue_at takes a datetime, then the function; {datetime!r} is no datetime")
        return self._enqueue(func, args, kwargs, {"eta": datetime.astimezone(UTC)})

    def _enqueue(
        self,
        func: Callable[..., Any] | str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        when: dict[str, Any],
    ) -> Job:
        name, plain = name_of(func)
        args, kwargs, options = take_options(args, kwargs)
        options |= {"queue": self.name, **when}
        if isinstance(func, Task):
            options = func.app.options_for(name, options)
        parent = current_request.get()
        job = new_job(
            name,
            args,
            kwargs,
            parse_options(options, UTC),
            plain=plain,
            max_bytes=self._max_bytes(func),
            parent_id=parent.id,
            root_id=parent.root_id or parent.id,
        )
        self.store.enqueue([job])
        return Job(job.id, self._source)

    def _max_bytes(self, func: object) -> int:
        app = func.app if isinstance(func, Task) else self._source
        return app.conf.task_max_bytes if isinstance(app, App) else TASK_MAX_BYTES

    # -- look

    @property
    def job_ids(self) -> list[str]:
        """The jobs that wait for a worker, in the order in which they will start."""
        return self.store.job_ids(self.name, _ALL)

    @property
    def jobs(self) -> list[Job]:
        records = self.store.get(self.job_ids)
        return [Job(record.id, self._source, record) for record in records if record is not None]

    def fetch_job(self, job_id: str) -> Job | None:
        """The job of this id, whatever its queue; None if the store holds none."""
        record = self.store.get([job_id])[0]
        return None if record is None else Job(job_id, self._source, record)

    @property
    def count(self) -> int:
        """How many jobs wait for a worker."""
        return self.store.queues().get(self.name, {}).get(State.AVAILABLE, 0)

    def empty(self) -> int:
        """Forget the jobs that have not started, the scheduled ones too; how many there were."""
        return self.store.purge(self.name)


class Job:
    """A job seen from outside, by RQ's names. What can change is looked up until the job has ended.

    Properties raise `NoSuchJob` once the record is no longer kept.
    """

    def __init__(self, id: str, source: App | Store, record: JobRecord | None = None) -> None:  # noqa: A002 - RQ's name
        self.id = id
        self._source = source
        self._known = record

    @staticmethod
    def fetch(id: str, store: str | App | Store | None = None, connection: Any = None) -> Job:  # noqa: A002 - RQ's name
        job = Job(id, _source(store, connection))
        job.refresh()
        return job

    def __repr__(self) -> str:
        return f"<Job {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    # -- what was asked for

    @property
    def func_name(self) -> str:
        return self._message.task

    @property
    def args(self) -> tuple[Any, ...]:
        return self._message.args

    @property
    def kwargs(self) -> dict[str, Any]:
        return self._message.kwargs

    @property
    def meta(self) -> dict[str, Any]:
        return self._message.headers

    @property
    def origin(self) -> str:
        """The name of its queue."""
        return self._first.queue

    @property
    def enqueued_at(self) -> datetime | None:
        return _instant(self._first.enqueued_at)

    # -- what became of it

    @property
    def result(self) -> Any:
        """What the function returned; None until then."""
        record = self._latest
        return msgspec.json.decode(record.result) if record.state is State.COMPLETED else None

    @property
    def exc_info(self) -> str | None:
        """Why it failed, was cancelled or is tried again: the traceback where there is one, else a sentence."""
        record = self._latest
        if not record.error:
            return None
        failure = failure_of(record)
        return failure.traceback or f"{failure.type}: {failure.message}"

    @property
    def started_at(self) -> datetime | None:
        return _instant(self._latest.started_at)

    @property
    def ended_at(self) -> datetime | None:
        return _instant(self._latest.ended_at)

    def get_status(self, refresh: bool = True) -> str:
        """queued, scheduled, started, finished, failed or canceled."""
        return _STATUS[(self._latest if refresh else self._first).state]

    # -- act

    def cancel(self) -> bool:
        """Cancel it if it has not started; False if it has."""
        return self._store.cancel(self.id)

    def requeue(self) -> bool:
        """Run a failed job again, its retries counted anew; False if it has not failed."""
        self._known = None
        return requeue_failed(self._store, [self.id])[0]

    def refresh(self) -> None:
        self._known = self._store.get([self.id])[0]
        if self._known is None:
            raise NoSuchJob(f"there is no job {self.id}, or its record is no longer kept")

    # -- how it knows

    @property
    def _store(self) -> Store:
        return _open(self._source)

    @property
    def _first(self) -> JobRecord:
        """The record as it was once seen."""
        if self._known is None:
            self.refresh()
        assert self._known is not None  # noqa: S101 - refresh raises otherwise
        return self._known

    @property
    def _latest(self) -> JobRecord:
        if self._known is None or not self._known.state.ended:
            self.refresh()
        return self._first

    @property
    def _message(self) -> Message:
        return decode_message(self._first.message)


def requeue_failed(store: Store, job_ids: Sequence[str]) -> list[bool]:
    """Make failed jobs available again, their retries counted from 0; False where a job has not failed."""
    records = store.get(job_ids)
    return store.requeue([(job_id, _afresh(record)) for job_id, record in zip(job_ids, records, strict=True)])


def _afresh(record: JobRecord | None) -> str:
    """The message with no retries made and no expiry, which has passed by now; "" leaves the stored one as it is, which may be of another make."""
    try:
        if record is None:
            return ""
        message = decode_message(record.message)
        return encode_json(msgspec.structs.replace(message, retries=0, expires_at=None, expires_in=None))
    except MessageNotUnderstood:
        return ""


def _source(store: str | App | Store | None, connection: Any) -> App | Store:
    if store is not None and connection is not None:
        raise ConfigError("store and connection are two names of one thing; give one")
    if connection is not None:
        store = url_of(connection)
    if store is None:
        store = default_store_url(os.environ)
    return _app_of(store) if isinstance(store, str) else store


@cache
def _app_of(url: str) -> App:
    """One app, and so one set of connections, a URL: queues are made anew wherever they are used."""
    return App(store=url)


def _open(source: App | Store) -> Store:
    return source.store if isinstance(source, App) else source


def _instant(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None
