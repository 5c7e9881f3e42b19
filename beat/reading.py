"""Values as people write them in a file or a dict: what they are called, and the checks that say what was expected.

Every check takes the key's name and the value, and returns the value as the program wants it or raises
`ConfigError` with a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from beat.schedules.arguments import shown as as_python
from beat.schedules.arguments import zone_hint
from jobq.durations import parse_duration
from jobq.errors import ConfigError
from jobq.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LONGEST_DURATION = 36_525 * 86_400.0
DEEPEST = 50
_WIDEST = 60
_LONGEST = 500


class DefinitionError(ConfigError):
    """An entry is written wrong. `path` leads to the offending key within the entry; empty: the entry as a whole."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path

    @property
    def key(self) -> str | None:
        """The key of the entry that is wrong, or None."""
        return self.path[0] if self.path else None


def shown(value: object) -> str:
    """A value as TOML would have it, cut where it is long."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime | date | time):
        text = value.isoformat()
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=not value.isprintable())
    elif isinstance(value, int) and value.bit_length() > _WIDEST * 4:
        text = "a very large number"
    else:
        text = as_python(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def one_line(error: object) -> str:
    """A sentence as a log and a listing have room for it: what it quotes may have lines, and no end."""
    text = " ".join(str(error).split()).encode(errors="backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def kind_of(value: object) -> str:
    """What a value is, for `enabled is the text "yes"; expected ...`."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    for kinds, word in _WORDS:
        if isinstance(value, kinds):
            return f"{word} {shown(value)}".lstrip()
    return f"a value of the type {type(value).__name__}"


_WORDS: tuple[tuple[Any, str], ...] = (
    (bool, ""),
    (str, "the text"),
    (int | float, "the number"),
    (datetime, "the date and time"),
    (date, "the date"),
    (time, "the time of day"),
)


def did_they_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean "task"?`, or nothing."""
    match = nearest(name, known)
    return f'; did you mean "{match}"?' if match is not None else ""


def table(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} is {kind_of(value)}; expected a table")
    return value


def flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key} is {kind_of(value)}; expected true or false")
    return value


def text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{key} is {kind_of(value)}; expected text")
    if not value.strip():
        raise ConfigError(f"{key} is empty; expected text")
    return value


def choice(*names: str) -> Callable[[str, Any], str]:
    """One of a few words."""

    def check(key: str, value: Any) -> str:
        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        if not isinstance(value, str):
            raise ConfigError(f"{key} is {kind_of(value)}; expected {listed}")
        if value not in names:
            raise ConfigError(
                f"{key} = {shown(value)} is not known; expected {listed}{did_they_mean(value, names)}"
            )
        return value

    return check


def whole(low: int, high: int) -> Callable[[str, Any], int]:
    """A whole number in bounds."""

    def check(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"{key} is {kind_of(value)}; expected a whole number from {low} to {high}")
        if not low <= value <= high:
            raise ConfigError(f"{key} = {shown(value)} is out of range; expected {low} to {high}")
        return value

    return check


def duration(key: str, value: Any) -> float:
    """Seconds, from a number, a text such as "15m" or a timedelta."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | timedelta):
        raise ConfigError(f'{key} is {kind_of(value)}; expected seconds, or text such as "15m"')
    try:
        seconds = parse_duration(value)
    except OverflowError:
        seconds = LONGEST_DURATION + 1
    except ConfigError as error:
        raise ConfigError(f"{key} = {error}") from None
    if seconds > LONGEST_DURATION:
        raise ConfigError(f"{key} is longer than a century")
    return seconds


def seconds_within(low: float, high: float) -> Callable[[str, Any], float]:
    """A duration in bounds."""

    def check(key: str, value: Any) -> float:
        seconds = duration(key, value)
        if not low <= seconds <= high:
            raise ConfigError(f"{key} = {shown(value)} is out of range; expected {low:g} to {high:g} seconds")
        return seconds

    return check


def zone(key: str, value: Any) -> str:
    """The name of a time zone that exists."""
    if value is UTC:
        return "UTC"
    if isinstance(value, ZoneInfo) and value.key:
        return value.key
    name = text(key, value)
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        hint = zone_hint(name, '"')
        raise ConfigError(f"{key} = {shown(name)} is not a time zone of the IANA database{hint}") from None
    return name


def instant(key: str, value: Any, tz: ZoneInfo) -> datetime:
    """A datetime in UTC; a naive one is read in `tz`."""
    if not isinstance(value, datetime):
        unquoted = " without quotes" if isinstance(value, str) else ""
        raise ConfigError(
            f"{key} is {kind_of(value)}; expected a date and time such as 2026-01-01T00:00:00Z{unquoted}"
        )
    try:
        return (value if value.tzinfo is not None else value.replace(tzinfo=tz)).astimezone(UTC)
    except OverflowError:
        raise ConfigError(f"{key} = {shown(value)} is outside the years 1 to 9999 in UTC") from None


def json_form(where: str, value: Any, depth: int = 0) -> Any:
    """`value` as it comes back from JSON: the same, with lists for tuples."""
    if depth > DEEPEST:
        raise ConfigError(f"{where} is nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where} has the key {shown(key)}; in JSON every key is text")
        return {key: json_form(f"{where}.{key}", item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_form(f"{where}[{index}]", item, depth + 1) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool | str | int) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ConfigError(f"{where} is {kind_of(value)}, which JSON has no form for; write it as text")
