"""Results: what has become of a job, and waiting for it."""

from __future__ import annotations

import asyncio
import builtins
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from jobq.errors import ConfigError, MessageNotUnderstood, ResultTimeout, TaskFailed, TaskRevoked
from jobq.instants import from_micros
from jobq.job import Failure, State
from jobq.message import Message, decode_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from jobq.app import App
    from jobq.job import JobRecord

_LONG = 60.0
_NAMES = {
    State.RUNNING: "STARTED",
    State.COMPLETED: "SUCCESS",
    State.FAILED: "FAILURE",
    State.CANCELLED: "REVOKED",
}


class AsyncResult:
    """A job seen from outside, by Celery's names. Each property looks in the store, until the job has ended.

    `ignored`: no result will be kept, so `get` answers None at once.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - Celery's name
        app: App,
        *,
        parent: AsyncResult | None = None,
        ignored: bool = False,
    ) -> None:
        self.id = id
        self.app = app
        self.ignored = ignored
        self._parent = parent
        self._ended: JobRecord | None = None

    def __repr__(self) -> str:
        return f"<AsyncResult: {self.id}>"

    def __str__(self) -> str:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def _record(self) -> JobRecord | None:
        if self._ended is not None:
            return self._ended
        return self._seen(self.app.store.get([self.id])[0])

    def _seen(self, record: JobRecord | None) -> JobRecord | None:
        if record is not None and record.state.ended:
            self._ended = record
        return record

    @property
    def state(self) -> str:
        """PENDING (which an unknown job is too), STARTED, RETRY, SUCCESS, FAILURE or REVOKED."""
        record = self._record()
        if record is None:
            return "PENDING"
        return _NAMES.get(record.state, "RETRY" if record.error else "PENDING")

    @property
    def status(self) -> str:
        return self.state

    @property
    def result(self) -> Any:
        """The value of a completed job, the exception of one that failed or waits for a retry, else None."""
        record = self._record()
        if record is not None and record.state is State.COMPLETED:
            return msgspec.json.decode(record.result)
        return None if record is None or not _has_failed(record) else exception_of(record)

    @property
    def info(self) -> Any:
        return self.result

    @property
    def traceback(self) -> str | None:
        record = self._record()
        return None if record is None or not _has_failed(record) else failure_of(record).traceback or None

    @property
    def name(self) -> str | None:
        message = self._message()
        return None if message is None else message.task

    @property
    def args(self) -> tuple[Any, ...] | None:
        message = self._message()
        return None if message is None else message.args

    @property
    def kwargs(self) -> dict[str, Any] | None:
        message = self._message()
        return None if message is None else message.kwargs

    @property
    def date_done(self) -> datetime | None:
        record = self._record()
        return from_micros(record.ended_at) if record is not None and record.ended_at else None

    @property
    def parent(self) -> AsyncResult | None:
        """The job that this one follows, or inside which it was enqueued."""
        if self._parent is None:
            message = self._message()
            if message is not None and message.parent_id is not None:
                self._parent = AsyncResult(message.parent_id, self.app)
        return self._parent

    @property
    def children(self) -> list[AsyncResult] | None:
        """What its success enqueued: the linked jobs. None while that is not known."""
        message = self._message() if self.successful() else None
        if message is None:
            return None
        ids = [link.options.task_id for link in message.link]
        return [AsyncResult(i, self.app, parent=self) for i in ids if i is not None]

    def collect(
        self, timeout: float | None = None, propagate: bool = True
    ) -> Iterator[tuple[AsyncResult, Any]]:
        """(result, value) of this job and of all that follow from it, each as soon as there is one."""
        waiting = deque([self])
        while waiting:
            result = waiting.popleft()
            yield result, result.get(timeout, propagate)
            waiting.extend(result.children or ())

    def _message(self) -> Message | None:
        record = self._record()
        try:
            return None if record is None else decode_message(record.message)
        except MessageNotUnderstood:
            return None

    def ready(self) -> bool:
        record = self._record()
        return record is not None and record.state.ended

    def successful(self) -> bool:
        return self.state == "SUCCESS"

    def failed(self) -> bool:
        return self.state == "FAILURE"

    def get(self, timeout: float | None = None, propagate: bool = True, interval: float | None = None) -> Any:  # noqa: ARG002 - Celery's polling interval; the store pushes
        """The result, once there is one; `timeout` in seconds, after which `ResultTimeout` is raised.

        Of a failed job the exception is raised, or with `propagate=False` returned; of a cancelled one
        `TaskRevoked`.
        """
        if self.ignored:
            return None
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._ended is None:
            left = _LONG if deadline is None else min(_LONG, deadline - time.monotonic())
            record = self._seen(self.app.store.wait_ended(self.id, max(0.0, left)))
            if record is None and deadline is not None and time.monotonic() >= deadline:
                raise ResultTimeout(f"job {self.id} has not ended within {timeout} seconds")
        result = self.result
        if propagate and self._ended.state is not State.COMPLETED:
            raise result
        return result

    async def aget(self, timeout: float | None = None, propagate: bool = True) -> Any:  # noqa: ASYNC109 - the same call as get's
        return await asyncio.to_thread(self.get, timeout, propagate)

    def forget(self) -> bool:
        """Remove the ended job's record; False if it has not ended."""
        return self.app.store.forget(self.id)

    def revoke(self, terminate: bool = False) -> bool:
        """Cancel the job if it has not started; False if it has."""
        if terminate:
            raise ConfigError("revoke(terminate=True) is not available in this version")
        return self.app.store.cancel(self.id)


class EagerResult(AsyncResult):
    """The outcome of a task that ran here and now. No store knows it; the exception is the very one raised."""

    def __init__(
        self, record: JobRecord, app: App, error: BaseException | None, children: Sequence[EagerResult]
    ) -> None:
        super().__init__(record.id, app)
        self._ended = record
        self._error = error
        self._children = list(children)

    @property
    def result(self) -> Any:
        return super().result if self._error is None else self._error

    @property
    def children(self) -> list[AsyncResult] | None:
        return [*self._children]

    def forget(self) -> bool:
        return False

    def revoke(self, terminate: bool = False) -> bool:  # noqa: ARG002 - the same call as AsyncResult's
        return False


def _has_failed(record: JobRecord) -> bool:
    """Its latest attempt did, that is. A job that runs may do better."""
    return bool(record.error) and record.state not in (State.RUNNING, State.COMPLETED)


def failure_of(record: JobRecord) -> Failure:
    return _failure(record.error)


def exception_of(record: JobRecord) -> BaseException:
    """The exception of a job that failed, was cancelled or is being retried."""
    return _exception(record.state, _failure(record.error))


def _failure(text: str) -> Failure:
    try:
        return msgspec.json.decode(text, type=Failure)
    except msgspec.DecodeError:
        return Failure("", text)


def _exception(state: State, failure: Failure) -> BaseException:
    if state is State.CANCELLED:
        return TaskRevoked(failure.message)
    known = _exception_class(failure.type)
    if known is None:
        return TaskFailed(f"{failure.type}: {failure.message}")
    try:
        return known(failure.message)
    except Exception:  # noqa: BLE001 - a class may refuse a lone text in whatever way it likes
        return TaskFailed(f"{failure.type}: {failure.message}")


def _exception_class(path: str) -> type[Exception] | None:
    """The class if it is built in or its module is loaded already: nothing is imported on the word of a store."""
    module, _, name = path.rpartition(".")
    found = getattr(builtins if module in ("", "builtins") else sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None
