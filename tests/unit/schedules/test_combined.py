"""Union, intersection and difference: sets of instants, found in time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_strategies import combined_of, instants, same, solars, sparse_crons, sparse_intervals

from beat.schedules import (
    Calendar,
    Schedule,
    ScheduleError,
    Union,
    at,
    cron,
    every,
    from_micros,
    rrule,
    solar,
    to_micros,
    trigger,
)

ANCHOR = datetime(2020, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def anchored(seconds, shift=0):
    return every(seconds, anchor=ANCHOR + timedelta(seconds=shift))


def instants_of(one, start, end):
    return {to_micros(fire) for fire in one.fires(start, end)}


sources = st.one_of(sparse_crons, sparse_intervals, solars)


@settings(same, max_examples=60)
@given(sources, sources, sources, instants, st.integers(1, 20))
def test_combinations_agree_with_sets(a, b, c, start, days):
    end = from_micros(to_micros(start) + days * 86_400_000_000, start.tzinfo)
    of_a, of_b, of_c = (instants_of(one, start, end) for one in (a, b, c))
    assert instants_of(a | b, start, end) == of_a | of_b
    assert instants_of(a & b, start, end) == of_a & of_b
    assert instants_of(a - b, start, end) == of_a - of_b
    assert instants_of((a | b) & (b | c), start, end) == (of_a | of_b) & (of_b | of_c)
    assert instants_of((a | b) - c, start, end) == (of_a | of_b) - of_c
    assert instants_of(a - b - c, start, end) == of_a - of_b - of_c
    assert instants_of(a - (b - c), start, end) == of_a - (of_b - of_c)


dense = st.sampled_from(
    ["* * * * *", "*/2 * * * *", "* 1-3 * * *", "0-50 * * * 1-5", "* * 24-31 * *", "59 23 * * *"]
)


@settings(same, max_examples=40)
@given(
    dense,
    dense,
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "UTC"]).map(ZoneInfo),
    st.sampled_from([(2025, 3, 29), (2025, 10, 4), (2025, 10, 25), (2025, 4, 5), (2025, 9, 6)]),
    st.sampled_from([None, "second", "both"]),
)
def test_dense_combinations_agree_with_sets_where_clocks_change(first, second, zone, day, fold):
    a, b = cron(first, tz=zone), cron(second, tz=zone, fold=fold)
    start = datetime(*day, tzinfo=UTC)
    end = start + timedelta(days=2)
    of_a, of_b = instants_of(a, start, end), instants_of(b, start, end)
    assert instants_of(a - b, start, end) == of_a - of_b
    assert instants_of(a & b, start, end) == of_a & of_b
    assert instants_of(anchored(60) - b, start, end) == instants_of(anchored(60), start, end) - of_b


def test_order_and_repetition_do_not_matter_in_a_union():
    a, b, c = cron("0 3 * * *"), every(30), cron("0 4 * * *", tz=PARIS)
    assert (a | b) | c == c | (b | a) == a | c | b | a
    assert hash(a | b | c) == hash(c | b | a)
    assert (
        (c | b | a | b).describe().startswith("At 04:00, Europe/Paris time; and every 30 seconds")
    )  # as written
    assert a | a == a & a == a


def test_a_difference_of_a_difference_takes_both_away():
    a, b, c = cron("0 * * * *"), cron("0 3 * * *"), cron("0 4 * * *")
    assert a - b - c == a - (b | c) == a - c - b


def test_each_part_keeps_its_zone():
    both = cron("0 9 * * *", tz=PARIS) | cron("0 9 * * *", tz="Asia/Tokyo")
    assert both.tz is None
    assert [fire.hour for fire in both.upcoming(START, 2)] == [8, 0]
    assert (cron("0 9 * * *", tz=PARIS) | cron("0 8 * * *", tz=PARIS)).tz == PARIS


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rrule("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", tz="Asia/Tokyo"), "2026-01-02T00:00:00+00:00"),
        (at("2026-01-01T20:00", tz="America/New_York"), "2026-01-02T01:00:00+00:00"),
        (every(86_400, relative=True, anchor=START, tz="Asia/Tokyo"), "2026-01-01T15:00:00+00:00"),
    ],
    ids=["rrule", "at", "relative"],
)
def test_a_part_of_any_kind_is_evaluated_in_its_own_zone(one, expected):
    fire = datetime.fromisoformat(expected)
    other = cron("30 12 * * *", tz=PARIS)
    for whole in (one | other, one - other, one & one.between(START, None), one.jittered(0.000001) | other):
        assert fire in whole.upcoming(START.astimezone(PARIS), 3)
        assert whole.latest(fire - timedelta(seconds=1), fire) == fire


def test_an_entry_binds_what_its_parts_leave_open():
    one = (cron("0 9 * * *") | cron("0 9 * * *", tz="Asia/Tokyo") | every(86_400)).bind(
        tz=PARIS, anchor=ANCHOR, name="any"
    )
    assert instants_of(one, START, START + timedelta(days=1)) == {
        to_micros(START + timedelta(hours=hour)) for hour in (0, 8)
    }


def test_intervals_without_an_anchor_start_with_the_question():
    start = START + timedelta(seconds=7)
    assert (every(20) | every(30)).next_after(start) == start + timedelta(seconds=20)
    assert (every(20) & every(30)).next_after(start) == start + timedelta(seconds=60)
    assert (every(20) - every(40)).upcoming(start, 2) == [start + timedelta(seconds=s) for s in (20, 60)]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (cron("* * * * *") - cron("* * 2-31 * *"), "2026-02-01T00:00:00+00:00"),
        (anchored(60) - cron("* * * 1-11 *"), "2026-12-01T00:00:00+00:00"),
        (anchored(60) - cron("* * * 1-11 *", tz=PARIS), "2026-11-30T23:00:00+00:00"),
        (cron("* * * 2 *") - cron("* * 1-28 2 *"), "2028-02-29T00:00:00+00:00"),
        (anchored(1) - cron("* * * * *") - anchored(2), "2026-01-31T23:59:31+00:00"),
        (cron("* * * * *") - cron("* * * 1-8 *") - cron("* 0-22 * * *"), "2026-09-01T23:00:00+00:00"),
        (cron("0-58/2 * * * *") & cron("1-59/2,58 * 1 4 *"), "2026-04-01T00:58:00+00:00"),
        (anchored(86_399) & anchored(86_400), (ANCHOR + timedelta(days=86_399)).isoformat()),
        (cron("0 0 29 2 *") & cron("0 0 * * 1"), "2044-02-29T00:00:00+00:00"),
        ((cron("* * * * *") - cron("* * * * *")) | cron("0 0 1 7 *"), "2026-07-01T00:00:00+00:00"),
    ],
)
def test_a_far_fire_is_found(one, expected):
    assert one.next_after(datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC)).isoformat() == expected


NEVER = [
    anchored(60) & anchored(60, shift=30),
    cron("0 * * * *") & cron("30 * * * *"),
    cron("* * * * *") - cron("* * * * *"),
    cron("* * * * *", tz="UTC") - cron("* * * * *", tz="Asia/Tokyo"),
    anchored(7) - anchored(1),
    anchored(0.5) - (anchored(0.5) | solar("sunset", 50, 14)),
    solar("sunrise", 50, 14) & solar("sunset", 50, 14),
    cron("0 0 1 1 *") & cron("0 0 2 1 *"),
    cron("0 0 1 1 *") - Calendar(["01-01"]),
]


@pytest.mark.parametrize("one", NEVER, ids=range(len(NEVER)))
def test_a_search_in_vain_ends(one):
    assert one.next_after(START) is None
    assert one.latest(START - timedelta(days=1000), START) is None


def test_a_part_that_never_fires_does_not_silence_the_others():
    for never in NEVER:
        one = never | cron("0 9 1 7 *")
        assert one.next_after(START) == datetime(2026, 7, 1, 9, tzinfo=UTC)
        assert (cron("0 9 1 7 *") - never).next_after(START) == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_what_a_set_costs_to_ask_grows_with_its_rules():
    rules = [f"RRULE:FREQ=DAILY;BYHOUR={hour}" for hour in range(8)]
    half = every(0.5, anchor=START)
    found = [
        (rrule("\n".join(rules[:number])) - half.between(START, START + timedelta(days=300))).next_after(
            START
        )
        for number in (1, 8)
    ]
    assert found == [START + timedelta(days=301), None]


@pytest.mark.parametrize("operand", [5, None, "0 3 * * *", {"a": 1}, START])
def test_an_operand_that_is_no_schedule_is_refused_with_a_sentence(operand):
    for combine in (Schedule.__or__, Schedule.__and__, Schedule.__sub__):
        with pytest.raises(ScheduleError, match=r", (but|not) .*\.$"):
            combine(every(5), operand)


def test_a_union_with_dates_is_refused_with_a_sentence():
    with pytest.raises(ScheduleError, match="another schedule make a union"):
        every(5) | {date(2026, 1, 1)}


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"kind": "union", "of": []}, r"The parts of a union are a list of schedules, not \[\]"),
        ({"kind": "union", "of": [5]}, "A part of a union is a schedule, not 5"),
        ({"kind": "union", "of": 5}, "list of schedules, not 5"),
        ({"kind": "union", "of": {"kind": "every", "run_every": 5}}, "list of schedules, not {"),
        ({"kind": "difference", "of": {"kind": "every", "run_every": 5}}, "takes of, without, but got of"),
        ({"kind": "intersection", "of": [{"kind": "evry"}]}, "did you mean 'every'"),
    ],
)
def test_a_stored_combination_that_cannot_be_read_is_refused_with_a_sentence(stored, sentence):
    with pytest.raises(ScheduleError, match=sentence):
        Schedule.from_dict(stored)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (cron("0 3 * * *") | every(60), "At 03:00; and every minute."),
        (every(60) & cron("0 3 * * *"), "Every minute; only where also at 03:00."),
        (every(60) - cron("0 3 * * *"), "Every minute; except at 03:00."),
        (
            every(60) - (cron("0 3 * * *") | cron("0 4 * * *")),
            "Every minute; except (at 03:00; and at 04:00).",
        ),
    ],
)
def test_a_description(one, sentence):
    assert one.describe() == sentence


def test_a_union_of_as_many_as_one_may_combine_finds_the_first_and_the_last():
    suns = [solar("sunset", number % 60, number % 180, offset=number) for number in range(64)]
    one, end = Union(suns), START + timedelta(days=1)
    fires = sorted(sun.next_after(START) for sun in suns)
    assert one.next_after(START) == fires[0]
    assert one.latest(START, end) == max(sun.latest(START, end) for sun in suns)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            cron("0 * * * *") - rrule("FREQ=HOURLY;BYMINUTE=0;BYSECOND=0;BYMONTH=1"),
            "2026-02-01T00:00:00+00:00",
        ),
        (
            cron("0 12 * * *") - trigger({"type": "cron", "hour": 12, "month": "1-8"}),
            "2026-09-01T12:00:00+00:00",
        ),
        (cron("0 9 * * *") - cron("0 0 9 * * * 1970-2029"), "2030-01-01T09:00:00+00:00"),
    ],
)
def test_what_is_left_out_for_months_or_years_ends_when_it_ends(one, expected):
    assert one.next_after(datetime(2026, 1, 1, tzinfo=UTC)).isoformat() == expected


def test_the_latest_of_two_zones_is_found_however_many_fires_are_left_out():
    one = cron("* * * * *", tz="Europe/Prague") - cron("* 0-22 * * *", tz="America/New_York")
    latest = one.latest(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC))
    assert latest == datetime(2026, 1, 30, 4, 59, tzinfo=UTC)


PRAGUE_AND_NEW_YORK = cron("* * * * *", tz="Europe/Prague") - cron("* 0-22 * * *", tz="America/New_York")


@pytest.mark.parametrize(
    "one",
    [
        PRAGUE_AND_NEW_YORK | cron("0 0 1 1 *", tz="UTC"),
        PRAGUE_AND_NEW_YORK.excluding(["2026-02-01"], "next"),
    ],
)
def test_the_latest_of_what_is_made_of_a_long_search_is_found(one):
    assert one.latest(START, START + timedelta(days=30)) == datetime(2026, 1, 30, 4, 59, tzinfo=UTC)


HALVES = every(0.5, anchor=ANCHOR) - every(0.25, anchor=ANCHOR).between(
    START + timedelta(hours=5), START + timedelta(hours=9)
)


@pytest.mark.parametrize(
    "one",
    [
        HALVES | cron("0 1 1 1 *"),
        (HALVES | cron("0 1 1 1 *")) - cron("0 2 * * *"),
        HALVES - {date(2025, 1, 1)},
    ],
)
def test_what_a_part_that_gave_up_left_unknown_is_looked_for_with_each_probe(one):
    last = START + timedelta(hours=5, seconds=-0.5)
    assert one.latest(START, START + timedelta(hours=9)) == last


@settings(same, max_examples=60)
@given(combined_of(st.one_of(sources, combined_of(sources))), instants, st.integers(1, 40))
def test_the_latest_is_the_last_of_the_fires(one, since, days):
    until = since.astimezone(UTC) + timedelta(days=days)
    fires = one.upcoming(since, 3_000)
    if len(fires) < 3_000:
        expected = max(
            (to_micros(fire) for fire in fires if to_micros(fire) <= to_micros(until)), default=None
        )
        latest = one.latest(since, until)
        assert (None if latest is None else to_micros(latest)) == expected


@pytest.mark.parametrize(
    ("one", "start", "expected"),
    [
        (
            (cron("* * * * *") - rrule("FREQ=MINUTELY;BYSECOND=0;BYMONTH=1")) | cron("0 0 1 3 *"),
            "2026-01-15T00:00",
            "2026-02-01T00:00",
        ),
        (
            PRAGUE_AND_NEW_YORK - cron("* * * 1-2 *", tz="America/New_York") | cron("0 0 1 7 *"),
            "2026-01-15T00:00",
            "2026-03-02T04:00",
        ),
        (
            cron("* * * * *") - trigger({"type": "cron", "day_of_week": "sat,sun", "minute": "*"}),
            "2026-01-02T23:59",
            "2026-01-05T00:00",
        ),
        (
            cron("* * * * *") - rrule("FREQ=MINUTELY;BYDAY=SA,SU;BYSECOND=0"),
            "2026-01-02T23:59",
            "2026-01-05T00:00",
        ),
        (
            cron("* * * * *") - rrule("FREQ=MINUTELY;BYSECOND=0;UNTIL=20260131T115900", "2026-01-02T08:00"),
            "2026-01-02T07:59",
            "2026-01-31T12:00",
        ),
        (
            cron("* * * * *") - rrule("FREQ=MINUTELY;BYSECOND=0;COUNT=20000", "2026-01-02T08:00"),
            "2026-01-02T07:59",
            "2026-01-16T05:20",
        ),
        (
            cron("* * * * *") - cron("* * * * *").between(None, datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
            "2026-01-02T00:00",
            "2026-03-04T05:07",
        ),
        (
            cron("* * * * *", tz="Asia/Tokyo")
            - (
                cron("* * * * *", tz=PARIS)
                & Calendar([f"{month:02}-{day:02}" for month in (1, 2) for day in range(1, 29)])
            ),
            "2026-01-02T00:00",
            "2026-01-28T23:00",
        ),
    ],
)
def test_whole_dates_are_passed_over_whatever_the_kind_and_zone(one, start, expected):
    found = one.next_after(datetime.fromisoformat(start).replace(tzinfo=UTC))
    assert f"{found.astimezone(UTC):%Y-%m-%dT%H:%M}" == expected


RULES = [
    "FREQ=MINUTELY;BYSECOND=0",
    "FREQ=MINUTELY;INTERVAL=7;BYSECOND=0",
    "FREQ=HOURLY;BYMINUTE=0,1,2,30;BYSECOND=0;COUNT=90",
    "FREQ=MINUTELY;BYHOUR=1,2,3;BYSECOND=0,30;UNTIL=20251027T020000",
    "FREQ=MINUTELY;BYDAY=SU;BYSECOND=0;BYSETPOS=1",
    "FREQ=DAILY;BYHOUR=1,2;BYMINUTE=0,20,40;BYSECOND=0;BYSETPOS=2,-1",
]


@settings(same, max_examples=60)
@given(
    st.sampled_from(RULES),
    dense,
    *[st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]).map(ZoneInfo)] * 2,
    st.sampled_from([(2025, 3, 29), (2025, 10, 4), (2025, 10, 25), (2025, 4, 5)]),
)
def test_rules_of_other_zones_agree_with_sets(rule, text, first, second, day):
    start = datetime(*day, tzinfo=UTC)
    end = start + timedelta(days=2)
    a, b = cron(text, tz=first), rrule(rule, datetime(*day, 1), tz=second)  # noqa: DTZ001 - a reading
    of_a, of_b = instants_of(a, start, end), instants_of(b, start, end)
    assert instants_of(a - b, start, end) == of_a - of_b
    assert instants_of(b - a, start, end) == of_b - of_a
    assert instants_of(a & b, start, end) == of_a & of_b


def test_a_difference_of_equals_is_seen_to_be_empty():
    one = every(60, anchor=ANCHOR)
    for empty in (one - every(60, anchor=ANCHOR), one - (cron("0 3 * * *") | one)):
        assert empty.empty
        assert empty.next_after(START) is None
