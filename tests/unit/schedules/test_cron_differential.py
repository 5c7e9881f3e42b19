"""`cron` against croniter, cronsim and APScheduler over random expressions, in UTC.

Where a library finds other fires, or none, a row of `REASONS` must say why; and told the same dates and times as
plain numbers, the library must agree. So a row excuses how a text is read, never what it comes to.
"""

import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

import pytest
from apscheduler.triggers.cron import CronTrigger
from cron_expressions import (
    WEEKDAYS,
    Expression,
    is_star,
    numbers,
    read,
    some_expression,
    told,
)
from croniter import CroniterBadDateError, croniter
from cronsim import CronSim

from beat.schedules import cron, crontab

EXHAUSTIVE = bool(os.environ.get("BEATD_TEST_EXHAUSTIVE"))
EXPRESSIONS, FIRES = (5_000, 20) if EXHAUSTIVE else (300, 10)
MICROSECOND = timedelta(microseconds=1)
# What to compare: the specials that may come up, and the number of fields.
FORMS = {
    "numbers, names, lists, ranges and steps": ((), 5),
    "L, LW, W, # and nL": (("L", "LW", "W", "#", "nL"), 5),
    "seconds": (("L", "#"), 6),
    "seconds and years": ((), 7),
}


def plainly(field):
    """Return a field as numbers, except for what has none."""
    if is_star(field) or any(item.special for item in field):
        return told(field)
    return ",".join(map(str, numbers(field)))


def is_full(field):
    """Whether a field of plain items has all its numbers."""
    kind = field[0].kind
    return not any(item.special for item in field) and len(numbers(field)) == kind.high - kind.low + 1


def by_croniter(expression, start, count, plain):
    def walk(parts, **options):
        # It writes 5L as L5, and gives up after 50 years unless told otherwise.
        text = " ".join(f"L{part[:-1]}" if re.fullmatch(r"\dL", part) else part for part in parts)
        years = 50 if expression.year is None else 200
        found = croniter(
            text, start, datetime, second_at_beginning=True, max_years_between_matches=years, **options
        )
        return [found.get_next() for _ in range(count)]

    if not plain:
        return walk([told(field) for field in expression.fields])
    parts = [plainly(field) for field in expression.fields]
    if not expression.either:
        return walk(parts, day_or=False)
    day, weekday = (2, 4) if expression.second is None else (3, 5)
    found = set()
    for other in day, weekday:
        try:
            found.update(walk([*parts[:other], "*", *parts[other + 1 :]]))
        except CroniterBadDateError:  # one of the two never comes
            continue
    return sorted(found)[:count]


def by_cronsim(expression, start, count, plain):
    parts = [told(field) for field in expression.fields]
    if plain:
        # Its rule about stars is ours, so that a star in front stays.
        parts = [
            f"{part.split(',')[0]},{other}" if part.startswith("*/") else other
            for part, other in zip(parts, map(plainly, expression.fields), strict=True)
        ]
    return list(islice(CronSim(" ".join(parts), start), count))


def by_apscheduler(expression, start, count, plain):
    minute, hour, day, month, _ = map(plainly if plain else told, expression.plain)
    second = "0" if expression.second is None else (plainly if plain else told)(expression.second)
    year = "*" if expression.year is None else told(expression.year)
    if is_star(expression.weekday):
        day_of_week = "*"
    elif special := expression.weekday[0].special:
        name = WEEKDAYS[expression.weekday[0].first % 7]
        nth = (
            "last" if special == "nL" else ("1st", "2nd", "3rd", "4th", "5th")[expression.weekday[0].last - 1]
        )
        day, day_of_week = f"{nth} {name}", "*"
    else:
        day_of_week = ",".join(WEEKDAYS[number] for number in numbers(expression.weekday))
    trigger = CronTrigger(
        second=second,
        minute=minute,
        hour=hour,
        day=day.replace("L", "last"),
        month=month,
        day_of_week=day_of_week,
        year=year,
        timezone=UTC,
    )
    found = []
    for _ in range(count):
        start = trigger.get_next_fire_time(None, start + MICROSECOND)
        if start is None:
            break
        found.append(start)
    return found


def by_us(expression, start, count):
    return cron(str(expression)).upcoming(start, count)


