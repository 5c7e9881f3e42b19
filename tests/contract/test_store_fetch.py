"""fetch: which job is next, and what becomes available on the way."""

from __future__ import annotations

from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import MAX_LOST, State
from jobq.message import LOST
from jobq.store import lease_parts


def test_first_in_first_out(desk):
    desk.enqueue("a", "b")
    desk.enqueue("c")
    assert desk.fetch_ids() == ["a", "b", "c"]


def test_priority_0_comes_first_and_9_last(desk):
    for priority in (9, 5, 0, 3):
        desk.enqueue(f"{priority}a", f"{priority}b", priority=priority)
    assert desk.fetch_ids() == ["0a", "0b", "3a", "3b", "5a", "5b", "9a", "9b"]


def test_queues_are_served_in_the_order_given(desk):
    desk.enqueue("one", queue="one", priority=0)
    desk.enqueue("two", queue="two", priority=9)
    assert desk.fetch_ids("two", "one") == ["two", "one"]


def test_other_queues_are_left_alone(desk, store):
    desk.enqueue("other", queue="other")
    assert desk.fetch() == []
    assert store.job_ids("other") == ["other"]


def test_a_queue_that_never_was_is_empty(desk):
    assert desk.fetch("never") == []


def test_at_most_limit_jobs_are_claimed_over_all_queues(desk):
    desk.enqueue("a", "b", queue="one")
    desk.enqueue("c", "d", queue="two")
    assert desk.fetch_ids("one", "two", limit=3) == ["a", "b", "c"]
    assert desk.fetch_ids("one", "two", limit=3) == ["d"]


def test_a_limit_of_0_claims_nothing(desk):
    desk.enqueue("a")
    assert desk.fetch(limit=0) == []
    assert desk.state("a") is State.AVAILABLE


def test_a_claim_says_what_a_worker_needs(desk, store):
    desk.enqueue("a", queue="q", message='"m"')
    (claim,) = desk.fetch("q")
    assert (claim.id, claim.queue, claim.attempt, claim.message) == ("a", "q", 1, b'"m"')
    assert claim.enqueued_at == store.get(["a"])[0].enqueued_at


def test_a_fetched_job_runs(desk, store):
    desk.enqueue("a")
    before = store.now()
    desk.fetch(worker="w7")
    (record,) = store.get(["a"])
    assert (record.state, record.attempt, record.worker, record.lost) == (State.RUNNING, 1, "w7", 0)
    assert before <= record.started_at <= store.now()


def test_a_running_job_is_not_fetched_again_within_its_lease(desk):
    desk.enqueue("a")
    desk.fetch()
    assert desk.fetch() == []


def test_nothing_in_sight(store):
    before = store.now()
    fetched = store.fetch(["default"], 10, SECOND, "w1")
    assert before <= fetched.now <= store.now()
    assert fetched.next_at == 0


def test_next_at_is_when_the_first_scheduled_job_is_due(desk, store):
    due = store.now() + 60 * SECOND
    desk.enqueue("later", due=due + 1)
    desk.enqueue("sooner", due=due)
    desk.enqueue("elsewhere", due=due - 1, queue="other")
    assert store.fetch(["default"], 10, SECOND, "w1").next_at == due


def test_next_at_is_when_the_first_lease_expires(desk, store):
    desk.enqueue("a", "b")
    before = store.now()
    desk.fetch_one(lease=60 * SECOND)
    desk.fetch_one(lease=30 * SECOND)
    next_at = store.fetch(["default"], 10, SECOND, "w1").next_at
    held, _ = lease_parts(30 * SECOND)
    assert before + held <= next_at <= store.now() + held


def test_what_is_due_joins_the_back_of_its_queue(desk):
    desk.enqueue("late", delay=20_000)
    desk.enqueue("a", "b")
    assert desk.fetch_one().id == "a"
    wait_until(lambda: desk.fetch(limit=0) == [] and desk.state("late") is State.AVAILABLE)
    desk.enqueue("c")
    assert desk.fetch_ids() == ["b", "late", "c"]


def test_what_is_due_becomes_available_in_the_order_of_the_due_times(desk, store, new):
    due = store.now() + 200_000
    store.enqueue([new(str(number), due=due + number) for number in (3, 1, 2)])
    wait_until(lambda: store.now() > due + 3)
    assert desk.fetch_ids() == ["1", "2", "3"]


