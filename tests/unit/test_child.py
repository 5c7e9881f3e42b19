"""What a child does around its jobs."""

from __future__ import annotations

import signal
import time

import pytest
from waiting import wait_until

from jobq import App
from jobq.errors import StoreUnavailable
from jobq.job import Claim, Outcome, State
from jobq.store import Fetched
from jobq.worker import holding
from jobq.worker.child import Child
from jobq.worker.options import WorkerOptions


class Store:
    """It takes note of what was recorded."""

    def __init__(self):
        self.completed = []

    def complete(self, outcomes):
        self.completed += [outcome.id for outcome in outcomes]
        return [True] * len(outcomes)

    def now(self):
        return 1

    def report(self, info, ttl):
        pass


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def child(store, monkeypatch):
    monkeypatch.setattr(holding, "LONG", 0.02)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGQUIT)}
    app = App("tasks", store="sqlite:///never-opened.db")
    app._store = store
    made = Child(app, WorkerOptions(), "child")
    yield made
    made.holding.close()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_what_the_heartbeat_could_not_record_is_recorded_before_the_child_leaves(child, store, monkeypatch):
    """The heartbeat has it in its hands, and fails only when the child has handed in everything else."""
    attempts = []

    def fail_at_the_end(outcomes):
        attempts.append(outcomes)
        monkeypatch.setattr(store, "complete", Store.complete.__get__(store))
        wait_until(lambda: child.holding._closed)
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "complete", fail_at_the_end)
    child.holding.start()
    child.holding.add([Claim(job_id, "q", 3, b"{}", 0) for job_id in ("a", "b")], time.monotonic())
    child.holding.next()
    child.holding.end(Outcome("a", 3, State.COMPLETED))
    child.holding.next()
    wait_until(lambda: attempts)
    child.holding.end(Outcome("b", 3, State.COMPLETED))
    child._settle()
    assert [[outcome.id for outcome in outcomes] for outcomes in attempts] == [["a"]]
    assert store.completed == ["b", "a"]


def test_an_outage_is_over_when_something_can_be_written_again(child, store, monkeypatch):
    """A full store answers who fetches, for there is nothing to write for it."""
    reports = []

    def full(info, _):
        reports.append(info)
        if len(reports) == 1:
            raise StoreUnavailable("it is full")

    monkeypatch.setattr(store, "report", full)
    store.fetch = lambda *_: Fetched(1, 0, [])
    child.outage.failed(StoreUnavailable("it is full"))
    with pytest.raises(StoreUnavailable):
        child._fetch()
    assert child.outage.lasts
    child._fetch()
    assert not child.outage.lasts
    child._fetch()
    assert len(reports) == 2


def test_what_has_run_is_recorded_though_the_others_can_not_be_given_back(child, store, monkeypatch):
    def fail(_):
        raise ValueError("not even an outage")

    monkeypatch.setattr(store, "release", fail, raising=False)
    child.holding.add([Claim(job_id, "q", 3, b"{}", 0) for job_id in ("a", "b")], time.monotonic())
    child.holding.next()
    child.holding.end(Outcome("a", 3, State.COMPLETED))
    with pytest.raises(ValueError, match="not even"):
        child._settle()
    assert store.completed == ["a"]
