"""sync: the stored entries of a source become those that are written, and keep what they can."""

from __future__ import annotations

import msgspec
import pytest

from beat.entry import Entry
from beat.schedules import Schedule, cron, every
from beat.sources import FILE, SCHEDULE
from beat.store import EntryChange, Verdict
from beat.stores.sqlite import SQLiteBeatStore
from beat.sync import CHANGED, REMOVED, Synced, sync
from beat.ticker import Ticker
from jobq.errors import ConfigError
from jobq.instants import SECOND, from_micros, iso
from jobq.job import Outcome, State

START = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(sqlite_url, clock):
    store = SQLiteBeatStore(sqlite_url, 100, clock=clock)
    yield store
    store.close()


def entry(name="e", seconds=60, **fields):
    return Entry(name=name, task="t", schedule=every(seconds), **fields)


def stored(store, name="e"):
    (found,) = store.entries(names=[name])
    return found


def names(store, source="file"):
    return [found.name for found in store.entries(source=source)]


def put(store, name="e", **fields):
    """As somebody else would: whatever the entry is, it becomes this."""
    seen = store.entries(names=[name])
    given = {
        "source": "file",
        "definition": entry(name).definition(),
        "seen_revision": seen[0].revision if seen else 0,
        "seen_fire": seen[0].next_fire if seen else 0,
    }
    assert store.change([EntryChange(**{"name": name} | given | fields)]) == [True]


def fire(store):
    """What a leader does with all that is due; the ids of the jobs that it enqueued."""
    known = set(store.job_ids("default", 1000))
    lease = store.leader()
    term = lease.term if lease else store.elect("a", 10_000 * MINUTE).lease.term
    ticker = Ticker(store)
    while ticker.run_once(term).fired:
        pass
    return sorted(set(store.job_ids("default", 1000)) - known)


# -- what is written


def test_new_entries_start_at_their_next_slot_and_count_from_now(store):
    assert sync(store, {"file": [entry("b", 60), entry("a", 90)]}) == Synced(added=["b", "a"])
    found = stored(store, "a")
    assert (found.source, found.definition) == ("file", entry("a", 90).definition())
    assert (found.anchor, found.next_fire, found.revision) == (START, START + 90 * SECOND, 1)


@pytest.mark.parametrize(
    ("written", "next_fire"),
    [
        (entry(enabled=False), 0),
        (entry(end=from_micros(START + 1)), 0),
        (entry(start=from_micros(START + 90 * SECOND)), START + 2 * MINUTE),
    ],
)
def test_bounds_and_switches_decide_on_the_first_slot(store, written, next_fire):
    sync(store, {"file": [written]})
    assert stored(store).next_fire == next_fire
    assert sync(store, {"file": [written]}) == Synced(unchanged=1)


def test_what_is_unchanged_keeps_its_state(store, clock):
    sync(store, {"file": [entry()]})
    was = stored(store)
    clock.now += 10 * MINUTE  # due meanwhile
    assert sync(store, {"file": [entry()]}) == Synced(unchanged=1)
    assert stored(store) == was
    assert store.history("e", 10) == []


def test_what_was_changed_goes_to_its_next_slot_from_now(store, clock):
    sync(store, {"file": [entry(seconds=60)]})
    clock.now += 30 * SECOND
    assert sync(store, {"file": [entry(seconds=20)]}) == Synced(changed=["e"])
    found = stored(store)
    assert (found.next_fire, found.anchor, found.revision) == (START + 40 * SECOND, START, 2)
    assert found.definition == entry(seconds=20).definition()
    assert store.history("e", 10) == []


def test_ticks_that_were_due_under_the_old_definition_are_recorded(store, clock):
    sync(store, {"file": [entry()]})
    clock.now += 3 * MINUTE + 1
    sync(store, {"file": [entry(args=(1,))]})
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until) == (START + MINUTE, START + 3 * MINUTE)
    assert (record.verdict, record.reason) == (Verdict.SKIPPED, CHANGED)
    assert stored(store).next_fire == START + 4 * MINUTE


def test_what_vanished_is_removed_and_leaves_a_record_of_what_was_due(store, clock):
    sync(store, {"file": [entry("e"), entry("stays")]})
    clock.now += MINUTE
    assert sync(store, {"file": [entry("stays")]}) == Synced(removed=["e"], unchanged=1)
    assert names(store) == ["stays"]
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until, record.reason) == (START + MINUTE, 0, REMOVED)


