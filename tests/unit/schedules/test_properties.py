"""What holds for every schedule, at every instant. The examples are the same on each run."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from schedule_strategies import combined, crons, crontabs, instants, intervals, same, schedules, solars, zones

from beat.schedules import Schedule, ScheduleError, cron, crontab, from_micros, to_micros


@same
@given(schedules, instants)
def test_the_next_fire_is_strictly_later_and_nothing_lies_between(one, t):
    fire = one.next_after(t)
    if fire is None:
        return
    assert to_micros(fire) > to_micros(t)
    for us in ((to_micros(t) + to_micros(fire)) // 2, to_micros(fire) - 1):
        assert to_micros(one.next_after(from_micros(us, t.tzinfo))) == to_micros(fire)


@same
@given(schedules, instants, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_the_next_fire_never_goes_back(one, t, ahead):
    sooner, later = one.next_after(t), one.next_after((t.astimezone(UTC) + ahead).astimezone(t.tzinfo))
    if later is not None:
        assert sooner is not None
        assert to_micros(sooner) <= to_micros(later)


@same
@given(st.one_of(crontabs, crons, solars, combined), instants, st.floats(0, 1), st.integers(0, 3 * 86_400))
def test_fires_of_adjoining_stretches_join(one, start, share, length):
    first, tz = to_micros(start), start.tzinfo
    end, middle = (from_micros(first + int(length * part) * 1_000_000, tz) for part in (1, share))
    whole = one.fires(start, end)
    assert one.fires(start, middle) + one.fires(middle, end) == whole
    assert all(to_micros(start) <= to_micros(fire) < to_micros(end) for fire in whole)


@same
@given(intervals, instants, st.integers(0, 50), st.integers(0, 50))
def test_fires_of_an_anchored_interval_join(one, start, before, after):
    middle = from_micros(to_micros(start) + before * one.micros)
    end = from_micros(to_micros(middle) + after * one.micros)
    assert one.fires(start, middle) + one.fires(middle, end) == one.fires(start, end)


@same
@given(schedules, instants, st.integers(0, 40 * 86_400))
def test_the_latest_fire_is_the_last_of_those_between(one, since, length):
    until = from_micros(to_micros(since) + length * 1_000_000, since.tzinfo)
    latest = one.latest(since, until)
    if latest is None:
        fire = one.next_after(since)
        assert fire is None or to_micros(fire) > to_micros(until)
        return
    following = one.next_after(latest)
    assert to_micros(since) < to_micros(latest) <= to_micros(until)
    assert following is None or to_micros(following) > to_micros(until)
    just_before = from_micros(to_micros(latest) - 1, since.tzinfo)
    assert to_micros(one.next_after(just_before)) == to_micros(latest)


@same
@given(schedules)
def test_a_schedule_survives_json_and_pickle(one):
    copy = Schedule.from_dict(json.loads(json.dumps(one.to_dict())))
    assert copy == one
    assert hash(copy) == hash(one)
    assert copy.to_dict() == one.to_dict()
    assert pickle.loads(pickle.dumps(one)) == one


@same
@given(schedules)
def test_a_description_is_one_sentence(one):
    text = one.describe()
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert "  " not in text


@same
@given(schedules, st.sampled_from([1, -1]), st.timedeltas(timedelta(0), timedelta(days=3)), zones)
@example(crontab(), -1, timedelta(0), ZoneInfo("Pacific/Apia"))
@example(crontab(), 1, timedelta(0), ZoneInfo("America/New_York"))
def test_the_ends_of_the_calendar_are_no_error(one, direction, inside, tz):
    edge = datetime.min if direction > 0 else datetime.max  # noqa: DTZ901 - the zone follows
    t = (edge + direction * inside).replace(tzinfo=tz)
    fires = [one.next_after(t), one.latest(t, t), *one.upcoming(t, 2), *one.fires(t, t)]
    assert all(fire is None or to_micros(fire) > to_micros(t) for fire in fires)


@same
@given(schedules)
def test_a_naive_datetime_is_refused_with_a_sentence(one):
    with pytest.raises(ValueError, match="has no time zone"):
        one.next_after(datetime(2025, 1, 1))  # noqa: DTZ001 - naive on purpose


@same
@given(st.integers(-62_135_000_000_000_000, 253_402_000_000_000_000), zones)
def test_microseconds_are_exact_both_ways(us, tz):
    assert to_micros(from_micros(us, tz)) == us


@same
@given(st.text(max_size=12))
def test_any_text_is_a_field_or_a_sentence(text):
    try:
        crontab(text)
    except ScheduleError as error:
        assert str(error).startswith("minute ")  # noqa: PT017 - most texts are refused, a few are not


@same
@given(st.text(alphabet="0123456789*/-,@LW#? adilymonfr", max_size=24))
def test_any_text_is_a_cron_expression_or_a_sentence(text):
    try:
        cron(text)
    except ScheduleError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017
