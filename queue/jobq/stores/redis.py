"""Redis or Valkey (>= 6.2) as the store.

Atomicity: every verb is one Lua script, and Redis runs scripts one at a time, so a verb has happened wholly or
not at all whatever dies around it. A connection that breaks leaves the caller not knowing which: it gets
`StoreUnavailable`, and the verbs are safe to repeat (see jobq.store). The client library's own retries are off,
for they would repeat a verb without saying so; a connection that went stale while idle is replaced once.

Permissions: a script that lacks one would be stopped half-way, and keep what it wrote. So what the user may do is tried
first: before the first script that writes, after each outage, and by each connection that is made, for it may have been
made anew without a word, to another server or to one that has other users by now (redis_permissions.py).

Durability: with `wait_replicas` in the URL, what a verb wrote has reached so many replicas when it returns. Fewer are
`StoreUnavailable`: it is written, but a failover may forget it. In the same round trip a message is published that
nobody hears, because WAIT waits for the writes of its own connection only, and a verb that found its work done already
rests on what another connection wrote.

Layout. All keys of a namespace start with `{name}:`, whose braces make them one slot of Redis Cluster; the name
is `beatd`, or `ns` in the URL's query.

key                     type    fields                               written by        goes
job:<id>                hash    queue priority message state         enqueue, fire     ended: after its `keep` seconds
                                token attempt lost enqueued_at due   fetch, complete
                                started_at ended_at worker           …
                                result error lease (its length)
                                called (1 in the lease's grace)
queue:<priority>:<name> list    ids of available jobs, first at left enqueue, promote   when empty
scheduled:<name>        zset    id -> due                            enqueue, retry    when empty
leases                  zset    id -> when the lease expires         fetch, extend     when empty
clock                   hash    given: when a lease was given last;  fetch, extend     never; one number
                                later than now: it was set back
failed                  zset    id -> ended_at: the dead letters     complete          entries after 30 days
queues                  set     names of queues that ever had a job  enqueue           never; one per queue
wake:<queue>            list    tokens for sleeping workers, <= 16   enqueue …         when the queue is empty
workers, worker_info    zset,   worker -> believed until;            report            entries when they are silent
                        hash    worker -> what it said
totals                  hash    completed failed cancelled …         complete, fetch   never; five numbers

Instants are epoch microseconds of this server's clock. Every ended job is announced on the channel `ended:<id>`.
Redis in which a person or another language puts a job by plain commands: HSET job:<id> with queue, priority,
message, state=available and enqueued_at, then RPUSH queue:<priority>:<name> <id>.
"""

from __future__ import annotations

import contextlib
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import redis

from jobq.errors import StoreRefused, StoreUnavailable
from jobq.job import DEFAULT_PRIORITY, DEFAULT_QUEUE, MAX_LOST, Claim, JobRecord, State
from jobq.message import CANCELLED, LOST
from jobq.store import CANCELLED_KEEP, DEAD_LETTER_SECONDS, TOTALS, Fetched, WorkerInfo
from jobq.stores.redis_client import TIMEOUT, connect
from jobq.stores.redis_faults import fault_of, is_read_only
from jobq.stores.redis_permissions import PRODUCER, UNHEARD, WORKER, meet, packed_trials, told
from jobq.stores.redis_scripts import BATCH, batches, load_script, pack, text
from jobq.stores.redis_url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobq.job import NewJob, Outcome
    from jobq.stores.redis_permissions import Needs

T = TypeVar("T")

_LONGEST_BLOCK = 10.0
_STATES = frozenset(State)
_NUMBERS = ("attempt", "lost", "enqueued_at", "due", "started_at", "ended_at")
_YEAR_9999 = 253_370_764_800_000_000
"""No instant from here on can be shown in every zone."""

_NO_EVICTION = "noeviction"
_READERS = frozenset({"queues", "due", "entries", "examine"})
"""Scripts that write nothing that anything rests on."""

_PRODUCER_SCRIPTS = frozenset({"enqueue", "cancel", "forget"})
"""What programs call that run no jobs. Any other script that writes is a worker's."""


class Unconfirmed(StoreUnavailable):
    """Too few replicas have what was written. `answer` is what the verb would have returned."""

    def __init__(self, sentence: str, answer: Any) -> None:
        super().__init__(sentence)
        self.answer = answer


