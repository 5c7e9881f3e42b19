"""The standard text form, also against croniter."""

import random
from datetime import UTC, datetime
from itertools import islice

import pytest
from croniter import croniter

from beat.schedules import cron

START = datetime(2024, 2, 27, 11, 58, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 jan *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * FRI-Sun"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        (" 0\t0  * * * ", "0 0 * * *"),
    ],
)
def test_two_ways_to_say_the_same(text, same):
    assert cron(text) == cron(same)
    assert hash(cron(text)) == hash(cron(same))


def test_two_restricted_day_fields_match_by_either():
    dates = [fire.day for fire in cron("0 0 13 * 5").upcoming(datetime(2025, 6, 1, tzinfo=UTC), 5)]
    assert dates == [6, 13, 20, 27, 4]


def test_a_day_field_that_starts_with_a_star_restricts_with_the_other():
    dates = [fire.day for fire in cron("0 0 */2 * 1").upcoming(datetime(2025, 6, 1, tzinfo=UTC), 3)]
    assert dates == [9, 23, 7]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has 0 fields; expected five"),
        ("0 0 * *", "has 4 fields"),
        ("0 0 0 * * *", "has 6 fields"),
        ("@dayly", "did you mean '@daily'"),
        ("@reboot", "is not a shorthand of cron"),
        ("0 0 L * *", "day of month 'L': L, W, #, \\? and H are not read"),
        ("0 0 * * 5#2", "day of week '5#2': L, W"),
        ("H H * * *", "minute 'H': L, W"),
        ("0 0 15W * ?", "day of month '15W': L, W"),
        ("0 24 * * *", "24 is out of range"),
        ("0 0 * * 8", "8 is out of range; expected 0 to 7"),
        ("0 0 30 2 *", "would never fire"),
        ("0 0 31 feb */2", "would never fire"),
        (5, "takes a text"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        cron(text)


def test_a_range_of_equal_ends_is_one_number():
    assert cron("0 3-3 * * *") == cron("0 3 * * *")


def test_an_impossible_day_of_month_is_harmless_beside_a_day_of_week():
    assert cron("0 0 30 2 1").next_after(START).isoformat() == "2025-02-03T00:00:00+00:00"


def test_a_rare_date_is_found_across_centuries():
    assert cron("0 0 29 2 *").next_after(datetime(2096, 3, 1, tzinfo=UTC)).year == 2104
    assert [fire.year for fire in cron("0 0 29 2 */7").upcoming(datetime(2080, 1, 1, tzinfo=UTC), 3)] == [
        2088,
        2128,
        2156,
    ]
    assert cron("0 0 29 2 *").next_after(datetime(9996, 3, 1, tzinfo=UTC)) is None


def some_field(rng, low, high):
    def item():
        # Not of equal ends: croniter 7 reads 3-3 as the whole range, crontab(5) as 3.
        first, last = sorted(rng.sample(range(low, high + 1), 2))
        return rng.choice([f"{first}", f"{first}-{last}", f"{first}-{last}/{rng.randint(1, 9)}"])

    return rng.choice(["*", "*", item(), f"{item()},{item()}"])


def expressions(seed):
    rng = random.Random(seed)
    while True:
        parts = [some_field(rng, low, high) for low, high in ((0, 59), (0, 23), (1, 28), (1, 12), (0, 6))]
        yield " ".join(parts)


@pytest.mark.parametrize("text", list(islice(expressions(7), 150)))
def test_croniter_finds_the_same_fires(text):
    theirs = croniter(text, START)
    for fire in cron(text).upcoming(START, 12):
        assert fire == theirs.get_next(datetime), text


def test_descriptions_tell_how_the_day_fields_combine():
    assert cron("30 2 1,15 * 7").describe() == "At 02:30, on days 1 and 15 of the month or on Sunday."
    assert cron("30 2 */2 * 7").describe().endswith(" of the month and only if it is Sunday.")