def test_without_pruning_nothing_is_removed(store):
    sync(store, {"app": [entry("e"), entry("stays")]})
    assert sync(store, {"app": [entry("new")]}, prune=False) == Synced(added=["new"])
    assert names(store, "app") == ["e", "new", "stays"]


def test_other_sources_are_left_alone(store, clock):
    sync(store, {"app": [entry("theirs")]})
    was = stored(store, "theirs")
    clock.now += MINUTE
    sync(store, {"file": [entry("ours")]})
    assert sync(store, {"file": []}) == Synced(removed=["ours"])
    assert stored(store, "theirs") == was
    assert store.history("theirs", 10) == []


def test_a_name_of_another_source_is_refused_and_harms_only_itself(store):
    sync(store, {"app.py": [entry("taken")]})
    was = stored(store, "taken")
    sync(store, {"beat.toml": [entry("gone"), entry("stays")]})
    written = {"beat.toml": [entry("new"), entry("taken", 5), entry("stays")]}
    sentence = 'entry "taken" of beat.toml is refused: it is already defined by app.py; rename one of them'
    assert sync(store, written) == Synced(added=["new"], removed=["gone"], unchanged=1, refused=[sentence])
    assert stored(store, "taken") == was
    assert names(store, "app.py") == ["taken"]
    assert names(store, "beat.toml") == ["new", "stays"]
    assert sync(store, written) == Synced(unchanged=2, refused=[sentence])


def test_an_entry_may_move_between_the_sources_of_one_plan(store, clock):
    """It is the same entry, changed: it keeps what it has done, and its slots."""
    sync(store, {SCHEDULE: [entry(), entry("stays")], FILE: []})
    clock.now += MINUTE
    fire(store)
    was = stored(store)
    assert (was.runs, was.last_fire) == (1, START + MINUTE)
    clock.now += 10 * SECOND
    assert sync(store, {FILE: [entry()], SCHEDULE: [entry("stays")]}) == Synced(changed=["e"], unchanged=1)
    assert stored(store) == msgspec.structs.replace(was, source=FILE, revision=2)
    assert (names(store, SCHEDULE), names(store, FILE)) == (["stays"], ["e"])
    assert [record.reason for record in store.history("e", 10)] == [""]


@pytest.mark.parametrize("prune", [True, False])
def test_a_source_that_is_not_in_the_plan_keeps_its_entry(store, prune):
    sync(store, {SCHEDULE: [entry()]})
    done = sync(store, {FILE: [entry()]}, prune=prune)
    assert done.refused == [
        'entry "e" of the configuration file is refused: it is already defined by beat_schedule; rename one of them'
    ]
    assert (done.added, done.changed, done.removed, done.unchanged) == ([], [], [], 0)
    assert stored(store).source == SCHEDULE


def test_what_was_done_is_told_in_a_sentence(store):
    sync(store, {"file": [entry("a"), entry("b"), entry("c")]})
    done = sync(store, {"file": [entry("a"), entry("b", 5), entry("d")]})
    assert str(done) == "1 added, 1 changed, 1 removed, 1 unchanged"


# -- what can't be read


def test_an_entry_that_was_stopped_because_it_could_not_be_read_goes_on(store):
    """A beat of an older version set `next_fire` to 0; the definition is the same and this version reads it."""
    sync(store, {"file": [entry()]})
    put(store, next_fire=0, anchor=START)
    assert sync(store, {"file": [entry()]}) == Synced(changed=["e"])
    assert stored(store).next_fire == START + MINUTE
    assert sync(store, {"file": [entry()]}) == Synced(unchanged=1)


@pytest.mark.parametrize("written", [[], [entry()]])
def test_a_definition_that_cannot_be_read_can_be_replaced_and_removed(store, clock, written):
    put(store, definition='{"v":99}', next_fire=START)
    clock.now += MINUTE
    sync(store, {"file": written})
    assert names(store) == [e.name for e in written]
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until) == (START, 0)


