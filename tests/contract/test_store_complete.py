"""complete: the end of an attempt, its result and what follows from it, in one step."""

from __future__ import annotations

import pytest
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import Outcome, State
from jobq.store import DEAD_LETTER_SECONDS

FAILURE = '{"type":"ValueError","message":"no"}'


def test_a_completed_job_keeps_its_result(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    before = store.now()
    assert desk.end(claim, payload='{"answer":"42 ž"}', keep=60)
    (record,) = store.get(["a"])
    assert (record.state, record.result, record.error) == (State.COMPLETED, '{"answer":"42 ž"}', "")
    assert before <= record.ended_at <= store.now()


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_what_did_not_complete_keeps_its_failure(desk, store, state):
    desk.enqueue("a")
    assert desk.end(desk.fetch_one(), state, payload=FAILURE, keep=60)
    (record,) = store.get(["a"])
    assert (record.state, record.result, record.error) == (state, "", FAILURE)


def test_an_ended_job_is_not_fetched_again(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one(lease=20_000)
    desk.end(claim, keep=60)
    end = store.now() + 30_000
    wait_until(lambda: store.now() > end)
    assert desk.fetch() == []
    assert store.fetch(["default"], 1, SECOND, "w1").next_at == 0


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
def test_keep_0_forgets_the_job_at_once(desk, store, state):
    desk.enqueue("a")
    assert desk.end(desk.fetch_one(), state, keep=0)
    assert store.get(["a"]) == [None]
    assert store.totals()[state] == 1
    assert store.failed() == []


def test_a_record_is_gone_when_its_time_is_over(desk, store):
    desk.enqueue("a")
    assert desk.end(desk.fetch_one(), keep=1)
    (record,) = store.get(["a"])
    wait_until(lambda: store.get(["a"]) == [None])
    assert store.now() >= record.ended_at + SECOND - 10_000  # Redis expires by milliseconds


def test_several_outcomes_are_judged_each_by_itself(desk, store):
    (lost,) = desk.lose("lost")
    desk.fetch_one()
    desk.enqueue("a", "b", "c")
    a, b, c = desk.fetch()
    tokens = {"a": a.token, "unknown": a.token, "lost": lost.token, "c": c.token + 1, "b": b.token}
    outcomes = [Outcome(job_id, token, State.COMPLETED, keep=60) for job_id, token in tokens.items()]
    assert store.complete(outcomes) == [True, False, False, False, True]
    states = [desk.state(job_id) for job_id in ("a", "lost", "c", "b")]
    assert states == [State.COMPLETED, State.RUNNING, State.RUNNING, State.COMPLETED]


def test_nothing_to_complete(store):
    assert store.complete([]) == []


def test_a_stale_attempt_is_refused(desk, store, new):
    (lost,) = desk.lose("a")
    assert desk.fetch_one().attempt == 2
    stale = Outcome("a", lost.token, State.COMPLETED, '"stale"', keep=60, follow=(new("next"),))
    assert store.complete([stale]) == [False]
    (record,) = store.get(["a"])
    assert (record.state, record.result) == (State.RUNNING, "")
    assert store.get(["next"]) == [None]


def test_an_outcome_of_a_forgotten_job_is_not_taken_for_that_of_the_next_under_its_id(desk, store, new):
    """Nothing is left of the first job to count its tokens on from."""
    desk.enqueue("a")
    first = desk.fetch_one()
    ended = Outcome(
        "a", first.token, State.COMPLETED, '"first"', keep=0, follow=(new("next", queue="other"),)
    )
    assert store.complete([ended]) == [True]
    assert store.get(["a"]) == [None]
    desk.end(desk.fetch_one("other"))
    assert desk.enqueue("a") == [True]
    second = desk.fetch_one()
    assert (second.id, second.attempt) == ("a", 1)
    assert store.complete([ended]) == [False]
    assert store.extend([("a", first.token)], SECOND) == [False]
    assert store.release([("a", first.token)]) == [False]
    (record,) = store.get(["a"])
    assert (record.state, record.attempt, record.result) == (State.RUNNING, 1, "")
    assert store.get(["next"]) == [None]
    assert desk.end(second, payload='"second"', keep=60)
    assert store.complete([ended]) == [False]
    (record,) = store.get(["a"])
    assert (record.state, record.result) == (State.COMPLETED, '"second"')
    assert store.totals()["completed"] == 3


def test_an_attempt_that_was_taken_back_is_refused(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    assert store.release([("a", claim.token)]) == [True]
    assert not desk.end(claim, keep=60)
    assert desk.state("a") is State.AVAILABLE


def test_a_lease_that_expired_counts_until_someone_takes_the_job(desk):
    (claim,) = desk.lose("a")
    assert desk.end(claim, keep=60)
    assert desk.fetch() == []


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
def test_the_same_outcome_again_is_accepted_and_does_nothing(desk, store, new, state):
    desk.enqueue("a")
    claim = desk.fetch_one()
    outcome = Outcome("a", claim.token, state, '"p"', keep=60, follow=(new("next"),))
    assert store.complete([outcome]) == [True]
    (record,) = store.get(["a"])
    (following,) = desk.fetch()
    desk.end(following)
    assert store.complete([outcome]) == [True]
    assert store.get(["a"]) == [record]
    assert store.get(["next"]) == [None]
    assert store.totals()[state] == (2 if state is State.COMPLETED else 1)


def test_the_same_outcome_twice_in_a_batch_counts_once(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    assert store.complete([Outcome("a", claim.token, State.COMPLETED, keep=60)] * 2) == [True, True]
    assert store.totals()["completed"] == 1


def test_an_ended_attempt_cannot_end_otherwise(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    desk.end(claim, payload='"done"', keep=60)
    assert not desk.end(claim, State.FAILED, payload=FAILURE, keep=-1)
    (record,) = store.get(["a"])
    assert (record.state, record.result, record.error) == (State.COMPLETED, '"done"', "")
    assert store.failed() == []


# -- what follows


def test_what_follows_is_inserted_in_the_same_step(desk, store, new):
    desk.enqueue("a")
    follow = (new("b"), new("c", queue="other", priority=1), new("d", delay=60 * SECOND))
    assert desk.end(desk.fetch_one(), follow=follow)
    assert store.job_ids("default") == ["b"]
    assert store.job_ids("other") == ["c"]
    assert desk.state("d") is State.SCHEDULED


def test_what_follows_a_failure_is_inserted_too(desk, new):
    desk.enqueue("a")
    assert desk.end(desk.fetch_one(), State.FAILED, payload=FAILURE, keep=-1, follow=(new("b"),))
    assert desk.fetch_ids() == ["b"]


def test_what_follows_is_inserted_only_if_its_id_is_not_known(desk, store, new):
    desk.enqueue("a")
    claim = desk.fetch_one()
    desk.enqueue("b", message='"first"')
    assert desk.end(claim, follow=(new("b", message='"second"'), new("c")))
    assert [record.message for record in store.get(["b", "c"])] == ['"first"', '{"task":"t"}']
    assert store.job_ids("default") == ["b", "c"]


def test_two_jobs_that_lead_to_the_same_one_insert_it_once(desk, store, new):
    desk.enqueue("a", "b")
    outcomes = [Outcome(c.id, c.token, State.COMPLETED, follow=(new("joint"),)) for c in desk.fetch()]
    assert store.complete(outcomes) == [True, True]
    assert desk.fetch_ids() == ["joint"]


# -- retries


def test_a_retry_waits_for_its_delay(desk, store):
    desk.enqueue("a", message='"first"')
    claim = desk.fetch_one()
    before = store.now()
    assert desk.end(claim, State.SCHEDULED, message='"second"', payload=FAILURE, delay=50_000)
    (record,) = store.get(["a"])
    assert (record.state, record.message, record.error) == (State.SCHEDULED, '"second"', FAILURE)
    assert before + 50_000 <= record.due <= store.now() + 50_000
    again = desk.fetch_one()
    assert (again.id, again.attempt, again.message) == ("a", 2, b'"second"')
    assert store.get(["a"])[0].started_at >= record.due


def test_a_retry_waits_for_its_due_time(desk, store):
    desk.enqueue("a")
    due = store.now() + 60 * SECOND
    assert desk.end(desk.fetch_one(), State.SCHEDULED, message='"m"', due=due, delay=SECOND)
    assert store.get(["a"])[0].due == due
    assert desk.fetch() == []


def test_a_retry_without_delay_joins_the_back_of_its_queue(desk):
    desk.enqueue("a", "b")
    assert desk.end(desk.fetch_one(), State.SCHEDULED, message='"m"')
    assert [(c.id, c.attempt) for c in desk.fetch()] == [("b", 1), ("a", 2)]


def test_a_retry_has_no_lease_left(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one(lease=20_000)
    desk.end(claim, State.SCHEDULED, message='"m"', delay=60 * SECOND)
    end = store.now() + 30_000
    wait_until(lambda: store.now() > end)
    assert desk.fetch() == []
    assert (store.totals()["lost"], store.totals()["retried"]) == (0, 1)


def test_a_retry_repeated_is_accepted_and_does_nothing(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    fields = {"message": '"m"', "delay": 60 * SECOND}
    assert desk.end(claim, State.SCHEDULED, **fields)
    (record,) = store.get(["a"])
    assert desk.end(claim, State.SCHEDULED, **fields)
    assert store.get(["a"]) == [record]
    assert store.totals()["retried"] == 1


def test_a_retry_may_complete(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one(), State.SCHEDULED, message='"m"')
    assert desk.end(desk.fetch_one(), payload='"done"', keep=60)
    (record,) = store.get(["a"])
    assert (record.state, record.result, record.attempt) == (State.COMPLETED, '"done"', 2)


# -- dead letters


def test_keep_minus_1_makes_a_dead_letter(desk, store):
    desk.enqueue("a")
    assert desk.end(desk.fetch_one(), State.FAILED, payload=FAILURE, keep=-1)
    (record,) = store.failed()
    assert (record.id, record.state, record.error) == ("a", State.FAILED, FAILURE)
    assert store.get(["a"]) == [record]


def test_dead_letters_are_kept_for_30_days():
    assert DEAD_LETTER_SECONDS == 30 * 24 * 3600
