"""What travels: a job's message, the options it is built from, and the jobs that are linked to it.

The message is JSON in the store, so that another language can write one; its fields are documented here and
nowhere else. Nothing in it is looked at by the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace

from jobq import foreign
from jobq.errors import ConfigError, MessageNotUnderstood
from jobq.instants import iso, seconds_to_micros, to_micros
from jobq.job import DEFAULT_QUEUE, MAX_LOST, Failure, NewJob, check_id, check_priority, check_queue, new_id
from jobq.sizes import MOST_LINKS, TASK_MAX_BYTES, encode_message
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_SECONDS = 100 * 366 * 86_400
_LATEST = 2**53 - 1

Count = Annotated[int, msgspec.Meta(ge=0)]
Instant = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]
"""Epoch microseconds of the years 1 to 9999."""
Due = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=_LATEST)]
Delay = Annotated[float, msgspec.Meta(ge=-MOST_SECONDS, le=MOST_SECONDS)]
Micros = Annotated[int, msgspec.Meta(ge=-MOST_SECONDS * 1_000_000, le=MOST_SECONDS * 1_000_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=MOST_SECONDS)]


class JobOptions(msgspec.Struct, omit_defaults=True, frozen=True):
    """How a job is to be run, as `parse_options` reads it. Instants in epoch microseconds, the rest in seconds."""

    task_id: str | None = None
    queue: str | None = None
    priority: int | None = None
    countdown: Delay = 0.0
    eta: Due = 0
    expires_in: Seconds | None = None
    expires_at: Instant | None = None
    retries: Count | None = None
    soft_time_limit: Seconds | None = None
    time_limit: Seconds | None = None
    ignore_result: bool | None = None
    headers: dict[str, Any] = {}
    link: tuple[Link, ...] = ()
    link_error: tuple[Link, ...] = ()


class Link(msgspec.Struct, omit_defaults=True, frozen=True):
    """A job to enqueue when another one ends: the stored form of a signature."""

    task: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    options: JobOptions = JobOptions()
    immutable: bool = False
    plain: bool = False


class Message(msgspec.Struct, omit_defaults=True, frozen=True):
    """What a worker needs to run a job. Absent fields have the defaults below.

    task            the task's name; with `plain`, the import path `package.module.function`
    args, kwargs    JSON values
    plain           true: import the function; false: look the task up in the worker's app
    retries         retries made so far
    max_retries     retries allowed; absent: the task's own setting
    expires_at      epoch microseconds after which the job is cancelled instead of started
    expires_in      the same in microseconds from its enqueueing
    soft_time_limit, time_limit   seconds
    ignore_result   true: forget the job when it has completed
    headers         free for the application
    link            what to enqueue when it has completed; the result becomes the first argument
    link_error      what to enqueue when it has failed; the job's id becomes the first argument
    eta             the instant it was to wait for, in ISO 8601; absent where it was a countdown or none
    entry, fire_time   the tick it was enqueued for: entry name, and the instant in ISO 8601
    root_id, parent_id the first job of a line of links, and the job that this one follows
    content_type    "application/json", as if absent; any other is refused
    """

    task: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    plain: bool = False
    retries: Count = 0
    max_retries: Count | None = None
    expires_at: Instant | None = None
    expires_in: Micros | None = None
    soft_time_limit: Seconds | None = None
    time_limit: Seconds | None = None
    ignore_result: bool | None = None
    headers: dict[str, Any] = {}
    link: tuple[Link, ...] = ()
    link_error: tuple[Link, ...] = ()
    eta: str | None = None
    entry: str | None = None
    fire_time: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    content_type: str | None = None


_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def encode_json(value: object) -> str:
    """Compact JSON text; `TypeError` where JSON has no form for a value."""
    return _encoder.encode(value).decode()


OUTLIVED = f"the workers that ran this job died {MAX_LOST + 1} times while it ran"
LOST = encode_json(Failure("jobq.errors.WorkerLost", OUTLIVED))
"""The payload of a job that outlived too many workers, that which was to end it included."""

CANCELLED = encode_json(Failure("jobq.errors.TaskRevoked", "cancelled before it started"))


def decode_message(text: str | bytes) -> Message:
    try:
        # Keys that are not known are skipped unread, and one of them may be a known one with a byte gone wrong.
        message = _decoder.decode(text if isinstance(text, str) else text.decode())
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        _check_content_type(foreign.content_type(data))
        seems = foreign.looks_like(data)
        hint = "" if seems is None else f"; it looks like {seems}, and messages are JSON here"
        raise MessageNotUnderstood(f"the message is not understood: {error}{hint}") from error
    _check_content_type(message.content_type)
    return message


def _check_content_type(content_type: str | None) -> None:
    if content_type is not None and not foreign.is_json(content_type):
        raise MessageNotUnderstood(
            f'the message is not understood: its content type is "{content_type}"; expected "{foreign.JSON_TYPES[0]}"'
        )


class _Named(msgspec.Struct):
    task: str


_LONGEST_SHOWN = 200


def task_name(message: str | bytes) -> str:
    """The task's name for a log or a listing, in one line; "?" where the message is not understood."""
    try:
        name = msgspec.json.decode(message, type=_Named).task
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "?"
    name = name if name.isprintable() else ascii(name)
    return name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"


