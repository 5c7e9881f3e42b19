"""Jitter: a delay that is fixed for a tick and never reaches the next one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_strategies import instants, parts, same

from beat.schedules import Schedule, cron, every, from_micros, jittered, to_micros
from beat.schedules.jittered import share

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 1, 1, tzinfo=UTC)
NIGHTLY = cron("0 3 * * *", tz=PARIS)
HOUR = timedelta(hours=1)
STEP = timedelta(microseconds=1)

SHARES = [0xB93FA75F1EA93198, 0xE69193673EB11BF, 0x3AFDC983B7BC871A]
FIRES = [
    "2026-01-01T03:53:15.419678+01:00",
    "2026-01-02T03:39:44.113991+01:00",
    "2026-01-03T03:31:09.328745+01:00",
]


def bound(one, name):
    return one.bind(tz=PARIS, anchor=START, name=name)


def test_the_shares_stay_what_they_are():
    """A change of these moves the ticks of everyone, and the beats of a cluster apart while it is upgraded."""
    assert share("", 0) == SHARES[0]
    assert share("nightly", 1_790_000_000_000_000) == SHARES[1]
    assert share("nightly", 1_790_000_000_000_001) == SHARES[2]
    fires = bound(NIGHTLY.jittered(3600), "nightly").upcoming(START, 3)
    assert [fire.isoformat() for fire in fires] == FIRES


@same
@given(parts, st.integers(1, 90_000), instants, st.text(max_size=5), st.integers(1, 4))
def test_every_fire_is_later_by_less_than_the_jitter_and_before_the_next(one, seconds, start, name, days):
    end = from_micros(to_micros(start) + days * 86_400_000_000, start.tzinfo)
    inner = bound(one, name)
    moved = bound(one.jittered(seconds), name)
    fires = [to_micros(fire) for fire in inner.fires(start, end)]
    for fire, following in pairwise(fires):
        later = to_micros(moved.next_after(from_micros(fire - 1)))
        before = inner.latest(from_micros(fire - 1 - seconds * 1_000_000), from_micros(fire - 1))
        if before is None:
            assert fire <= later < min(following, fire + seconds * 1_000_000)
    count = len(moved.fires(start, end))
    assert abs(count - len(fires)) <= 1


def test_no_tick_is_lost_under_a_dense_schedule():
    inner = bound(every(0.5), "dense")
    end = START + timedelta(seconds=60)
    moved = bound(every(0.5).jittered(3600), "dense").fires(START, end + timedelta(seconds=0.5))
    fires = inner.fires(START, end)
    assert len(moved) >= len(fires)
    for fire, later in zip(fires, moved, strict=False):
        assert fire <= later < fire + timedelta(seconds=0.5)


def test_the_question_does_not_matter_to_the_answer():
    one = bound(NIGHTLY.jittered(7200), "nightly")
    fires = one.upcoming(START, 20)
    for before, fire in pairwise(fires):
        for part in range(1, 20):
            assert one.next_after(before + (fire - before) * part / 20 - STEP) == fire


def test_the_latest_fire_is_one_of_the_fires():
    one = bound(NIGHTLY.jittered(7200), "nightly")
    fires = one.upcoming(START, 20)
    for before, fire in pairwise(fires):
        assert one.latest(START, fire) == fire
        assert one.latest(START, fire - STEP) == before
    assert one.latest(fires[3], fires[3]) is None


def test_the_largest_share_stays_below_the_jitter_and_before_the_next_fire(monkeypatch):
    monkeypatch.setattr(jittered, "share", lambda *_: 2**64 - 1)
    nightly = NIGHTLY.jittered(3600)
    raw = NIGHTLY.upcoming(START, 4)
    late = [fire + HOUR - STEP for fire in raw]
    assert nightly.upcoming(START, 4) == late
    for fire, moved in zip(raw, late, strict=True):
        for between in (fire + part * HOUR for part in (0, 0.3, 0.6, 0.9)):
            assert nightly.next_after(between) == moved
            assert nightly.latest(between, moved) == moved
            assert nightly.latest(START, between) == (moved - timedelta(days=1) if fire != raw[0] else None)
    dense = every(0.01, anchor=START)
    assert dense.jittered(3600).upcoming(START + HOUR, 3) == [
        following - STEP
        for _, following in pairwise(dense.upcoming(START + HOUR - timedelta(seconds=0.01), 4))
    ]


def test_the_smallest_share_moves_nothing(monkeypatch):
    monkeypatch.setattr(jittered, "share", lambda *_: 0)
    assert NIGHTLY.jittered(3600).upcoming(START, 3) == NIGHTLY.upcoming(START, 3)
    fire = NIGHTLY.next_after(START)
    assert NIGHTLY.jittered(3600).next_after(fire) == fire + timedelta(days=1)
    assert NIGHTLY.jittered(3600).latest(START, fire) == fire


def test_the_latest_fire_is_later_than_the_start_of_the_stretch():
    one = bound(NIGHTLY.jittered(7200), "nightly")
    fire = one.next_after(START)
    assert one.latest(fire, fire + STEP) is None
    assert one.latest(fire - STEP, fire + STEP) == fire


def test_the_delays_are_spread_over_the_whole_jitter():
    minutes = [0] * 60
    for number in range(6_000):
        minutes[share(f"entry-{number}", to_micros(START)) * 60 >> 64] += 1
    assert min(minutes) > 60
    assert max(minutes) < 140


def test_entries_of_one_schedule_are_moved_apart_and_one_entry_is_not():
    one = NIGHTLY.jittered(3600)
    assert bound(one, "a").next_after(START) != bound(one, "b").next_after(START)
    assert bound(one, "a").next_after(START) == bound(one, "a").next_after(START)
    assert bound(one, "a") == Schedule.from_dict(bound(one, "a").to_dict())
    assert bound(bound(one, "a"), "b") == bound(one, "a")


def test_an_interval_without_an_anchor_starts_with_the_question():
    fire = every(60).jittered(10).next_after(START)
    assert timedelta(seconds=60) <= fire - START < timedelta(seconds=70)


def test_the_last_fire_is_moved_too():
    one = NIGHTLY.between(end=START + timedelta(days=1)).jittered(3600)
    fire = one.next_after(START)
    assert START + timedelta(hours=2) < fire < START + timedelta(hours=3)
    assert one.next_after(fire) is None


def test_no_jitter_changes_nothing():
    assert NIGHTLY.jittered(0) is NIGHTLY
    stored = {"kind": "jittered", "of": NIGHTLY.to_dict(), "seconds": 0}
    assert Schedule.from_dict(stored).upcoming(START, 3) == NIGHTLY.upcoming(START, 3)
    assert (
        Schedule.from_dict(stored)
        .describe()
        .endswith("each delayed by up to 0 seconds, always the same for the same fire.")
    )


@pytest.mark.parametrize(
    "seconds", [-1, float("nan"), 1e30, "60", None, timedelta(days=-1), timedelta(days=40_000)]
)
def test_a_jitter_that_cannot_be_meant_is_refused_with_a_sentence(seconds):
    with pytest.raises(ValueError, match=r"^The jitter is .*\.$"):
        NIGHTLY.jittered(seconds)


def test_a_description():
    assert cron("0 3 * * *").jittered(90).describe() == (
        "At 03:00; each delayed by up to 1 minute and 30 seconds, always the same for the same fire."
    )
