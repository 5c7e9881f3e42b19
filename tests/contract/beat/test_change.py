"""change: one writer at a time for each entry, by its revision and its next fire time."""

from __future__ import annotations

import pytest
import redis
from beats import DUE, FAR, Stage, beat_stores, change, firing, skipped, taken

from beat.store import KEEP_HISTORY_OF_REMOVED, StoredEntry, Verdict
from beat.stores.sqlite import SQLiteBeatStore
from jobq.instants import SECOND


def test_a_new_entry_is_stored_as_given(stage, store):
    definition = '{"task":"t","args":["ü","雪"]}'
    assert store.change([change("e", source="file", definition=definition, anchor=5, next_fire=FAR)]) == [
        True
    ]
    assert stage.entry("e") == StoredEntry("e", "file", definition, 1, 5, FAR, 0, 0)


def test_a_replaced_entry_keeps_what_it_has_done(stage, store):
    stage.add("e", anchor=5)
    stage.fire(stage.lead(), "e")
    assert store.change(
        [
            change(
                "e",
                source="app",
                definition='{"n":2}',
                seen_revision=1,
                seen_fire=FAR,
                anchor=9,
                next_fire=DUE,
            )
        ]
    ) == [True]
    assert stage.entry("e") == StoredEntry("e", "app", '{"n":2}', 2, 9, DUE, last_fire=DUE, runs=1)
    assert stage.verdicts("e") == [(DUE, "enqueued")]


def test_revisions_count_up(stage, store):
    stage.add("e")
    for revision in range(1, 6):
        assert store.change([change("e", seen_revision=revision)]) == [True]
    assert stage.entry("e").revision == 6


@pytest.mark.parametrize("seen", [0, 1, 3, -1])
def test_what_is_not_at_the_revision_seen_stays_as_it_is(stage, store, seen):
    stage.add("e")
    store.change([change("e", seen_revision=1)])
    assert_too_late(stage, seen_revision=seen, seen_fire=DUE)


@pytest.mark.parametrize("seen", [0, DUE - 1, DUE + 1, FAR])
def test_what_is_not_at_the_next_fire_seen_stays_as_it_is(stage, seen):
    stage.add("e")
    assert_too_late(stage, seen_revision=1, seen_fire=seen)


def assert_too_late(stage, **seen):
    was = stage.entry("e")
    late = {"definition": '{"late":1}', "source": "late", "next_fire": FAR, "skipped": (skipped(),)}
    assert stage.store.change([change("e", **seen, **late)]) == [False]
    assert stage.store.change([change("e", **seen, **late | {"definition": ""})]) == [False]
    assert stage.entry("e") == was
    assert stage.due_names() == ["e"]
    assert stage.store.history("e", 10) == []
    assert stage.store.entries(source="late") == []


@pytest.mark.parametrize("definition", ["{}", ""])
def test_who_saw_an_entry_before_it_fired_is_refused(stage, store, definition):
    """Fires leave the revision as it is; whoever decided before one would bring its tick back, or skip it twice."""
    stage.add("e")
    seen = stage.entry("e")
    stage.fire(stage.lead(), "e")
    was = stage.entry("e")
    late = change("e", definition=definition, seen_revision=seen.revision, skipped=(skipped(),))
    assert (seen.revision, late.seen_fire) == (was.revision, seen.next_fire)
    assert store.change([late]) == [False]
    assert stage.entry("e") == was
    assert stage.verdicts("e") == [(DUE, "enqueued")]
    assert stage.change("e", definition=definition) == [True]


def test_an_entry_without_a_next_fire_is_seen_at_0(stage, store):
    stage.add("e", next_fire=0)
    assert store.change([change("e", seen_revision=1, seen_fire=DUE)]) == [False]
    assert store.change([change("e", seen_revision=1, seen_fire=0)]) == [True]
    assert stage.due_names() == ["e"]


@pytest.mark.parametrize("seen", [(1, DUE), (1, 0), (0, DUE)])
def test_a_change_to_what_is_not_there_is_refused(store, seen):
    seen = dict(zip(("seen_revision", "seen_fire"), seen, strict=True))
    assert store.change([change("e", **seen), change("f", **seen, definition="")]) == [False, False]
    assert store.entries() == []


def test_one_that_is_refused_does_not_stop_the_others(store):
    answers = store.change([change("a"), change("b", seen_revision=4), change("c"), change("a")])
    assert answers == [True, False, True, False]
    assert [entry.name for entry in store.entries()] == ["a", "c"]