def new_job(
    task: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    options: JobOptions,
    *,
    plain: bool = False,
    max_bytes: int = TASK_MAX_BYTES,
    default_queue: str = DEFAULT_QUEUE,
    tick: tuple[str, str] | tuple[None, None] = (None, None),
    root_id: str | None = None,
    parent_id: str | None = None,
) -> NewJob:
    """The job to insert. `tick` is (entry, fire time) where the beat enqueues it.

    Arguments that JSON has no form for raise `TypeError`, too many bytes (0: no limit) `TooLarge`. What is linked gets its id here, so
    that whoever knows the job knows what follows from its success.
    """
    entry, fire_time = tick
    check_arguments(task, args, kwargs)
    expires_in = None if options.expires_in is None else seconds_to_micros(options.expires_in)
    message = Message(
        task=task,
        args=tuple(args),
        kwargs=dict(kwargs),
        plain=plain,
        max_retries=options.retries,
        expires_at=options.expires_at,
        expires_in=expires_in,
        soft_time_limit=options.soft_time_limit,
        time_limit=options.time_limit,
        ignore_result=options.ignore_result,
        headers=options.headers,
        link=tuple(map(_with_id, options.link)),
        link_error=options.link_error,
        eta=iso(options.eta) if options.eta else None,
        entry=entry,
        fire_time=fire_time,
        root_id=root_id,
        parent_id=parent_id,
    )
    return NewJob(
        id=options.task_id or new_id(),
        queue=options.queue or default_queue,
        priority=check_priority(options.priority),
        message=encode_message(message, max_bytes),
        due=options.eta,
        delay=seconds_to_micros(options.countdown),
    )


def check_arguments(task: str, args: object, kwargs: object) -> None:
    """`TypeError` for what would be taken apart: text for a list of its letters, above all."""
    if not isinstance(args, list | tuple):
        raise TypeError(f"the arguments of {task} are {args!r}; expected a list or a tuple")
    if not isinstance(kwargs, Mapping):
        raise TypeError(f"the keyword arguments of {task} are {kwargs!r}; expected a dict")


def _with_id(link: Link) -> Link:
    if link.options.task_id is not None:
        return link
    return replace(link, options=replace(link.options, task_id=new_id()))


def follow(
    link: Link,
    leading: Sequence[Any],
    *,
    parent_id: str,
    root_id: str,
    default_queue: str,
    max_bytes: int = TASK_MAX_BYTES,
) -> NewJob:
    """The job that a link becomes when its parent has ended; `leading` goes before its own arguments.

    The link may have been written by other hands: a queue that no store takes raises `ConfigError`.
    """
    check_queue(link.options.queue or default_queue)
    args = link.args if link.immutable else (*leading, *link.args)
    return new_job(
        link.task,
        args,
        link.kwargs,
        link.options,
        plain=link.plain,
        max_bytes=max_bytes,
        default_queue=default_queue,
        parent_id=parent_id,
        root_id=root_id,
    )


# -- options as people write them


def parse_options(given: Mapping[str, Any], tz: tzinfo) -> JobOptions:
    """Options by Celery's names: `expires` in seconds or as a datetime, `link` as one signature or several.

    A naive datetime is read in `tz`, as Celery does. Unknown names and wrong values raise `ConfigError`.
    """
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in OPTION_NAMES:
            raise ConfigError(f'"{name}" is not an option of a job{did_you_mean(name, OPTION_NAMES)}')
        if value is not None:
            read.update(_parse_option(name, value, tz))
    return JobOptions(**read)


def _parse_option(name: str, value: Any, tz: tzinfo) -> dict[str, Any]:
    if name == "expires" and not isinstance(value, datetime):
        return {"expires_in": read_seconds(name, value)}
    if name in ("eta", "expires"):
        micros = read_instant(name, value, tz)
        return {"expires_at": micros} if name == "expires" else {"eta": check_due(micros)}
    return {name: _READERS[name](name, value)}


def _checked(expected: type, words: str) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        negative = expected is int and (isinstance(value, bool) or not isinstance(value, int) or value < 0)
        if not isinstance(value, expected) or negative or value == "":
            raise ConfigError(f"{name} = {value!r} is not {words}")
        return value

    return check


def read_seconds(name: str, value: Any) -> float:
    """Seconds of a number or a `timedelta`; a negative one counts as 0, as with Celery."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) <= MOST_SECONDS:
        raise ConfigError(f"{name} = {value!r} is not a number of seconds, at most 100 years")
    return max(0.0, float(seconds))


def check_due(micros: int) -> int:
    """An instant that every store keeps exactly."""
    if micros > _LATEST:
        raise ConfigError(
            f"eta = {micros} (epoch microseconds) is too late; expected an instant before {iso(_LATEST)}"
        )
    return micros


def read_instant(name: str, value: Any, tz: tzinfo) -> int:
    """Epoch microseconds of a datetime; a naive one is in `tz`."""
    if not isinstance(value, datetime):
        raise ConfigError(f"{name} = {value!r} is not a datetime")
    return to_micros(value if value.tzinfo is not None else value.replace(tzinfo=tz))


def _links(name: str, value: Any) -> tuple[Link, ...]:
    """One signature or several: anything with a `to_link` method, or a `Link`."""
    signatures = value if isinstance(value, list | tuple) else (value,)
    if len(signatures) > MOST_LINKS:
        raise ConfigError(f"{name} has {len(signatures):,} signatures; expected at most {MOST_LINKS}")
    for signature in signatures:
        if not isinstance(signature, Link) and not hasattr(signature, "to_link"):
            raise ConfigError(f"{signature!r} is not a signature; write task.s(...) to link a task")
    return tuple(s if isinstance(s, Link) else s.to_link() for s in signatures)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "task_id": lambda _, value: check_id(value),
    "queue": lambda _, value: check_queue(value),
    "priority": lambda _, value: check_priority(value),
    "countdown": read_seconds,
    "retries": _checked(int, "a whole number, zero or more"),
    "soft_time_limit": read_seconds,
    "time_limit": read_seconds,
    "ignore_result": _checked(bool, "true or false"),
    "headers": _checked(dict, "a table"),
    "link": _links,
    "link_error": _links,
}

OPTION_NAMES = (*_READERS, "eta", "expires")
