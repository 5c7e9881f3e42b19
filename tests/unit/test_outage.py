"""An outage is told twice, however many calls fail between, and from however many threads."""

from __future__ import annotations

import logging
import threading

import pytest

from jobq.errors import StoreUnavailable
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
