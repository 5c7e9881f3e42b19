"""sync against a leader that fires between its reading and its writing: the tick has one job and one record."""

from __future__ import annotations

import pytest
from beats import DUE, LONG
from waiting import wait_until

from beat.entry import Entry, tick_id
from beat.schedules import every
from beat.sync import Synced, sync
from beat.ticker import Ticker
from jobq.instants import SECOND
from jobq.job import Outcome, State

HOUR = 3600 * SECOND


class Between:
    """A store to which something happens before its first change."""

    def __init__(self, store, meanwhile):
        self.store, self.meanwhile = store, meanwhile
        self.answers = []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def change(self, changes):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        answers = self.store.change(changes)
        self.answers.append(answers)
        return answers


@pytest.fixture
def fire(stage):
    """Fire what is due as soon as something is, and forget the job, so that its id keeps nothing from coming again."""
    term = stage.lead()
    ticker = Ticker(stage.store)

    def do():
        wait_until(lambda: ticker.run_once(term).fired)
        (claim,) = stage.store.fetch(["default"], 10, LONG, "w").claims
        stage.store.complete([Outcome(claim.id, claim.token, State.COMPLETED, keep=0)])
        assert stage.jobs() == []
        return claim.id

    return do


def entry(*args):
    return Entry(name="e", task="t", schedule=every(3600), args=args)


def put(stage, next_fire):
    stage.add("e", definition=entry().definition(), anchor=next_fire - HOUR, next_fire=next_fire)


@pytest.mark.parametrize("source", ["file", "other"])
def test_a_tick_that_fires_between_reading_and_writing_is_enqueued_once(stage, store, fire, source):
    """It was to come when sync looked, so sync's plan was to let it come."""
    tick = store.now() + SECOND // 2
    put(stage, tick)
    fired = []
    between = Between(store, lambda: fired.append(fire()))
    assert sync(between, {"file": [], source: [entry("new")]}) == Synced(changed=["e"])
    assert between.answers == [[False], [True]]
    assert fired == [tick_id("e", tick)]
    found = stage.entry("e")
    assert (found.runs, found.last_fire, found.next_fire) == (1, tick, tick + HOUR)
    assert (found.source, found.definition) == (source, entry("new").definition())
    assert stage.due_names() == []
    assert stage.verdicts("e") == [(tick, "enqueued")]


@pytest.mark.parametrize("written", [[], [entry("new")]])
def test_a_late_tick_that_fires_between_reading_and_writing_is_not_recorded_as_skipped(
    stage, store, fire, written
):
    put(stage, DUE)
    late = (store.now() - DUE) // HOUR * HOUR + DUE
    between = Between(store, fire)
    sync(between, {"file": written})
    assert between.answers == [[False], [True]]
    assert [found.definition for found in store.entries()] == [one.definition() for one in written]
    (latest, *passed_over) = stage.store.history("e", 1000)
    assert (latest.fire_time, latest.verdict) == (late, "enqueued")
    assert {record.reason for record in passed_over} == {"passed over: a later tick was due as well"}


def test_without_a_leader_at_work_a_change_is_made_at_once(stage, store):
    put(stage, DUE)
    between = Between(store, lambda: None)
    assert sync(between, {"file": [entry("new")]}) == Synced(changed=["e"])
    assert between.answers == [[True]]
    assert [verdict for _, verdict in stage.verdicts("e")] == ["skipped"]
