"""How large a message and a result may be: what is larger slows every store and worker down that it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from jobq.errors import TooLarge

if TYPE_CHECKING:
    from jobq.message import Message

TASK_MAX_BYTES = RESULT_MAX_BYTES = 2**20

ROOM = 256
"""Bytes that a stored message may be larger than its limit: workers add the number of retries, and when the next is due."""

_encoder = msgspec.json.Encoder()


def encode_message(message: Message, max_bytes: int) -> str:
    """The message as it is stored; `TypeError` where JSON has no form for it, `TooLarge` where it has too many bytes."""
    task = message.task
    try:
        encoded = _encoder.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"the arguments of {task} can't be sent as JSON: {error}") from error
    check_size(f"the message of {task}", len(encoded), "task_max_bytes", max_bytes)
    return encoded.decode()


def encode_result(task: str, result: object, max_bytes: int) -> str:
    try:
        encoded = _encoder.encode(result)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"the result of {task} can't be kept as JSON: {error}") from error
    check_size(f"the result of {task}", len(encoded), "result_max_bytes", max_bytes)
    return encoded.decode()


def check_size(what: str, size: int, setting: str, max_bytes: int) -> None:
    if max_bytes and size > max_bytes:
        raise TooLarge(
            f"{what} is {size:,} bytes of JSON, and {setting} allows {max_bytes:,}: put what is large where the others "
            f"can read it and pass its name, or raise {setting} (0 is no limit)"
        )
