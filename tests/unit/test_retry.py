"""Retry arithmetic: Celery's rule, bounded, and never in step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.retry import reconnect_delay, retry_delay

PLAIN = {"default": 180.0, "backoff": False, "ceiling": 600.0, "jitter": False}


def test_without_backoff_each_retry_waits_the_same():
    assert {retry_delay(retries, **PLAIN) for retries in range(5)} == {180.0}


def test_backoff_doubles_up_to_the_ceiling():
    delays = [retry_delay(retries, **{**PLAIN, "backoff": True}) for retries in range(12)]
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]


def test_a_number_is_the_first_delay():
    assert [retry_delay(n, **{**PLAIN, "backoff": 5}) for n in range(3)] == [5, 10, 20]


@given(
    st.integers(0, 10**9),
    st.floats(0.001, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_jitter_takes_a_share_and_never_more_than_the_ceiling(retries, backoff, ceiling, chance):
    options = {"default": 1.0, "backoff": backoff, "ceiling": ceiling}
    whole = retry_delay(retries, **options, jitter=False)
    assert whole <= ceiling
    assert retry_delay(retries, **options, jitter=True, random=lambda: chance) == whole * chance


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_store_is_looked_for_at_least_once_a_second(failures, chance):
    assert 0.025 <= reconnect_delay(failures, random=lambda: chance) <= 0.8


@pytest.mark.parametrize("chance", [0.0, 0.5])
def test_the_first_tries_to_reconnect_are_quick(chance):
    delays = [reconnect_delay(n, random=lambda: chance) for n in range(1, 8)]
    assert delays == sorted(delays)
    assert delays[0] <= 0.05
    assert delays[4] == delays[6]
