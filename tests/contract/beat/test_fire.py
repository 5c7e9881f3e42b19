"""fire: the one atomic step on which "exactly one enqueue per tick" rests."""

from __future__ import annotations

from itertools import pairwise

import pytest
from beats import DUE, FAR, LONG, change, firing, skipped, taken, tick

from beat.store import Firing, NotLeader, Tick, Verdict
from jobq.instants import SECOND
from jobq.job import NewJob, Outcome, State


@pytest.fixture
def term(stage):
    return stage.lead()


def test_a_tick_inserts_its_job_records_it_and_moves_the_entry_on(stage, store, term):
    stage.add("e", anchor=7)
    before = store.now()
    assert taken(store.fire(term, [firing("e")])) == [True]
    (job,) = store.get(["e@2020-01-01T00:00:00Z"])
    assert (job.state, job.message) == (State.AVAILABLE, f'{{"of":"{DUE}"}}')
    record = stage.record("e")
    assert (record.fire_time, record.verdict, record.reason, record.until) == (DUE, Verdict.ENQUEUED, "", 0)
    assert before <= record.recorded_at <= store.now()
    entry = stage.entry("e")
    assert (entry.next_fire, entry.last_fire, entry.runs) == (FAR, DUE, 1)
    assert (entry.revision, entry.anchor, entry.definition) == (1, 7, "{}")


def test_a_skipped_tick_is_recorded_with_its_reason_and_enqueues_nothing(stage, store, term):
    stage.add("e")
    assert store.fire(term, [firing("e", ticks=(skipped(reason='a "reason" / ü', until=DUE + 9),))]) == [
        (False,)
    ]
    record = stage.record("e")
    assert (record.verdict, record.reason, record.until) == (Verdict.SKIPPED, 'a "reason" / ü', DUE + 9)
    assert stage.jobs() == []
    entry = stage.entry("e")
    assert (entry.next_fire, entry.last_fire, entry.runs) == (FAR, DUE + 9, 0)


def test_several_ticks_of_an_entry_are_dealt_with_in_order(stage, store, term):
    stage.add("e")
    ticks = (
        skipped(DUE, until=DUE + 5),
        tick("e", DUE + SECOND),
        skipped(DUE + 9),
        tick("e", DUE + 3 * SECOND),
    )
    assert taken(store.fire(term, [firing("e", ticks=ticks)])) == [True]
    assert stage.jobs() == ["e@2020-01-01T00:00:01Z", "e@2020-01-01T00:00:03Z"]
    assert [fire_time for fire_time, _ in stage.verdicts("e")] == [t.fire_time for t in reversed(ticks)]
    entry = stage.entry("e")
    assert (entry.last_fire, entry.runs) == (DUE + 3 * SECOND, 2)


def test_runs_and_last_fire_go_on_from_where_they_were(stage, store, term):
    stage.add("e")
    times = [DUE, DUE + SECOND, DUE + 2 * SECOND, FAR]
    for seen, following in pairwise(times):
        one = firing("e", seen_fire=seen, next_fire=following, ticks=(tick("e", seen),))
        assert taken(store.fire(term, [one])) == [True]
    entry = stage.entry("e")
    assert (entry.runs, entry.last_fire, entry.next_fire) == (3, DUE + 2 * SECOND, FAR)


def test_the_next_fire_may_be_in_the_past(stage, store, term):
    stage.add("e")
    store.fire(term, [firing("e", next_fire=DUE + 1)])
    assert [entry.next_fire for entry in store.due(10).entries] == [DUE + 1]


def test_jobs_of_a_batch_are_queued_in_its_order(stage, term):
    stage.add("b", "a", "c")
    assert stage.fire(term, "c", "a", "b") == [True, True, True]
    assert [job.partition("@")[0] for job in stage.jobs()] == ["c", "a", "b"]


