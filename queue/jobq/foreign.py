"""What a message is that this version does not read: looked at, never decoded, to tell its sender what it seems to be."""

from __future__ import annotations

import re

import msgspec

JSON_TYPES = ("application/json", "json")

_HEAD = 200
"""Bytes that are looked at: a message may be long, and made to be looked at for long."""

_PICKLE_0 = rb"c[\w.]+\n[\w.]+\n|\([dl]p?\d*\n|\([VSIFL][^\n]*\n|\(i[\w.]+\n"
_LOOKS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x80[\x02-\x05]|" + _PICKLE_0), "a pickle, as Celery and RQ can be told to write"),
    (re.compile(rb"x[\x01\x5e\x9c\xda]"), "zlib data, such as the compressed pickles of RQ"),
    (re.compile(rb"\x1f\x8b"), "gzip data"),
    (re.compile(rb"\xef\xbb\xbf|\xff\xfe|\xfe\xff"), "text with a byte order mark"),
    (re.compile(rb"[\x80-\x9f\xdc-\xdf][\s\S]*[\x00-\x1f\x80-\xff]"), "msgpack"),
    (re.compile(rb"\s*(%YAML|---\s|- |[A-Za-z_][\w.-]*:\s)"), "YAML"),
)
_KOMBU = {"body", "properties"}


class _Typed(msgspec.Struct):
    content_type: str | None = None


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in JSON_TYPES


def content_type(data: bytes) -> str | None:
    """What a message that is JSON, and perhaps of another shape than ours, says of its content."""
    try:
        return msgspec.json.decode(data, type=_Typed).content_type
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def looks_like(data: bytes) -> str | None:
    """What a message that was not understood seems to be, in words that follow "it looks like"."""
    head = data[:_HEAD]
    if head[:1] in b"{[ \t\r\n":
        return _celery(data) if head else None
    return next((words for pattern, words in _LOOKS if pattern.match(head)), None)


def _celery(data: bytes) -> str | None:
    try:
        keys = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return "a message of Celery (kombu's envelope)" if keys >= _KOMBU else None
