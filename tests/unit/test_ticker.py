"""The ticker: what is due is decided on and fired, and what is wrong with one entry stays with it."""

from __future__ import annotations

import json
import logging

import pytest

from beat import ticker as module
from beat.entry import Entry
from beat.misfire import PASSED_OVER, plan
from beat.schedules import every
from beat.store import EntryChange, NotLeader, Verdict
from beat.stores.sqlite import SQLiteBeatStore
from beat.ticker import Pass, Ticker
from jobq.errors import StoreUnavailable
from jobq.instants import SECOND, from_micros
from jobq.job import NewJob

START = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND
TERM = 1


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


class Watched:
    """A store that notes what it is asked, and lets a test step in before each verb."""

    def __init__(self, store):
        self.store = store
        self.loaded, self.fired = [], []
        self.before = {}

    def __getattr__(self, name):
        return getattr(self.store, name)

    def due(self, limit):
        self._step_in("due")
        return self.store.due(limit)

    def entries(self, names=None, source=None):
        self.loaded.append(names)
        self._step_in("entries")
        return self.store.entries(names, source)

    def fire(self, term, firings):
        self.fired.append([(firing.name, len(firing.ticks)) for firing in firings])
        self._step_in("fire")
        return self.store.fire(term, firings)

    def _step_in(self, verb):
        self.before.pop(verb, lambda: None)()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(sqlite_url, clock):
    store = SQLiteBeatStore(sqlite_url, 1000, clock=clock)
    store.elect("a", 10_000 * MINUTE)
    yield Watched(store)
    store.close()


@pytest.fixture
def ticker(store):
    return Ticker(store)


def put(store, *names, definition=None, **fields):
    """Entries that are due each minute from START on, new or as they are from now on."""
    for name in names:
        seen = store.store.entries(names=[name])
        text = Entry(name=name, task="t", schedule=every(60), **fields).definition()
        text = text if definition is None else definition
        as_seen = {"seen_revision": seen[0].revision, "seen_fire": seen[0].next_fire} if seen else {}
        given = {"seen_revision": 0, "anchor": START, "next_fire": START + MINUTE}
        assert store.change([EntryChange(name, "file", text, **given | as_seen)]) == [True]


def remove(store, name="e"):
    seen = entry(store, name)
    gone = EntryChange(name, "file", "", seen.revision, seen_fire=seen.next_fire)
    assert store.change([gone]) == [True]


def entry(store, name="e"):
    (found,) = store.store.entries(names=[name])
    return found


def jobs(store):
    return store.job_ids("default", 10_000)


# -- a pass


def test_nothing_is_due(store, ticker, clock):
    assert ticker.run_once(TERM) == Pass(0, 0, START)
    put(store, "e")
    assert ticker.run_once(TERM) == Pass(0, START + MINUTE, START)
    assert store.loaded == store.fired == []
    assert clock.now == START


def test_what_is_due_is_fired(store, ticker, clock):
    put(store, "e", "f")
    clock.now += MINUTE
    assert ticker.run_once(TERM) == Pass(2, clock.now, clock.now)
    assert jobs(store) == ["e@2027-01-15T08:01:00Z", "f@2027-01-15T08:01:00Z"]
    found = entry(store)
    assert (found.next_fire, found.last_fire, found.runs) == (START + 2 * MINUTE, START + MINUTE, 1)
    assert ticker.run_once(TERM) == Pass(0, START + 2 * MINUTE, clock.now)


def test_what_is_late_is_dealt_with_by_its_policy(store, ticker, clock):
    put(store, "e")
    clock.now += 3 * MINUTE
    ticker.run_once(TERM)
    records = store.history("e", 10)
    assert [(record.verdict, record.reason) for record in records] == [
        (Verdict.ENQUEUED, ""),
        (Verdict.SKIPPED, PASSED_OVER),
        (Verdict.SKIPPED, PASSED_OVER),
    ]
    assert jobs(store) == ["e@2027-01-15T08:03:00Z"]


