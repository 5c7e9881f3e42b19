"""The text of a recurrence set: one rule, or the lines DTSTART, RRULE, RDATE, EXRULE and EXDATE.

Read as dateutil's `rrulestr` reads it: any case, any white space between the lines, a line without a name is an
RRULE. Lines may be folded (RFC 5545, section 3.1): one that begins with white space goes on the line before,
unless it begins with the name of a property, as the indented lines of a docstring do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from beat.schedules.arguments import ScheduleError, as_zone, nearest
from beat.schedules.recurrence.parts import Moment, Rule, moment, moment_text, parse_rule, rule_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

PROPERTIES: Final = ("DTSTART", "RRULE", "RDATE", "EXRULE", "EXDATE")
LONGEST: Final = 100_000  # characters
MOST_RULES: Final = 8
MOST_ZONES: Final = 51  # or none
MOST_DATES: Final = {"RDATE": 2_000, "EXDATE": 500}
NAMED: Final = re.compile(rf"({'|'.join(PROPERTIES)})[;:]", re.IGNORECASE)
TIGHT: Final = re.compile(r"(?:(?<![ \t])[ \t]+)?([;,=])[ \t]*")


class Rules(NamedTuple):
    """What fires (rules and single dates), less what does not. Without regard to the order in the text."""

    rules: tuple[Rule, ...]
    dates: tuple[Moment, ...] = ()
    but_rules: tuple[Rule, ...] = ()
    but_dates: tuple[Moment, ...] = ()


class Line(NamedTuple):
    name: str
    tzid: str | None
    value: str


def parse_lines(text: str) -> list[Line]:
    """Return the properties of a text, values in upper case."""
    if len(text) > LONGEST:
        raise ScheduleError(f"The text of an rrule has {len(text)} characters; expected at most {LONGEST}.")
    lines = [_line(word) for line in _unfolded(text) for word in line.split()]
    if not any(line.name in ("RRULE", "RDATE") for line in lines):
        raise ScheduleError(f"{text!r} has no rule; expected one such as FREQ=WEEKLY;BYDAY=MO.")
    if sum(line.name == "DTSTART" for line in lines) > 1:
        raise ScheduleError("DTSTART is given twice; expected one start for all rules.")
    if sum(line.name in ("RRULE", "EXRULE") for line in lines) > MOST_RULES:
        raise ScheduleError(f"The text of an rrule has more than {MOST_RULES} rules.")
    if len({line.tzid for line in lines}) > MOST_ZONES:
        raise ScheduleError(f"The text of an rrule names more than {MOST_ZONES - 1} zones.")
    for name, most in MOST_DATES.items():
        if sum(line.value.count(",") + 1 for line in lines if line.name == name) > most:
            raise ScheduleError(
                f"The text of an rrule has more than {most} dates of {name}; a calendar holds more."
            )
    return lines


def _unfolded(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line[:1] in (" ", "\t") and not NAMED.match(line.strip()):
            lines[-1] += line[1:].rstrip()
        else:
            lines.append(line.strip())
    return [TIGHT.sub(r"\1", line) for line in lines]


def _line(word: str) -> Line:
    head, colon, value = word.partition(":")
    if not colon:
        return Line("RRULE", None, word.upper())
    name, *parameters = head.split(";")
    name = name.upper()
    if name not in PROPERTIES:
        known = ", ".join(PROPERTIES)
        raise ScheduleError(f"{name!r} is not a line of an rrule ({known}){nearest(name, PROPERTIES) or '.'}")
    return Line(name, _tzid(name, parameters), value.upper())


def _tzid(name: str, parameters: list[str]) -> str | None:
    found = None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        dated = not name.endswith("RULE")
        if dated and key.upper() == "TZID":
            found = value
        elif not (dated and parameter.upper() in ("VALUE=DATE-TIME", "VALUE=DATE")):
            expected = "TZID, VALUE=DATE-TIME or VALUE=DATE" if dated else "none"
            raise ScheduleError(f"{name} has the parameter {parameter!r}; expected {expected}.")
    return found


def start_line(lines: list[Line]) -> tuple[str, ZoneInfo | None] | None:
    """Return the value of DTSTART and the zone it names, None if there is no such line."""
    for line in lines:
        if line.name == "DTSTART":
            return line.value, as_zone(line.tzid)
    return None


def parse_rules(lines: list[Line], zone: ZoneInfo | None) -> Rules:
    """Return the set that the lines are; `zone` is the schedule's, None if it is not known yet."""

    def rules(name: str) -> tuple[Rule, ...]:
        return tuple(
            sorted({parse_rule(line.value, zone) for line in lines if line.name == name}, key=rule_text)
        )

    def dates(name: str) -> tuple[Moment, ...]:
        return tuple(
            sorted(
                {
                    moment(name, value, zone, as_zone(line.tzid))
                    for line in lines
                    if line.name == name
                    for value in line.value.split(",")
                }
            )
        )

    return Rules(rules("RRULE"), dates("RDATE"), rules("EXRULE"), dates("EXDATE"))


def rules_text(rules: Rules) -> str:
    """Return the one text that all equal sets share: a bare rule if that is all."""
    if len(rules.rules) == 1 and rules == Rules(rules.rules):
        return rule_text(rules.rules[0])
    lines = [f"RRULE:{rule_text(rule)}" for rule in rules.rules]
    if rules.dates:
        lines.append(f"RDATE:{','.join(map(moment_text, rules.dates))}")
    lines += [f"EXRULE:{rule_text(rule)}" for rule in rules.but_rules]
    if rules.but_dates:
        lines.append(f"EXDATE:{','.join(map(moment_text, rules.but_dates))}")
    return "\n".join(lines)
