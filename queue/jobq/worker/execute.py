"""Run one job and say how it ended. Knows no store: a claim goes in, an outcome comes out.

Whatever a message holds, the answer is an outcome: a message that is not understood, a task that is not
registered and a function that can't be imported fail for good, with the reason, for no retry would mend them.
A task's own exception is retried where the task says so.
"""

from __future__ import annotations

import asyncio
import importlib
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from jobq.context import Request, current_request
from jobq.errors import Ignore, JobqError, MessageNotUnderstood, NotRegistered, Reject, Retry
from jobq.instants import SECOND
from jobq.job import Claim, Failure, NewJob, Outcome, State
from jobq.message import Message, decode_message, encode_json, follow
from jobq.results import EagerResult
from jobq.retry import retry_delay
from jobq.task import Task
from jobq.worker.limits import soft_time_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.app import App

DEAD_LETTER = -1


@dataclass
class Executor:
    """Runs claims for one app in one thread. `hostname` is the worker's name, as tasks see it.

    `on_time_limit` is told the hard limit in seconds of a job that is about to run, if it has one.
    """

    app: App
    hostname: str = ""
    on_time_limit: Callable[[float], None] = lambda _: None
    _runner: asyncio.Runner | None = field(default=None, repr=False)

    def run(self, claim: Claim, now: int) -> Outcome:
        """The outcome of running `claim`; `now` is the store's clock, in epoch microseconds."""
        try:
            message = decode_message(claim.message)
        except MessageNotUnderstood as error:
            return _failed(claim, error, ())
        expired = _expiry(message, claim)
        if expired is not None and now > expired:
            failure = Failure("jobq.errors.TaskRevoked", "expired before it started")
            return Outcome(claim.id, claim.attempt, State.CANCELLED, encode_json(failure), keep=self._keep)
        try:
            task = self._task(message)
        except (JobqError, ImportError, AttributeError, ValueError) as error:
            return _failed(claim, error, self._follow(claim, message, message.link_error, (claim.id,)))
        return self._attempt(claim, message, task)

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()

    @property
    def _keep(self) -> int:
        """Seconds that an ended job is kept: at least one, for 0 would forget it at once."""
        expires = self.app.conf.result_expires
        seconds = expires.total_seconds() if hasattr(expires, "total_seconds") else expires
        return max(1, round(seconds or 10 * 365 * 86400))

    def _task(self, message: Message) -> Task[..., Any]:
        if not message.plain:
            return self.app.find_task(message.task)
        function = import_function(message.task)
        if isinstance(function, Task):
            return function
        return Task(self.app, function, message.task, {})

    def _attempt(self, claim: Claim, message: Message, task: Task[..., Any]) -> Outcome:
        token = current_request.set(_request(claim, message, self.hostname))
        try:
            result = self._call(task, message)
            payload = _encode_result(task, result)
        except Ignore:
            return Outcome(claim.id, claim.attempt, State.COMPLETED, keep=self._keep)
        except Retry as retry:
            return _retried(claim, message, retry)
        except Exception as error:  # noqa: BLE001 - a task may raise anything; its outcome records what
            return self._raised(claim, message, task, error)
        finally:
            current_request.reset(token)
        ignored = message.ignore_result if message.ignore_result is not None else task.ignore_result
        return Outcome(
            claim.id,
            claim.attempt,
            State.COMPLETED,
            "null" if ignored else payload,
            0 if ignored else self._keep,
            follow=self._follow(claim, message, message.link, (result,)) if message.link else (),
        )

    def _call(self, task: Task[..., Any], message: Message) -> Any:
        hard = message.time_limit or task.time_limit
        if hard:
            self.on_time_limit(hard)
        soft = message.soft_time_limit or task.soft_time_limit
        if soft:
            with soft_time_limit(soft, task.name):
                return self._call_now(task, message)
        return self._call_now(task, message)

    def _call_now(self, task: Task[..., Any], message: Message) -> Any:
        if not task.is_coroutine:
            return task(*message.args, **message.kwargs)
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(task(*message.args, **message.kwargs))

    def _raised(self, claim: Claim, message: Message, task: Task[..., Any], error: Exception) -> Outcome:
        if isinstance(error, Reject) and error.requeue:
            return _retried(claim, message, Retry("rejected", exc=error, delay=0.0), counted=False)
        allowed = task.retries_allowed(current_request.get())
        retryable = isinstance(error, task.autoretry_for) and not isinstance(error, Reject)
        # A plain function has no decorator to say what to retry: `retries` on the call means any exception.
        retryable = retryable or (message.plain and message.max_retries is not None)
        if retryable and (allowed is None or message.retries < allowed):
            delay = retry_delay(
                message.retries,
                default=task.default_retry_delay,
                backoff=task.retry_backoff,
                ceiling=task.retry_backoff_max,
                jitter=task.retry_jitter,
            )
            return _retried(claim, message, Retry(exc=error, delay=delay))
        return _failed(claim, error, self._follow(claim, message, message.link_error, (claim.id,)))

    def _follow(
        self, claim: Claim, message: Message, links: tuple[Any, ...], leading: tuple[Any, ...]
    ) -> tuple[NewJob, ...]:
        root, queue = message.root_id or claim.id, self.app.conf.task_default_queue
        return tuple(
            follow(link, leading, parent_id=claim.id, root_id=root, default_queue=queue) for link in links
        )


