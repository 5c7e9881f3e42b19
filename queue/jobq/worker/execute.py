"""Run one job and say how it ended. Knows no store: a claim goes in, an outcome comes out.

Whatever a message holds, the answer is an outcome: a message that is too large or not understood, a task that is not
registered and a function that can't or must not be imported fail for good, with the reason, for no retry would mend
them. So does a job that has outlived too many workers: it is not run again. A task's own exception is retried where the
task says so; once it has returned it is not run again for what becomes of its result.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from jobq.context import Request, current_request
from jobq.errors import (
    Ignore,
    ImportNotAllowed,
    JobqError,
    MessageNotUnderstood,
    NotRegistered,
    Reject,
    Retry,
    TooLarge,
    WorkerLost,
)
from jobq.instants import iso, seconds_to_micros
from jobq.job import MAX_LOST, Claim, Failure, JobRecord, NewJob, Outcome, State
from jobq.message import OUTLIVED, Message, check_due, decode_message, encode_json, follow, read_seconds
from jobq.results import EagerResult
from jobq.retry import retry_delay
from jobq.sizes import ROOM, bounded, check_links, check_size, encode_message, encode_result
from jobq.task import Task
from jobq.worker.imports import Imports
from jobq.worker.limits import BrokenOff, limited, soft_time_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.app import App

DEAD_LETTER = -1
MOST_SAID, MOST_TRACED = 4_000, 40_000
"""Characters that are kept of what an exception says, and of its traceback."""

_SAID = (ImportNotAllowed, MessageNotUnderstood, NotRegistered, TooLarge, WorkerLost)
"""Errors of which the sentence says it all."""


@dataclass
class Executor:
    """Runs claims for one app in one thread. `hostname` is the worker's name, as tasks see it.

    `on_time_limit` is told the hard limit in seconds of a job that is about to run, if it has one, and what is to
    follow if it is reached. `error` is what the task raised that ran last, if it failed.
    """

    app: App
    hostname: str = ""
    on_time_limit: Callable[[float, tuple[NewJob, ...]], None] = lambda *_: None
    eager: bool = False
    error: BaseException | None = field(default=None, init=False)
    _runner: asyncio.Runner | None = field(default=None, init=False, repr=False)
    _imports: Imports = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._imports = Imports(self.app)

    def run(self, claim: Claim, now: int) -> Outcome:
        """The outcome of running `claim`; `now` is the store's clock, in epoch microseconds."""
        self.error = None
        try:
            check_size("the stored message", len(claim.message), "task_max_bytes", self._max_stored)
            message = decode_message(claim.message)
            check_links(message)
            if claim.lost > MAX_LOST:
                self.error = WorkerLost(OUTLIVED)
                return self._failed(claim, message, self.error)
            return self._run(claim, message, now)
        except Exception as error:  # noqa: BLE001 - a message may ask for the impossible anywhere, its links included
            self.error = error
            return _failed(claim, error, ())

    def _run(self, claim: Claim, message: Message, now: int) -> Outcome:
        expired = _expiry(message, claim)
        if expired is not None and now > expired:
            failure = Failure("jobq.errors.TaskRevoked", "expired before it started")
            return Outcome(claim.id, claim.token, State.CANCELLED, encode_json(failure), keep=self._keep)
        try:
            task = self._task(message)
        except (JobqError, ImportError, AttributeError, ValueError) as error:
            self.error = error
            return self._failed(claim, message, error)
        return self._attempt(claim, message, task)

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()

    @property
    def _keep(self) -> int:
        """Seconds that an ended job is kept: at least one, for 0 would forget it at once."""
        return max(1, round(self.app.conf.result_expires or 10 * 365 * 86400))

    @property
    def _max_stored(self) -> int:
        """Bytes that a message may have in the store; 0 for no limit."""
        most: int = self.app.conf.task_max_bytes
        return most and most + ROOM

    def _task(self, message: Message) -> Task[..., Any]:
        if not message.plain:
            if self.app.module is None and not self.app.tasks:
                raise NotRegistered(
                    f'no task "{message.task}" is registered: this worker has no app; start it with -A'
                )
            return self.app.find_task(message.task)
        function = self._imports.function(message.task)
        if isinstance(function, Task):
            return function
        return Task(self.app, function, message.task, {})

    def _attempt(self, claim: Claim, message: Message, task: Task[..., Any]) -> Outcome:
        hard = message.time_limit or task.time_limit or self.app.conf.task_time_limit
        if hard:
            self.on_time_limit(hard, self._follow(claim, message, message.link_error, (claim.id,)))
        token = current_request.set(_request(claim, message, self.hostname, eager=self.eager))
        try:
            try:
                result = self._call(task, message)
            except Retry as retry:
                return self._retried(claim, message, retry)
        except Ignore:
            return Outcome(claim.id, claim.token, State.COMPLETED, keep=self._keep)
        except (KeyboardInterrupt, BrokenOff):
            raise
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, SystemExit too; its outcome records what
            self.error = error
            return self._raised(claim, message, task, error)
        finally:
            current_request.reset(token)
        return self._returned(claim, message, task, result)

    def _returned(self, claim: Claim, message: Message, task: Task[..., Any], result: Any) -> Outcome:
        try:
            return self._completed(claim, message, task, result)
        except Exception as error:  # noqa: BLE001 - a result may be anything, and what is linked of other hands
            self.error = error
            return self._failed(claim, message, error)

    def _failed(self, claim: Claim, message: Message, error: BaseException) -> Outcome:
        try:
            following = self._follow(claim, message, message.link_error, (claim.id,))
        except Exception as unfit:  # noqa: BLE001 - the links are of other hands; the task's own failure is what counts
            error.add_note(f"its link_error was not enqueued: {unfit}")
            following = ()
        return _failed(claim, error, following)

    def _completed(self, claim: Claim, message: Message, task: Task[..., Any], result: Any) -> Outcome:
        ignored = _first_given(message.ignore_result, task.ignore_result, self.app.conf.task_ignore_result)
        return Outcome(
            claim.id,
            claim.token,
            State.COMPLETED,
            "null" if ignored else encode_result(task.name, result, self.app.conf.result_max_bytes),
            0 if ignored else self._keep,
            follow=self._follow(claim, message, message.link, (result,)) if message.link else (),
        )

    def _call(self, task: Task[..., Any], message: Message) -> Any:
        """Time limits are the call's, else the task's, else the app's."""
        soft = message.soft_time_limit or task.soft_time_limit or self.app.conf.task_soft_time_limit
        if task.is_coroutine:
            return self._call_coroutine(task, message, soft)
        if soft:
            with soft_time_limit(soft, task.name):
                return task(*message.args, **message.kwargs)
        return task(*message.args, **message.kwargs)

    def _call_coroutine(self, task: Task[..., Any], message: Message, soft: float | None) -> Any:
        coroutine = task(*message.args, **message.kwargs)
        if soft:
            coroutine = limited(coroutine, soft, task.name)
        if self.eager and _is_in_a_loop():
            with ThreadPoolExecutor(1) as other:
                return other.submit(copy_context().run, asyncio.run, coroutine).result()
        if self._runner is None:
            self._runner = asyncio.Runner()
        # The runner's own context is that of its first job.
        return self._runner.run(coroutine, context=copy_context())

    def _raised(self, claim: Claim, message: Message, task: Task[..., Any], error: BaseException) -> Outcome:
        if isinstance(error, Reject) and error.requeue:
            return self._retried(claim, message, Retry("rejected", exc=error, delay=0.0), counted=False)
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
            return self._retried(claim, message, Retry(exc=error, delay=delay))
        return self._failed(claim, message, error)

    def _retried(self, claim: Claim, message: Message, retry: Retry, *, counted: bool = True) -> Outcome:
        following = msgspec.structs.replace(
            message,
            retries=message.retries + counted,
            args=message.args if retry.new_args is None else retry.new_args,
            kwargs=message.kwargs if retry.new_kwargs is None else retry.new_kwargs,
            eta=iso(retry.due) if retry.due else None,
        )
        return Outcome(
            claim.id,
            claim.token,
            State.SCHEDULED,
            _failure(retry.exc or retry),
            message=encode_message(following, self._max_stored),
            due=check_due(retry.due or 0),
            delay=0 if retry.due else seconds_to_micros(read_seconds("the retry's delay", retry.delay)),
        )

    def _follow(
        self, claim: Claim, message: Message, links: tuple[Any, ...], leading: tuple[Any, ...]
    ) -> tuple[NewJob, ...]:
        conf = self.app.conf
        following = (
            follow(
                link,
                leading,
                parent_id=claim.id,
                root_id=message.root_id or claim.id,
                default_queue=conf.task_default_queue,
                max_bytes=conf.task_max_bytes,
            )
            for link in links
        )
        return tuple(bounded(message.task, following, conf.task_max_bytes))


