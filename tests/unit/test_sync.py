"""sync: the stored entries of a source become those that are written, and keep what they can."""

from __future__ import annotations

from zoneinfo import ZoneInfoNotFoundError

import pytest

from beat.entry import Entry
from beat.schedules import every
from beat.store import EntryChange, Verdict
from beat.stores.sqlite import SQLiteBeatStore
from beat.sync import CHANGED, REMOVED, Synced, sync
from beat.ticker import Ticker
from jobq.errors import ConfigError
from jobq.instants import SECOND, from_micros

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
    }
    assert store.change([EntryChange(**{"name": name} | given | fields)]) == [True]


# -- what is written


def test_new_entries_start_at_their_next_slot_and_count_from_now(store):
    assert sync(store, [entry("b", 60), entry("a", 90)], "file") == Synced(added=["b", "a"])
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
    sync(store, [written], "file")
    assert stored(store).next_fire == next_fire
    assert sync(store, [written], "file") == Synced(unchanged=1)


def test_what_is_unchanged_keeps_its_state(store, clock):
    sync(store, [entry()], "file")
    was = stored(store)
    clock.now += 10 * MINUTE  # due meanwhile
    assert sync(store, [entry()], "file") == Synced(unchanged=1)
    assert stored(store) == was
    assert store.history("e", 10) == []


def test_what_was_changed_goes_to_its_next_slot_from_now(store, clock):
    sync(store, [entry(seconds=60)], "file")
    clock.now += 30 * SECOND
    assert sync(store, [entry(seconds=20)], "file") == Synced(changed=["e"])
    found = stored(store)
    assert (found.next_fire, found.anchor, found.revision) == (START + 40 * SECOND, START, 2)
    assert found.definition == entry(seconds=20).definition()
    assert store.history("e", 10) == []


def test_ticks_that_were_due_under_the_old_definition_are_recorded(store, clock):
    sync(store, [entry()], "file")
    clock.now += 3 * MINUTE + 1
    sync(store, [entry(args=(1,))], "file")
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until) == (START + MINUTE, START + 3 * MINUTE)
    assert (record.verdict, record.reason) == (Verdict.SKIPPED, CHANGED)
    assert stored(store).next_fire == START + 4 * MINUTE


def test_what_vanished_is_removed_and_leaves_a_record_of_what_was_due(store, clock):
    sync(store, [entry("e"), entry("stays")], "file")
    clock.now += MINUTE
    assert sync(store, [entry("stays")], "file") == Synced(removed=["e"], unchanged=1)
    assert names(store) == ["stays"]
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until, record.reason) == (START + MINUTE, 0, REMOVED)


def test_without_pruning_nothing_is_removed(store):
    sync(store, [entry("e"), entry("stays")], "app")
    assert sync(store, [entry("new")], "app", prune=False) == Synced(added=["new"])
    assert names(store, "app") == ["e", "new", "stays"]


def test_other_sources_are_left_alone(store, clock):
    sync(store, [entry("theirs")], "app")
    was = stored(store, "theirs")
    clock.now += MINUTE
    sync(store, [entry("ours")], "file")
    assert sync(store, [], "file") == Synced(removed=["ours"])
    assert stored(store, "theirs") == was
    assert store.history("theirs", 10) == []


def test_a_name_of_another_source_is_refused_and_nothing_is_applied(store):
    sync(store, [entry("taken")], "app.py")
    with pytest.raises(ConfigError, match=r'entry "taken" of beat\.toml is already defined by app\.py'):
        sync(store, [entry("new"), entry("taken")], "beat.toml")
    assert names(store, "app.py") == ["taken"]
    assert names(store, "beat.toml") == []


def test_what_was_done_is_told_in_a_sentence(store):
    sync(store, [entry("a"), entry("b"), entry("c")], "file")
    done = sync(store, [entry("a"), entry("b", 5), entry("d")], "file")
    assert str(done) == "1 added, 1 changed, 1 removed, 1 unchanged"


# -- what can't be read


def test_an_entry_that_was_stopped_because_it_could_not_be_read_goes_on(store):
    """A beat of an older version set `next_fire` to 0; the definition is the same and this version reads it."""
    sync(store, [entry()], "file")
    put(store, next_fire=0, anchor=START)
    assert sync(store, [entry()], "file") == Synced(changed=["e"])
    assert stored(store).next_fire == START + MINUTE
    assert sync(store, [entry()], "file") == Synced(unchanged=1)


@pytest.mark.parametrize("written", [[], [entry()]])
def test_a_definition_that_cannot_be_read_can_be_replaced_and_removed(store, clock, written):
    put(store, definition='{"v":99}', next_fire=START)
    clock.now += MINUTE
    sync(store, written, "file")
    assert names(store) == [e.name for e in written]
    (record,) = store.history("e", 10)
    assert (record.fire_time, record.until) == (START, 0)


@pytest.mark.xfail(raises=ZoneInfoNotFoundError, reason="sync evaluates the old definition outside its try")
@pytest.mark.parametrize("written", [[], [entry()]])
def test_a_definition_in_an_unknown_zone_can_be_replaced_and_removed(store, clock, written):
    definition = entry().definition().replace('"UTC"', '"Mars/Phobos"')
    put(store, definition=definition, next_fire=START)
    clock.now += MINUTE
    sync(store, written, "file")
    assert names(store) == [e.name for e in written]


# -- a clock that was set back


@pytest.mark.xfail(reason="sync counts from now alone, so a tick that was enqueued comes again")
def test_what_was_changed_does_not_go_back_to_a_tick_that_has_fired(store, clock):
    """Its job may be forgotten by now, so that nothing else keeps the tick from being enqueued once more."""
    sync(store, [entry()], "file")
    clock.now += 5 * MINUTE
    store.elect("a", MINUTE)
    Ticker(store).run_once(1)
    assert stored(store).last_fire == START + 5 * MINUTE
    clock.now -= 3 * MINUTE
    sync(store, [entry(args=(1,))], "file")
    assert stored(store).next_fire == START + 6 * MINUTE


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


@pytest.mark.parametrize("times", [1, 4])
def test_who_lost_the_race_looks_again(store, times):
    assert sync(Rival(store, times), [entry(), entry("other")], "file") == Synced(changed=["e"], unchanged=1)
    assert stored(store).definition == entry().definition()
    assert stored(store).revision == times + 1


def test_who_loses_every_race_says_so(store):
    with pytest.raises(
        ConfigError, match="the entries of file are being changed by somebody else all the time"
    ):
        sync(Rival(store, 99), [entry()], "file")


def test_a_rival_that_removed_what_we_change_makes_it_new(store):
    sync(store, [entry(seconds=30)], "file")

    class Remover(Rival):
        def change(self, changes):
            if self.times:
                self.times -= 1
                put(self.store, definition="")
            return self.store.change(changes)

    assert sync(Remover(store, 1), [entry()], "file") == Synced(added=["e"])
    assert stored(store).definition == entry().definition()


def test_doing_it_again_does_nothing(store):
    written = [entry(f"e{number}") for number in range(50)]
    sync(store, written, "file")
    was = store.entries()
    assert sync(store, written, "file") == Synced(unchanged=50)
    assert store.entries() == was
