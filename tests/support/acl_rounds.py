"""What each kind of program does with its store, once through: a user who may do this may do its work."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from beats import taken
from waiting import wait_until

from beat.store import EntryChange, Firing, Tick, Verdict
from beat.stores import open_beat_store
from jobq.instants import SECOND
from jobq.job import NewJob, Outcome, State
from jobq.store import WorkerInfo
from jobq.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from beat.store import BeatStore
    from jobq.job import Claim
    from jobq.store import Store

LONG = 60 * SECOND
DEFINITION = '{"task":"t"}'


def beat_round(url: str) -> None:
    """beatd, and `beat list`, `status`, `history` and `reload`."""
    with contextlib.closing(open_beat_store(url, keep_history=1)) as store:
        store.examine()
        store.identity()
        assert store.elect("a", LONG).won
        assert store.renew("a", 1, LONG)
        now = store.now()
        _change_entries(store, now)
        (due,) = store.due(10).entries
        ticks = (
            Tick(due.next_fire, Verdict.ENQUEUED, job=_job("entry@1")),
            Tick(due.next_fire, Verdict.ENQUEUED, job=_job("entry@2", due=now + LONG)),
        )
        assert taken(store.fire(1, [Firing(due.name, due.next_fire, due.revision, 0, ticks)])) == [True]
        assert len(store.history("entry", 10)) == 1
        _read_beat(store)
        store.wait_beat(0.01)
        store.request_reload()
        assert wait_until(lambda: store.wait_beat(1))
        assert store.resign("a", 1)


def _change_entries(store: BeatStore, now: int) -> None:
    def change(
        name: str, definition: str, revision: int, seen_fire: int = 0, next_fire: int = 0
    ) -> EntryChange:
        return EntryChange(name, "file", definition, revision, now, next_fire, (), seen_fire)

    assert store.change(
        [change("entry", DEFINITION, 0, 0, now), change("other", DEFINITION, 0, 0, now + LONG)]
    )
    assert store.change([change("other", "", 1, now + LONG)]) == [True]
    assert store.change([change("other", DEFINITION, 0)]) == [True]


def _read_beat(store: BeatStore) -> None:
    assert len(store.entries()) == len(store.entries(source="file")) == 2
    assert store.leader() is not None
    assert store.nodes() == ["a"]
    store.changes()
    store.reloads()


def worker_round(url: str) -> None:
    """`jobq worker`, tasks that enqueue others, and every other command of `jobq`."""
    with contextlib.closing(open_store(url)) as store:
        store.examine()
        producer_round(url)
        store.report(WorkerInfo("w", "h", 1, ("default",), 0), 30)
        assert [info.name for info in store.workers()] == ["w"]
        _work(store)
        assert store.queues()
        assert store.totals()["completed"] == 1
        store.report(WorkerInfo("w", "h", 1, ("default",), 0), 0)
        assert [record.id for record in store.failed()] == ["bad"]
        assert store.requeue([("bad", "")]) == [True]
        assert store.job_ids("default")
        assert store.purge("default") >= 1


def _work(store: Store) -> None:
    def fetch(lease: int = LONG) -> list[Claim]:
        return store.fetch(["default"], 1, lease, "w").claims

    store.purge("default")
    store.enqueue([_job("lost")])
    assert fetch(1)
    (again,) = wait_until(fetch)
    assert store.release([(again.id, again.token)]) == [True]
    store.enqueue([_job("good"), _job("bad"), _job("later", due=store.now() + 20_000)])
    outcomes = [(State.SCHEDULED, 0, ()), (State.COMPLETED, 60, (_job("follower"),)), (State.FAILED, -1, ())]
    for state, keep, follow in outcomes:
        (claim,) = fetch()
        assert store.extend([(claim.id, claim.token)], LONG) == [True]
        outcome = Outcome(claim.id, claim.token, state, "{}", keep, follow=follow, delay=LONG)
        assert store.complete([outcome]) == [True]
    wait_until(lambda: [claim.id for claim in fetch()] == ["later"] or None, interval=0.02)
    assert not store.wait(["nothing"], 0.01)


def producer_round(url: str) -> None:
    """Enqueue, wait for results, cancel and forget."""
    with contextlib.closing(open_store(url)) as store:
        late = store.now() + LONG
        assert store.enqueue([_job("now"), _job("late", due=late)]) == [True, True]
        assert store.cancel("late")
        assert store.wait_ended("late", 1) is not None
        assert store.forget("late")
        assert store.wait_ended("now", 0.01) is None
        assert store.cancel("now")


def _job(job_id: str, due: int = 0) -> NewJob:
    return NewJob(job_id, "default", 5, DEFINITION, due=due)


ROUNDS: dict[str, Callable[[str], None]] = {
    "beat": beat_round,
    "worker": worker_round,
    "producer": producer_round,
}