def test_what_is_due_keeps_its_priority(desk, store):
    due = store.now() + 20_000
    desk.enqueue("due", due=due, priority=0)
    desk.enqueue("a", "b")
    wait_until(lambda: store.now() > due)
    assert desk.fetch_ids() == ["due", "a", "b"]


def test_more_due_jobs_than_one_step_promotes_all_come(desk, store):
    due = store.now() + 50_000
    ids = {f"job-{number}" for number in range(350)}
    desk.enqueue(*ids, due=due)
    wait_until(lambda: store.now() > due)
    fetched = set()
    wait_until(lambda: fetched.update(desk.fetch_ids(limit=1000)) or len(fetched) == 350)
    assert fetched == ids


def test_an_expired_lease_gives_the_job_to_the_next_who_asks(desk, store):
    desk.lose("a")
    again = desk.fetch_one(worker="w2")
    assert (again.id, again.attempt) == ("a", 2)
    (record,) = store.get(["a"])
    assert (record.state, record.lost, record.worker) == (State.RUNNING, 1, "w2")
    assert store.totals()["lost"] == 1


def test_an_expired_lease_puts_the_job_at_the_front(desk):
    desk.lose("a")
    desk.enqueue("b")
    assert [desk.fetch_one().id, desk.fetch_one().id] == ["a", "b"]


def test_jobs_that_were_claimed_and_lost_together_return_in_their_order(desk):
    desk.lose("z", "a", "m")
    desk.enqueue("b")
    assert [desk.fetch_one().id for _ in range(4)] == ["z", "a", "m", "b"]


def test_a_job_that_has_outlived_a_worker_comes_alone(desk):
    """It may be what killed the worker: what is fetched with it would die with it, again and again."""
    desk.lose("a", "b")
    desk.enqueue("c", "d")
    batches = [wait_until(lambda: desk.fetch_ids() or None) for _ in range(3)]
    assert batches == [["a"], ["b"], ["c", "d"]]


def test_what_comes_before_a_suspect_comes_without_it(desk):
    desk.lose("suspect")
    wait_until(lambda: desk.fetch("other") == [] and desk.state("suspect") is State.AVAILABLE)
    desk.enqueue("urgent", "more", priority=0)
    assert [desk.fetch_ids(), desk.fetch_ids()] == [["urgent", "more"], ["suspect"]]


def test_an_expired_lease_is_noticed_whatever_queue_is_asked_for(desk):
    desk.enqueue("a", queue="other")
    desk.fetch("other", lease=1)
    assert wait_until(lambda: desk.fetch() == [] and desk.state("a") is State.AVAILABLE)
    assert desk.fetch_one("other").attempt == 2


def test_a_lease_lasts_as_long_as_was_asked(desk, store):
    desk.enqueue("a")
    before = store.now()
    desk.fetch(lease=60_000)
    assert desk.fetch_one().attempt == 2
    assert store.now() >= before + 60_000


def test_a_job_that_outlives_too_many_workers_is_handed_out_to_be_ended(desk, store, new):
    desk.lose("poison")
    for lost in range(1, MAX_LOST + 1):
        claim = desk.fetch_one(lease=1)
        assert (claim.attempt, claim.lost) == (lost + 1, lost)
    claim = desk.fetch_one()
    assert claim.lost == MAX_LOST + 1
    assert desk.end(claim, State.FAILED, payload=LOST, keep=-1, follow=(new("told"),))
    (record,) = store.failed()
    assert (record.id, record.lost, record.error) == ("poison", MAX_LOST + 1, LOST)
    assert desk.fetch_ids() == ["told"]


def test_a_job_that_outlives_that_worker_too_is_ended_by_the_store(desk, store):
    desk.lose("poison")
    for _ in range(MAX_LOST + 1):
        desk.fetch_one(lease=1)
    wait_until(lambda: desk.fetch() == [] and desk.state("poison") is State.FAILED)
    (record,) = store.failed()
    assert (record.id, record.attempt, record.lost) == ("poison", MAX_LOST + 2, MAX_LOST + 2)
    assert '"jobq.errors.WorkerLost"' in record.error
    assert record.ended_at
    assert (store.totals()["lost"], store.totals()["failed"]) == (MAX_LOST + 2, 1)


def test_a_poison_job_does_not_hold_up_the_others(desk, store):
    desk.lose("poison")
    for _ in range(MAX_LOST + 1):
        desk.fetch_one(lease=1)
    desk.enqueue("sound")
    assert desk.fetch_one().id == "sound"
    assert wait_until(lambda: desk.fetch() == [] and store.failed())
