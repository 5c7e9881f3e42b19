"""A job's states, and the records of it that the stores take and give.

    scheduled -> available -> running -> completed | failed | cancelled
                     ^            |
                     |            +-> scheduled   (a retry)
                     +------------+               (given back, or its lease ran out)

Only `running` jobs have a lease, and the store gives each lease a *token*: a number that only grows for an id. A
worker proves with it that the job it speaks of is still the one it was given. A worker whose lease ran out, or that
has given the job back, holds an old token, and whatever it says is refused. `attempt`, the number of starts, is for
people: it can go back, when a job is given back before it started.
"""

from __future__ import annotations

import uuid
from enum import StrEnum

import msgspec

from jobq.errors import ConfigError

HIGHEST_PRIORITY, DEFAULT_PRIORITY, LOWEST_PRIORITY = 0, 5, 9
DEFAULT_QUEUE = "default"
_LONGEST_NAME, _LONGEST_ID = 200, 500

MAX_LOST = 10
"""Leases that a job may outlive its workers by before it is taken for the cause of their death."""


class State(StrEnum):
    SCHEDULED = "scheduled"
    AVAILABLE = "available"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


class NewJob(msgspec.Struct, array_like=True, frozen=True):
    """A job to insert. `message` is JSON text. It waits until `due` (epoch microseconds) and for `delay`
    microseconds from the store's now, whichever is later; both 0 means at once."""

    id: str
    queue: str
    priority: int
    message: str
    due: int = 0
    delay: int = 0


class Claim(msgspec.Struct, array_like=True, frozen=True):
    """A fetched job: `token` is the proof of its lease. The message is as it was found, sound or not.

    `lost` counts the workers that it has outlived: with more than MAX_LOST it is to be ended, and not to be run.
    """

    id: str
    queue: str
    token: int
    message: bytes
    enqueued_at: int
    attempt: int = 1
    lost: int = 0


class Outcome(msgspec.Struct, array_like=True, frozen=True):
    """How an attempt ended, and what follows from it: one atomic step of the store.

    state     COMPLETED, FAILED, CANCELLED, or SCHEDULED for a retry
    payload   JSON text: the result of a completed job, else a `Failure`
    keep      seconds to keep the ended job's record; 0 forgets it at once; -1 keeps it as a dead letter
    message   the next attempt's message, empty to leave it as it is; a retry only
    due, delay  when the next attempt runs, as in `NewJob`; a retry only
    follow    jobs to insert in the same step
    """

    id: str
    token: int
    state: State
    payload: str = "null"
    keep: int = 0
    message: str = ""
    due: int = 0
    delay: int = 0
    follow: tuple[NewJob, ...] = ()


class Failure(msgspec.Struct, omit_defaults=True, frozen=True):
    """Why a job failed, was cancelled or is retried. `type` is the exception class as `module.Name`."""

    type: str
    message: str
    traceback: str = ""


class JobRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that the store knows of one job. Instants are epoch microseconds; 0 means not yet."""

    id: str
    queue: str
    priority: int
    state: State
    message: str
    attempt: int = 0
    lost: int = 0
    enqueued_at: int = 0
    due: int = 0
    started_at: int = 0
    ended_at: int = 0
    worker: str = ""
    result: str = ""
    error: str = ""


def new_id() -> str:
    """A fresh job id: 32 hexadecimal digits, random."""
    return uuid.uuid4().hex


def check_id(given: object) -> str:
    """A job's id of a producer's own."""
    if not isinstance(given, str) or not 1 <= len(given) <= _LONGEST_ID or not given.isprintable():
        shown = given if not isinstance(given, str) else given[:100]
        raise ConfigError(
            f"task_id = {shown!r} is not a job's id: text of 1 to {_LONGEST_ID} printable characters"
        )
    return given


def check_priority(priority: int | None) -> int:
    if priority is None:
        return DEFAULT_PRIORITY
    if (
        not isinstance(priority, int)
        or isinstance(priority, bool)
        or not HIGHEST_PRIORITY <= priority <= LOWEST_PRIORITY
    ):
        raise ConfigError(
            f"priority {priority!r} is not a whole number from {HIGHEST_PRIORITY} (first) to {LOWEST_PRIORITY} (last)"
        )
    return priority


def check_queue(name: object) -> str:
    if (
        not isinstance(name, str)
        or not name
        or len(name) > _LONGEST_NAME
        or not name.isprintable()
        or any(c in " {}" for c in name)
    ):
        raise ConfigError(
            f"queue {name!r} is not a queue name: 1 to 200 printable characters without spaces or braces"
        )
    return name
