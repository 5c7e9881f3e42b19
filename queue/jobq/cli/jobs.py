"""How one job is shown: as a JSON object, and as fields for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from jobq.cli.times import clock, coarse, iso_or_none
from jobq.errors import MessageNotUnderstood
from jobq.message import Message, decode_message, encode_json
from jobq.results import failure_of

if TYPE_CHECKING:
    from jobq.job import JobRecord


def as_object(record: JobRecord) -> dict[str, Any]:
    message = message_of(record)
    failure = failure_of(record) if record.error else None
    return {
        "id": record.id,
        "state": record.state.value,
        "queue": record.queue,
        "priority": record.priority,
        "task": message and message.task,
        "args": message and message.args,
        "kwargs": message and message.kwargs,
        "entry": message and message.entry,
        "fire_time": message and message.fire_time,
        "attempts": record.attempt,
        "lost": record.lost,
        "enqueued_at": iso_or_none(record.enqueued_at),
        "due": iso_or_none(record.due),
        "started_at": iso_or_none(record.started_at),
        "ended_at": iso_or_none(record.ended_at),
        "worker": record.worker or None,
        "result": msgspec.json.decode(record.result) if record.result else None,
        "error": None
        if failure is None
        else {"type": failure.type, "message": failure.message, "traceback": failure.traceback or None},
    }


def as_fields(record: JobRecord) -> list[tuple[str, Any]]:
    message = message_of(record)
    took = coarse(record.ended_at - record.started_at) if record.ended_at and record.started_at else ""
    return [
        ("state", record.state.value),
        ("id", record.id),
        ("task", call_of(message)),
        ("queue", record.queue),
        (
            "attempts",
            f"{record.attempt}, of which the workers died in {record.lost}"
            if record.lost
            else str(record.attempt),
        ),
        ("enqueued", _when(record.enqueued_at)),
        ("due", _when(record.due) if record.state.value == "scheduled" else ""),
        ("started", _when(record.started_at)),
        ("ended", f"{_when(record.ended_at)}{took and f', after {took}'}"),
        ("worker", record.worker),
        ("result", record.result),
        ("error", error_line(record)),
    ]


def message_of(record: JobRecord) -> Message | None:
    """None where the message is not one that this version reads; a job must be shown all the same."""
    try:
        return decode_message(record.message)
    except MessageNotUnderstood:
        return None


def call_of(message: Message | None) -> str:
    if message is None:
        return "(the message is not understood)"
    arguments = [encode_json(value) for value in message.args]
    arguments += [f"{name}={encode_json(value)}" for name, value in message.kwargs.items()]
    return f"{message.task}({', '.join(arguments)})"


def error_line(record: JobRecord) -> str:
    if not record.error:
        return ""
    failure = failure_of(record)
    return f"{failure.type.removeprefix('builtins.')}: {failure.message}" if failure.type else failure.message


def traceback_of(record: JobRecord) -> str:
    return failure_of(record).traceback if record.error else ""


def _when(micros: int) -> str:
    return clock(micros) if micros else ""