@pytest.mark.parametrize("written", [[], [entry()]])
def test_a_definition_in_an_unknown_zone_can_be_replaced_and_removed(store, clock, written):
    definition = entry().definition().replace('"UTC"', '"Mars/Phobos"')
    put(store, definition=definition, next_fire=START)
    clock.now += MINUTE
    sync(store, {"file": written})
    assert names(store) == [e.name for e in written]


class Broken(Schedule):
    """A kind with a mistake in it: it is written and read as any other, and has no next fire."""

    tz = None

    def next_micros(self, us, tz):  # noqa: ARG002 - whatever it is asked
        raise OverflowError("too far for this calendar")

    def describe(self):
        return "broken"

    def arguments(self):
        return {}


def test_an_entry_whose_schedule_fails_is_refused_and_harms_only_itself(store, clock):
    broken = Entry(name="broken", task="t", schedule=Broken())
    sentence = 'entry "broken" of file is refused: too far for this calendar'
    sync(store, {"file": [entry("gone"), entry("edited"), entry("stays")]})
    written = {"file": [entry("first"), broken, entry("edited", 5), entry("stays")], "app": [entry("last")]}
    expected = Synced(["first", "last"], ["edited"], ["gone"], unchanged=1, refused=[sentence])
    assert sync(store, written) == expected
    assert (names(store), names(store, "app")) == (["edited", "first", "stays"], ["last"])
    assert stored(store, "edited").definition == entry("edited", 5).definition()
    assert sync(store, written) == Synced(unchanged=4, refused=[sentence])
    clock.now += MINUTE
    assert len(fire(store)) == 4


def test_an_entry_that_is_refused_for_its_schedule_stays_as_it_was(store, clock):
    """Neither the edit nor the removal of what is written, and no tick of it is lost."""
    sync(store, {"file": [entry("e"), entry("other")]})
    was = stored(store)
    clock.now += MINUTE
    done = sync(store, {"file": [Entry(name="e", task="t", schedule=Broken()), entry("other", 5)]})
    sentence = 'entry "e" of file is refused: too far for this calendar'
    assert done == Synced(changed=["other"], refused=[sentence])
    assert stored(store) == was
    assert store.history("e", 10) == []
    assert fire(store) == [f"e@{iso(START + MINUTE)}"]


# -- a clock that was set back


def test_what_was_changed_does_not_go_back_to_a_tick_that_has_fired(store, clock):
    """Its job may be forgotten by now, so that nothing else keeps the tick from being enqueued once more."""
    sync(store, {"file": [entry()]})
    clock.now += 5 * MINUTE
    fire(store)
    assert stored(store).last_fire == START + 5 * MINUTE
    clock.now -= 3 * MINUTE
    sync(store, {"file": [entry(args=(1,))]})
    assert stored(store).next_fire == START + 6 * MINUTE


@pytest.mark.parametrize("job_is_kept", [True, False])
@pytest.mark.parametrize("moved_to", ["file", "other"])
def test_no_tick_is_enqueued_twice_though_the_clock_was_set_back_and_the_entry_edited(
    store, clock, job_is_kept, moved_to
):
    sync(store, {"file": [entry()]})
    fired = []

    def run(minutes):
        for _ in range(minutes):
            clock.now += MINUTE
            jobs = fire(store)
            fired.extend(jobs)
            for job in jobs if not job_is_kept else ():
                forget(store, job)

    run(90)
    clock.now -= 3600 * SECOND
    assert sync(store, {"file": [], moved_to: [entry(args=(1,))]}) == Synced(changed=["e"])
    run(30)
    assert len(fired) == 90, "what has fired does not come again"
    run(40)
    assert fired == [f"e@{iso(START + number * MINUTE)}" for number in range(1, 101)]
    assert {record.verdict for record in store.history("e", 1000)} == {Verdict.ENQUEUED}


def forget(store, job):
    """It ended and its result was kept for no time, so that its id says nothing any more."""
    (claim,) = store.fetch(["default"], 1, MINUTE, "w").claims
    assert claim.id == job
    store.complete([Outcome(claim.id, claim.token, State.COMPLETED, keep=0)])
    assert store.get([job]) == [None]


# -- several at once


class Rival:
    """A store of which somebody else changes an entry between our look and our change, some times over."""

    def __init__(self, store, times):
        self.store, self.times = store, times

    def __getattr__(self, name):
        return getattr(self.store, name)

    def change(self, changes):
        if self.times:
            self.times -= 1
            put(self.store, definition=entry(seconds=7 + self.times).definition(), anchor=START)
        return self.store.change(changes)