class RedisStore:
    def __init__(self, url: str) -> None:
        self._prefix = f"{{{parse(url).namespace}}}:"
        self._needed: set[Needs] = set()  # was granted once, and is tried on each new connection
        self._granted: set[Needs] = set()  # since the latest outage
        self._redis, self._blocking, self._target = connect(url, partial(meet, self._needed, self._prefix))
        self.url = self._target.shown

    def examine(self) -> list[str]:
        self._try_permissions(self._needs())
        self._try_outside_scripts()
        try:
            memory = self._call(lambda: self._redis.info("memory"))
        except StoreRefused:
            return []  # not permitted to ask
        policy = memory.get("maxmemory_policy", _NO_EVICTION)
        if policy == _NO_EVICTION:
            return []
        unfit = f'has maxmemory-policy "{policy}", and throws away jobs and entries when its memory is full'
        return [f"the store at {self.url} {unfit}; expected {_NO_EVICTION}"]

    def _needs(self, script: str = "") -> Needs:
        """What is needed by whoever runs this script."""
        return PRODUCER if script in _PRODUCER_SCRIPTS else WORKER

    def _try_permissions(self, needs: Needs) -> None:
        """`StoreRefused` if a script might be stopped half-way; argued in redis_permissions.py."""
        refused = self._run("examine", packed_trials(needs, self._prefix))
        if refused:
            raise StoreRefused(
                f"the store at {self.url} does not permit its user what is needed: {told(refused)}"
            )
        if self._target.wait_replicas:
            self._call(lambda: self._redis.wait(0, 1))
        self._needed.add(needs)
        self._granted.add(needs)

    def _try_outside_scripts(self) -> None:
        """What is needed and no script may run."""
        self._call(lambda: self._redis.eval("return 1", 0))
        with self._blocking.pubsub() as channel:
            self._call(lambda: channel.subscribe(f"{self._prefix}{UNHEARD}"))
            self._call(lambda: channel.get_message(timeout=TIMEOUT))
        self._try_waiting()

    def _try_waiting(self) -> None:
        try:
            self.wait([""], 0)
        except StoreRefused:
            raise
        except StoreUnavailable:
            return  # a replica: it refuses for now

    def close(self) -> None:
        self._redis.close()
        self._blocking.close()

    def now(self) -> int:
        seconds, micros = self._call(self._redis.time)
        return int(seconds) * 1_000_000 + int(micros)

    # -- producers

    def enqueue(self, jobs: Sequence[NewJob]) -> list[bool]:
        return self._each("enqueue", jobs)

    def cancel(self, job_id: str) -> bool:
        return bool(self._run("cancel", job_id, CANCELLED, CANCELLED_KEEP))

    def forget(self, job_id: str) -> bool:
        return bool(self._run("forget", job_id))

    # -- workers

    def fetch(self, queues: Sequence[str], limit: int, lease: int, worker: str) -> Fetched:
        try:
            answer = self._run(
                "fetch", pack(queues), min(limit, BATCH), lease, worker, MAX_LOST, LOST, DEAD_LETTER_SECONDS
            )
        except Unconfirmed as short:
            # Leases that nobody knows of would run out, and count against jobs that nobody has started.
            self._give_back(_fetched(short.answer).claims)
            raise
        return _fetched(answer)

    def _give_back(self, claims: Sequence[Claim]) -> None:
        with contextlib.suppress(StoreUnavailable):
            self.release([(claim.id, claim.token) for claim in claims])

    def extend(self, claims: Sequence[tuple[str, int]], lease: int) -> list[bool]:
        return self._each("extend", claims, lease)

    def release(self, claims: Sequence[tuple[str, int]]) -> list[bool]:
        return self._each("release", claims)

    def complete(self, outcomes: Sequence[Outcome]) -> list[bool]:
        return self._each("complete", outcomes, DEAD_LETTER_SECONDS)

    def wait(self, queues: Sequence[str], timeout: float) -> bool:
        tokens = [f"{self._prefix}wake:{queue}" for queue in queues]
        # A block of 0 is for ever, and Redis 6.2 cuts fractions of a millisecond off.
        block = max(0.002, min(timeout, _LONGEST_BLOCK))
        return self._call(lambda: self._pop(tokens, block)) is not None

    def _pop(self, keys: Sequence[str], block: float) -> Any:
        """BLPOP. A connection that is dead without a word is noticed when the block is over and no answer has come.

        The client library's own waits as long for any block as for the longest.
        """
        pool = self._blocking.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_command("BLPOP", *keys, block)
            if connection.can_read(timeout=block + TIMEOUT):
                return connection.read_response()
        except BaseException:
            connection.disconnect()
            raise
        else:
            connection.disconnect()
            raise redis.exceptions.TimeoutError(f"no answer within {block + TIMEOUT:g} s")
        finally:
            pool.release(connection)

    def report(self, worker: WorkerInfo, ttl: int) -> None:
        self._run("report", worker.name, msgspec.json.encode(worker), ttl * 1_000_000)

    # -- readers

    def get(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        if not job_ids:
            return []
        pipe = self._redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hgetall(f"{self._prefix}job:{job_id}")
        answers = self._call(lambda: _but_wrong_types(pipe.execute(raise_on_error=False)))
        return [_record(i, fields) for i, fields in zip(job_ids, answers, strict=True)]

    def wait_ended(self, job_id: str, timeout: float) -> JobRecord | None:
        deadline = time.monotonic() + timeout
        with self._blocking.pubsub(ignore_subscribe_messages=True) as channel:
            # Subscribe first, look second: an end between the two is announced to us.
            self._call(lambda: channel.subscribe(f"{self._prefix}ended:{job_id}"))
            while True:
                record = self.get([job_id])[0]
                left = deadline - time.monotonic()
                if (record is not None and record.state.ended) or left <= 0:
                    return record if record is not None and record.state.ended else None
                self._call(lambda: channel.get_message(timeout=min(left, _LONGEST_BLOCK)))  # noqa: B023 - called at once

    def queues(self) -> dict[str, dict[State, int]]:
        *queues, running = self._run("queues")
        counts = {
            text(name): {State.AVAILABLE: available, State.SCHEDULED: scheduled, State.RUNNING: 0}
            for name, available, scheduled in queues
        }
        for name in map(text, running):
            if name in counts:
                counts[name][State.RUNNING] += 1
        return dict(sorted(counts.items()))

    def job_ids(self, queue: str, limit: int = 1000) -> list[str]:
        pipe = self._redis.pipeline(transaction=False)
        for priority in range(10):
            pipe.lrange(f"{self._prefix}queue:{priority}:{queue}", 0, limit - 1)
        return [text(job_id) for ids in self._call(pipe.execute) for job_id in ids][:limit]

    def totals(self) -> dict[str, int]:
        stored = self._call(lambda: self._redis.hgetall(f"{self._prefix}totals"))
        return dict.fromkeys(TOTALS, 0) | {
            text(name): _whole(text(number)) for name, number in stored.items()
        }

    def workers(self) -> list[WorkerInfo]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.zrange(f"{self._prefix}workers", 0, -1, withscores=True)
        pipe.hgetall(f"{self._prefix}worker_info")
        pipe.time()
        believed, said, (seconds, _) = self._call(pipe.execute)
        alive = [name for name, until in believed if until > seconds * 1_000_000 and name in said]
        return sorted((msgspec.json.decode(said[n], type=WorkerInfo) for n in alive), key=lambda w: w.name)

    # -- dead letters

    def failed(self, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        key = f"{self._prefix}failed"
        ids = self._call(lambda: self._redis.zrevrange(key, offset, offset + limit - 1))
        return [record for record in self.get([text(i) for i in ids]) if record is not None]

    def requeue(self, jobs: Sequence[tuple[str, str]]) -> list[bool]:
        return self._each("requeue", jobs)

    def purge(self, queue: str) -> int:
        gone, step = 0, BATCH
        while step == BATCH:
            step = self._run("purge", queue, BATCH)
            gone += step
        return gone

    # -- how verbs reach the server

    def _each(self, name: str, items: Sequence[Any], *args: object) -> list[bool]:
        """Run a script that answers 1 or 0 for each item, in batches."""
        answers: list[int] = []
        for batch in batches(items):
            answers += self._run(name, pack(batch), *args)
        return [answer == 1 for answer in answers]

    def _run(self, name: str, *args: object) -> Any:
        """Run `lua/<name>.lua` on this namespace, once it is known that it will not be stopped half-way."""
        if name not in _READERS and (needs := self._needs(name)) not in self._granted:
            self._try_permissions(needs)
        sha, source = self._script(name)

        def call(to: redis.Redis) -> Any:
            return to.evalsha(sha, 1, self._prefix, *cast("tuple[str]", args))

        def call_unknown(to: redis.Redis) -> Any:
            return to.eval(source, 1, self._prefix, *cast("tuple[str]", args))

        send = self._send if name in _READERS or not self._target.wait_replicas else self._send_lasting

        def verb() -> Any:
            try:
                return send(call)
            except redis.exceptions.NoScriptError:
                return send(call_unknown)

        return self._call(verb)

    def _send(self, command: Callable[[redis.Redis], Any]) -> Any:
        return command(self._redis)

    def _send_lasting(self, command: Callable[[redis.Redis], Any]) -> Any:
        """The answer, once the replicas have what was written until now."""
        wanted, patience = self._target.wait_replicas, self._target.wait_ms
        pipe = self._redis.pipeline(transaction=False)
        command(pipe)
        pipe.publish(f"{self._prefix}{UNHEARD}", "")
        pipe.wait(wanted, patience)
        answer, published, reached = pipe.execute(raise_on_error=False)
        for failed in (answer, published, reached):
            if isinstance(failed, Exception):
                raise failed
        if reached < wanted:
            self._ask_anew()
            raise Unconfirmed(
                f"the store at {self.url} has written it, but on {reached} of {wanted} replicas within "
                f"{patience / 1000:g} s",
                answer,
            )
        return answer

    def _ask_anew(self) -> None:
        """Behind Sentinel: who the master is, before the next verb. Anywhere: what it permits."""
        self._granted.clear()
        for client in (self._redis, self._blocking):
            client.connection_pool.disconnect(inuse_connections=False)

    def _script(self, name: str) -> tuple[str, str]:
        return load_script("jobq.stores", name)

    def _call(self, verb: Callable[[], T]) -> T:
        try:
            return verb()
        except redis.exceptions.RedisError as error:
            if is_read_only(error):
                self._ask_anew()
            fault = fault_of(error, self.url)
            if fault is None:
                raise
            self._granted.clear()  # when it returns, it may permit less
            raise fault from None


def _fetched(answer: list[Any]) -> Fetched:
    now, next_at, *claims = answer
    return Fetched(now, next_at, [claim for fields in claims if (claim := _claim(fields)) is not None])


def _claim(fields: list[Any]) -> Claim | None:
    """None for an id that is not text: nobody here can speak of it, so its lease runs out until it is dead."""
    try:
        job_id, queue = str(fields[0], "utf-8"), str(fields[1], "utf-8")
    except UnicodeDecodeError:
        return None
    return Claim(job_id, queue, *fields[2:])


def _but_wrong_types(answers: list[Any]) -> list[dict[bytes, bytes]]:
    """The hashes; nothing for a key of another type. Any other error is raised."""
    for answer in answers:
        if isinstance(answer, Exception) and not str(answer).startswith("WRONGTYPE"):
            raise answer
    return [{} if isinstance(answer, Exception) else answer for answer in answers]


def _record(job_id: str, fields: dict[bytes, bytes]) -> JobRecord | None:
    """None for what is no job: other programs write here too. A number that can't be one is 0, as for the scripts."""
    values: dict[str, Any] = {text(name): value.decode("utf-8", "replace") for name, value in fields.items()}
    if values.get("state") not in _STATES:
        return None
    values |= {name: _whole(values[name]) for name in _NUMBERS if name in values}
    if not re.fullmatch("[0-9]", values.get("priority", "")):
        values["priority"] = DEFAULT_PRIORITY
    return msgspec.convert(
        {"queue": DEFAULT_QUEUE, "message": "", **values, "id": job_id}, JobRecord, strict=False
    )


def _whole(said: str) -> int:
    number = int(said) if re.fullmatch("[0-9]{1,18}", said) else 0
    return number if number < _YEAR_9999 else 0
