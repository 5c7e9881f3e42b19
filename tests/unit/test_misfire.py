"""plan: a verdict on each tick, by the entry's policy."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beat.entry import Entry
from beat.misfire import (
    MAX_TICKS,
    MISSED,
    OUTSIDE_WINDOW,
    PASSED_OVER,
    SKIP_AFTER,
    plan,
)
from beat.schedules import crontab, every
from beat.store import Verdict
from jobq.instants import SECOND, from_micros

ANCHOR = 1_577_836_800 * SECOND  # 2020-01-01T00:00:00Z
MINUTE = 60 * SECOND


def entry(schedule=None, **fields):
    """Due each minute from ANCHOR on unless said otherwise."""
    return Entry(name="e", task="t", schedule=schedule or every(60), **fields).evaluated(ANCHOR)


def minutes(*numbers):
    return [ANCHOR + number * MINUTE for number in numbers]


def verdicts(ticks):
    return [(tick.fire_time, str(tick.verdict), tick.reason) for tick in ticks]


def enqueued(*numbers):
    return [(at, "enqueued", "") for at in minutes(*numbers)]


def skipped(reason, *numbers):
    return [(at, "skipped", reason) for at in minutes(*numbers)]


@pytest.mark.parametrize("catchup", ["latest", "all", "skip"])
@pytest.mark.parametrize("late", [0, 1, SKIP_AFTER, MINUTE - 1])
def test_one_tick_that_is_due_is_enqueued_unless_skip_takes_it_for_missed(catchup, late):
    ticks, following = plan(entry(catchup=catchup), ANCHOR + MINUTE, ANCHOR + MINUTE + late)
    missed = catchup == "skip" and late > SKIP_AFTER
    assert verdicts(ticks) == (skipped(MISSED, 1) if missed else enqueued(1))
    assert following == ANCHOR + 2 * MINUTE


def test_an_enqueued_tick_has_its_job_and_a_skipped_one_has_none():
    ticks, _ = plan(entry(), *minutes(1, 3))
    assert [tick.job and tick.job.id for tick in ticks] == [None, None, "e@2020-01-01T00:03:00Z"]
    assert [tick.until for tick in ticks] == [0, 0, 0]


def test_latest_enqueues_the_last_and_passes_over_those_before_it():
    ticks, following = plan(entry(), ANCHOR + MINUTE, ANCHOR + 4 * MINUTE + 5)
    assert verdicts(ticks) == skipped(PASSED_OVER, 1, 2, 3) + enqueued(4)
    assert following == ANCHOR + 5 * MINUTE


def test_all_enqueues_each_in_order():
    ticks, following = plan(entry(catchup="all"), ANCHOR + MINUTE, ANCHOR + 4 * MINUTE)
    assert verdicts(ticks) == enqueued(1, 2, 3, 4)
    assert following == ANCHOR + 5 * MINUTE


def test_skip_enqueues_only_what_is_hardly_late():
    ticks, following = plan(entry(catchup="skip"), ANCHOR + MINUTE, ANCHOR + 4 * MINUTE + SKIP_AFTER)
    assert verdicts(ticks) == skipped(MISSED, 1, 2, 3) + enqueued(4)
    ticks, following = plan(entry(catchup="skip"), ANCHOR + MINUTE, ANCHOR + 4 * MINUTE + SKIP_AFTER + 1)
    assert verdicts(ticks) == skipped(MISSED, 1, 2, 3, 4)
    assert following == ANCHOR + 5 * MINUTE


def test_skip_enqueues_the_last_of_several_that_are_hardly_late():
    ticks, _ = plan(entry(every(4), catchup="skip"), ANCHOR + 4 * SECOND, ANCHOR + 20 * SECOND)
    expected = [(4, MISSED), (8, MISSED), (12, PASSED_OVER), (16, PASSED_OVER), (20, "")]
    assert [((tick.fire_time - ANCHOR) // SECOND, tick.reason) for tick in ticks] == expected


@pytest.mark.parametrize(
    ("catchup", "expected"),
    [
        ("all", enqueued(3, 4)),
        ("latest", skipped(PASSED_OVER, 3) + enqueued(4)),
        ("skip", skipped(MISSED, 3) + enqueued(4)),
    ],
)
def test_a_window_comes_before_the_policy(catchup, expected):
    windowed = entry(catchup=catchup, catchup_window=90)
    ticks, following = plan(windowed, ANCHOR + MINUTE, ANCHOR + 4 * MINUTE)
    assert verdicts(ticks) == skipped(OUTSIDE_WINDOW, 1, 2) + expected
    assert following == ANCHOR + 5 * MINUTE


def test_a_tick_as_old_as_the_window_is_within_it():
    windowed = entry(catchup="all", catchup_window=60)
    assert verdicts(plan(windowed, *minutes(1, 2))[0]) == enqueued(1, 2)
    assert verdicts(plan(windowed, ANCHOR + MINUTE, ANCHOR + 2 * MINUTE + 1)[0]) == skipped(
        OUTSIDE_WINDOW, 1
    ) + enqueued(2)


def test_the_last_tick_has_nothing_after_it():
    ending = entry(end=from_micros(ANCHOR + 2 * MINUTE))
    ticks, following = plan(ending, ANCHOR + MINUTE, ANCHOR + 99 * MINUTE)
    assert verdicts(ticks) == skipped(PASSED_OVER, 1) + enqueued(2)
    assert following == 0


def test_as_many_as_fit_have_a_record_each():
    ticks, _ = plan(entry(), *minutes(1, MAX_TICKS))
    assert verdicts(ticks) == skipped(PASSED_OVER, *range(1, MAX_TICKS)) + enqueued(MAX_TICKS)
    assert not any(tick.until for tick in ticks)


@pytest.mark.parametrize("ahead", [MAX_TICKS + 2, 60 * 24 * 365 * 5])
def test_a_long_outage_has_one_record_for_all_that_was_passed_over(ahead):
    ticks, following = plan(entry(), *minutes(1, ahead))
    assert verdicts(ticks) == skipped(PASSED_OVER, 1) + enqueued(ahead)
    assert ticks[0].until == ANCHOR + (ahead - 1) * MINUTE
    assert following == ANCHOR + (ahead + 1) * MINUTE


def test_each_reason_has_its_own_stretch():
    windowed = entry(every(1), catchup="skip", catchup_window=3600)
    ticks, following = plan(windowed, ANCHOR + SECOND, ANCHOR + 86400 * SECOND)
    told = [((t.fire_time - ANCHOR) // SECOND, (t.until - ANCHOR) // SECOND, t.reason) for t in ticks[:2]]
    assert told == [(1, 86400 - 3601, OUTSIDE_WINDOW), (86400 - 3600, 86400 - 11, MISSED)]
    assert [tick.verdict for tick in ticks[2:]] == [Verdict.SKIPPED] * 10 + [Verdict.ENQUEUED]
    assert following == ANCHOR + 86401 * SECOND


def test_all_of_a_long_outage_are_enqueued_some_at_a_time():
    at, seen = ANCHOR + MINUTE, []
    while 0 < at <= ANCHOR + 250 * MINUTE:
        ticks, at = plan(entry(catchup="all"), at, ANCHOR + 250 * MINUTE)
        seen.append(verdicts(ticks))
    assert [len(step) for step in seen] == [MAX_TICKS, MAX_TICKS, 50]
    assert list(chain(*seen)) == enqueued(*range(1, 251))
    assert at == ANCHOR + 251 * MINUTE


SCHEDULES = st.one_of(
    st.integers(1, 600).map(every),
    st.sampled_from(
        [crontab(), crontab(minute="*/7"), crontab(minute=30, hour="*/5"), crontab(hour=2, minute=30)]
    ),
)
ENTRIES = st.builds(
    lambda schedule, zone, catchup, window, end: entry(
        schedule,
        timezone=zone,
        catchup=catchup,
        catchup_window=window,
        end=None if end is None else from_micros(ANCHOR + end * SECOND),
    ),
    schedule=SCHEDULES,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]),
    catchup=st.sampled_from(["latest", "all", "skip"]),
    window=st.none() | st.floats(0.5, 90_000),
    end=st.none() | st.integers(0, 90_000),
)


def fire_times(evaluated, first, until):
    while 0 < first <= until:
        yield first
        first = evaluated.next_after(first)


@given(ENTRIES, st.integers(0, 5_000_000), st.lists(st.integers(0, 40_000), min_size=1, max_size=5))
def test_each_fire_time_has_one_verdict_in_order_and_the_next_is_the_first_after(evaluated, start, pauses):
    """However often it is looked at, and however long nobody did."""
    at = first = evaluated.next_after(ANCHOR + start * 1000)
    now, covered, jobs = max(first, ANCHOR), [], []
    for pause in pauses:
        now += pause * SECOND
        while 0 < at <= now:
            ticks, following = plan(evaluated, at, now)
            assert ticks
            assert len(ticks) <= 3 * MAX_TICKS
            for tick in ticks:
                covered += fire_times(evaluated, tick.fire_time, max(tick.fire_time, tick.until))
                assert (tick.job is not None) == (tick.verdict is Verdict.ENQUEUED) == (not tick.reason)
                jobs += [tick.job.id] if tick.job else []
            assert following == evaluated.next_after(covered[-1])
            at = following
        assert covered == list(fire_times(evaluated, first, now))
        if covered and evaluated.entry.catchup == "latest" and evaluated.entry.catchup_window is None:
            assert jobs[-1] == evaluated.job(covered[-1]).id
    assert len(jobs) == len(set(jobs))
