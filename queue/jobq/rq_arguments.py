"""RQ's reserved arguments of `enqueue`, told apart from those of the function."""

from __future__ import annotations

from typing import Any

from jobq.durations import parse_duration
from jobq.errors import ConfigError

_REFUSED = {
    "at_front": "give urgent jobs a queue that workers serve first",
    "depends_on": "decorate the functions as tasks and link them",
    "failure_ttl": "failed jobs are kept for 30 days",
    "group_id": "decorate the functions as tasks and group them",
    "on_failure": "decorate the function as a task and give it link_error",
    "on_stopped": "decorate the function as a task and give it link_error",
    "on_success": "decorate the function as a task and give it link",
    "pipeline": "each call is one atomic step already",
    "repeat": "periodic work is an entry of the beat",
    "retry": "decorate the function as a task with autoretry_for and max_retries",
    "unique": "a job_id that is known already enqueues nothing",
}


def take_options(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
    """(args, kwargs, job options by our names). As with RQ, `args=` and `kwargs=` given by name are the function's."""
    rest = dict(kwargs)
    options: dict[str, Any] = {}
    for name, advice in _REFUSED.items():
        if rest.pop(name, None) not in (None, False):
            raise ConfigError(
                f'"{name}" is an argument of RQ that has no meaning here: {advice} (kwargs={{...}} passes it to the function)'
            )
    options["task_id"] = rest.pop("job_id", None)
    options["time_limit"] = _limit("job_timeout", rest.pop("job_timeout", None))
    options["expires"] = _limit("ttl", rest.pop("ttl", None))
    options["ignore_result"] = _ignored(rest.pop("result_ttl", None))
    headers = dict(rest.pop("meta", None) or {})
    description = rest.pop("description", None)
    if description is not None:
        headers["description"] = str(description)
    if headers:
        options["headers"] = headers
    if "args" in rest or "kwargs" in rest:
        if args:
            raise ConfigError(
                "give the function's arguments either in place or with args= and kwargs=, not both"
            )
        args = tuple(rest.pop("args", None) or ())
        rest |= rest.pop("kwargs", None) or {}
    return args, rest, {name: value for name, value in options.items() if value is not None}


def _limit(name: str, value: Any) -> float | None:
    """Seconds; RQ writes "none" as None or -1."""
    if value is None or value == -1:
        return None
    seconds = parse_duration(value)
    if not seconds:
        raise ConfigError(f"{name} = {value!r} leaves the job no time; leave it out for no limit")
    return seconds


def _ignored(ttl: Any) -> bool | None:
    if ttl is None:
        return None
    if ttl != 0:
        raise ConfigError(
            f"result_ttl = {ttl!r} can't be kept: results are kept for the app's result_expires, or with 0 not at all"
        )
    return True
