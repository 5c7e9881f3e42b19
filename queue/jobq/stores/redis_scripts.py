"""The scripts of the Redis stores, and how what they are given and what they answer is written."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

BATCH = 1000
"""Jobs a script handles at the most, so that no call holds the server for more than some milliseconds."""

pack = msgspec.msgpack.Encoder().encode


@cache
def load_script(package: str, name: str, shared: tuple[str, ...] = ()) -> tuple[str, str]:
    """(sha1, source) of a script: the library, then `lua/<name>.lua` of `package` after what it shares there."""
    sources = [files("jobq.stores") / "lua" / "lib.lua"]
    sources += [files(package) / "lua" / f"{part}.lua" for part in (*shared, name)]
    source = "".join(part.read_text() for part in sources)
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest(), source


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def text(value: Any) -> str:
    return str(value, "utf-8", "surrogateescape")