def test_a_batch_is_asked_for_at_a_time_the_earliest_first(store, ticker, clock, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 3)
    put(store, *"abcdefgh")
    clock.now += MINUTE
    passes = [ticker.run_once(TERM) for _ in range(4)]
    assert [done.fired for done in passes] == [3, 3, 2, 0]
    assert [done.next_at <= done.now for done in passes] == [True, True, True, False]
    assert [job[0] for job in jobs(store)] == list("abcdefgh")


@pytest.mark.parametrize("error", [NotLeader("the term is over"), StoreUnavailable("away")])
def test_what_the_store_refuses_is_the_callers_to_know(store, ticker, clock, error):
    def refuse():
        raise error

    put(store, "e")
    clock.now += MINUTE
    for verb in ("due", "entries", "fire"):
        store.before = {verb: refuse}
        with pytest.raises(type(error)):
            ticker.run_once(TERM)
        ticker = Ticker(store)
    assert ticker.run_once(TERM).fired == 1


def test_a_term_that_is_over_fires_nothing(store, ticker, clock):
    put(store, "e")
    clock.now += MINUTE
    with pytest.raises(NotLeader):
        ticker.run_once(TERM + 1)
    assert jobs(store) == []
    assert entry(store).next_fire == START + MINUTE


# -- steps of bounded size


def test_many_ticks_are_split_into_steps(store, ticker, clock):
    put(store, *(f"e{number:02}" for number in range(25)), catchup="all")
    clock.now += 100 * MINUTE
    assert ticker.run_once(TERM).fired == 25
    assert [sum(ticks for _, ticks in step) for step in store.fired] == [1000, 1000, 500]
    assert len(jobs(store)) == 2500
    assert ticker.run_once(TERM).fired == 0


def test_an_entry_with_more_ticks_than_a_step_has_one_for_itself(store, ticker, clock, monkeypatch):
    monkeypatch.setattr(module, "MOST_TICKS", 3)
    put(store, "a", "b", "c")
    clock.now += 5 * MINUTE
    assert ticker.run_once(TERM).fired == 3
    assert store.fired == [[("a", 5)], [("b", 5)], [("c", 5)]]


def test_a_step_that_fails_leaves_those_before_it_done(store, ticker, clock, monkeypatch):
    monkeypatch.setattr(module, "MOST_TICKS", 1)
    put(store, "a", "b")
    clock.now += MINUTE

    def later():
        def fail():
            raise StoreUnavailable("away")

        store.before["fire"] = fail

    store.before["fire"] = later
    with pytest.raises(StoreUnavailable):
        ticker.run_once(TERM)
    assert [job[0] for job in jobs(store)] == ["a"]
    assert ticker.run_once(TERM).fired == 1
    assert [job[0] for job in jobs(store)] == ["a", "b"]


# -- one bad entry


@pytest.mark.parametrize(
    "definition", ["{", '{"v":99}', '{"v":1}', "[]", '{"v":1,"task":"t","schedule":{"kind":"x"}}']
)
def test_a_definition_that_cannot_be_read_harms_only_itself(store, ticker, clock, caplog, definition):
    put(store, "a", "c")
    put(store, "b", definition=definition)
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 3
    assert [job[0] for job in jobs(store)] == ["a", "c"]
    (record,) = store.history("b", 10)
    assert (record.verdict, record.fire_time) == (Verdict.SKIPPED, START + MINUTE)
    assert 'the stored definition of entry "b" is not understood' in record.reason
    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert error.action == "entry_broken"
    assert error.fields == {"entry": "b"}
    assert ticker.run_once(TERM).next_at == START + 2 * MINUTE


