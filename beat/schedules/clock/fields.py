"""The fields of a cron expression: what one may say, and the set of numbers it means.

The grammar is that of crontab(5): ``*``, numbers, names, ranges ``a-b``, steps ``/n`` and lists. As in Celery, a
range may wrap around (``22-4``, ``fri-mon``). The step counts from the start of the range, wrapped or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from beat.schedules.arguments import ScheduleError, items, nearest, shown
from beat.schedules.clock.bits import bits
from beat.schedules.clock.calendar_days import FIRST_YEAR, LAST_YEAR

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What one position of an expression accepts."""

    name: str
    low: int
    high: int
    example: str
    names: tuple[str, ...] = ()  # full names, from `low` up
    sunday_is_7: bool = False
    open_steps: bool = False  # 5/15 means 5-59/15
    wraps: bool = True  # 22-4 goes on past the end

    @property
    def span(self) -> int:
        return self.high - self.low + 1

    @property
    def numbers(self) -> Mapping[str, int]:
        """Each name in lower case, short and full, with its number."""
        spelled = {name.lower(): self.low + i for i, name in enumerate(self.names)}
        return {name[:3]: number for name, number in spelled.items()} | spelled


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """The numbers a field means, as bits. Two texts that mean the same are equal."""

    text: str = field(compare=False)
    mask: int
    star: bool  # starts with `*`: follows real time, and does not restrict days

    @property
    def values(self) -> tuple[int, ...]:
        return bits(self.mask)

    def __repr__(self) -> str:
        return repr(self.text)


MINUTE: Final = FieldKind("minute", 0, 59, "*/15 or 0,30")
HOUR: Final = FieldKind("hour", 0, 23, "*/2 or 9-17")
DAY_OF_MONTH: Final = FieldKind("day of month", 1, 31, "1 or 1-7")
MONTH: Final = FieldKind("month", 1, 12, "1-6 or jan,jul", names=MONTHS)
DAY_OF_WEEK: Final = FieldKind("day of week", 0, 6, "1-5 or mon-fri, 0 is Sunday", names=DAYS)

# In the text form, 5/20 is a step up to the end, and 7 is Sunday too.
CRON_SECOND: Final = FieldKind("second", 0, 59, "0 or */10", open_steps=True)
CRON_MINUTE: Final = replace(MINUTE, open_steps=True)
CRON_HOUR: Final = replace(HOUR, open_steps=True)
CRON_DAY_OF_MONTH: Final = replace(DAY_OF_MONTH, open_steps=True)
CRON_MONTH: Final = replace(MONTH, open_steps=True)
CRON_DAY_OF_WEEK: Final = replace(DAY_OF_WEEK, open_steps=True, sunday_is_7=True)
CRON_YEAR: Final = FieldKind("year", FIRST_YEAR, LAST_YEAR, "2027 or 2027-2030", open_steps=True, wraps=False)

MOST_ITEMS: Final = 1_000
LONGEST_TEXT: Final = 10_000
_LONG_NUMBER: Final = re.compile(r"\d{10}")
_ITEM: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\w+))?", re.ASCII)


def parse_field(kind: FieldKind, value: object) -> Field:
    """Return the field for an int, a text or an iterable of ints. Raises ValueError with a sentence."""
    if isinstance(value, str):
        check_text(kind.name, value)
        return parse_text(kind, value)
    if isinstance(value, bool) or not isinstance(value, (int, Iterable)):
        raise ScheduleError(
            f"{kind.name} is a number, a text or a collection of numbers, not {shown(value)}."
        )
    numbers = set()
    for number in [value] if isinstance(value, int) else items(kind.name, value, MOST_ITEMS):
        if isinstance(number, bool) or not isinstance(number, int):
            raise ScheduleError(f"{kind.name} holds {shown(number)}; a collection holds whole numbers.")
        numbers.add(number)
    return parse_text(kind, ",".join(shown(number) for number in sorted(numbers)))


def check_text(what: str, text: str) -> None:
    """Refuse a text that takes long to read."""
    if len(text) > LONGEST_TEXT:
        raise ScheduleError(f"{what} has {len(text):,} characters; expected at most {LONGEST_TEXT:,}.")
    if _LONG_NUMBER.search(text):
        raise ScheduleError(f"{what} {shown(text)} has a number of more than nine digits.")


@lru_cache(maxsize=4096)
def parse_text(kind: FieldKind, text: str) -> Field:
    parts = [item.strip().lower() for item in text.split(",")]
    mask = 0
    for item in parts:
        if not item:
            raise _refused(kind, text, "it has an empty part")
        mask |= parse_item(kind, text, item)
    return Field(",".join(parts), mask, parts[0].startswith("*"))


def parse_item(kind: FieldKind, text: str, item: str) -> int:
    """Return the bits of one item, in lower case, of the field `text`."""
    found = _ITEM.fullmatch(item)
    if found is None:
        raise _refused(kind, text, f"{shown(item)} is not a number, a range or a step")
    step = _step(kind, text, found["step"])
    if step and step > kind.span and found["last"] is None:
        raise _refused(
            kind, text, f"a step of {step} is longer than the field, so that it would not be every {step}"
        )
    if found["first"] is None:
        return _bits(kind, kind.low, kind.high, step or 1)
    first = parse_number(kind, text, found["first"])
    if found["last"] is not None:
        last = parse_number(kind, text, found["last"])
        if last < first and not kind.wraps:
            raise _refused(kind, text, f"{shown(item)} goes backwards")
        return _bits(kind, first, last, step or 1)
    if step and not kind.open_steps:
        raise _refused(kind, text, f"{shown(item)} has a step but no range; write {first}-{kind.high}/{step}")
    return _bits(kind, first, kind.high if step else first, step or 1)


def _bits(kind: FieldKind, first: int, last: int, step: int) -> int:
    length = last - first if last >= first else last - first + kind.span
    mask = 0
    for ahead in range(0, length + 1, step):
        mask |= 1 << (first - kind.low + ahead) % kind.span + kind.low
    return mask


def _step(kind: FieldKind, text: str, step: str | None) -> int | None:
    if step is None:
        return None
    if not step.isdecimal() or int(step) == 0:
        raise _refused(kind, text, f"{shown(step)} is not a step of 1 or more")
    return int(step)


def parse_number(kind: FieldKind, text: str, word: str) -> int:
    """Return the number or name `word`, in lower case, of the field `text`."""
    if word.isdecimal():
        number = int(word)
        if not kind.low <= number <= kind.high + kind.sunday_is_7:
            raise _refused(kind, text, f"{number} is out of range")
        return number
    names = kind.numbers
    if word in names:
        return names[word]
    raise _refused(
        kind,
        text,
        f"{shown(word)} is not one of its names" if names else f"{shown(word)} is not a number",
        word,
    )


def _refused(kind: FieldKind, text: str, why: str, word: str = "") -> ScheduleError:
    hint = nearest(word, [name[:3] if len(word) <= 4 else name for name in kind.numbers]) if word else ""  # noqa: PLR2004
    high = kind.high + kind.sunday_is_7
    return ScheduleError(
        f"{kind.name} {shown(text)}: {why}; expected {kind.low} to {high}, such as {kind.example}{hint or '.'}"
    )