def by_us_and(expression, start, count):
    """As APScheduler has it: both day fields must match, which is `crontab`."""
    if not expression.either:
        return by_us(expression, start, count)
    minute, hour, day, month, weekday = map(numbers, expression.plain)
    return crontab(minute, hour, weekday, day, month).upcoming(start, count)


class Library(NamedTuple):
    theirs: Callable
    ours: Callable
    knows: Callable[[Expression], bool]


def of_one_day_field(expression):
    """Whether APScheduler can be told: it has no W, no seven fields in `crontab`, and one field for L and for #."""
    if expression.specials & {"LW", "W"}:
        return False
    if expression.specials & {"#", "nL"}:
        return is_star(expression.day)
    return not expression.either or (len(expression.fields) == 5 and not expression.specials)


LIBRARIES = {
    "croniter": Library(by_croniter, by_us, lambda e: "LW" not in e.specials),
    "cronsim": Library(by_cronsim, by_us, lambda e: "W" not in e.specials),
    "apscheduler": Library(by_apscheduler, by_us_and, of_one_day_field),
}


class Reason(NamedTuple):
    """Why a library's fires are not ours."""

    library: str
    whose: str  # whom the difference is held against
    why: str
    holds: Callable[[Expression], bool]
    example: str
    fires: tuple[str, ...]  # ours, from 2025 on
    retold: bool = True  # can be told in numbers


REASONS = [
    Reason(
        "croniter",
        "theirs",
        "reads a range of equal ends as the whole field; crontab(5) has ranges include both ends, so 9-9 is 9",
        lambda e: any(item.equal_ends for item in e.items),
        "0 9-9 * * *",
        ("2025-01-01 09:00", "2025-01-02 09:00"),
    ),
    Reason(
        "croniter",
        "theirs",
        "ors the day fields when one starts with a star but has a step; Vixie cron ands them (implement_cron_bug)",
        lambda e: not e.either and not (is_star(e.day) or is_star(e.weekday)),
        "0 0 */10 * 1",
        ("2025-03-31 00:00", "2025-04-21 00:00"),
    ),
    Reason(
        "croniter",
        "theirs",
        "takes a day field of all days for a star if the other one has a star anywhere; Vixie cron looks at first letters",
        lambda e: e.either and any(map(is_full, (e.day, e.weekday))) and "*" in told(e.day) + told(e.weekday),
        "0 0 1,*/10 * 1-7",
        ("2025-01-02 00:00", "2025-01-03 00:00"),
    ),
    Reason(
        "croniter",
        "nobody's",
        "moves 31W to the last Monday to Friday where a month has no 31st; to us that month has no such date",
        lambda e: any(item.special == "W" and item.first > 28 for item in e.day),
        "0 0 31W * *",
        ("2025-01-31 00:00", "2025-03-31 00:00"),
        retold=False,
    ),
    Reason(
        "croniter",
        "theirs",
        "loses count where a stepped range wraps around; the step goes on past the end of the field",
        lambda e: any(item.wraps and item.step not in (None, 1) for item in e.items),
        "42-19/25 0 * * *",
        ("2025-01-01 00:07", "2025-01-01 00:42"),
    ),
    Reason(
        "croniter",
        "theirs",
        "ands # , 5L and 15W with the other day field, though it ors days without them; we or all of them alike",
        lambda e: e.either and bool(e.specials & {"#", "nL", "W"}),
        "0 0 10 * 5#1",
        ("2025-01-03 00:00", "2025-01-10 00:00"),
    ),
    Reason(
        "cronsim",
        "ours",
        "refuses a range that wraps around, as crontab(5) does; we read it as Celery does",
        lambda e: any(item.wraps for item in e.items),
        "0 22-4/3 * * *",
        ("2025-01-01 01:00", "2025-01-01 04:00"),
    ),
    Reason(
        "cronsim",
        "theirs",
        "reads a stepped range of equal ends, 9-9/4, as if it were open, 9/4",
        lambda e: any(item.equal_ends and item.step for item in e.items),
        "0 9-9/4 * * *",
        ("2025-01-01 09:00", "2025-01-02 09:00"),
    ),
    Reason(
        "cronsim",
        "nobody's",
        "lets an open weekday such as 3/2 run to 7, which is Sunday again; we and croniter let it run to Saturday",
        lambda e: any(item.open for item in e.weekday),
        "0 0 * * 3/2",
        ("2025-01-03 00:00", "2025-01-08 00:00"),
    ),
    Reason(
        "apscheduler",
        "ours",
        "refuses a range that wraps around, as crontab(5) does; we read it as Celery does",
        lambda e: any(item.wraps for item in e.items),
        "0 22-4/3 * * *",
        ("2025-01-01 01:00", "2025-01-01 04:00"),
    ),
    Reason(
        "apscheduler",
        "nobody's",
        "refuses a step that is longer than its range",
        lambda e: any(
            item.step and item.first is not None and item.step > ((item.last or item.kind.high) - item.first)
            for item in e.items
        ),
        "0 20/4 * * *",
        ("2025-01-01 20:00", "2025-01-02 20:00"),
    ),
    Reason(
        "apscheduler",
        "theirs",
        "drops the step of a range of names",
        lambda e: any(item.named and item.step for item in e.items),
        "0 0 1 JAN-APR/2 *",
        ("2025-03-01 00:00", "2026-01-01 00:00"),
    ),
]


