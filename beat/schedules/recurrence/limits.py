"""How long a recurrence set may take, and what is refused because it would take longer.

Two things of a set take time, and each has a measure. Its *setup*: a rule with COUNT is counted from its start, one of seconds
works out in which of them its INTERVAL meets its BY parts. Its *work*: each question looks at dates, one after
another, and on each at all that its rules pick, less all that its exceptions do. In a combination these are what a
set weighs (`weight_of`, see `Schedule.weight`) and what a question to it is charged (`effort_of`, see `Schedule.effort`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beat.dst import DAY
from beat.schedules.arguments import ScheduleError
from beat.schedules.clock.walls import SKIPPED_WEIGHT, in_one_gap
from beat.schedules.recurrence.layers import layers_of_all
from beat.schedules.recurrence.parts import (
    DAILY,
    FREQUENCIES,
    HOURLY,
    MINUTELY,
    SECONDLY,
    Rule,
    rule_text,
)
from beat.schedules.recurrence.phase import LONGEST_ROUND, days_around
from beat.schedules.recurrence.start import PER_DAY, readings_of, unrestricted

if TYPE_CHECKING:
    from beat.schedules.recurrence.text import Rules

LONGEST_COUNTED: Final = {HOURLY: 10_000, MINUTELY: 10_000, SECONDLY: 100}  # days, of a rule with COUNT
LONGEST_LEFT: Final = 100  # days, of a rule of seconds with exceptions
MOST_SETUP: Final = 4  # of the rules of a set
MOST_LAYERS: Final = 8  # of a set with exceptions
WORK_WEIGHT: Final = 3
SETUP_WEIGHT: Final = 8
DATES_PER_WEIGHT: Final = 50
MOST_WEIGHT: Final = 48  # so that every set can be combined
A_MONDAY: Final = 946_857_600  # 2000-01-03T00:00


def check_rules(rules: Rules) -> None:
    """Refuse a rule that fires on no date whatever its start, and a set whose evaluation has no bound."""
    for rule in rules.rules + rules.but_rules:
        _check(rule)
    if rules.but_rules or rules.but_dates:
        _check_excepted(rules)
    setup = _setup(rules)
    if setup > MOST_SETUP:
        raise ScheduleError(
            f"The set takes long: {setup}; expected at most {MOST_SETUP}. A rule with COUNT counts as 1, below the day or "
            f"with BYSETPOS as 2; one of seconds whose INTERVAL comes round to the same time of day only after {LONGEST_LEFT} "
            "days as 2, with BYSETPOS as 1; one of days or less without BY parts as 0."
        )


def _check_excepted(rules: Rules) -> None:
    for rule in rules.but_rules:
        if _round(rule) > 1:
            raise ScheduleError(
                f"EXRULE {rule_text(rule)!r} leaves out other times on each day; expected an INTERVAL that divides "
                f"the {PER_DAY[rule.freq]} units of a day."
            )
    for rule in rules.rules:
        most = LONGEST_LEFT if rule.freq == SECONDLY else LONGEST_ROUND
        if _round(rule) > most:
            raise ScheduleError(_late(rule, "exceptions", most))
    layers = layers_of_all(rules.rules) + layers_of_all(rules.but_rules)
    if layers > MOST_LAYERS:
        raise ScheduleError(
            f"The set takes long: with exceptions, BYSETPOS picks {layers} groups of times; expected at most {MOST_LAYERS} "
            "in all rules."
        )


def weight_of(rules: Rules, start: int, *, skips: bool) -> int:
    """Return for how many schedules a set counts in a combination: each rule may be looked for through centuries.

    `start` is a reading; `skips` says whether the set leaves out what the clock does.
    """
    missed = skips and bool(rules.rules) and all(_elusive(rule, start) for rule in rules.rules)
    setup = _setup(rules)
    dates = len(rules.dates) + len(rules.but_dates)
    several = (
        WORK_WEIGHT * _work(rules)
        + SETUP_WEIGHT * setup
        + dates // DATES_PER_WEIGHT
        + (SKIPPED_WEIGHT - WORK_WEIGHT) * missed
    )
    return max(1, min(several, MOST_WEIGHT))


def effort_of(rules: Rules, *, known: bool) -> int:
    """Return what a question costs, in those of a cron expression; all dates are compared if its `Fires` is not known."""
    dates = 0 if known else len(rules.dates) + len(rules.but_dates)
    return 2 * max(1, _work(rules)) + dates // DATES_PER_WEIGHT


def _elusive(rule: Rule, start: int) -> bool:
    """Return whether the changes of a clock, two a year, may leave out all that a rule has in a year."""
    hours = rule.by_hour or ((start // 3600 % 24,) if rule.freq <= DAILY else (0, 23))
    if not in_one_gap([hour * 60 for hour in sorted(hours)]):
        return False
    readings, day = readings_of(rule, start), start // DAY
    for _ in range(3):
        found = readings.next((day + 1) * DAY - 1)
        if found is None:
            return True
        day = found // DAY
    return day > start // DAY + 366


def _work(rules: Rules) -> int:
    """Return how much it is to look at a date or a year: each layer, and each exception with each layer."""
    return layers_of_all(rules.rules) * (1 + layers_of_all(rules.but_rules))


def _setup(rules: Rules) -> int:
    return sum(map(_setup_of, rules.rules + rules.but_rules))


def _setup_of(rule: Rule) -> int:
    """Return how long a rule takes at its beginning: what is counted may end in centuries."""
    if unrestricted(rule) and rule.freq >= DAILY:
        return 0
    if rule.times is not None and (rule.sub_daily or rule.by_set_pos):
        return 2
    if rule.freq == SECONDLY and _round(rule) > LONGEST_LEFT:
        return 2
    return int(rule.times is not None or (rule.freq == SECONDLY and bool(rule.by_set_pos)))


def _round(rule: Rule) -> int:
    return days_around(PER_DAY[rule.freq], rule.interval) if rule.sub_daily else 1


def _check(rule: Rule) -> None:
    most = LONGEST_ROUND if rule.times is None else LONGEST_COUNTED.get(rule.freq, LONGEST_ROUND)
    if _round(rule) > most and not unrestricted(rule):
        raise ScheduleError(
            _late(rule, "other BY parts" if rule.times is None else "COUNT and other BY parts", most)
        )
    own_days = rule.names_days or rule.freq >= DAILY
    once = rule._replace(interval=1, times=None, until=None)
    if own_days and readings_of(once, A_MONDAY).next(A_MONDAY) is None:
        where = " of four centuries" if rule.by_easter else ""  # what other parts say comes round within them
        raise ScheduleError(
            f"rrule {rule_text(rule)!r} would never fire: no date{where} has all that it asks for."
        )


def _late(rule: Rule, besides: str, most: int) -> str:
    return (
        f"INTERVAL={rule.interval} of {FREQUENCIES[rule.freq]} comes round to the same time of day only after "
        f"{_round(rule)} days; with {besides} that must be at most {most}."
    )
