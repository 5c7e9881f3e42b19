"""A leader that fails between any two steps, and the next one: every tick is dealt with exactly once.

The entries are due for good: their schedules ended in 2020, so what must have become of them in the end does not
depend on when the test runs.
"""

from __future__ import annotations

import pytest
from beats import Stage, beat_stores
from waiting import wait_until

from beat import ticker as ticker_module
from beat.entry import Entry, tick_id
from beat.leadership import Leadership
from beat.misfire import MISSED, PASSED_OVER
from beat.schedules import every
from beat.store import EntryChange, NotLeader
from beat.ticker import Ticker
from jobq.errors import StoreUnavailable
from jobq.instants import SECOND, from_micros

ANCHOR = 1_577_836_800 * SECOND  # 2020-01-01
TICKS = [ANCHOR + number * 60 * SECOND for number in range(1, 6)]
CATCHUP = {"all 1": "all", "all 2": "all", "latest 1": "latest", "latest 2": "latest", "skip": "skip"}
OUTCOMES = {
    "all": [(at, 0, "enqueued", "") for at in TICKS],
    "latest": [*((at, 0, "skipped", PASSED_OVER) for at in TICKS[:-1]), (TICKS[-1], 0, "enqueued", "")],
    "skip": [(TICKS[0], TICKS[-1], "skipped", MISSED)],
}
"""(fire time, until, verdict, reason) of each record that there must be in the end."""
TTL = 60.0
SHORT = 50_000  # microseconds of a real lease that is let run out


class Crash(Exception):  # noqa: N818 - what happens to a process, not an error of ours
    """The leader is gone: nothing of it runs any more."""


class Flaky:
    """A store whose n-th verb fails, before it took effect or after."""

    def __init__(self, store, fails_at=0, when="before", error=Crash):
        self.store, self.fails_at, self.when, self.error = store, fails_at, when, error
        self.verbs = []

    def __getattr__(self, name):
        verb = getattr(self.store, name)

        def call(*args, **kwargs):
            self.verbs.append(name)
            fails = len(self.verbs) == self.fails_at
            if fails and self.when == "before":
                raise self.error("it did not arrive")
            answer = verb(*args, **kwargs)
            if fails:
                raise self.error("the answer was lost")
            return answer

        return call


class Beat:
    """A leader's loop, with a clock of its own that brings a renewal between any two passes."""

    def __init__(self, store, node):
        self.time = 0.0
        self.store = store
        self.leadership = Leadership(store, node, TTL, lambda: self.time)
        self.ticker = Ticker(store)

    def run(self):
        """Lead until nothing is due, then resign."""
        while self.step():
            self.time += TTL / 2
        self.leadership.resign()

    def run_through_outages(self, stage):
        """As `run`; a store that fails is asked again, and a lease that nobody knows of runs out meanwhile."""
        while True:
            try:
                return self.run()
            except StoreUnavailable:
                if not self.leadership.term:
                    end_lease(stage)
                    self.leadership.hurry()

    def step(self):
        self.leadership.keep()
        assert self.leadership.leads
        done = self.ticker.run_once(self.leadership.term)
        return 0 < done.next_at <= done.now


def end_lease(stage):
    """What its running out comes to for the store."""
    lease = stage.store.leader()
    if lease is not None:
        stage.store.resign(lease.node, lease.term)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """So that there are many of them, and a stretch of ticks that share a record."""
    monkeypatch.setattr(ticker_module, "BATCH", 3)
    monkeypatch.setattr(ticker_module, "MOST_TICKS", 6)
    monkeypatch.setattr("beat.misfire.MAX_TICKS", 4)


@pytest.fixture
def open_another(store_url):
    with beat_stores(store_url) as opener:
        yield opener


@pytest.fixture
def stage(open_another):
    stage = Stage(open_another())
    for name, catchup in CATCHUP.items():
        end = from_micros(TICKS[-1])
        definition = Entry(name=name, task="t", schedule=every(60), catchup=catchup, end=end).definition()
        assert stage.store.change([EntryChange(name, "file", definition, 0, ANCHOR, TICKS[0])]) == [True]
    return stage


def assert_each_tick_was_dealt_with_once(stage):
    entries = {entry.name: entry for entry in stage.store.entries()}
    enqueued = []
    for name, catchup in CATCHUP.items():
        assert history(stage, name) == OUTCOMES[catchup]
        jobs = [tick_id(name, at) for at, _, verdict, _ in OUTCOMES[catchup] if verdict == "enqueued"]
        entry = entries[name]
        assert (entry.runs, entry.last_fire, entry.next_fire) == (len(jobs), TICKS[-1], 0)
        enqueued += jobs
    assert sorted(stage.jobs()) == sorted(enqueued)


