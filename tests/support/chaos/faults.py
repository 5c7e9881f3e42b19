"""What is done to processes, to their connections and to the store.

Each fault is a generator: it does something, yields the seconds until it is to go on, and puts right what it did
before it ends. What it did it notes on the stage, with the time that those it hit may need to get over it: they
wait up to 0.8 s between two tries to reach a store (`AGAIN`), three seconds for an answer (`IN_VAIN`), and ten more for
a job (`DEAF`).
"""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from proxy import BOTH

from beat.store import EntryChange
from chaos.sites import RedisSite, SQLiteSite, full_disk
from jobq.errors import StoreUnavailable
from jobq.job import NewJob

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from chaos.driver import Stage

    Fault = Generator[float, None, None]

AGAIN = 1.3
IN_VAIN = 3.0 + AGAIN
DEAF = 13.0 + IN_VAIN
"""Who waits for a job on a connection that has lost the answer, and was not cut, waits for so long."""

CUT = 0.4
"""A connection that was cut is made anew at once."""


class Kind(NamedTuple):
    """`pool`: what it takes for itself meanwhile; the fault is called with the name of one of these."""

    pool: str
    fault: Callable[[Stage, str], Fault]
    weight: float = 1.0


# -- processes


def kill(stage: Stage, name: str) -> Fault:
    """kill -9 of a beat, or of a worker's supervisor, whose children then finish what they run."""
    stage.look_after(name)
    program = stage.programs[name]
    stage.note(f"kill {stage.role(name)}", pids={program.pid}, kills=True)
    program.kill()
    yield stage.rng.uniform(0.0, 1.5)
    stage.start(name)


def kill_child(stage: Stage, name: str) -> Fault:
    pid = stage.some_child(name)
    if pid:
        with suppress(ProcessLookupError):
            stage.note("kill child", pids={pid}, kills=True)
            os.kill(pid, signal.SIGKILL)
    yield 0.1


def pause(stage: Stage, name: str) -> Fault:
    yield from _pause(stage, name, stage.programs[name].pid)


def pause_child(stage: Stage, name: str) -> Fault:
    pid = stage.some_child(name)
    if pid:
        yield from _pause(stage, name, pid)


def _pause(stage: Stage, name: str, pid: int) -> Fault:
    """SIGSTOP. Should it have stopped amidst a transaction, the others wait, and the stage sees that by itself."""
    seconds = 0.1 + 3 * stage.lease(name) * stage.rng.random() ** 2
    with suppress(ProcessLookupError), stage.noted("pause", AGAIN, pids={pid}, outage=True):
        os.kill(pid, signal.SIGSTOP)
        yield seconds
        os.kill(pid, signal.SIGCONT)


def stop(stage: Stage, name: str) -> Fault:
    """SIGTERM, and another one is started in its place."""
    stage.look_after(name)
    stage.note("stop")
    program = stage.programs[name]
    ready = stage.ready(name)
    program.send(signal.SIGTERM)
    while program.process.poll() is None:
        yield 0.1
    if ready:
        stage.exited(name)
    stage.start(name)


def reload(stage: Stage, name: str) -> Fault:
    if stage.ready(name):
        stage.note("reload")
        stage.programs[name].send(signal.SIGHUP)
    yield 0.0


# -- what others write


def nonsense_job(stage: Stage, _: str) -> Fault:
    job = stage.new_name("nonsense-job")
    try:
        taken = stage.store.enqueue([NewJob(job, "default", 5, "{nonsense")])
    except StoreUnavailable:
        taken = [False]
    stage.sent(job, acknowledged=taken == [True])
    stage.note("nonsense")
    yield 0.0


def nonsense_entry(stage: Stage, _: str) -> Fault:
    name = stage.new_name("nonsense-entry")
    with suppress(StoreUnavailable):
        now = stage.store.now()
        stage.store.change([EntryChange(name, "chaos", "{nonsense", 0, now, now)])
    stage.note("nonsense")
    yield 0.0


def garbled_entry(stage: Stage, _: str) -> Fault:
    stage.site.garble(f"victim-{stage.rng.randrange(3)}")
    stage.note("nonsense")
    yield 0.0


# -- connections


def cut(stage: Stage, name: str) -> Fault:
    with stage.noted("cut", CUT, programs={name}, outage=True):
        stage.proxies[name].cut(reset=stage.rng.random() < 0.5)
        yield 0.0


def half_open(stage: Stage, name: str) -> Fault:
    """Bytes are lost, or kept back, one way or both; then the connections are cut, or left as they are.

    Every other time the way is long before, so that something is under way when the silence begins.
    """
    proxy, rng = stage.proxies[name], stage.rng
    directions = rng.choice((("up",), ("down",), BOTH))
    slow, lose, end = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5
    with stage.noted("half-open", IN_VAIN, programs={name}, outage=True, flaps=slow):
        if slow:
            proxy.delay(0.2)
            yield rng.uniform(1.0, 2.0)
        (proxy.swallow if lose else proxy.hold)(directions)
        yield rng.uniform(0.5, 6.0)
        if end:
            proxy.cut(reset=rng.random() < 0.5)
        proxy.heal()
    if lose and not end:
        with stage.noted("deaf", DEAF, programs={name}, outage=True):
            yield 0.0


