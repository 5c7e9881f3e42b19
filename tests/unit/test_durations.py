"""Durations: what people write is read, what is read can be written, and nothing else passes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.durations import format_duration, parse_duration
from jobq.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (0, 0),
        (1.5, 1.5),
        (timedelta(minutes=2, milliseconds=5), 120.005),
        ("500ms", 0.5),
        ("30s", 30),
        ("15m", 900),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        (" 1 H 30 M ", 5400),
    ],
)
def test_what_people_write_is_read(written, seconds):
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "expected seconds as a number"),
        ("5", "expected seconds as a number"),
        ("soon", "expected seconds as a number"),
        ("5 minutes", "expected seconds as a number"),
        ("-5m", "expected seconds as a number"),
        ("5m!", "expected seconds as a number"),
        ("9" * 400 + "s", "401 characters"),
        (-1, "zero or more"),
        (float("nan"), "zero or more"),
        (float("inf"), "finite"),
        (-(10**400), "zero or more"),
        (timedelta(seconds=-1), "zero or more"),
        (True, "expected seconds as a number"),
        (None, "expected seconds as a number"),
        ([5], "expected seconds as a number"),
    ],
)
def test_what_is_no_duration_gets_a_sentence(written, words):
    with pytest.raises(ConfigError, match=words):
        parse_duration(written)


@given(st.integers(0, 10**15))
def test_whole_milliseconds_survive_the_round_trip(milliseconds):
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with suppress(ConfigError):
        assert parse_duration(text) >= 0


@given(st.integers(max_value=10**300))
def test_any_whole_number_is_read_or_refused(number):
    if number < 0:
        with pytest.raises(ConfigError):
            parse_duration(number)
    else:
        assert parse_duration(number) == pytest.approx(number)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.0001, "0s"), (5400, "1h30m"), (0.25, "250ms"), (604_801, "1w1s")]
)
def test_the_short_form(seconds, text):
    assert format_duration(seconds) == text