@pytest.mark.parametrize(
    "options",
    [
        '{"countdown":1e300}',
        '{"eta":9007199254740993}',
        '{"queue":"a b"}',
        '{"priority":55}',
        '{"time_limit":-1}',
    ],
)
def test_options_that_no_store_takes_harm_only_their_entry(store, ticker, clock, options):
    put(store, "a", "c")
    text = Entry(name="b", task="t", schedule=every(60)).definition()
    put(store, "b", definition=text.replace('"schedule"', f'"options":{options},"schedule"'))
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 3
    assert [job[0] for job in jobs(store)] == ["a", "c"]
    assert store.history("b", 1)[0].verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    "wrong",
    [
        {"catchup": '"newest"'},
        {"gap": '"before"'},
        {"fold": '"third"'},
        {"catchup_window": "-1"},
        {"timezone": '"a\\nb"'},
    ],
)
def test_policies_that_are_none_harm_only_their_entry(store, ticker, clock, wrong):
    put(store, "a")
    (key, value), text = *wrong.items(), Entry(name="b", task="t", schedule=every(60)).definition()
    put(store, "b", definition=json.dumps(json.loads(text) | {key: json.loads(value)}))
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 2
    assert [job[0] for job in jobs(store)] == ["a"]
    assert "\n" not in store.history("b", 1)[0].reason


def test_a_schedule_of_too_many_parts_harms_only_its_entry(store, ticker, clock):
    part = '{"kind":"every","run_every":60}'
    text = Entry(name="b", task="t", schedule=every(60)).definition()
    many = f'{{"kind":"union","of":[{",".join([part] * 5000)}]}}'
    put(store, "a")
    put(store, "b", definition=text.replace('{"kind":"every","run_every":60,"v":1}', many))
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 2
    assert "its schedule is made of 5001 parts" in store.history("b", 1)[0].reason


def test_an_unknown_zone_harms_only_its_entry(store, ticker, clock):
    put(store, "a")
    text = Entry(name="b", task="t", schedule=every(60)).definition()
    put(store, "b", definition=text.replace('"UTC"', '"Mars/Phobos"'))
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 2
    assert "Mars/Phobos" in store.history("b", 1)[0].reason
    assert len(jobs(store)) == 1


def test_a_schedule_that_fails_harms_only_its_entry(store, ticker, clock, monkeypatch):
    def sometimes(evaluated, first, now):
        if evaluated.entry.name == "b":
            raise ZeroDivisionError("division by zero")
        return plan(evaluated, first, now)

    monkeypatch.setattr(module, "plan", sometimes)
    put(store, "a", "b", "c")
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 3
    assert [job[0] for job in jobs(store)] == ["a", "c"]
    (record,) = store.history("b", 10)
    assert record.reason == "its schedule or arguments failed: ZeroDivisionError: division by zero"
    assert entry(store, "b").next_fire == 0


def test_an_entry_that_was_broken_fires_once_it_is_defined_anew(store, ticker, clock):
    put(store, "b", definition="{")
    clock.now += MINUTE
    ticker.run_once(TERM)
    put(store, "b")
    assert ticker.run_once(TERM).fired == 1
    assert len(jobs(store)) == 1


# -- changes between two steps


def test_an_entry_changed_before_it_was_loaded_waits_for_the_next_pass(store, ticker, clock):
    put(store, "e", "f")
    clock.now += MINUTE
    store.before["entries"] = lambda: put(store, "e", args=("new",))
    assert ticker.run_once(TERM).fired == 1
    assert [job[0] for job in jobs(store)] == ["f"]
    assert ticker.run_once(TERM).fired == 1
    (job,) = store.get(["e@2027-01-15T08:01:00Z"])
    assert '"new"' in job.message


def test_an_entry_changed_before_it_was_fired_is_refused(store, ticker, clock, caplog):
    caplog.set_level(logging.INFO)
    put(store, "e", "f")
    clock.now += MINUTE
    store.before["fire"] = lambda: put(store, "e", args=("new",))
    assert ticker.run_once(TERM).fired == 1
    assert [record.fields["entry"] for record in caplog.records] == ["f"]
    assert ticker.run_once(TERM).fired == 1
    (job,) = store.get(["e@2027-01-15T08:01:00Z"])
    assert '"new"' in job.message


