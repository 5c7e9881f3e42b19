"""Bounds: only the fires from a start to an end, both included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import Schedule, cron, every

NINE = cron("0 9 * * *", tz="Europe/Paris")
FIRST = datetime(2026, 1, 10, 8, tzinfo=UTC)  # a fire
LAST = datetime(2026, 1, 12, 8, tzinfo=UTC)
STEP = timedelta(microseconds=1)


def test_both_bounds_are_included():
    one = NINE.between(FIRST, LAST)
    assert one.next_after(FIRST - timedelta(days=900)) == FIRST
    assert one.fires(FIRST - timedelta(days=9), LAST + timedelta(days=9)) == NINE.fires(FIRST, LAST + STEP)
    assert one.next_after(LAST) is None
    assert NINE.between(FIRST + STEP, LAST - STEP).upcoming(FIRST, 9) == [FIRST + timedelta(days=1)]


def test_either_bound_may_be_left_open():
    assert NINE.between(start=FIRST).upcoming(FIRST - timedelta(days=99), 1) == [FIRST]
    assert NINE.between(end=LAST).next_after(FIRST - timedelta(days=99)) < FIRST
    assert NINE.between(end=LAST).next_after(LAST) is None
    assert NINE.between() == NINE


def test_a_start_may_be_its_end():
    assert NINE.between(FIRST, FIRST).upcoming(FIRST - STEP, 2) == [FIRST]


def test_the_latest_fire_stays_within_bounds():
    one = NINE.between(FIRST, LAST)
    far = timedelta(days=3000)
    assert one.latest(FIRST - far, LAST + far) == LAST
    assert one.latest(FIRST - far, FIRST - STEP) is None
    assert one.latest(LAST, LAST + far) is None


def test_the_latest_fire_may_be_the_one_at_a_bound():
    one = NINE.between(FIRST, LAST)
    far = timedelta(days=3000)
    assert one.latest(FIRST - far, FIRST) == FIRST
    assert one.latest(FIRST - far, FIRST + timedelta(hours=1)) == FIRST
    assert one.latest(LAST - timedelta(hours=1), LAST + far) == LAST
    assert NINE.between(FIRST, FIRST).latest(FIRST - far, FIRST + far) == FIRST


def test_bounds_of_bounds_become_one():
    day = timedelta(days=1)
    assert NINE.between(FIRST, LAST + day).between(FIRST - day, LAST) == NINE.between(FIRST, LAST)
    assert NINE.between(start=FIRST).between(end=LAST) == NINE.between(FIRST, LAST)
    with pytest.raises(ValueError, match="leave no fire"):
        NINE.between(FIRST, LAST).between(LAST + day, LAST + day + day)


def test_bounds_are_instants_in_whatever_zone():
    tokyo = ZoneInfo("Asia/Tokyo")
    one = NINE.between(FIRST.astimezone(tokyo), LAST.astimezone(tokyo))
    assert one == NINE.between(FIRST, LAST)
    assert hash(one) == hash(NINE.between(FIRST, LAST))
    assert one.to_dict()["start"] == "2026-01-10T08:00:00Z"


def test_an_interval_without_an_anchor_starts_with_the_question():
    one = every(60).between(end=FIRST + timedelta(minutes=2))
    assert one.upcoming(FIRST, 9) == [FIRST + timedelta(minutes=minutes) for minutes in (1, 2)]


def test_bounds_beyond_the_calendar_are_no_error():
    one = NINE.between(
        datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo")),
        datetime.max.replace(tzinfo=ZoneInfo("America/Lima")),
    )
    assert one.next_after(FIRST) == FIRST + timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (LAST, FIRST, "the end 2026-01-10 .* is before the start"),
        (datetime(2026, 1, 1), None, "start is 2026-01-01T00:00:00, which has no time zone"),  # noqa: DTZ001
        (None, date(2026, 1, 1), "end is a datetime or ISO 8601 text, not"),
        (5, None, "start is a datetime or ISO 8601 text, not 5"),
        ("tomorrow", None, "start is 'tomorrow', which is not an ISO 8601 instant"),
    ],
)
def test_bounds_that_cannot_be_meant_are_refused_with_a_sentence(start, end, sentence):
    with pytest.raises(ValueError, match=sentence):
        NINE.between(start, end)


def test_a_stored_form_reads_instants():
    stored = {"kind": "between", "of": {"kind": "cron", "text": "0 9 * * *"}, "end": "2026-01-12T08:00:00Z"}
    assert Schedule.from_dict(stored) == cron("0 9 * * *").between(end=LAST)


def test_a_description():
    assert cron("0 9 * * *").between(FIRST, LAST).describe() == (
        "At 09:00; from 2026-01-10T08:00:00Z until 2026-01-12T08:00:00Z."
    )
    assert cron("0 9 * * *").between(end=LAST).describe() == "At 09:00; until 2026-01-12T08:00:00Z."
