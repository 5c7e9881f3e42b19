"""JSON as no program of ours would write it: values of wrong types, texts that are no JSON, and bytes that are no text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator


class Raw(str):
    """JSON text, or what is to stand for it, as it is."""

    __slots__ = ()


def encoded(value: object) -> bytes:
    """JSON with what is `Raw` in it untouched."""
    raws: list[str] = []

    def marked(inner: Any) -> Any:
        if isinstance(inner, Raw):
            raws.append(inner)
            return f"raw-{len(raws) - 1}-raw"
        if isinstance(inner, dict):
            return {key: marked(item) for key, item in inner.items()}
        return [marked(item) for item in inner] if isinstance(inner, list) else inner

    text = json.dumps(marked(value), ensure_ascii=False)
    for index, raw in enumerate(raws):
        text = text.replace(f'"raw-{index}-raw"', raw)
    return text.encode(errors="surrogatepass")


WRONG: tuple[Any, ...] = (
    None, True, False, -1, 0, 1.5, 10**30, 2**63, -(2**63) - 1, 10**17, "", "text", "7", "\x00", "a b", [], [[]], [None],
    {}, {"a": 1}, [{"task": "process_tasks.echo"}], [{"task": 5}], Raw("NaN"), Raw("-Infinity"), Raw("1e999"), Raw("-1e-999"), Raw("01"),
    Raw("'x'"), Raw('"\\ud800"'), Raw('"\\udc00\\ud800"'), Raw("nul"), Raw("9" * 400), Raw("-" + "9" * 5000), Raw("1e308"),
    Raw('"\ud800"'),
)  # fmt: skip


DEEPEST = 20


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value within a value, its own first. A list may hold itself."""
    yield at
    if len(at) == DEEPEST:
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = put(copy[at[0]], at[1:], new)
    return copy


def changed(rng: random.Random, sound: bytes) -> bytes:
    """A few bytes gone, doubled or others."""
    data = bytearray(sound)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 10])):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([0, 1, 1, 2, 9, 100]))
        structure = rng.choice([b'"', b"\\", b"[", b"}", b"\x00", b","])
        data[at:end] = rng.choice([b"", bytes(data[at:end]) * 2, rng.randbytes(rng.randint(1, 4)), structure])
    return bytes(data)


def with_wrong_values(rng: random.Random, sound: Any, wrong: tuple[Any, ...] = WRONG) -> Any:
    """A few values, anywhere, are others."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        sound = put(sound, rng.choice(list(places(sound))), rng.choice(wrong))
    return sound


def nested(rng: random.Random) -> Raw:
    depth = rng.choice([30, 300, 900, 1100, 5000, 60_000])
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}"), ('[{"task":', "}]")])
    return Raw(opening * depth + "1" + closing * rng.choice([depth, depth, depth - 1]))
