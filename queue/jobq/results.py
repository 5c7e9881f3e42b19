"""Results: what has become of a job, and waiting for it."""

from __future__ import annotations

import asyncio
import builtins
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from jobq.errors import MessageNotUnderstood, ResultTimeout, TaskFailed, TaskRevoked
from jobq.instants import from_micros
from jobq.job import Failure, State
from jobq.message import Message, decode_message

if TYPE_CHECKING:
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
    """A job seen from outside, by Celery's names. Each property looks in the store, until the job has ended."""

    def __init__(self, id: str, app: App, *, parent: AsyncResult | None = None) -> None:  # noqa: A002 - Celery's name
        self.id = id
        self.app = app
        self.parent = parent
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
        if record.state is State.SCHEDULED and record.error:
            return "RETRY"
        return _NAMES.get(record.state, "PENDING")

    status = state

    @property
    def result(self) -> Any:
        """The value of a completed job, the exception of a failed one, else None."""
        record = self._record()
        if record is None or record.state is State.RUNNING:
            return None
        if record.state is State.COMPLETED:
            return msgspec.json.decode(record.result)
        return exception_of(record)

    info = result

    @property
    def traceback(self) -> str | None:
        record = self._record()
        return failure_of(record).traceback or None if record is not None and record.error else None

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
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._ended is None:
            left = _LONG if deadline is None else min(_LONG, deadline - time.monotonic())
            record = self._seen(self.app.store.wait_ended(self.id, max(0.0, left)))
            if record is None and deadline is not None and time.monotonic() >= deadline:
                raise ResultTimeout(f"job {self.id} has not ended within {timeout} seconds")
        if propagate and self._ended.state is not State.COMPLETED:
            raise exception_of(self._ended)
        return self.result

    async def aget(self, timeout: float | None = None, propagate: bool = True) -> Any:  # noqa: ASYNC109 - the same call as get's
        return await asyncio.to_thread(self.get, timeout, propagate)

    def forget(self) -> bool:
        """Remove the ended job's record; False if it has not ended."""
        return self.app.store.forget(self.id)

    def revoke(self) -> bool:
        """Cancel the job if it has not started; False if it has."""
        return self.app.store.cancel(self.id)


class EagerResult:
    """The outcome of a task that ran here and now: the same shape as `AsyncResult`, without a store."""

    def __init__(self, id: str, state: State, payload: str) -> None:  # noqa: A002 - Celery's name
        self.id = id
        self.state = self.status = _NAMES[state]
        self.result = self.info = (
            msgspec.json.decode(payload) if state is State.COMPLETED else _exception(state, _failure(payload))
        )

    def ready(self) -> bool:
        return True

    def successful(self) -> bool:
        return self.state == "SUCCESS"

    def failed(self) -> bool:
        return self.state == "FAILURE"

    def get(self, timeout: float | None = None, propagate: bool = True, interval: float | None = None) -> Any:  # noqa: ARG002 - the same call as AsyncResult's
        if propagate and isinstance(self.result, BaseException):
            raise self.result
        return self.result


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
    except TypeError:
        return TaskFailed(f"{failure.type}: {failure.message}")


def _exception_class(path: str) -> type[Exception] | None:
    """The class if it is built in or its module is loaded already: nothing is imported on the word of a store."""
    module, _, name = path.rpartition(".")
    found = getattr(builtins if module in ("", "builtins") else sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None