def history(stage, name):
    """The earliest first."""
    records = reversed(stage.store.history(name, 100))
    return [(record.fire_time, record.until, record.verdict.value, record.reason) for record in records]


# -- a failure at any verb

VERBS = [
    "elect",
    "due",
    "entries",
    "fire",
    "fire",
    "fire",
    "renew",
    "due",
    "entries",
    "fire",
    "renew",
    "due",
    "fire",
    "renew",
    "due",
    "resign",
]
FAILURES = pytest.mark.parametrize(
    ("fails_at", "when"),
    [(number, when) for number in range(1, len(VERBS) + 1) for when in ("before", "after")],
)


def test_without_failures(stage):
    """It also shows that the failures below hit each verb, and each more than once."""
    watched = Flaky(stage.store)
    Beat(watched, "a").run()
    assert watched.verbs == VERBS
    assert_each_tick_was_dealt_with_once(stage)


@FAILURES
def test_a_leader_that_dies_at_any_verb_is_replaced(stage, open_another, fails_at, when):
    flaky = Flaky(stage.store, fails_at, when)
    with pytest.raises(Crash):
        Beat(flaky, "a").run()
    assert flaky.verbs == VERBS[:fails_at]
    end_lease(stage)
    Beat(open_another(), "b").run()
    assert_each_tick_was_dealt_with_once(stage)


@FAILURES
def test_a_leader_that_hears_nothing_from_any_verb_goes_on(stage, fails_at, when):
    Beat(Flaky(stage.store, fails_at, when, StoreUnavailable), "a").run_through_outages(stage)
    assert_each_tick_was_dealt_with_once(stage)


@pytest.mark.parametrize("when", ["before", "after"])
def test_leaders_that_die_one_after_the_other_get_there(stage, open_another, when):
    """Each is elected and gets one step done; whoever is left with nothing to do resigns."""
    deaths = 0
    while True:
        try:
            Beat(Flaky(open_another(), 5, when), f"beat {deaths}").run()
            break
        except Crash:
            deaths += 1
            end_lease(stage)
    assert 1 < deaths < len(VERBS)
    assert_each_tick_was_dealt_with_once(stage)


# -- a leader that is paused between its decision and the deed


class Paused(Flaky):
    """A store of a process that stands still before its first `fire` for as long as `meanwhile` takes."""

    def __init__(self, store, meanwhile):
        super().__init__(store)
        self.meanwhile = meanwhile

    def fire(self, term, firings):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.store.fire(term, firings)


def run_out(stage):
    wait_until(lambda: stage.store.leader() is None, interval=0.005)


def test_a_paused_leader_whose_lease_ran_out_is_refused(stage):
    before = stage.store.entries()
    _, lease = stage.store.elect("a", SHORT)
    with pytest.raises(NotLeader):
        Ticker(Paused(stage.store, lambda: run_out(stage))).run_once(lease.term)
    assert stage.store.entries() == before
    assert stage.jobs() == []
    assert [history(stage, name) for name in CATCHUP] == [[]] * len(CATCHUP)
    Beat(stage.store, "b").run()
    assert_each_tick_was_dealt_with_once(stage)


def test_a_paused_leader_finds_its_work_done_by_the_next(stage, open_another):
    def taken_over():
        run_out(stage)
        Beat(open_another(), "b").run()
        assert_each_tick_was_dealt_with_once(stage)

    _, lease = stage.store.elect("a", SHORT)
    with pytest.raises(NotLeader):
        Ticker(Paused(stage.store, taken_over)).run_once(lease.term)
    assert_each_tick_was_dealt_with_once(stage)


def test_a_paused_leader_is_refused_while_the_next_is_at_work(stage, open_another):
    other = Beat(open_another(), "b")

    def taken_over():
        run_out(stage)
        assert other.step()

    _, lease = stage.store.elect("a", SHORT)
    with pytest.raises(NotLeader):
        Ticker(Paused(stage.store, taken_over)).run_once(lease.term)
    other.run()
    assert_each_tick_was_dealt_with_once(stage)


def test_two_that_act_under_one_term_do_everything_once(stage, open_another):
    """What an election can't rule out, the entries do: each is as only one of the two has seen it."""
    _, lease = stage.store.elect("a", 60 * SECOND)
    twin = Ticker(open_another())
    first = Ticker(Paused(stage.store, lambda: twin.run_once(lease.term)))
    assert first.run_once(lease.term).fired == 0
    while twin.run_once(lease.term).fired:
        first.run_once(lease.term)
    assert_each_tick_was_dealt_with_once(stage)
