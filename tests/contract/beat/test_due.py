"""due: what has come, earliest first, and when to look again."""

from __future__ import annotations

from beats import DUE, FAR, change, firing

from beat.store import DueEntry


def test_nothing_is_due_in_an_empty_store(store):
    before = store.now()
    due = store.due(10)
    assert (due.next_at, due.entries) == (0, [])
    assert before <= due.now <= store.now()


def test_what_has_come_is_due(stage, store):
    stage.add("e")
    assert store.due(10).entries == [DueEntry("e", DUE, 1)]
    assert store.due(10).next_at == 0


def test_what_has_not_come_is_what_to_wait_for(stage, store):
    stage.add("later", next_fire=FAR + 5)
    stage.add("soon", next_fire=FAR)
    due = store.due(10)
    assert (due.next_at, due.entries) == (FAR, [])


def test_an_entry_without_a_fire_time_is_never_due(stage, store):
    stage.add("never", next_fire=0)
    assert store.due(10)[1:] == (0, [])


def test_the_earliest_come_first_and_of_equals_the_first_by_name(stage):
    stage.add("second", next_fire=DUE + 1)
    stage.add("third", next_fire=DUE + 2)
    stage.add("first", next_fire=DUE)
    stage.add("b", "ä", "a", "B", next_fire=DUE + 3)
    assert stage.due_names() == ["first", "second", "third", "B", "a", "b", "ä"]


def test_a_limit_leaves_the_rest_for_later(stage, store):
    for number in range(5):
        stage.add(f"e{number}", next_fire=DUE + number)
    due = store.due(2)
    assert [entry.name for entry in due.entries] == ["e0", "e1"]
    assert due.next_at == DUE + 2
    assert store.due(5).next_at == 0
    assert store.due(0)[1:] == (DUE, [])


def test_the_next_is_the_first_after_those_that_are_due(stage, store):
    stage.add("now")
    stage.add("later", next_fire=FAR)
    due = store.due(1)
    assert ([entry.name for entry in due.entries], due.next_at) == (["now"], FAR)


def test_asking_changes_nothing(stage, store):
    stage.add("e")
    assert store.due(10).entries == store.due(10).entries


def test_the_revision_is_the_one_to_fire_with(stage, store):
    stage.add("e")
    store.change([change("e", seen_revision=1, definition='{"new":1}')])
    assert store.due(10).entries == [DueEntry("e", DUE, 2)]


def test_what_was_fired_waits_for_its_next_fire_time(stage, store):
    stage.add("once", "again")
    term = stage.lead()
    store.fire(term, [firing("once", next_fire=0), firing("again", next_fire=FAR)])
    assert store.due(10)[1:] == (FAR, [])


def test_a_removed_entry_is_not_due(stage, store):
    stage.add("e")
    stage.remove("e")
    assert store.due(10)[1:] == (0, [])


def test_a_thousand_at_once(stage, store):
    names = [f"e{number:04}" for number in range(1000)]
    stage.add(*names)
    assert stage.due_names(500) == names[:500]
    term = stage.lead()
    for start in (0, 500):
        due = store.due(500)
        assert [entry.name for entry in due.entries] == names[start : start + 500]
        assert all(stage.fire(term, *(entry.name for entry in due.entries)))
    assert store.due(500)[1:] == (FAR, [])
    assert stage.jobs() == [f"{name}@2020-01-01T00:00:00Z" for name in names]
