"""What a user of the Redis must be permitted, and how that is tried before anything rests on it.

A script that is stopped half-way for the lack of a permission keeps what it wrote: a tick's job in no queue, a failed
job that is no dead letter. So a store tries all that its kind of program needs before its first script that writes, again
after each outage, and on each connection that is made later, which may lead to a server that has other users: somebody
may have changed the user meanwhile. While something is missing, every verb that writes is refused, and none has begun.

Each command is tried on a key that belongs to nobody, the tokens of a queue without a name. Each family of keys is tried
at the key of it without a name, or where there is but one key, at that: by a read, and by the removal of a member that
nothing has. Both change nothing, whatever is there; both are tried, for a user of Redis 7 may have a key for reading alone.

What is tried at one key of a family is believed of all: a user who has but some of them is not one of docs/redis.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import redis

from jobq.stores.redis_scripts import load_script, pack, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Needs(NamedTuple):
    """Of one kind of program: its families of keys, as an ACL has them after the prefix, and its commands.

    The commands are those that a script may run, joined by bars, each with arguments that do no harm. What no script may
    run (BLPOP, EVAL, SUBSCRIBE, WAIT) fails alone, and stops nothing half-way.
    """

    keys: tuple[str, ...]
    commands: str


JOB_KEYS = ("job:*", "queue:*", "scheduled:*", "queues", "wake:*")
"""Those that a job is inserted with."""

_PRODUCER_KEYS = (*JOB_KEYS, "failed", "totals")

PRODUCER = Needs(
    _PRODUCER_KEYS,
    "EXISTS key|EXPIRE key 1|HGETALL key|HMGET key f|HSET key f v|LLEN key|LREM key 1 v|PUBLISH channel m|"
    "RPUSH key v|SADD key m|TIME|UNLINK key|ZADD key 1 m|ZRANGE key 0 0|ZREM key m",
)
WORKER = Needs(
    (*_PRODUCER_KEYS, "leases", "clock", "workers", "worker_info"),
    "DEL key|EXISTS key|EXPIRE key 1|HDEL key f|HGETALL key|HMGET key f|HSET key f v|LLEN key|LPOP key|LPUSH key v|"
    "LRANGE key 0 0|LREM key 1 v|PERSIST key|PUBLISH channel m|RPUSH key v|SADD key m|SMEMBERS key|TIME|UNLINK key|"
    "ZADD key 1 m|ZCARD key|ZRANGE key 0 0|ZRANGEBYSCORE key 0 0|ZREM key m|ZREMRANGEBYSCORE key 0 0|ZREVRANGE key 0 0",
)

_NOBODY = "wake:"
UNHEARD = "wait"
"""A channel that nobody listens to."""
_NO_MEMBER = "\0"


def trials(needs: Needs, prefix: str) -> Iterator[list[str]]:
    """Each: what is missing if the server refuses it for its key or channel, and a command.

    The first, which is the last as well, removes what others leave behind.
    """
    stands_for = {"key": f"{prefix}{_NOBODY}", "channel": f"{prefix}{UNHEARD}"}
    clean = [f"~{prefix}{_NOBODY}*", "UNLINK", stands_for["key"]]
    yield clean
    for command in needs.commands.split("|"):
        lacking = f"&{prefix}*" if "channel" in command else clean[0]
        yield [lacking, *(stands_for.get(word, word) for word in command.split())]
    for pattern in needs.keys:
        key = f"{prefix}{pattern.removesuffix('*')}"
        yield [f"~{prefix}{pattern}", "HMGET", key, "f"]
        yield [f"~{prefix}{pattern}", "ZREM", key, _NO_MEMBER]
    yield clean


def packed_trials(needs: Needs, prefix: str) -> bytes:
    """What the script `examine` is given."""
    return pack(list(trials(needs, prefix)))


def told(refused: Sequence[bytes]) -> str:
    """What the script answers."""
    return f"{', '.join(dict.fromkeys(map(text, refused)))} (docs/redis.md says who needs what)"


def meet(needed: set[Needs], prefix: str, connection: Any) -> None:
    """Set up a new connection: the server that it leads to may permit less than the one before.

    One that is not set up to the end is not kept, whatever came between, a time limit of a task for one.
    """
    try:
        connection.on_connect()
        for needs in tuple(needed):
            _try_on(connection, prefix, needs)
    except BaseException:
        connection.disconnect()
        raise


def _try_on(connection: Any, prefix: str, needs: Needs) -> None:
    _, source = load_script("jobq.stores", "examine")
    connection.send_command("EVAL", source, 1, prefix, packed_trials(needs, prefix))
    refused = connection.read_response()
    if refused:
        raise redis.exceptions.NoPermissionError(told(refused))