def latency(stage: Stage, name: str) -> Fault:
    if stage.rng.random() < 0.5:
        stage.note("latency")  # a millisecond is no excuse
        stage.proxies[name].delay(0.001)
        yield stage.rng.uniform(1.0, 8.0)
        stage.proxies[name].heal()
        return
    with stage.noted("latency", IN_VAIN, programs={name}, outage=True, flaps=True):
        stage.proxies[name].delay(0.2)
        yield stage.rng.uniform(1.0, 5.0)
        stage.proxies[name].heal()


def trickle(stage: Stage, name: str) -> Fault:
    with stage.noted("trickle", IN_VAIN, programs={name}, outage=True, flaps=True):
        stage.proxies[name].trickle(stage.rng.choice((200, 2000)))
        yield stage.rng.uniform(1.0, 5.0)
        stage.proxies[name].heal()


# -- Redis


def _redis(stage: Stage) -> RedisSite:
    assert isinstance(stage.site, RedisSite)
    return stage.site


def restart(stage: Stage, _: str) -> Fault:
    server = _redis(stage).server
    with stage.noted("restart", AGAIN, everyone=True, outage=True):
        (server.kill if stage.rng.random() < 0.5 else server.stop)()
        yield stage.rng.uniform(0.0, 4.0)
        server.start()


def freeze(stage: Stage, _: str) -> Fault:
    server = _redis(stage).server
    with stage.noted("freeze", AGAIN, everyone=True, outage=True):
        server.pause()
        yield stage.rng.uniform(0.1, 5.0)
        server.resume()


def out_of_memory(stage: Stage, _: str) -> Fault:
    """It refuses what writes, and answers what only reads."""
    with _redis(stage).client() as client, stage.noted("full", AGAIN, everyone=True, outage=True):
        client.config_set("maxmemory", 1)
        yield stage.rng.uniform(0.5, 4.0)
        client.config_set("maxmemory", 0)


def client_pause(stage: Stage, _: str) -> Fault:
    seconds = stage.rng.uniform(0.1, 5.0)
    with _redis(stage).client() as client, stage.noted("freeze", AGAIN, everyone=True, outage=True):
        client.client_pause(round(seconds * 1000), all=stage.rng.random() < 0.5)
        yield seconds


def script_flush(stage: Stage, _: str) -> Fault:
    with _redis(stage).client() as client:
        client.script_flush()
    stage.note("script flush")
    yield 0.0


def client_kill(stage: Stage, _: str) -> Fault:
    with _redis(stage).client() as client, stage.noted("cut", CUT, everyone=True, outage=True):
        client.execute_command("CLIENT", "KILL", "TYPE", stage.rng.choice(("normal", "pubsub")))
        yield 0.0


# -- SQLite


def _sqlite(stage: Stage) -> SQLiteSite:
    assert isinstance(stage.site, SQLiteSite)
    return stage.site


def full(stage: Stage, _: str) -> Fault:
    site = _sqlite(stage)
    if not site.mounted:
        stage.leave_out("full", "this user may not mount a file system")
        return
    # What fits into the pages that the file and its log have is written, what needs a new one is not: now one, now the other.
    noted = stage.noted("full", AGAIN, everyone=True, outage=True, flaps=True)
    with noted, full_disk(site.folder):
        yield stage.rng.uniform(0.5, 4.0)


def locked(stage: Stage, _: str) -> Fault:
    """Somebody else is in the middle of a long transaction."""
    with closing(_sqlite(stage).connect(timeout=0)) as connection:
        while not _begun(connection):  # waiting in here would keep all other faults from going on
            yield 0.05
        with stage.noted("lock", AGAIN, everyone=True, outage=True):
            yield stage.rng.uniform(1.0, 5.0)
            connection.execute("ROLLBACK")


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


OF_PROCESSES = [
    Kind("beat", kill, 2),
    Kind("worker", kill),
    Kind("worker", kill_child, 3),
    Kind("beat", pause),
    Kind("worker", pause),
    Kind("worker", pause_child, 2),
    Kind("beat", stop),
    Kind("worker", stop),
    Kind("beat", reload, 0.5),
    Kind("others", nonsense_job, 0.5),
    Kind("others", nonsense_entry, 0.3),
    Kind("others", garbled_entry, 0.3),
]
OF_CONNECTIONS = [
    Kind("proxy", cut, 3),
    Kind("proxy", half_open, 3),
    Kind("proxy", latency),
    Kind("proxy", trickle),
]
OF_REDIS = [
    Kind("store", restart),
    Kind("store", freeze, 0.5),
    Kind("store", out_of_memory),
    Kind("store", client_pause, 0.5),
    Kind("store", script_flush, 0.5),
    Kind("store", client_kill, 0.5),
]
OF_SQLITE = [Kind("store", full), Kind("store", locked)]
