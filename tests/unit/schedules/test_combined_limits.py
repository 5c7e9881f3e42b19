"""How deep, how often and how much may be combined, and what counts for how much."""

from datetime import UTC, date, datetime, timedelta

import pytest

from beat.schedules import Calendar, Schedule, ScheduleError, Union, cron, every, rrule, trigger

START = datetime(2026, 1, 1, tzinfo=UTC)


def nested(levels):
    return jittered_often(cron("0 3 * * *"), levels)


def jittered_often(one, times):
    for _ in range(times):
        one = one.jittered(1)
    return one


def test_one_may_combine_only_so_deep():
    deepest = nested(32)
    assert Schedule.from_dict(deepest.to_dict()) == deepest
    assert deepest.describe().startswith("At 03:00; each")
    with pytest.raises(ScheduleError, match="combined more than 32 deep"):
        nested(33)


def test_one_may_combine_only_so_often():
    chains = [jittered_often(cron(f"{minute} 3 * * *"), 31) for minute in range(4)]
    assert Schedule.from_dict(Union(chains).to_dict()) == Union(chains)
    with pytest.raises(ScheduleError, match="combined more than 128 times"):
        Union([*chains, jittered_often(every(60), 4)])


def test_a_stored_form_that_holds_itself_or_one_part_many_times_is_refused_before_it_is_read():
    itself = {"kind": "union"}
    itself["of"] = [itself, itself]
    shared = cron("@daily").to_dict()
    for _ in range(12):
        shared = {"kind": "union", "of": [shared, shared]}
    itself_in_tuples = {"kind": "union"}
    itself_in_tuples["of"] = (itself_in_tuples, itself_in_tuples)
    for stored in (
        itself,
        itself_in_tuples,
        shared,
        {"kind": "union", "of": [cron("@daily").to_dict()] * 5_000},
    ):
        with pytest.raises(ScheduleError, match="has more than 2,000 tables and lists"):
            Schedule.from_dict(stored)


def test_a_stored_form_that_is_too_deep_is_refused_before_it_is_read():
    stored = cron("0 3 * * *").to_dict()
    for _ in range(5_000):
        stored = {"kind": "difference", "v": 1, "of": stored, "without": {"kind": "every", "run_every": 60}}
    with pytest.raises(ScheduleError, match="combined more than 32 deep"):
        Schedule.from_dict(stored)


def test_one_may_combine_only_so_many():
    one = Union([every(seconds) for seconds in range(1, 65)])
    assert one.next_after(START) == START + timedelta(seconds=1)
    with pytest.raises(ScheduleError, match="at most 64"):
        one | every(300)


@pytest.mark.parametrize(
    ("one", "weight"),
    [
        (rrule("FREQ=DAILY"), 3),
        (rrule("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY"), 6),
        (rrule("FREQ=DAILY;COUNT=3;BYDAY=MO", dtstart=START), 11),
        (
            rrule(
                "DTSTART:20260101T000000\nRDATE:"
                + ",".join(f"{year}0101T000000" for year in range(2000, 2100))
            ),
            2,
        ),
        (rrule("RDATE:20270101T000000"), 1),
        (rrule("RDATE:20270101T000000", gap="skip"), 1),
        (cron("* 2 * 3 0L"), 20),
        (cron("*/10 9 * 11 fri#4"), 1),
        (cron("* 22-23 * 3 0L"), 20),
        (cron("*/15 2 * * 1-5"), 1),
        (cron("*/15 2-5 * 3 0L"), 1),
        (cron("0 * * 3 0L"), 1),
        (rrule("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=2", gap="skip"), 20),
        (rrule("FREQ=HOURLY;BYMONTH=3;BYMONTHDAY=29;BYHOUR=2,3"), 20),
        (rrule("FREQ=HOURLY;BYMONTH=3;BYHOUR=2,3"), 3),
        (rrule("FREQ=YEARLY", "2026-03-29T02:30", gap="skip"), 20),
        (rrule("FREQ=YEARLY", "2026-03-29T09:30", gap="skip"), 3),
        (rrule("FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", gap="skip"), 3),
        (rrule("FREQ=HOURLY;BYMONTH=3"), 3),
        (rrule("FREQ=DAILY", gap="skip"), 3),
        (cron("* * * * *"), 1),
        (cron("30 2 * 3 0L"), 1),
        (rrule("FREQ=WEEKLY;COUNT=3;BYDAY=MO;BYSETPOS=1", dtstart=START), 19),
        (rrule("RRULE:FREQ=DAILY\nRRULE:FREQ=MONTHLY\nEXRULE:FREQ=WEEKLY\nEXRULE:FREQ=YEARLY"), 18),
        (
            rrule(
                "\n".join(f"RRULE:FREQ=DAILY;BYHOUR={hour}" for hour in range(4))
                + "".join(f"\nEXRULE:FREQ=WEEKLY;BYHOUR={hour}" for hour in range(4))
            ),
            48,
        ),
        (trigger({"type": "cron", "hour": 3}), 2),
        (trigger({"type": "or", "triggers": [{"type": "cron", "hour": hour} for hour in range(20)]}), 20),
        (trigger({"type": "cron", "minute": "*/5", "hour": 2, "day": "last sun", "month": 3}), 20),
        (trigger({"type": "cron", "minute": ",".join(map(str, range(60)))}), 2),
        (trigger({"type": "cron", **dict.fromkeys(("minute", "second"), ",".join(map(str, range(60))))}), 3),
        (trigger({"type": "calendarinterval", "months": 1, "days": 1, "start_date": "2026-01-29"}), 12),
        (cron("@daily").excluding(["12-24"]), 1),
        (cron("@daily").excluding(["12-24"], "next"), 2),
        (cron("@daily") & Calendar(country="CZ"), 3),
        (cron("@daily").excluding([date(2026, 1, 1) + timedelta(number) for number in range(200)]), 5),
        (cron("@daily").excluding([date(2026, 1, 1) + timedelta(number) for number in range(5_000)]), 41),
    ],
)
def test_what_takes_longer_to_build_counts_for_more(one, weight):
    other = Union([every(seconds) for seconds in range(1, 65 - weight)])
    assert (one | other).size == 64
    with pytest.raises(ScheduleError, match="of 65 schedules is too large; it may have at most 64"):
        one | other | every(300)
