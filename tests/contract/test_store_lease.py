"""extend and release: judged by (id, token), while the attempt runs."""

from __future__ import annotations

from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State
from jobq.store import lease_parts


def test_an_extended_lease_lasts_longer(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one(lease=SECOND)
    before = store.now()
    assert store.extend([("a", claim.token)], 60 * SECOND) == [True]
    assert store.fetch(["default"], 1, SECOND, "w2").next_at >= before + lease_parts(60 * SECOND)[0]


def test_extending_may_shorten_a_lease(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    assert store.extend([("a", claim.token)], 1) == [True]
    assert desk.fetch_one().attempt == 2


def test_a_lease_that_expired_can_be_extended_until_someone_takes_the_job(desk, store):
    (claim,) = desk.lose("a")
    assert store.extend([("a", claim.token)], 60 * SECOND) == [True]
    assert desk.fetch() == []


def test_each_claim_of_an_extend_is_judged_by_itself(desk, store):
    first = {claim.id: claim for claim in desk.lose("lost", "ended", "held")}
    again = {claim.id: claim for claim in (desk.fetch_one() for _ in range(3))}
    assert [claim.attempt for claim in again.values()] == [2, 2, 2]
    desk.end(again["ended"], keep=60)
    held = again["held"].token
    claims = [
        ("lost", first["lost"].token),
        ("ended", again["ended"].token),
        ("unknown", held),
        ("held", held),
        ("held", held - 1),
        ("held", held + 1),
    ]
    assert store.extend(claims, SECOND) == [False, False, False, True, False, False]


def test_an_available_job_has_no_lease_to_extend(desk, store):
    desk.enqueue("a")
    assert store.extend([("a", 0), ("a", 1)], SECOND) == [False, False]
    token = desk.fetch_one().token
    assert store.release([("a", token)]) == [True]
    assert store.extend([("a", token), ("a", token + 1)], SECOND) == [False, False]


def test_nothing_to_extend_or_release(store):
    assert store.extend([], SECOND) == []
    assert store.release([]) == []


def test_released_jobs_are_first_again_in_their_order(desk, store):
    desk.enqueue("a", "b", "c", "d")
    claims = desk.fetch(limit=3)
    assert store.release([(claim.id, claim.token) for claim in claims]) == [True] * 3
    assert store.job_ids("default") == ["a", "b", "c", "d"]


def test_a_released_job_stays_behind_those_of_a_higher_priority(desk, store):
    desk.enqueue("urgent", priority=0)
    desk.enqueue("a", "b")
    urgent, normal = desk.fetch(limit=2)
    assert store.release([("a", normal.token)]) == [True]
    assert store.release([("urgent", urgent.token)]) == [True]
    assert store.job_ids("default") == ["urgent", "a", "b"]


def test_a_released_job_keeps_its_queue(desk, store):
    desk.enqueue("a", queue="other")
    claim = desk.fetch_one("other")
    store.release([("a", claim.token)])
    assert store.job_ids("other") == ["a"]


def test_a_release_takes_the_attempt_back(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    store.release([("a", claim.token)])
    (record,) = store.get(["a"])
    assert (record.state, record.attempt, record.lost) == (State.AVAILABLE, 0, 0)
    assert desk.fetch_one().attempt == 1


def test_a_release_repeated_changes_nothing(desk, store):
    desk.enqueue("a", "b")
    claim, _ = desk.fetch()
    assert store.release([("a", claim.token)]) == [True]
    assert store.release([("a", claim.token)]) == [False]
    assert store.job_ids("default") == ["a"]
    assert store.get(["a"])[0].attempt == 0


def test_a_released_job_has_no_lease_left(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one(lease=30_000)
    store.release([("a", claim.token)])
    end = store.now() + 40_000
    wait_until(lambda: store.now() > end)
    assert desk.fetch_one().attempt == 1
    assert store.totals()["lost"] == 0


def test_whose_lease_ran_out_cannot_give_back_what_another_runs(desk, store):
    (lost,) = desk.lose("a")
    assert desk.fetch_one().attempt == 2
    assert store.release([("a", lost.token)]) == [False]
    assert desk.state("a") is State.RUNNING


def test_an_ended_job_cannot_be_given_back(desk, store):
    desk.enqueue("a")
    claim = desk.fetch_one()
    desk.end(claim, keep=60)
    assert store.release([("a", claim.token), ("unknown", claim.token)]) == [False, False]
    assert desk.state("a") is State.COMPLETED
