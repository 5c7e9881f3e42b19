"""entries, history and reloads: what was written, in the order that was promised."""

from __future__ import annotations

from beats import DUE, FAR, Stage, change, firing, skipped, taken, tick


def fire_in_turn(stage, fire_times, name="e"):
    """One step for each fire time, so that each is recorded by itself."""
    stage.add(name, next_fire=fire_times[0])
    term = stage.lead()
    for seen, following in zip(fire_times, [*fire_times[1:], FAR], strict=True):
        ticks = (tick(name, seen),)
        assert taken(
            stage.store.fire(term, [firing(name, seen_fire=seen, next_fire=following, ticks=ticks)])
        ) == [True]


# -- entries


def names_of(entries):
    return [entry.name for entry in entries]


def test_entries_are_sorted_by_name(stage, store):
    stage.add("b", "a:1", "a", "ä", "B", "a b")
    assert names_of(store.entries()) == ["B", "a", "a b", "a:1", "b", "ä"]


def test_entries_of_names_leave_out_who_is_unknown(stage, store):
    stage.add("a", "b", "c")
    assert names_of(store.entries(names=["c", "nobody", "a", "c"])) == ["a", "c"]
    assert store.entries(names=["nobody"]) == []
    assert store.entries(names=[]) == []


def test_entries_of_a_source(stage, store):
    stage.add("a", "c", source="file:one")
    stage.add("b", source="file")
    assert names_of(store.entries(source="file:one")) == ["a", "c"]
    assert names_of(store.entries(source="file")) == ["b"]
    assert store.entries(source="nothing") == []
    assert names_of(store.entries(names=["a", "b"], source="file")) == ["b"]


# -- history


def test_an_entry_that_never_fired_has_none(stage, store):
    stage.add("e")
    assert store.history("e", 10) == []
    assert store.history("unknown", 10) == []


def test_the_latest_comes_first_and_a_limit_cuts_the_oldest_off(stage, store):
    fire_in_turn(stage, [DUE + number for number in range(5)])
    assert [record.fire_time - DUE for record in store.history("e", 10)] == [4, 3, 2, 1, 0]
    assert [record.fire_time - DUE for record in store.history("e", 2)] == [4, 3]
    assert store.history("e", 0) == []


def test_histories_do_not_mix(stage):
    stage.add("e", "e2", "e:1")
    stage.fire(stage.lead(), "e", "e:1")
    assert [len(stage.verdicts(name)) for name in ("e", "e2", "e:1")] == [1, 0, 1]


def test_only_so_many_are_kept(open_another):
    stage = Stage(open_another(keep_history=3))
    fire_in_turn(stage, [DUE + number for number in range(10)])
    assert [record.fire_time - DUE for record in stage.store.history("e", 100)] == [9, 8, 7]


def test_a_step_with_more_ticks_than_are_kept_leaves_the_last(open_another):
    stage = Stage(open_another(keep_history=3))
    stage.add("e")
    ticks = tuple(tick("e", DUE + number) for number in range(10))
    assert taken(stage.store.fire(stage.lead(), [firing("e", ticks=ticks)])) == [True]
    assert [record.fire_time - DUE for record in stage.store.history("e", 100)] == [9, 8, 7]
    assert len(stage.jobs()) == 10


def test_changes_count_among_the_kept(open_another):
    stage = Stage(open_another(keep_history=2))
    fire_in_turn(stage, [DUE, DUE + 1])
    gone = tuple(skipped(DUE + number) for number in (5, 6, 7))
    assert stage.change("e", skipped=gone) == [True]
    assert [record.fire_time - DUE for record in stage.store.history("e", 100)] == [7, 6]


def test_none_are_kept_if_so_wished(open_another):
    stage = Stage(open_another(keep_history=0))
    fire_in_turn(stage, [DUE, DUE + 1])
    assert stage.store.history("e", 100) == []
    assert stage.entry("e").runs == 2


def test_keeping_fewer_than_before_shortens_a_history_with_its_next_record(stage, open_another):
    fire_in_turn(stage, [DUE + number for number in range(10)])
    fewer = open_another(keep_history=2)
    assert fewer.fire(1, [firing("e", seen_fire=FAR, ticks=(tick("e", DUE + 10),))]) == [(True,)]
    assert [record.fire_time for record in fewer.history("e", 100)] == [DUE + 10, DUE + 9]


# -- changes


def test_changes_counts_the_calls_that_had_an_effect(store, open_another):
    other = open_another()

    def grown_by(*changes):
        before = store.changes()
        store.change(changes)
        assert other.changes() == store.changes()
        return store.changes() - before

    assert store.changes() == 0
    assert grown_by(change("e"), change("f")) == 1
    assert grown_by(change("e", seen_revision=1)) == 1
    assert grown_by(change("e", seen_revision=1), change("f", seen_revision=1)) == 1, "one of the two"
    assert grown_by(change("f", seen_revision=2, definition="")) == 1
    assert other.change([change("f", next_fire=0)]) == [True]
    assert store.changes() == 5


def test_changes_does_not_count_a_call_that_was_refused(stage, store):
    stage.add("e", "f")
    before = store.changes()
    late = [
        change("e"),
        change("e", seen_revision=2),
        change("e", seen_revision=1, seen_fire=FAR, skipped=(skipped(),)),
        change("f", seen_revision=2, definition=""),
        change("unknown", seen_revision=1),
    ]
    for one in late:
        assert store.change([one]) == [False]
    assert store.change(late) == [False] * 5
    assert store.change([]) == []
    assert store.changes() == before


def test_changes_does_not_count_what_else_is_done(stage, store):
    stage.add("e")
    before = store.changes()
    stage.fire(stage.lead(), "e")
    store.request_reload()
    assert store.changes() == before


# -- reloads


def test_reloads_are_counted(store, open_another):
    assert store.reloads() == 0
    store.request_reload()
    other = open_another()
    other.request_reload()
    assert store.reloads() == other.reloads() == 2
