"""The nearest right name, for error messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.suggest import did_you_mean, nearest

KNOWN = ["queue", "priority", "time_limit", "soft_time_limit"]


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("qeue", "queue"), ("PRIORITY", "priority"), ("timelimit", "time_limit"), ("colour", None), ("", None)],
)
def test_the_nearest_name(slip, meant):
    assert nearest(slip, KNOWN) == meant


@given(st.sampled_from(KNOWN))
def test_a_known_name_is_nearest_to_itself(name):
    assert nearest(name, KNOWN) == name


def test_a_stricter_measure_suggests_less():
    assert nearest("limit", KNOWN) == "time_limit"
    assert nearest("limit", KNOWN, 0.9) is None


def test_where_nothing_is_near_all_is_told():
    assert did_you_mean("colour", ["b", "a"]) == "; known are: a, b"
    assert did_you_mean("colour", []) == ""
    assert did_you_mean("qeue", iter(KNOWN)) == '; did you mean "queue"?'