def run_here(app: App, job: NewJob) -> EagerResult:
    """Run a job in this process until it has ended, its retries at once and then what follows from it."""
    executor = Executor(app, "eager", eager=True)
    message, began = job.message, _wall_clock()
    try:
        # A now of 0: no time has passed since the call, so nothing has expired.
        while (outcome := executor.run(_claim(job, message, began), 0)).state is State.SCHEDULED:
            message = outcome.message
    finally:
        executor.close()
    record = JobRecord(
        job.id,
        job.queue,
        job.priority,
        outcome.state,
        message,
        enqueued_at=began,
        started_at=began,
        ended_at=_wall_clock(),
        worker="eager",
        result=outcome.payload if outcome.state is State.COMPLETED else "",
        error=outcome.payload if outcome.state is not State.COMPLETED else "",
    )
    return EagerResult(record, app, executor.error, [run_here(app, follower) for follower in outcome.follow])


def _claim(job: NewJob, message: str, enqueued_at: int) -> Claim:
    return Claim(job.id, job.queue, 1, message.encode(), enqueued_at)


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _wall_clock() -> int:
    return time.time_ns() // 1000


def _expiry(message: Message, claim: Claim) -> int | None:
    if message.expires_in is not None:
        return claim.enqueued_at + message.expires_in
    return message.expires_at


