"""What a task may know of the job that it runs as."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Request:
    """`self.request` of a bound task. `retries` were made so far.

    `eta`, `expires` and `fire_time` are instants in ISO 8601, UTC; `eta` is None where a countdown was given.
    `entry` and `fire_time` say which tick the job was enqueued for, if one.
    """

    id: str | None = None
    task: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    retries: int = 0
    max_retries: int | None = None
    queue: str = ""
    eta: str | None = None
    expires: str | None = None
    hostname: str = ""
    entry: str | None = None
    fire_time: str | None = None
    group: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    called_directly: bool = True
    is_eager: bool = False


_NONE = Request()

current_request: ContextVar[Request] = ContextVar("jobq_current_request", default=_NONE)