def outcome(find, *given):
    try:
        return find(*given)
    except Exception as error:  # noqa: BLE001 - libraries refuse in many ways
        return f"refused: {error}"


def some_start(rng):
    minute = datetime(1996, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(40 * 365 * 1440))
    return minute + rng.choice((0, rng.randrange(60_000_000))) * MICROSECOND


def report(name, expression, start, ours, theirs):
    def shown(found):
        return found if isinstance(found, str) else " ".join(fire.isoformat()[:19] for fire in found[:6])

    return f"{expression} after {start.isoformat()}:\n    ours  {shown(ours)}\n    {name}  {shown(theirs)}"


def compare(name, ours, form, rng):
    """Return the figures, and the reports of what has no reason."""
    library, (specials, fields) = LIBRARIES[name], FORMS[form]
    figures, wrong = Counter(), []
    for _ in range(EXPRESSIONS):
        expression, start = some_expression(rng, specials, fields), some_start(rng)
        if not library.knows(expression):
            continue
        found = outcome(ours, expression, start, FIRES)
        if isinstance(found, str) and "never fire" in found:
            figures["never fires"] += 1
            continue
        theirs = outcome(library.theirs, expression, start, len(found), False)
        figures["compared"] += 1
        if found == theirs:
            continue
        figures["explained"] += 1
        reasons = [row for row in REASONS if row.library == name and row.holds(expression)]
        plain = outcome(library.theirs, expression, start, len(found), True)
        if not reasons or (plain != found and all(row.retold for row in reasons)):
            wrong.append(report(name, expression, start, found, theirs if not reasons else plain))
    return figures, wrong


@pytest.mark.timeout(3600 if EXHAUSTIVE else 120)
@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name in LIBRARIES
        for form in FORMS
        if (name, form) != ("cronsim", "seconds and years")
    ],
)
def test_every_difference_has_a_reason(name, form, rng, figure):
    figures, wrong = compare(name, LIBRARIES[name].ours, form, rng)
    if EXHAUSTIVE:
        figure(f"{name}, {form}: {dict(figures)}")
    assert not wrong, "\n".join([f"{len(wrong)} without a reason:", *wrong[:6]])
    assert figures["compared"] > EXPRESSIONS / 10


def wrong_about_day_fields(expression, start, count):
    return crontab(
        *map(numbers, (*expression.plain[:2], expression.weekday, *expression.plain[2:4]))
    ).upcoming(start, count)


def wrong_about_the_start(expression, start, count):
    return cron(str(expression)).upcoming(start - MICROSECOND, count)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("croniter", wrong_about_day_fields),
        ("cronsim", wrong_about_day_fields),
        ("apscheduler", wrong_about_the_start),
    ],
)
def test_a_wrong_evaluator_is_found_out(name, ours, rng):
    _, wrong = compare(name, ours, "numbers, names, lists, ranges and steps", rng)
    assert wrong


@pytest.mark.parametrize("row", REASONS, ids=lambda row: f"{row.library} {row.why}")
def test_each_reason_still_holds(row):
    library, start = LIBRARIES[row.library], datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)
    expression = read(row.example)
    assert str(expression) == row.example
    assert row.holds(expression)
    ours = library.ours(expression, start, 2)
    assert tuple(fire.isoformat(" ")[:16] for fire in ours) == row.fires
    assert outcome(library.theirs, expression, start, 2, False) != ours
    assert (outcome(library.theirs, expression, start, 2, True) == ours) is row.retold