def test_changes_to_one_entry_in_one_call_follow_one_another(stage, store):
    steps = [
        change("e"),
        change("e", seen_revision=1, definition='{"n":2}'),
        change("e", seen_revision=2, definition=""),
    ]
    assert store.change(steps) == [True, True, True]
    assert store.entries() == []
    stage.add("e")
    assert stage.entry("e").definition == "{}"


def test_of_two_who_saw_the_same_one_wins(stage, store, open_another):
    stage.add("e")
    other = open_another()
    answers = store.change([change("e", seen_revision=1)]) + other.change([change("e", seen_revision=1)])
    assert answers == [True, False]
    answers = store.change([change("new")]) + other.change([change("new")])
    assert answers == [True, False]


def test_a_removed_entry_leaves_its_history_and_nothing_else(stage, store):
    stage.add("e", "other")
    stage.fire(stage.lead(), "e")
    stage.remove("e")
    assert [entry.name for entry in store.entries()] == ["other"]
    assert [entry.name for entry in store.entries(source="file")] == ["other"]
    assert store.entries(names=["e"]) == []
    assert stage.due_names() == ["other"]
    assert stage.verdicts("e") == [(DUE, "enqueued")]


@pytest.mark.parametrize("last_record", ["by a fire", "by the removal"])
def test_the_history_of_a_removed_entry_has_a_lifetime_on_redis(redis_url, last_record):
    with beat_stores(redis_url) as make, redis.Redis.from_url(redis_url) as client:
        stage = Stage(make())
        stage.add("e", "stays")
        term = stage.lead()
        stage.fire(term, "e", "stays")

        def lifetimes():
            return [client.ttl(f"{{beatd}}:history:{name}") for name in ("e", "stays")]

        assert lifetimes() == [-1, -1]
        gone = () if last_record == "by a fire" else (skipped(DUE + 1),)
        assert stage.change("e", definition="", skipped=gone) == [True]
        left, kept = lifetimes()
        assert KEEP_HISTORY_OF_REMOVED - 60 < left <= KEEP_HISTORY_OF_REMOVED == 30 * 86400
        assert kept == -1
        stage.add("e")
        assert lifetimes() == [-1, -1], "made again, it has a history to go on with"
        assert stage.verdicts("e")[-1] == (DUE, "enqueued")


def test_the_history_of_a_removed_entry_goes_with_a_later_removal_on_sqlite(sqlite_url):
    """Counted from when the entry was removed, however old its records are."""
    day = 86_400 * SECOND
    clock = [DUE]
    store = SQLiteBeatStore(sqlite_url, 100, clock=lambda: clock[0])
    stage = Stage(store)
    stage.add("e", "again", "stays", "other", "another", "last")
    stage.fire(stage.lead(), "e", "again", "stays")

    def histories():
        return [name for name in ("e", "again", "stays") if store.history(name, 10)]

    clock[0] += 300 * day
    stage.remove("e")
    stage.remove("again")
    assert histories() == ["e", "again", "stays"]
    clock[0] += 30 * day
    stage.remove("other")
    stage.add("again")
    assert histories() == ["e", "again", "stays"]
    clock[0] += 1
    stage.change("another", definition='{"n":2}')
    assert histories() == ["e", "again", "stays"], "only a removal looks"
    stage.remove("last")
    assert histories() == ["again", "stays"]
    store.close()


def test_removing_what_is_not_there_is_done_already(store):
    assert store.change([change("e", definition="")]) == [True]
    assert store.entries() == []


def test_an_entry_made_again_starts_anew(stage):
    stage.add("e", source="old")
    stage.fire(stage.lead(), "e")
    stage.remove("e")
    stage.add("e", source="new", next_fire=FAR)
    entry = stage.entry("e")
    assert (entry.source, entry.runs, entry.last_fire, entry.next_fire) == ("new", 0, 0, FAR)
    assert stage.verdicts("e") == [(DUE, "enqueued")]


def test_an_entry_made_again_is_not_taken_for_the_one_before(stage):
    """Whoever keeps a definition under its name and revision must never find another one under the same."""
    seen = set()
    for round_ in range(4):
        stage.add("e", "other", definition=f'{{"round":{round_}}}')
        for name in ("e", "other"):
            for _ in range(round_):
                assert stage.change(name) == [True]
            entry = stage.entry(name)
            assert (name, entry.revision) not in seen
            seen |= {(name, revision) for revision in range(entry.revision + 1)}
            stage.remove(name)


def test_an_entry_that_moves_to_another_source_is_found_there_only(stage, store):
    stage.add("e", "stays")
    store.change([change("e", source="app", seen_revision=1)])
    assert [entry.name for entry in store.entries(source="file")] == ["stays"]
    assert [entry.name for entry in store.entries(source="app")] == ["e"]
    stage.remove("e")
    assert store.entries(source="app") == []


