"""The beat's part of the Redis store. Scripts share `insert` with the queue, so that a job is stored in one way.

key               type  fields                                          written by           goes
leader            hash  node term until ttl                             elect renew resign   never; the term only grows
nodes             zset  node -> present until                           elect renew          entries when they are silent
entry:<name>      hash  source definition revision anchor               change, fire         with the entry
                        next_fire last_fire runs
entries           set   names of all entries                            change               with the entries
source:<source>   set   names of the entries of a source                change               with the entries
due               zset  name -> next_fire, of entries that have one     change, fire         with the entries
history:<name>    list  JSON records, the latest first                  fire, change         the oldest beyond `keep_history`;
                                                                                             all, 30 days after a removal
retired           text  the highest revision of a removed entry         change               never; one number
changes           text  how many changes there were                     change               never; one number
identity          text  a random number, given once                  identity             never
reloads           text  how often a reload was asked for                request_reload       never; one number

Beats sleep on the channel `beat`, which is published to on a resignation, on a change that brings the first fire
time nearer, and on a reload.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from beat.store import (
    KEEP_HISTORY_OF_REMOVED,
    Due,
    DueEntry,
    Election,
    HistoryRecord,
    Lease,
    NotLeader,
    StoredEntry,
)
from jobq.errors import StoreUnavailable
from jobq.stores.redis import RedisStore
from jobq.stores.redis_permissions import JOB_KEYS, Needs
from jobq.stores.redis_scripts import batches, load_script, pack, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis

    from beat.store import Enqueued, EntryChange, Firing

_TICK_SCRIPTS = frozenset({"fire", "change"})
_BEAT_SCRIPTS = (
    frozenset({"elect", "renew", "resign", "due", "entries", "identity", "reload"}) | _TICK_SCRIPTS
)


T = TypeVar("T")


BEAT = Needs(
    (
        *("leader", "nodes", "entry:*", "entries", "source:*", "due", "history:*"),
        *("retired", "changes", "identity", "reloads"),
        *JOB_KEYS,
    ),
    "EXISTS key|EXPIRE key 1|GET key|HMGET key f|HSET key f v|INCR key|LLEN key|LPUSH key v|LRANGE key 0 0|LTRIM key 0 0|"
    "PERSIST key|PUBLISH channel m|RPUSH key v|SADD key m|SET key v|SMEMBERS key|SREM key m|TIME|UNLINK key|"
    "ZADD key 1 m|ZRANGE key 0 0|ZRANGEBYSCORE key 0 0|ZREM key m|ZREMRANGEBYSCORE key 0 0",
)


class RedisBeatStore(RedisStore):
    def __init__(self, url: str, keep_history: int) -> None:
        super().__init__(url)
        self._keep_history = keep_history
        self._channel: redis.client.PubSub | None = None

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _needs(self, script: str = "") -> Needs:  # noqa: ARG002 - the same for each
        return BEAT

    def _try_waiting(self) -> None:
        """Beats wait on the channel, which has been tried."""

    # -- leadership

    def elect(self, node: str, ttl: int) -> Election:
        won, holder, term, until, now = self._run("elect", node, ttl)
        return Election(won == 1, Lease(text(holder), term, until, now))

    def renew(self, node: str, term: int, ttl: int) -> bool:
        return bool(self._run("renew", node, term, ttl))

    def resign(self, node: str, term: int) -> bool:
        return bool(self._run("resign", node, term))

    def leader(self) -> Lease | None:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(f"{self._prefix}leader", "node", "term", "until")
        pipe.time()
        (node, term, until), (seconds, micros) = self._call(pipe.execute)
        now = seconds * 1_000_000 + micros
        return Lease(text(node), int(term), int(until), now) if node and int(until) > now else None

    def nodes(self) -> list[str]:
        now = self.now()
        key = f"{self._prefix}nodes"
        return sorted(text(n) for n in self._call(lambda: self._redis.zrangebyscore(key, f"({now}", "+inf")))

    # -- entries

    def due(self, limit: int) -> Due:
        now, next_at, *flat = self._run("due", limit)
        entries = [
            DueEntry(text(name), next_fire, revision)
            for name, next_fire, revision in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        ]
        return Due(now, next_at, entries)

    def fire(self, term: int, firings: Sequence[Firing]) -> list[Enqueued | None]:
        answers = self._run("fire", term, pack(firings), self._keep_history)
        if answers == -1:
            raise NotLeader(f"term {term} is over")
        return [None if answer is None else tuple(map(bool, answer)) for answer in answers]

    def change(self, changes: Sequence[EntryChange]) -> list[bool]:
        return self._each("change", changes, self._keep_history, KEEP_HISTORY_OF_REMOVED)

    def entries(self, names: Sequence[str] | None = None, source: str | None = None) -> list[StoredEntry]:
        if names is None:
            key = f"{self._prefix}entries" if source is None else f"{self._prefix}source:{source}"
            names = [text(name) for name in self._call(lambda: self._redis.smembers(key))]
        if not names:
            return []
        rows = (row for batch in batches(sorted(set(names))) for row in self._run("entries", pack(batch)))
        found = [
            StoredEntry(text(name), text(src), text(definition), *state)
            for name, src, definition, *state in rows
        ]
        return [entry for entry in found if source is None or entry.source == source]

    def history(self, name: str, limit: int) -> list[HistoryRecord]:
        if limit <= 0:
            return []  # Redis would take a last index of -1 for all
        key = f"{self._prefix}history:{name}"
        records = self._call(lambda: self._redis.lrange(key, 0, limit - 1))
        return [msgspec.json.decode(record, type=HistoryRecord) for record in records]

    def identity(self) -> int:
        return int(self._run("identity", secrets.randbits(62)))

    def changes(self) -> int:
        return int(self._call(lambda: self._redis.get(f"{self._prefix}changes")) or 0)

    # -- waking

    def listen(self) -> bool:
        """The channel stays open from wait to wait, so that nothing published in between is missed."""
        if self._channel is not None:
            return False
        self._channel = channel = self._blocking.pubsub(ignore_subscribe_messages=True)
        self._call(lambda: channel.subscribe(f"{self._prefix}beat"))
        return True

    def wait_beat(self, timeout: float) -> bool:
        if self.listen():
            return True
        try:
            return self._call(lambda: self._hear(timeout)) is not None
        except BaseException:
            self._hang_up()
            raise

    def _call(self, verb: Callable[[], T]) -> T:
        """After an outage the channel is opened anew: it may be half open, and would stay silent for ever."""
        try:
            return super()._call(verb)
        except StoreUnavailable:
            self._hang_up()
            raise

    def _hear(self, timeout: float) -> Any:
        if self._channel is None:
            return None
        # None with time left is the answer to the subscription.
        return self._channel.get_message(timeout=max(0.0, timeout))

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def request_reload(self) -> None:
        self._run("reload")

    def reloads(self) -> int:
        return int(self._call(lambda: self._redis.get(f"{self._prefix}reloads")) or 0)

    def _script(self, name: str) -> tuple[str, str]:
        if name not in _BEAT_SCRIPTS:
            return super()._script(name)
        return load_script("beat.stores", name, ("ticks",) if name in _TICK_SCRIPTS else ())
