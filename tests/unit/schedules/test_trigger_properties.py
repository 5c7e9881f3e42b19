"""Triggers drawn at random: as APScheduler fires them while no zone changes, and what holds for every schedule."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from dst_oracle import changes
from hypothesis import given, settings
from hypothesis import strategies as st

from beat.schedules import ScheduleError, cron, from_micros, to_micros, trigger

same = settings(derandomize=True, deadline=None, max_examples=100)
NEW_YORK = ZoneInfo("America/New_York")
ANCHOR = datetime(2025, 1, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def at(text, tz=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def shown(fires):
    return [fire.isoformat(sep=" ") for fire in fires]


def bound(one, tz=NEW_YORK, **policy):
    return one.bind(tz=tz, anchor=ANCHOR, name="any", **policy)


def part_of(low, high):
    number = st.integers(low, high).map(str)
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    ranges = span.map(lambda ends: f"{ends[0]}-{ends[1]}")
    steps = st.integers(1, (high - low) // 2).map(lambda step: f"*/{step}")
    stepped = st.tuples(st.integers(low, (low + high) // 2), st.integers(1, (high - low) // 3)).map(
        lambda ends: f"{ends[0]}/{ends[1]}"
    )
    return st.lists(st.one_of(number, ranges, steps, stepped), min_size=1, max_size=2).map(",".join)


cron_fields = st.fixed_dictionaries(
    {"hour": part_of(0, 23)},
    optional={
        "year": st.sampled_from(["*", "2024-2030", "*/2"]),
        "month": st.one_of(part_of(1, 12), st.just("jan-mar,aug")),
        "day": st.one_of(
            part_of(1, 28), st.sampled_from(["last", "2nd fri", "last sun,1", "5th mon", "29-31", "*/9,last"])
        ),
        "week": part_of(1, 52),
        "day_of_week": st.one_of(part_of(0, 6), st.sampled_from(["mon-fri", "sun", "tue,6", "0-0/2"])),
        "minute": part_of(0, 59),
        "second": part_of(0, 59),
    },
)
instants = st.integers(to_micros(at("2019-01-01")), to_micros(at("2030-01-01"))).map(from_micros)


def answer(one, t):
    """What APScheduler finds after `t`, None if that is further away than it may search in a test."""
    return one.get_next_fire_time(None, t + MICROSECOND)


@same
@given(cron_fields, instants)
def test_cron_fields_fire_in_utc_as_they_do_there(fields, t):
    there = CronTrigger(**fields, timezone="UTC", end_date="2040-01-01")
    try:
        here = trigger(there)
    except ScheduleError as error:
        assert "would never fire" in str(error)  # noqa: PT017 - no date has all that was drawn
        assert answer(there, t) is None
        return
    for _ in range(3):
        expected = answer(there, t)
        assert here.next_after(t) == expected
        if expected is None:
            break
        t = expected


@same
@given(
    cron_fields,
    st.sampled_from(["Europe/Prague", "Asia/Tokyo", "America/New_York"]).map(ZoneInfo),
    st.integers(to_micros(at("2026-06-01")), to_micros(at("2026-07-15"))),
)
def test_cron_fields_fire_in_a_zone_as_they_do_there_while_nothing_changes(fields, tz, us):
    there = CronTrigger(**fields, timezone=tz, end_date="2040-01-01")
    t = from_micros(us, tz)
    expected = answer(there, t)
    if expected is not None and expected < at("2026-10-01"):
        assert trigger(there).next_after(t) == expected


@same
@given(
    st.tuples(part_of(0, 59), part_of(0, 23), part_of(1, 28), part_of(1, 12)),
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"]).map(
        ZoneInfo
    ),
    st.sampled_from([None, "after", "skip"]),
    st.sampled_from([None, "first", "second", "both"]),
    instants,
)
def test_cron_fields_fire_through_every_change_as_those_of_cron_do(fields, tz, gap, fold, t):
    minute, hour, day, month = fields
    here = trigger(
        CronTrigger(minute=minute, hour=hour, day=day, month=month, timezone=tz), gap=gap, fold=fold
    )
    there = cron(f"{minute} {hour} {day} {month} *", tz, gap, fold)
    assert here.upcoming(t, 40) == there.upcoming(t, 40)


# In eleven years of instants 40 fires seldom meet a change. These begin in the two days before one.
FROM, UNTIL = (to_micros(at(year)) // 1_000_000 for year in ("2009-01-01", "2025-01-01"))
CHANGES = [
    (ZoneInfo(zone), change.at)
    for zone in ("America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo")
    for change in changes(ZoneInfo(zone), FROM, UNTIL)
]


@same
@given(
    st.sampled_from(CHANGES),
    st.integers(0, 2 * 86_400),
    st.sampled_from(["*", "*/30", "30", "0", "15,45", "1-59/7"]),
    st.sampled_from(["*", "*/2", "0-3", "1", "2", "0,23", "1,2,3"]),
    st.sampled_from([None, "after", "skip"]),
    st.sampled_from([None, "first", "second", "both"]),
)
def test_cron_fields_fire_around_a_change_as_those_of_cron_do(change, before, minute, hour, gap, fold):  # noqa: PLR0917 - all drawn
    tz, instant = change
    start, end = (from_micros((instant + away) * 1_000_000, tz) for away in (-before, 2 * 86_400))
    here = trigger(CronTrigger(minute=minute, hour=hour, timezone=tz), gap=gap, fold=fold)
    there = cron(f"{minute} {hour} * * *", tz, gap, fold)
    assert here.fires(start, end) == there.fires(start, end)


starts = st.integers(to_micros(at("2020-01-01")), to_micros(at("2026-01-01"))).map(from_micros)


@same
@given(st.integers(1, 10**6), starts, st.one_of(st.none(), starts), instants)
def test_an_interval_fires_as_it_does_there(seconds, start, end, t):
    there = IntervalTrigger(seconds=seconds, start_date=start, end_date=end, timezone="UTC")
    try:
        here = trigger(there)
    except ScheduleError as error:
        assert "never fire" in str(error)  # noqa: PT017
        return
    expected, found = answer(there, t), here.next_after(t)
    if expected is None or found is None:
        assert expected is None or abs(expected - end) < MICROSECOND * 2
        return
    assert abs(found - expected) < MICROSECOND * 2  # it counts in floating point
    assert (found - start) % timedelta(seconds=seconds) == timedelta(0)


steps = st.fixed_dictionaries(
    {
        "years": st.integers(0, 2),
        "months": st.integers(0, 14),
        "weeks": st.integers(0, 2),
        "days": st.integers(0, 40),
    }
).filter(lambda given: any(given.values()))


@same
@given(steps, st.dates(date(2020, 1, 1), date(2024, 12, 31)), instants)
def test_a_calendar_interval_fires_as_it_does_there_walked_from_its_start(step, start, t):
    end = date(2035, 1, 1)
    there = CalendarIntervalTrigger(
        **step,
        hour=3,
        minute=4,
        second=5,
        start_date=start,
        end_date=end,
        timezone="UTC",
    )
    fire = there.get_next_fire_time(None, t)
    while fire is not None and fire <= t:
        fire = there.get_next_fire_time(fire, t)
    assert trigger(there).next_after(t) == fire


anywhere = st.builds(
    from_micros,
    st.integers(to_micros(at("1950-01-01")), to_micros(at("2100-01-01"))),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]).map(ZoneInfo),
)
policy = {
    "gap": st.sampled_from([None, "after", "skip"]),
    "fold": st.sampled_from([None, "first", "second", "both"]),
}
zones = st.sampled_from([None, "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"])
optional_dates = st.sampled_from([None, "2011-12-29 10:00:00", "2025-03-09T02:30:00+00:00"])
forms = st.one_of(
    st.builds(
        lambda fields, more: {"type": "cron", **fields, **more},
        cron_fields,
        st.fixed_dictionaries(policy | {"timezone": zones, "start_date": optional_dates}),
    ),
    st.builds(
        lambda seconds, tz: {
            "type": "interval",
            "seconds": seconds,
            "start_date": "2011-12-29 10:00:00",
            "timezone": tz,
        },
        st.integers(1, 10**7),
        zones,
    ),
    st.builds(
        lambda months, days, hour, tz: {
            "type": "calendarinterval",
            "months": months,
            "days": days,
            "hour": hour,
            "start_date": "2000-01-31",
            "timezone": tz,
        },
        st.integers(1, 30),
        st.integers(0, 30),
        st.integers(0, 23),
        zones,
    ),
    st.builds(lambda tz: {"type": "date", "run_date": "2025-03-09 02:30:00", "timezone": tz}, zones),
)
triggers = st.one_of(
    forms,
    st.builds(
        lambda parts, sort: {"type": sort, "triggers": parts},
        st.lists(forms, min_size=1, max_size=3),
        st.sampled_from(["or", "and"]),
    ),
)


def built(form):
    try:
        return trigger(form)
    except ScheduleError as error:
        assert "would never fire" in str(error)  # noqa: PT017 - no date has all that was drawn
        return None


@same
@given(triggers, anywhere)
def test_the_next_fire_is_strictly_later_and_nothing_lies_between(form, t):
    one = built(form)
    fire = one and one.next_after(t)
    if fire is None:
        return
    assert to_micros(fire) > to_micros(t)
    for us in ((to_micros(t) + to_micros(fire)) // 2, to_micros(fire) - 1):
        assert to_micros(one.next_after(from_micros(us, t.tzinfo))) == to_micros(fire)


@same
@given(triggers, anywhere, st.integers(0, 40 * 86_400))
def test_the_latest_fire_is_the_last_of_those_between(form, since, length):
    one = built(form)
    if one is None:
        return
    until = from_micros(to_micros(since) + length * 1_000_000, since.tzinfo)
    latest = one.latest(since, until)
    following = one.next_after(latest or since)
    assert following is None or to_micros(following) > to_micros(until)
    if latest is not None:
        assert to_micros(since) < to_micros(latest) <= to_micros(until)


@same
@given(triggers, st.sampled_from([1, -1]), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_ends_of_the_calendar_are_no_error(form, direction, inside):
    one = built(form)
    if one is None:
        return
    edge = datetime.min if direction > 0 else datetime.max  # noqa: DTZ901 - the zone follows
    t = (edge + direction * inside).replace(tzinfo=NEW_YORK)
    fires = [one.next_after(t), one.latest(t, t), *one.upcoming(t, 2), *one.fires(t, t)]
    assert all(fire is None or to_micros(fire) > to_micros(t) for fire in fires)


@same
@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=9),
            st.sampled_from(["cron", "and", "2025-01-01", "*/5"]),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "hour",
                        "day",
                        "seconds",
                        "months",
                        "triggers",
                        "run_date",
                        "start_date",
                        "timezone",
                        "jitter",
                    ]
                ),
                inner,
                max_size=5,
            ),
        ),
        max_leaves=8,
    )
)
def test_anything_is_a_trigger_or_a_sentence(given):
    try:
        trigger.from_written(given)
    except ScheduleError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017
