"""The oracle of the DST policy against answers worked out by hand, and `crontab` against the oracle."""

import ast
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import dst_oracle
import pytest
from dst_oracle import DAY, EXPRESSIONS, changes, look, policy, window
from zone_cases import DEFAULT, OTHERS, Group, around, check

from beat.schedules import cron, crontab, to_micros

# Where a zone changed its offset: dates in UTC, one change in the three days around each.
PLACES = [
    ("America/New_York", (2025, 3, 9)),
    ("America/New_York", (2025, 11, 2)),
    ("Australia/Lord_Howe", (2025, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", (2025, 10, 4)),
    ("America/Santiago", (2025, 4, 6)),  # at midnight
    ("America/Santiago", (2025, 9, 7)),
    ("Pacific/Chatham", (2025, 9, 27)),
    ("Antarctica/Troll", (2025, 3, 30)),  # two hours
    ("Africa/Casablanca", (2025, 2, 23)),
    ("Asia/Kathmandu", (1985, 12, 31)),  # +05:30 became +05:45
    ("Africa/Monrovia", (1972, 1, 7)),  # -00:44:30 became +00:00
    ("Pacific/Apia", (2011, 12, 30)),  # a date left out
    ("Pacific/Kwajalein", (1969, 9, 30)),  # 23 hours shown twice
    ("America/Recife", (2000, 10, 8)),  # summer time for one week
]

BERLIN_SPRING = "Europe/Berlin", (2025, 3, 30)
BERLIN_AUTUMN = "Europe/Berlin", (2025, 10, 26)
APIA = "Pacific/Apia", (2011, 12, 30)
MONROVIA = "Africa/Monrovia", (1972, 1, 7)

# What crontab would read otherwise: it wants both day fields to match and has no 7.
OF_CRON_ALONE = {text for text in EXPRESSIONS if "*" not in (text.split()[2], text.split()[4])} | {
    "15 2 * * 7"
}


def noon(date):
    return int(datetime(*date, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("zone", "date", "text", "times", "given", "fires"),
    [
        (*BERLIN_SPRING, "30 2 * * *", [(2, 30)], DEFAULT, "30T03:00+02:00 31T02:30+02:00"),
        (*BERLIN_SPRING, "30 2 * * *", [(2, 30)], ("skip", None), "31T02:30+02:00"),
        (*BERLIN_SPRING, "*/30 2 * * *", [(2, 0), (2, 30)], DEFAULT, "31T02:00+02:00 31T02:30+02:00"),
        (
            *BERLIN_SPRING,
            "0,30 2 * * *",
            [(2, 0), (2, 30)],
            DEFAULT,
            "30T03:00+02:00 31T02:00+02:00 31T02:30+02:00",
        ),
        (*BERLIN_AUTUMN, "30 2 * * *", [(2, 30)], DEFAULT, "26T02:30+02:00 27T02:30+01:00"),
        (*BERLIN_AUTUMN, "30 2 * * *", [(2, 30)], (None, "second"), "26T02:30+01:00 27T02:30+01:00"),
        (
            *BERLIN_AUTUMN,
            "30 2 * * *",
            [(2, 30)],
            (None, "both"),
            "26T02:30+02:00 26T02:30+01:00 27T02:30+01:00",
        ),
        (*BERLIN_AUTUMN, "*/30 2 * * *", [(2, 30)], DEFAULT, "26T02:30+02:00 26T02:30+01:00 27T02:30+01:00"),
        (*BERLIN_AUTUMN, "30 * * * *", [(2, 30)], DEFAULT, "26T02:30+02:00 26T02:30+01:00 27T02:30+01:00"),
        (*APIA, "30 2 * * *", [(2, 30)], DEFAULT, "31T00:00+14:00 31T02:30+14:00 01T02:30+14:00"),
        (*MONROVIA, "30 0 * * *", [(0, 30)], DEFAULT, "07T00:44:30+00:00 08T00:30+00:00"),
    ],
)
def test_the_oracle_says_what_the_policy_says(zone, date, text, times, given, fires):  # noqa: PLR0917 - a row of the table
    tz, start = ZoneInfo(zone), int(datetime(*date, tzinfo=UTC).timestamp())

    def matches(t):
        return (t.second == 0) & (sum(dst_oracle.at(t, hour, minute) for hour, minute in times) > 0)

    found = look(window(tz, start, start + 2 * DAY), matches).fires(*policy(text, *given))
    told = [datetime.fromtimestamp(instant, tz).isoformat()[8:].replace(":00+", "+") for instant in found]
    assert told == fires.split()


def test_the_oracle_knows_nothing_of_what_it_judges():
    tree = ast.parse(Path(dst_oracle.__file__).read_text())
    named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {str(name).partition(".")[0] for name in named} <= {
        *("__future__", "collections", "datetime", "functools", "math", "numpy", "typing"),
    }


@pytest.mark.parametrize(("zone", "date"), PLACES)
def test_crontab_fires_as_a_walk_over_every_minute_says(zone, date):
    middle = noon(date)
    found = changes(ZoneInfo(zone), middle - 2 * DAY, middle + 2 * DAY)
    assert len(found) == 1

    def build(text, tz, gap, fold):
        return crontab.from_string(text).bind(
            tz=ZoneInfo(tz), anchor=datetime(2000, 1, 1, tzinfo=UTC), name="any", gap=gap, fold=fold
        )

    result = check(
        around(Group((zone,), ()), found[0]),
        {zone: [DEFAULT, *OTHERS]},
        Random(1),
        build,
        without=OF_CRON_ALONE,
    )
    assert not result.mismatches, "\n".join(result.mismatches)


class Pinned(tzinfo):
    """As pytz has it: each instance is one offset, and only `fromutc` knows which holds when."""

    def __init__(self, hours: int) -> None:
        self.hours = hours

    def utcoffset(self, _when: datetime | None) -> timedelta:
        return timedelta(hours=self.hours)

    def dst(self, _when: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _when: datetime | None) -> str:
        return f"+{self.hours}"

    def fromutc(self, when: datetime) -> datetime:
        summer = 4 <= when.month <= 10
        pinned = Pinned(2 if summer else 1)
        return (when.replace(tzinfo=None) + timedelta(hours=pinned.hours)).replace(tzinfo=pinned)


def test_a_tzinfo_that_is_pinned_to_an_offset_is_asked_for_the_one_that_holds():
    summer = datetime(2026, 7, 1, tzinfo=Pinned(2))
    assert cron("0 3 1 12 *").next_after(summer).isoformat() == "2026-12-01T03:00:00+01:00"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("text", ["0 * * * *", "0 3 * * *"])
def test_the_two_ways_agree_at_the_ends_of_the_calendar(zone, text):
    tz = ZoneInfo(zone)
    one = cron(text)
    for day in (*range(2, 7), *range(3652050, 3652059)):
        for minute in (0, 30, 600, 1439):
            t = datetime.combine(date.fromordinal(day), time(minute // 60, minute % 60), tz)
            fire = one.next_after(t)
            assert (None if fire is None else to_micros(fire)) == one.next_bounded(to_micros(t), tz)
