"""What an entry gives to its schedule: each kind takes what it leaves open, and keeps what it says itself."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import at, cron, crontab, every, rrule, solar, trigger

PRAGUE = ZoneInfo("Europe/Prague")
ANCHOR = datetime(2025, 1, 1, 12, tzinfo=UTC)
OWN = {"tz": "America/New_York", "gap": "skip", "fold": "second"}
ENTRYS = {"tz": "Europe/Prague", "gap": "after", "fold": "both"}


def a_trigger(form):
    return lambda tz=None, gap=None, fold=None: trigger(
        form | ({"timezone": tz} if tz else {}), gap=gap, fold=fold
    )


CLOCKS = {
    "cron": lambda **given: cron("30 2 * * *", **given),
    "real time": lambda **given: cron("*/30 1,2 * * *", **given),
    "spread": lambda **given: cron("H(0-59) H(1-2) * * *", **given, name="any"),
    "crontab": lambda **given: crontab([0, 30], [1, 2], **given),
    "at in a gap": lambda **given: at("2025-03-30T02:30", **given),
    "at in a fold": lambda **given: at("2025-11-02T01:30", **given),
    "rrule": lambda **given: rrule("FREQ=DAILY;BYHOUR=1,2;BYMINUTE=30", dtstart="2025-01-01T00:00", **given),
    "cron trigger": a_trigger({"type": "cron", "hour": "1-2", "minute": "30"}),
    "calendarinterval": a_trigger(
        {"type": "calendarinterval", "days": 1, "hour": 2, "minute": 30, "start_date": "2025-01-01"}
    ),
}
WRAPPED = {
    "alone": lambda one: one,
    "union": lambda one: one | every(10**8, anchor=ANCHOR, tz=PRAGUE),
    "difference": lambda one: one - every(10**8, anchor=ANCHOR, tz=PRAGUE),
    "calendar": lambda one: one - {ANCHOR.date()},
    "rolled": lambda one: one.excluding({ANCHOR.date()}, "next"),
    "bounds": lambda one: one.between(ANCHOR, None),
    "jitter": lambda one: one.jittered(60),
}


@pytest.mark.parametrize("own", [own for count in range(4) for own in combinations(OWN, count)], ids="+".join)
@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_takes_zone_and_policy_where_it_says_none_itself(name, own):
    build = CLOCKS[name]
    said = {key: OWN[key] for key in own}
    plain = build(**said)
    if name == "spread":
        plain = cron(plain.text, **said)
    bound = plain.bind(tz=PRAGUE, anchor=ANCHOR, name="any", gap=ENTRYS["gap"], fold=ENTRYS["fold"])
    expected = build(**ENTRYS | said)
    assert bound == expected
    for day in ("2025-03-08", "2025-03-29", "2025-10-25", "2025-11-01"):
        start = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        assert bound.upcoming(start, 6) == expected.upcoming(start, 6)


@pytest.mark.parametrize("name", WRAPPED)
def test_what_is_combined_takes_the_same_as_what_is_alone(name):
    wrap = WRAPPED[name]
    given = {"gap": "skip", "fold": "second"}
    bound = wrap(cron("30 2 * * *")).bind(tz=PRAGUE, anchor=ANCHOR, name="any", **given)
    expected = wrap(cron("30 2 * * *", tz=PRAGUE, **given))
    if name == "jitter":  # which is by the entry's name as well
        expected = expected.bind(tz=PRAGUE, anchor=ANCHOR, name="any")
    assert bound == expected
    spread = wrap(cron("H H * * *"))
    assert spread.bind(tz=PRAGUE, anchor=ANCHOR, name="a") != spread.bind(tz=PRAGUE, anchor=ANCHOR, name="b")


@pytest.mark.parametrize("tz", [None, "Asia/Tokyo"])
def test_elapsed_time_takes_anchor_and_zone_where_it_says_none_itself(tz):
    later = ANCHOR + timedelta(seconds=7)
    shown = tz or "Europe/Prague"
    for build in (
        lambda **given: every(60, **given),
        lambda **given: every(7200, relative=True, **given),
    ):
        assert build(tz=tz).bind(tz=PRAGUE, anchor=ANCHOR, name="any") == build(tz=shown, anchor=ANCHOR)
        assert build(tz=tz, anchor=later).bind(tz=PRAGUE, anchor=ANCHOR, name="any") == build(
            tz=shown, anchor=later
        )
    sun = solar("sunset", 50.08, 14.42, offset=-900, elevation=250.0, tz=tz)
    assert sun.bind(tz=PRAGUE, anchor=ANCHOR, name="any") == solar(
        "sunset", 50.08, 14.42, offset=-900, elevation=250.0, tz=shown
    )


@pytest.mark.parametrize(
    "form",
    [
        {"type": "interval", "minutes": 7},
        {"type": "or", "triggers": [{"type": "interval", "minutes": 7}, {"type": "interval", "minutes": 9}]},
        {"type": "and", "triggers": [{"type": "interval", "minutes": 7}, {"type": "interval", "minutes": 2}]},
    ],
    ids=lambda form: form["type"],
)
def test_intervals_of_a_trigger_count_from_the_anchor_as_every_does(form):
    there = {
        "interval": every(420),
        "or": every(420) | every(540),
        "and": every(420) & every(120),
    }[form["type"]]
    here = trigger(form)
    for one, other in [
        (here, there),
        *[
            tuple(each.bind(tz=PRAGUE, anchor=anchor, name="any") for each in (here, there))
            for anchor in (ANCHOR, ANCHOR - timedelta(days=30, seconds=1))
        ],
    ]:
        for start in (ANCHOR - timedelta(days=1), ANCHOR - timedelta(seconds=1), ANCHOR + timedelta(hours=3)):
            assert one.upcoming(start, 5) == other.upcoming(start, 5)
            end = start + timedelta(hours=2)
            assert one.fires(start, end) == other.fires(start, end)
            assert one.latest(start, end) == other.latest(start, end)
