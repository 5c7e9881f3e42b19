"""Random cron expressions, kept in parts so that each library can be told them in its own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Kind(NamedTuple):
    """A position of an expression."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def top(self) -> int:
        """The largest number that may be written: 7 is Sunday too."""
        return self.high + (self.name == "weekday")


SECOND = Kind("second", 0, 59)
MINUTE = Kind("minute", 0, 59)
HOUR = Kind("hour", 0, 23)
DAY = Kind("day", 1, 31)
MONTH = Kind("month", 1, 12, MONTHS)
WEEKDAY = Kind("weekday", 0, 6, WEEKDAYS)
YEAR = Kind("year", 1970, 2099)


class Item(NamedTuple):
    """One of the things between the commas: a star, a number or a range, with or without a step, or a special."""

    kind: Kind
    first: int | None = None
    last: int | None = None
    step: int | None = None
    named: bool = False
    special: str = ""  # L, LW, W, # or nL; `first` and `last` are its numbers

    @property
    def open(self) -> bool:
        """Whether it is like 5/15."""
        return self.first is not None and self.last is None and self.step is not None

    @property
    def wraps(self) -> bool:
        return (
            not self.special and self.first is not None and self.last is not None and self.last < self.first
        )

    @property
    def equal_ends(self) -> bool:
        """Whether it begins and ends with the same, as 9-9 and 7-0 do."""
        if self.special or self.first is None or self.last is None:
            return False
        return self.first - self.last in (0, self.kind.high - self.kind.low + 1)

    def numbers(self) -> list[int]:
        """Return what a plain item means, with ranges that wrap around and 7 as Sunday."""
        span = self.kind.high - self.kind.low + 1
        first = self.kind.low if self.first is None else self.first
        only = first if self.first is not None and self.step is None else self.kind.high
        last = only if self.last is None else self.last
        ahead = last - first + (span if last < first else 0)
        return sorted(
            {(first + i - self.kind.low) % span + self.kind.low for i in range(0, ahead + 1, self.step or 1)}
        )

    def __str__(self) -> str:
        if self.special:
            return {
                "L": "L",
                "LW": "LW",
                "W": f"{self.first}W",
                "#": f"{self.first}#{self.last}",
                "nL": f"{self.first}L",
            }[self.special]
        text = "*" if self.first is None else self._number(self.first)
        if self.last is not None:
            text += f"-{self._number(self.last)}"
        return text if self.step is None else f"{text}/{self.step}"

    def _number(self, number: int) -> str:
        if not self.named:
            return str(number)
        name = self.kind.names[(number - self.kind.low) % len(self.kind.names)]
        return (name, name.upper(), name.title())[number % 3]


class Expression(NamedTuple):
    """The fields of an expression, in the order in which this project writes them."""

    fields: tuple[tuple[Item, ...], ...]  # five; six with the second first; seven with the year last

    @property
    def second(self) -> tuple[Item, ...] | None:
        return self.fields[0] if len(self.fields) > 5 else None

    @property
    def year(self) -> tuple[Item, ...] | None:
        return self.fields[6] if len(self.fields) > 6 else None

    @property
    def plain(self) -> tuple[tuple[Item, ...], ...]:
        """The minute, hour, day, month and weekday."""
        return self.fields[1:6] if len(self.fields) > 5 else self.fields

    @property
    def day(self) -> tuple[Item, ...]:
        return self.plain[2]

    @property
    def weekday(self) -> tuple[Item, ...]:
        return self.plain[4]

    @property
    def items(self) -> list[Item]:
        return [item for field in self.fields for item in field]

    @property
    def either(self) -> bool:
        """Whether one of the day fields is enough: neither starts with a star."""
        return not (starts_with_star(self.day) or starts_with_star(self.weekday))

    @property
    def specials(self) -> set[str]:
        return {item.special for item in self.items if item.special}

    def __str__(self) -> str:
        return " ".join(told(field) for field in self.fields)


