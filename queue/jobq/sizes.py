"""How large a message and a result may be: what is larger slows every store and worker down that it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from jobq.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobq.job import NewJob
    from jobq.message import Message

TASK_MAX_BYTES = RESULT_MAX_BYTES = 2**20

ROOM = 256
"""Bytes that a stored message may be larger than its limit: workers add the number of retries, and when the next is due."""

MOST_LINKS = 100
"""Jobs that a message may have follow when it has completed, and as many when it has failed."""

FOLLOWING = 10
"""Times `task_max_bytes` that all the jobs together may have that follow from one: each is given the same result."""

_encoder = msgspec.json.Encoder()


def encode_message(message: Message, max_bytes: int) -> str:
    """The message as it is stored; `TypeError` where JSON has no form for it, `TooLarge` where it has too many bytes."""
    task = message.task
    encoded = _encode(message, f"the arguments of {task} can't be sent as JSON")
    check_size(f"the message of {task}", len(encoded), "task_max_bytes", max_bytes)
    return encoded.decode()


def encode_result(task: str, result: object, max_bytes: int) -> str:
    encoded = _encode(result, f"the result of {task} can't be kept as JSON")
    check_size(f"the result of {task}", len(encoded), "result_max_bytes", max_bytes)
    return encoded.decode()


def _encode(value: object, refusal: str) -> bytes:
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"{refusal}: {error}") from error


def check_size(what: str, size: int, setting: str, max_bytes: int) -> None:
    if max_bytes and size > max_bytes:
        raise TooLarge(
            f"{what} is {size:,} bytes of JSON, and {setting} allows {max_bytes:,}: put what is large where the others "
            f"can read it and pass its name, or raise {setting} (0 is no limit)"
        )


def check_links(message: Message) -> None:
    """Of a message as it is stored, which other hands may have written."""
    for name, links in (("link", message.link), ("link_error", message.link_error)):
        if len(links) > MOST_LINKS:
            raise TooLarge(
                f"{name} of {message.task} has {len(links):,} tasks; expected at most {MOST_LINKS}"
            )


def bounded(task: str, following: Iterable[NewJob], max_bytes: int) -> Iterator[NewJob]:
    """The jobs that follow from one of `task`, as long as they are not too large together."""
    size, most = 0, max_bytes * FOLLOWING
    for job in following:
        size += len(job.message.encode())
        if most and size > most:
            raise TooLarge(
                f"the messages that follow from {task} are more than {most:,} bytes of JSON, which is {FOLLOWING} times "
                "task_max_bytes: put what is large where the others can read it and pass its name, or link fewer"
            )
        yield job