def test_a_job_goes_where_it_says(stage, store, term):
    stage.add("e")
    job = NewJob("e@1", "reports", 1, "{}", due=FAR)
    store.fire(term, [firing("e", ticks=(Tick(DUE, Verdict.ENQUEUED, job=job),))])
    (record,) = store.get(["e@1"])
    assert (record.queue, record.priority, record.state, record.due) == ("reports", 1, State.SCHEDULED, FAR)


def test_workers_are_woken(stage, term, open_another):
    worker = open_another()
    worker.wait(["default"], 0.0)
    stage.add("e")
    stage.fire(term, "e")
    assert worker.wait(["default"], 10.0)


def test_an_empty_batch_is_checked_too(store, term):
    assert taken(store.fire(term, [])) == []
    with pytest.raises(NotLeader):
        store.fire(term + 1, [])


# -- a term that is over


def assert_untouched(stage, name="e"):
    entry = stage.entry(name)
    assert (entry.next_fire, entry.last_fire, entry.runs, entry.revision) == (DUE, 0, 0, 1)
    assert stage.jobs() == []
    assert stage.store.history(name, 10) == []


@pytest.mark.parametrize("wrong", [0, 2, -1])
def test_another_term_changes_nothing(stage, term, wrong):
    stage.add("e")
    with pytest.raises(NotLeader):
        stage.fire(wrong, "e")
    assert_untouched(stage)
    assert stage.fire(term, "e") == [True]


def test_nobody_fires_without_an_election(stage):
    stage.add("e")
    for term in (0, 1):
        with pytest.raises(NotLeader):
            stage.fire(term, "e")
    assert_untouched(stage)


def test_a_lease_that_ran_out_is_over_though_nobody_else_was_elected(stage):
    stage.add("e")
    term = stage.lead_in_vain()
    with pytest.raises(NotLeader, match="over"):
        stage.fire(term, "e")
    assert_untouched(stage)


def test_who_resigned_fires_no_more(stage, store, term):
    stage.add("e")
    store.resign("a", term)
    with pytest.raises(NotLeader):
        stage.fire(term, "e")
    assert_untouched(stage)


def test_the_old_leader_is_refused_and_the_new_one_is_not(stage):
    stage.add("e")
    old = stage.lead_in_vain("a")
    new = stage.lead("b")
    with pytest.raises(NotLeader):
        stage.fire(old, "e")
    assert_untouched(stage)
    assert stage.fire(new, "e") == [True]


def test_a_renewed_lease_lasts(stage, store, term):
    stage.add("e")
    store.renew("a", term, LONG)
    assert stage.fire(term, "e") == [True]


# -- an entry that is not as it was seen


@pytest.mark.parametrize("seen", [{"seen_fire": DUE + 1}, {"seen_fire": 0}, {"revision": 2}, {"revision": 0}])
def test_what_is_not_as_seen_is_left_alone_and_the_others_are_not(stage, store, term, seen):
    stage.add("before", "e", "after")
    assert taken(store.fire(term, [firing("before"), firing("e", **seen), firing("after")])) == [
        True,
        False,
        True,
    ]
    entry = stage.entry("e")
    assert (entry.next_fire, entry.last_fire, entry.runs) == (DUE, 0, 0)
    assert store.history("e", 10) == []
    assert [job.partition("@")[0] for job in stage.jobs()] == ["before", "after"]


def test_an_unknown_entry_is_left_alone(stage, store, term):
    stage.add("e")
    assert stage.fire(term, "unknown", "e") == [False, True]
    assert store.history("unknown", 10) == []
    assert store.entries(names=["unknown"]) == []


def test_a_second_firing_of_the_same_does_nothing(stage, term):
    stage.add("e")
    assert stage.fire(term, "e") == [True]
    assert stage.fire(term, "e") == [False]
    assert len(stage.jobs()) == 1
    assert stage.entry("e").runs == 1
    assert len(stage.verdicts("e")) == 1