def told(field: tuple[Item, ...]) -> str:
    return ",".join(map(str, field))


def numbers(field: tuple[Item, ...]) -> list[int]:
    """Return what a field of plain items means."""
    return sorted({number for item in field for number in item.numbers()})


def starts_with_star(field: tuple[Item, ...]) -> bool:
    return str(field[0]).startswith("*")


def is_star(field: tuple[Item, ...]) -> bool:
    return told(field) == "*"


_ITEM = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
_SPECIAL = re.compile(r"(?P<L>L)|(?P<LW>LW)|(?P<W>\d+W)|(?P<nth>\d#\d)|(?P<nL>\dL)")


def read(text: str) -> Expression:
    """Return an expression written by hand."""
    parts = text.split()
    kinds = (
        [MINUTE, HOUR, DAY, MONTH, WEEKDAY]
        if len(parts) == 5
        else [SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR]
    )
    return Expression(
        tuple(
            tuple(_read_item(kind, item) for item in part.split(","))
            for kind, part in zip(kinds, parts, strict=False)
        )
    )


def _read_item(kind: Kind, text: str) -> Item:
    if special := _SPECIAL.fullmatch(text):
        found = [int(number) for number in re.findall(r"\d+", text)]
        word = "#" if special.lastgroup == "nth" else str(special.lastgroup)
        return Item(kind, *found, special=word)
    match = _ITEM.fullmatch(text.lower())
    assert match is not None, text
    first, last, step = match.groups()
    named = first in kind.names

    def number(word: str | None) -> int | None:
        if word in (None, "*"):
            return None
        return kind.names.index(word) + kind.low if named else int(word)

    return Item(kind, number(first), number(last), step and int(step), named)


def some_expression(rng: Random, specials: tuple[str, ...] = (), fields: int = 5) -> Expression:
    """Return an expression; of the `specials`, some use one and some do not."""
    plain = [
        _some_field(rng, MINUTE),
        _some_field(rng, HOUR),
        _some_field(rng, DAY, [special for special in specials if special in ("L", "LW", "W")]),
        _some_field(rng, MONTH),
        _some_field(rng, WEEKDAY, [special for special in specials if special in ("#", "nL")]),
    ]
    if fields > 5:
        plain.insert(0, _some_field(rng, SECOND))
    if fields > 6:
        first = rng.randint(2000, 2060)
        plain.append(rng.choice([(Item(YEAR),), (Item(YEAR, first, first + rng.randint(1, 30)),)]))
    return Expression(tuple(plain))


def _some_field(rng: Random, kind: Kind, specials: list[str] | None = None) -> tuple[Item, ...]:
    if specials and rng.random() < 0.4:
        return (_some_special(rng, kind, rng.choice(specials)),)
    if rng.random() < 0.4:
        return (Item(kind),)
    return tuple(_some_item(rng, kind) for _ in range(rng.choice((1, 1, 2, 3))))


def _some_special(rng: Random, kind: Kind, special: str) -> Item:
    first = {"W": rng.randint(1, 31), "#": rng.randint(0, 7), "nL": rng.randint(0, 7)}.get(special)
    return Item(kind, first, rng.randint(1, 5) if special == "#" else None, special=special)


def _some_item(rng: Random, kind: Kind) -> Item:
    first, last = rng.randint(kind.low, kind.top), rng.randint(kind.low, kind.top)
    if rng.random() < 0.8:
        first, last = sorted((first, last))
    step = rng.randint(1, max(kind.high // 2, 4))
    named = bool(kind.names) and rng.random() < 0.4
    if named and kind is WEEKDAY:
        first, last = first % 7, last % 7
    return rng.choice(
        (
            Item(kind, first, named=named),
            Item(kind, first, named=named),
            Item(kind, first, last, named=named),
            Item(kind, first, last, step, named=named),
            Item(kind, first, None, step),
            Item(kind, None, None, step),
        )
    )
