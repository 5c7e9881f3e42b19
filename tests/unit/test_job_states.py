"""Ids are unlike, and the names and priorities of jobs are checked where they enter."""

from __future__ import annotations

import pytest

from jobq.errors import ConfigError
from jobq.job import check_priority, check_queue, new_id


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


@pytest.mark.parametrize("name", ["", "a b", "a\n", "a{b}", "a\x00", "\ud800", "x" * 201, None, 5])
def test_wrong_queue_names(name):
    with pytest.raises(ConfigError, match="is not a queue name"):
        check_queue(name)
