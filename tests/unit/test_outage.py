"""An outage is told twice, however many calls fail between, and from however many threads."""

from __future__ import annotations

import logging
import threading

import pytest

from jobq.errors import StoreRefused, StoreUnavailable
from jobq.outage import Outage

GONE = StoreUnavailable("the store at x does not answer")


@pytest.fixture
def outage():
    return Outage(logging.getLogger("jobq.test"))


def actions(caplog):
    return [record.action for record in caplog.records]


def test_an_outage_is_told_when_it_begins_and_when_it_ends(outage, caplog):
    for _ in range(50):
        assert 0 < outage.failed(GONE) <= 0.8
    assert actions(caplog) == ["store_lost"]
    assert "the store at x does not answer" in caplog.text
    outage.answered()
    outage.answered()
    assert actions(caplog) == ["store_lost", "store_returned"]
    assert caplog.records[1].fields["seconds"] >= 0


def test_a_store_that_answers_is_not_worth_a_word(outage, caplog):
    outage.answered()
    assert not caplog.records


def test_the_next_outage_is_told_too_and_starts_with_quick_tries(outage, caplog):
    for _ in range(20):
        outage.failed(GONE)
    outage.answered()
    assert outage.failed(GONE) <= 0.05
    assert actions(caplog) == ["store_lost", "store_returned", "store_lost"]


def test_threads_share_one_outage(outage, caplog):
    together = threading.Barrier(8)

    def fail():
        together.wait()
        for _ in range(100):
            outage.failed(GONE)

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outage.answered()
    assert actions(caplog) == ["store_lost", "store_returned"]


def test_that_somebody_has_to_change_something_is_told_once_as_well(outage, caplog):
    """The outage began with a broken connection; why there is no new one is known later."""
    refused = StoreRefused("the store at x refuses the user and password of its URL")
    for error in (GONE, GONE, refused, GONE, refused):
        outage.failed(error)
    assert actions(caplog) == ["store_lost", "store_refused"]
    assert "refuses the user and password" in caplog.records[1].getMessage()
    outage.answered()
    assert actions(caplog) == ["store_lost", "store_refused", "store_returned"]


def test_an_outage_that_begins_so_is_told_once(outage, caplog):
    for _ in range(3):
        outage.failed(StoreRefused("no"))
    assert actions(caplog) == ["store_lost"]


def test_whether_it_lasts(outage):
    assert not outage.lasts
    outage.failed(GONE)
    assert outage.lasts
    outage.answered()
    assert not outage.lasts