@pytest.mark.parametrize("verb", ["entries", "fire"])
def test_an_entry_removed_meanwhile_is_not_fired(store, ticker, clock, verb):
    put(store, "e", "f")
    clock.now += MINUTE
    store.before[verb] = lambda: remove(store)
    assert ticker.run_once(TERM).fired == 1
    assert [job[0] for job in jobs(store)] == ["f"]
    assert ticker.run_once(TERM).fired == 0


# -- definitions kept parsed


def test_a_definition_is_loaded_once_for_each_revision(store, ticker, clock):
    put(store, "e", "f")
    for _ in range(3):
        clock.now += MINUTE
        assert ticker.run_once(TERM).fired == 2
    assert store.loaded == [["e", "f"]]
    put(store, "e")
    assert ticker.run_once(TERM).fired == 1
    assert store.loaded == [["e", "f"], ["e"]]


def test_an_entry_removed_and_made_again_fires_as_it_is_now(store, ticker, clock):
    put(store, "e", args=("old",))
    clock.now += MINUTE
    ticker.run_once(TERM)
    remove(store)
    put(store, "e", args=("new",))
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 1
    (job,) = store.get(["e@2027-01-15T08:02:00Z"])
    assert '"new"' in job.message


def test_a_store_that_was_emptied_counts_revisions_anew(store, ticker, clock, tmp_path):
    """Nothing but `forget` tells an entry of the store that there was from one of the store that there is."""
    put(store, "e", args=("old",))
    clock.now += MINUTE
    ticker.run_once(TERM)
    was = entry(store)
    store.store.close()
    for path in tmp_path.glob("beat.db*"):
        path.unlink()
    store.elect("a", 10_000 * MINUTE)
    put(store, "e", args=("new",))
    assert entry(store).revision == was.revision
    ticker.forget()
    assert ticker.run_once(TERM).fired == 1
    (job,) = store.get(["e@2027-01-15T08:01:00Z"])
    assert '"new"' in job.message


def test_no_more_definitions_are_kept_than_there_is_room_for(store, ticker, clock, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    put(store, *"abcdef")
    for _ in range(2):
        clock.now += MINUTE
        assert [ticker.run_once(TERM).fired for _ in range(3)] == [2, 2, 2]
        assert len(ticker._parsed) == 3
    assert len(jobs(store)) == 12


# -- what is told


def test_the_last_tick_of_an_entry_is_told_as_such(store, ticker, clock, caplog):
    caplog.set_level(logging.INFO)
    put(store, "once", end=from_micros(START + MINUTE))
    clock.now = START + MINUTE
    ticker.run_once(TERM)
    assert [record.action for record in caplog.records] == ["entry_fired", "entry_ended"]


def test_each_tick_is_told_with_its_entry_and_job(store, ticker, clock, caplog):
    caplog.set_level(logging.INFO)
    put(store, "e")
    clock.now += 2 * MINUTE
    ticker.run_once(TERM)
    told = [(record.levelno, record.action, record.fields) for record in caplog.records]
    assert told == [
        (
            logging.WARNING,
            "tick_skipped",
            {"entry": "e", "fire_time": START + MINUTE, "reason": PASSED_OVER},
        ),
        (
            logging.INFO,
            "entry_fired",
            {"entry": "e", "fire_time": START + 2 * MINUTE, "job": "e@2027-01-15T08:02:00Z"},
        ),
    ]


def test_a_tick_whose_job_was_known_is_told_as_skipped(store, ticker, clock, caplog):
    """Whoever may write to the queue can have taken its id."""
    caplog.set_level(logging.INFO)
    put(store, "e")
    store.enqueue([NewJob("e@2027-01-15T08:01:00Z", "default", 5, "{}")])
    clock.now += MINUTE
    assert ticker.run_once(TERM).fired == 1
    told = [(record.levelno, record.action, record.fields) for record in caplog.records]
    skipped = {"entry": "e", "fire_time": START + MINUTE, "reason": "a job of this id is known already"}
    assert told == [(logging.WARNING, "tick_skipped", skipped)]