@pytest.mark.parametrize("definition", ["{}", ""])
def test_ticks_that_pass_with_the_old_definition_are_recorded(stage, store, definition):
    stage.add("e")
    gone = (skipped(DUE, "it was changed", until=DUE + 5), skipped(DUE + 9, "it was changed"))
    before = store.now()
    assert store.change([change("e", seen_revision=1, definition=definition, skipped=gone)]) == [True]
    latest, first = store.history("e", 10)
    assert (first.fire_time, first.until, first.verdict, first.reason) == (
        DUE,
        DUE + 5,
        Verdict.SKIPPED,
        "it was changed",
    )
    assert (latest.fire_time, latest.until) == (DUE + 9, 0)
    assert before <= first.recorded_at <= store.now()


@pytest.mark.parametrize(
    ("gone", "last"),
    [
        ([skipped(DUE)], DUE),
        ([skipped(DUE, until=DUE + 5)], DUE + 5),
        ([skipped(DUE, until=DUE + 5), skipped(DUE + 9)], DUE + 9),
        ([skipped(DUE + 3), skipped(DUE, until=DUE + 7)], DUE + 7),
        ([skipped(DUE + 9), skipped(DUE)], DUE + 9),
    ],
    ids=["one", "a stretch", "a stretch and one", "one and a stretch", "out of order"],
)
def test_last_fire_moves_to_the_last_of_the_ticks_that_pass(stage, gone, last):
    """So that a clock that was set back does not bring back what the history says was skipped."""
    stage.add("e", "other")
    assert stage.change("e", next_fire=FAR, skipped=tuple(gone)) == [True]
    entry = stage.entry("e")
    assert (entry.last_fire, entry.next_fire, entry.runs, entry.revision) == (last, FAR, 0, 2)
    assert stage.entry("other").last_fire == 0


def test_last_fire_never_goes_back(stage):
    stage.add("e")
    stage.fire(stage.lead(), "e")
    assert stage.change("e", skipped=(skipped(DUE - 9, until=DUE - 1),)) == [True]
    assert stage.entry("e").last_fire == DUE
    assert stage.change("e", skipped=(skipped(DUE + 1, until=DUE + 9),)) == [True]
    assert stage.entry("e").last_fire == DUE + 9
    assert stage.change("e", skipped=(skipped(DUE + 1, until=DUE + 8), skipped(DUE + 2))) == [True]
    assert stage.change("e", next_fire=FAR) == [True]
    assert stage.entry("e") == StoredEntry("e", "file", "{}", 5, 0, FAR, last_fire=DUE + 9, runs=1)


def test_who_is_refused_does_not_move_last_fire(stage):
    stage.add("e")
    assert stage.change("e", seen_revision=2, skipped=(skipped(),)) == [False]
    assert stage.change("e", seen_fire=FAR, skipped=(skipped(),)) == [False]
    assert stage.entry("e").last_fire == 0


def test_ticks_of_changes_that_follow_one_another_in_one_call_all_count(stage, store):
    stage.add("e")
    steps = [
        change("e", seen_revision=1, skipped=(skipped(DUE + 5),)),
        change("e", seen_revision=2, skipped=(skipped(DUE + 3),)),
        change("e", seen_revision=2, skipped=(skipped(DUE + 9),)),
    ]
    assert store.change(steps) == [True, True, False]
    assert stage.entry("e").last_fire == DUE + 5


def test_a_fire_time_that_comes_again_has_a_record_each_time(stage, store):
    """The entry was removed while a tick was due, made again, and the clock set back: the log says both."""
    stage.add("e")
    store.change([change("e", seen_revision=1, definition="", skipped=(skipped(DUE),))])
    stage.add("e")
    assert taken(store.fire(stage.lead(), [firing("e", revision=stage.entry("e").revision)])) == [True]
    assert stage.verdicts("e") == [(DUE, "enqueued"), (DUE, "skipped")]


def test_a_next_fire_of_0_takes_an_entry_out_of_what_is_due(stage, store):
    stage.add("e")
    store.change([change("e", seen_revision=1, next_fire=0)])
    assert store.due(10)[1:] == (0, [])
    store.change([change("e", seen_revision=2, seen_fire=0, next_fire=DUE)])
    assert stage.due_names() == ["e"]


def test_many_changes_at_once(store):
    names = [f"e{number:05}" for number in range(3500)]
    assert store.change([change(name) for name in names]) == [True] * 3500
    assert [entry.name for entry in store.entries()] == names
    assert store.change([change(name, seen_revision=1, definition="") for name in names]) == [True] * 3500
    assert store.entries() == []
    assert store.change([]) == []