def run_here(app: App, job: NewJob) -> EagerResult:
    """Run a job in this process until it has ended, its retries at once."""
    executor = Executor(app, "eager")
    message = job.message
    while True:
        outcome = executor.run(Claim(job.id, job.queue, 1, message.encode(), 0), 0)
        if outcome.state is not State.SCHEDULED:
            executor.close()
            for follower in outcome.follow:
                run_here(app, follower)
            return EagerResult(job.id, outcome.state, outcome.payload)
        message = outcome.message


def import_function(path: str) -> Callable[..., Any]:
    """The callable at an import path `package.module.function`; `ImportError` with a sentence if there is none."""
    module, _, name = path.rpartition(".")
    try:
        found: object = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError, SyntaxError) as error:
        raise ImportError(f"the function {path} can't be imported: {error}") from error
    if not callable(found):
        raise ImportError(f"{path} is not a function")  # noqa: TRY004 - the path is wrong, not a type
    return found


def _expiry(message: Message, claim: Claim) -> int | None:
    if message.expires_in is not None:
        return claim.enqueued_at + message.expires_in
    return message.expires_at


def _request(claim: Claim, message: Message, hostname: str) -> Request:
    return Request(
        id=claim.id,
        task=message.task,
        args=message.args,
        kwargs=message.kwargs,
        retries=message.retries,
        max_retries=message.max_retries,
        queue=claim.queue,
        expires=_expiry(message, claim),
        hostname=hostname,
        entry=message.entry,
        fire_time=message.fire_time,
        root_id=message.root_id or claim.id,
        parent_id=message.parent_id,
        headers=message.headers,
        called_directly=False,
    )


def _encode_result(task: Task[..., Any], result: object) -> str:
    try:
        return encode_json(result)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"the result of {task.name} can't be kept as JSON: {error}") from error


def _retried(claim: Claim, message: Message, retry: Retry, *, counted: bool = True) -> Outcome:
    following = msgspec.structs.replace(
        message,
        retries=message.retries + counted,
        args=message.args if retry.new_args is None else retry.new_args,
        kwargs=message.kwargs if retry.new_kwargs is None else retry.new_kwargs,
    )
    return Outcome(
        claim.id,
        claim.attempt,
        State.SCHEDULED,
        _failure(retry.exc or retry),
        message=encode_json(following),
        due=retry.due or 0,
        delay=0 if retry.due else round(retry.delay * SECOND),
    )


def _failed(claim: Claim, error: BaseException, following: tuple[NewJob, ...]) -> Outcome:
    return Outcome(claim.id, claim.attempt, State.FAILED, _failure(error), DEAD_LETTER, follow=following)


def _failure(error: BaseException) -> str:
    kind = type(error)
    text = (
        ""
        if isinstance(error, MessageNotUnderstood | NotRegistered)
        else "".join(traceback.format_exception(error))
    )
    return encode_json(Failure(f"{kind.__module__}.{kind.__qualname__}", str(error), text))
