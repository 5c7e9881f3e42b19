"""A job's states form one line with one way back, and its names and priorities are checked where they enter."""

from __future__ import annotations

import pytest

from jobq.errors import ConfigError
from jobq.job import ENDED, TRANSITIONS, State, check_priority, check_queue, new_id


def test_every_state_has_its_transitions():
    assert set(TRANSITIONS) == set(State)


def test_ended_means_that_only_an_operator_can_go_on():
    for state in State:
        assert state.ended == (state in ENDED)
    assert {s for s in ENDED if TRANSITIONS[s]} == {State.FAILED}
    assert TRANSITIONS[State.FAILED] == {State.AVAILABLE}


def test_only_what_runs_can_complete_or_fail():
    for end in (State.COMPLETED, State.FAILED):
        assert [state for state in State if end in TRANSITIONS[state]] == [State.RUNNING]


def test_only_what_is_available_can_start():
    assert [state for state in State if State.RUNNING in TRANSITIONS[state]] == [State.AVAILABLE]


def test_what_has_started_is_never_cancelled_in_the_middle_by_a_plain_cancel():
    assert State.CANCELLED in TRANSITIONS[State.SCHEDULED] & TRANSITIONS[State.AVAILABLE]


def test_every_state_can_reach_an_end():
    for state in State:
        reached = {state}
        for _ in State:
            reached |= {after for before in reached for after in TRANSITIONS[before]}
        assert reached & ENDED


def test_ids_are_unlike():
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


@pytest.mark.parametrize("priority", [0, 5, 9])
def test_priorities(priority):
    assert check_priority(priority) == priority


def test_no_priority_is_the_middle_one():
    assert check_priority(None) == 5


@pytest.mark.parametrize("priority", [-1, 10, 1.0, "1", True])
def test_wrong_priorities(priority):
    with pytest.raises(ConfigError, match=r"from 0 \(first\) to 9 \(last\)"):
        check_priority(priority)


@pytest.mark.parametrize("name", ["default", "a.b-c_d:e", "fronta-ž", "x" * 200])
def test_queue_names(name):
    assert check_queue(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a\n", "a{b}", "x" * 201, None, 5])
def test_wrong_queue_names(name):
    with pytest.raises(ConfigError, match="is not a queue name"):
        check_queue(name)