def test_one_entry_twice_in_a_batch_is_dealt_with_one_after_the_other(stage, store, term):
    stage.add("e")
    again = firing("e", seen_fire=DUE + SECOND, ticks=(tick("e", DUE + SECOND),))
    assert taken(store.fire(term, [firing("e", next_fire=DUE + SECOND), firing("e"), again])) == [
        True,
        False,
        True,
    ]
    assert len(stage.jobs()) == 2
    assert (stage.entry("e").runs, stage.entry("e").next_fire) == (2, FAR)


def test_an_entry_changed_meanwhile_is_refused(stage, store, term):
    stage.add("e")
    store.change([change("e", seen_revision=1, definition='{"new":1}')])
    assert stage.fire(term, "e") == [False]
    assert stage.jobs() == []


def test_an_entry_removed_and_made_again_meanwhile_is_refused(stage, term):
    stage.add("e")
    stage.remove("e")
    stage.add("e", definition='{"new":1}')
    assert stage.fire(term, "e") == [False]
    assert stage.jobs() == []


# -- a job that is there already


def test_a_tick_whose_job_is_known_is_skipped_with_that_reason(stage, store, term):
    store.enqueue([NewJob("e@2020-01-01T00:00:00Z", "default", 5, '{"by":"hand"}')])
    stage.add("e")
    assert stage.fire(term, "e") == [True]
    record = stage.record("e")
    assert (record.verdict, record.reason) == (Verdict.SKIPPED, "a job of this id is known already")
    (job,) = store.get(["e@2020-01-01T00:00:00Z"])
    assert job.message == '{"by":"hand"}'
    entry = stage.entry("e")
    assert (entry.next_fire, entry.last_fire, entry.runs) == (FAR, DUE, 0)


def test_a_job_that_has_ended_is_known_for_as_long_as_it_is_kept(stage, store, term):
    stage.add("e")
    stage.fire(term, "e")
    (claim,) = store.fetch(["default"], 1, LONG, "w").claims
    store.complete([Outcome(claim.id, claim.token, State.COMPLETED, keep=3600)])
    assert stage.change("e", next_fire=DUE) == [True]
    assert taken(store.fire(term, [firing("e", revision=2)])) == [True]
    assert stage.verdicts("e") == [(DUE, "skipped"), (DUE, "enqueued")]
    assert stage.jobs() == []


def test_only_the_known_one_of_several_ticks_is_skipped(stage, store, term):
    store.enqueue([tick("e", DUE + SECOND).job])
    stage.add("e")
    ticks = tuple(tick("e", DUE + number * SECOND) for number in range(3))
    gone = firing("unknown", ticks=ticks)
    assert store.fire(term, [gone, firing("e", ticks=ticks), gone]) == [None, (True, False, True), None]
    assert [verdict for _, verdict in stage.verdicts("e")] == ["enqueued", "skipped", "enqueued"]
    assert (stage.entry("e").runs, stage.entry("e").last_fire) == (2, DUE + 2 * SECOND)


# -- names


@pytest.mark.parametrize(
    "name", ["nightly report", "a:b:c", "отчёт", "雪 ☃", 'it\'s "quoted"', "{x}", "a/b@c", "%s"]
)
def test_entries_may_have_any_name(stage, store, term, name):
    stage.add(name, source=f"file {name}")
    (entry,) = store.due(10).entries
    assert entry.name == name
    assert stage.fire(term, name) == [True]
    assert stage.jobs() == [f"{name}@2020-01-01T00:00:00Z"]
    assert stage.verdicts(name) == [(DUE, "enqueued")]
    assert store.entries(source=f"file {name}")[0].runs == 1
    stage.remove(name)
    assert store.entries() == []


def test_a_firing_may_have_no_tick(stage, store, term):
    stage.add("e")
    assert taken(store.fire(term, [Firing("e", DUE, 1, FAR, ())])) == [True]
    assert store.history("e", 10) == []
    assert (stage.entry("e").next_fire, stage.entry("e").last_fire) == (FAR, DUE)