@pytest.mark.parametrize("times", [1, 4, 19])
def test_who_lost_the_race_looks_again(store, times):
    done = sync(Rival(store, times), {"file": [entry(), entry("other")]})
    assert done == Synced(added=["other"], changed=["e"])
    assert stored(store).definition == entry().definition()
    assert stored(store).revision == times + 1


def test_who_loses_every_race_says_so(store):
    with pytest.raises(ConfigError, match="the entries are being changed by somebody else all the time"):
        sync(Rival(store, 99), {"file": [entry()]})


def test_what_was_done_before_a_lost_race_is_told_too(store):
    sync(store, {"file": [entry("changes"), entry("gone")]})
    written = {"file": [entry(), entry("new"), entry("changes", 5)]}
    expected = Synced(added=["new"], changed=["changes", "e"], removed=["gone"])
    assert sync(Rival(store, 3), written) == expected
    assert sync(store, written) == Synced(unchanged=3)


def test_a_rival_that_removed_what_we_change_makes_it_new(store):
    sync(store, {"file": [entry(seconds=30)]})

    class Remover(Rival):
        def change(self, changes):
            if self.times:
                self.times -= 1
                put(self.store, definition="")
            return self.store.change(changes)

    assert sync(Remover(store, 1), {"file": [entry()]}) == Synced(added=["e"])
    assert stored(store).definition == entry().definition()


def test_doing_it_again_does_nothing(store):
    written = [entry(f"e{number}") for number in range(50)]
    sync(store, {"file": written})
    was = store.entries()
    assert sync(store, {"file": written}) == Synced(unchanged=50)
    assert store.entries() == was


# -- what comes out otherwise now, and jitter


DAILY = (
    3 * 60 * MINUTE + (START // (1440 * MINUTE) + 1) * 1440 * MINUTE
)  # 03:00 UTC on the day after the start


def daily(jitter):
    return Entry(name="e", task="t", schedule=cron("0 3 * * *").jittered(jitter))


def fired(store):
    records = store.history("e", 100)
    return sorted(record.fire_time for record in records if record.verdict is Verdict.ENQUEUED)


@pytest.mark.parametrize(("before", "after"), [(60, 3600), (3600, 60), (3600, 0), (0, 3600)])
@pytest.mark.parametrize("minutes", [-10, 0.01, 1, 30, 59, 61])
def test_a_change_of_jitter_neither_repeats_nor_loses_a_tick(store, clock, before, after, minutes):
    """The tick of each day comes once, whenever the jitter is changed around it."""
    ticker = Ticker(store)
    store.elect("a", 10_000_000 * MINUTE)
    sync(store, {"file": [daily(before)]})
    steps = sorted({round(minutes * MINUTE), *(MINUTE * each for each in range(-11, 2860, 7))})
    for step in steps:
        clock.now = DAILY + step
        if step == round(minutes * MINUTE):
            sync(store, {"file": [daily(after)]})
        ticker.run_once(1)
    days = [(instant - DAILY) // (1440 * MINUTE) for instant in fired(store)]
    assert days == [0, 1]
    assert all(record.verdict is Verdict.ENQUEUED for record in store.history("e", 100))


def test_an_entry_that_comes_out_otherwise_now_goes_to_the_slot_that_it_has_by_now(store):
    """As after an update of a time zone, or of the program: the definition is the same, its fires are not."""
    sync(store, {"file": [daily(0)]})
    was = stored(store)
    moved = EntryChange(
        "e",
        "file",
        was.definition,
        was.revision,
        was.anchor,
        was.next_fire - 3600 * SECOND,
        seen_fire=was.next_fire,
    )
    assert store.change([moved]) == [True]
    done = sync(store, {"file": [daily(0)]})
    assert done.changed == ["e"]
    assert stored(store).next_fire == DAILY
    assert sync(store, {"file": [daily(0)]}).unchanged == 1


def test_a_tick_that_is_due_stays_due_whatever_comes_out_now(store, clock):
    sync(store, {"file": [daily(0)]})
    clock.now = DAILY + MINUTE
    assert sync(store, {"file": [daily(0)]}).unchanged == 1
    assert stored(store).next_fire == DAILY