def _first_given(*settings: bool | None) -> bool | None:
    return next((setting for setting in settings if setting is not None), None)


def _request(claim: Claim, message: Message, hostname: str, *, eager: bool) -> Request:
    expires = _expiry(message, claim)
    return Request(
        id=claim.id,
        task=message.task,
        args=message.args,
        kwargs=message.kwargs,
        retries=message.retries,
        max_retries=message.max_retries,
        queue=claim.queue,
        eta=message.eta,
        expires=None if expires is None else iso(expires),
        hostname=hostname,
        entry=message.entry,
        fire_time=message.fire_time,
        root_id=message.root_id or claim.id,
        parent_id=message.parent_id,
        headers=message.headers,
        called_directly=False,
        is_eager=eager,
    )


def _failed(claim: Claim, error: BaseException, following: tuple[NewJob, ...]) -> Outcome:
    return Outcome(claim.id, claim.token, State.FAILED, _failure(error), DEAD_LETTER, follow=following)


def _failure(error: BaseException) -> str:
    """Any exception's record, even if its text is no valid Unicode, of any length, or can't be had at all."""
    kind = type(error)
    if isinstance(error, _SAID):
        trace = "\n".join(getattr(error, "__notes__", ()))
    else:
        trace = "".join(traceback.format_exception(error))
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an exception of somebody else's making
        said = "(its text can't be told)"
    name = f"{kind.__module__}.{kind.__qualname__}"
    return encode_json(Failure(_kept(name, 200), _kept(said, MOST_SAID), _kept(trace, MOST_TRACED)))


def _kept(text: str, most: int) -> str:
    """Valid Unicode, and of a long text its beginning and its end."""
    if len(text) > most:
        half = most // 2
        text = f"{text[:half]} [... {len(text) - 2 * half:,} characters ...] {text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode()
