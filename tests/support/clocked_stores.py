"""The stores with the time that a test gives them: a real file, a real server."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import redis

from beat.store import Lease
from beat.stores.redis import RedisBeatStore
from beat.stores.sqlite import SQLiteBeatStore

if TYPE_CHECKING:
    from collections.abc import Callable

KEEP_HISTORY = 100_000

_TIME = "local time = redis.call('TIME')\n  return time[1] * 1000000 + time[2]"


class ClockedRedis(RedisBeatStore):
    """Each script is given the time as its second key; nothing else of it is changed."""

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        super().__init__(url, KEEP_HISTORY)
        self._clock = clock

    def flush(self) -> None:
        self._redis.flushall()

    def now(self) -> int:
        return self._clock()

    def leader(self) -> Lease | None:
        node, term, until = self._redis.hmget(f"{self._prefix}leader", "node", "term", "until")
        now = self.now()
        return Lease(node.decode(), int(term), int(until), now) if node and int(until) > now else None

    def _run(self, name: str, *args: object) -> Any:
        sha, source = self._script(name)
        given = (2, self._prefix, str(self.now()), *cast("tuple[str]", args))

        def call() -> Any:
            try:
                return self._redis.evalsha(sha, *given)
            except redis.exceptions.NoScriptError:
                return self._redis.eval(source, *given)

        return self._call(call)

    def _script(self, name: str) -> tuple[str, str]:
        return with_time(super()._script(name)[1])


@cache
def with_time(source: str) -> tuple[str, str]:
    clocked = source.replace(_TIME, "return tonumber(KEYS[2])")
    assert clocked != source
    assert "'TIME'" not in clocked
    return hashlib.sha1(clocked.encode(), usedforsecurity=False).hexdigest(), clocked


def clocked_store(url: str, clock: Callable[[], int]) -> RedisBeatStore | SQLiteBeatStore:
    if url.startswith("redis"):
        return ClockedRedis(url, clock)
    return SQLiteBeatStore(url, KEEP_HISTORY, clock)
