"""An executor without a worker, for tests of what becomes of one job. A module takes its fixtures: `run = executing.run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from jobq import App
from jobq.instants import SECOND
from jobq.job import Claim, Failure, Outcome, State
from jobq.message import Message, encode_json
from jobq.worker.execute import Executor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobq.task import Task

NOW = 1_800_000_000 * SECOND


@pytest.fixture
def app() -> App:
    return App("tasks", store="sqlite:///never-opened.db", worker_allowed_imports="*")


@pytest.fixture
def limits() -> list[float]:
    """The hard limits that the worker was told to keep."""
    return []


@pytest.fixture
def executor(app: App, limits: list[float]) -> Iterator[Executor]:
    executor = Executor(app, "w1", on_time_limit=lambda seconds, _: limits.append(seconds))
    yield executor
    executor.close()


@pytest.fixture
def run(executor: Executor) -> Callable[..., Outcome]:
    """`run("task", 1, 2, retries=1)`, or with a message as it is stored: the outcome of a job enqueued a second ago."""

    def go(task: str | bytes, *args: object, now: int = NOW, **fields: Any) -> Outcome:
        message = task if isinstance(task, bytes) else encode_json(Message(task, args, **fields)).encode()
        return executor.run(Claim("j", "q", 4, message, NOW - SECOND), now)

    return go


def failure(outcome: Outcome) -> Failure:
    assert outcome.state in (State.FAILED, State.SCHEDULED, State.CANCELLED)
    return msgspec.json.decode(outcome.payload, type=Failure)


def fails(outcome: Outcome, kind: str, words: str) -> Outcome:
    """A dead letter with this reason."""
    assert (outcome.state, outcome.keep) == (State.FAILED, -1)
    assert failure(outcome).type.endswith(kind)
    assert words in failure(outcome).message
    return outcome


def raising(app: App, error: BaseException, **options: Any) -> Task[..., Any]:
    def work(*_: object) -> None:
        raise error

    return app.task(name="t", **options)(work)
