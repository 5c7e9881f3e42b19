"""Jobs that are in no place where something will come of them, or in two: looked up in the store's own layout."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from clocked_stores import ClockedRedis

from jobq.job import State

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = {
    State.AVAILABLE: "queue",
    State.SCHEDULED: "scheduled",
    State.RUNNING: "leases",
    State.FAILED: "failed",
}


def strays(store: Any) -> Iterator[str]:
    return _of_redis(store) if isinstance(store, ClockedRedis) else _of_sqlite(store)


def _of_sqlite(store: Any) -> Iterator[str]:
    with store._read() as connection:
        rows = connection.execute(
            "SELECT id, state, lease_until, due, ended_at, forget_at FROM jobs"
        ).fetchall()
    for job_id, name, lease_until, due, ended_at, forget_at in rows:
        state = State(name)
        comes_about = {
            State.AVAILABLE: True,
            State.SCHEDULED: due > 0,
            State.RUNNING: lease_until > 0,
        }.get(state, ended_at > 0 and forget_at > 0)
        if not comes_about or (not state.ended and forget_at):
            yield f"job {job_id} is {state}, and nothing will come of it"


def _of_redis(store: ClockedRedis) -> Iterator[str]:
    redis, prefix = store._redis, store._prefix
    places: dict[str, Counter[str]] = {}
    states: dict[str, str] = {}
    for key in map(bytes.decode, redis.scan_iter(f"{prefix}*", count=1000)):
        kind, _, rest = key.removeprefix(prefix).partition(":")
        if kind == "job":
            states[rest] = redis.hget(key, "state").decode()
        elif kind in PLACES.values():
            members = redis.lrange(key, 0, -1) if kind == "queue" else redis.zrange(key, 0, -1)
            for job_id in map(bytes.decode, members):
                places.setdefault(job_id, Counter())[kind] += 1
    for job_id in places.keys() - states.keys():
        yield f"job {job_id} is in {', '.join(places[job_id])}, and there is no such job"
    for job_id, name in states.items():
        place = PLACES.get(State(name))
        found = places.get(job_id, Counter())
        if found != ({place: 1} if place else {}):
            yield f"job {job_id} is {name}, and its places are {dict(found)}"
