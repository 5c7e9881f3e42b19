"""The users of docs/redis.md, with real programs: a whole round, and a password that is changed under them."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from programs import APP, BEATD, JOBQ, command, count, entry
from waiting import wait_until

from jobq import App
from jobq.stores import open_store

PAGE = Path(__file__).parents[2] / "docs/redis.md"


@pytest.fixture
def server(new_redis_server):
    """It knows the page's users, and nobody else may come in."""
    running = new_redis_server()
    with redis.Redis.from_url(running.url) as client:
        for line in PAGE.read_text().splitlines():
            if line.startswith("ACL SETUSER"):
                client.execute_command("ACL SETUSER", *line.split()[2:])
        client.execute_command(
            "ACL SETUSER", "admin", "reset", "on", ">admin", "allkeys", "allchannels", "+@all"
        )
        client.execute_command("ACL SETUSER", "default", "off")
    yield running
    running.stop()


@pytest.fixture
def admin(server):
    with redis.Redis(port=server.port, username="admin", password="admin") as client:
        yield client


@pytest.fixture
def store_url(server):
    return url_of(server, "admin", "admin")


def url_of(server, name, password=None):
    return f"redis://{name}:{password or f'{name}-password'}@127.0.0.1:{server.port}/0"


@pytest.fixture
def fleet(programs, server):
    """beatd and a worker whose children leave after three jobs each, each as its own user."""
    config = programs.write_config(entry(every=0.2))
    beatd = command(BEATD, "--config", str(config), "--node", "a", "--log-format", "json", "--lease-ttl", "1")
    beat = programs.start(beatd, "beat", JOBQ_STORE=url_of(server, "beat"))
    words = (
        "worker",
        "--name",
        "w",
        "-c",
        "1",
        "--max-tasks-per-child",
        "3",
        "--lease-ttl",
        "1",
        "--log-format",
        "json",
    )
    worker = programs.start(command(JOBQ, "-A", APP, *words), "worker", JOBQ_STORE=url_of(server, "worker"))
    return beat, worker


def test_a_round_with_three_users(fleet, server, store):
    beat, worker = fleet
    producer = App("producer", store=url_of(server, "producer"))
    assert producer.send_task("process_tasks.echo", ["hello"]).get(timeout=20) == "hello"
    producer.store.close()
    wait_until(lambda: len(store.history("tick", 10)) > 3, 20)
    wait_until(lambda: store.totals()["completed"] > 3, 20)
    assert beat.stop() == worker.stop() == 0
    assert beat.said("store_lost") == worker.said("store_lost") == []


@pytest.mark.parametrize("fault", ["password", "permission"])
def test_what_is_taken_from_those_who_run_is_an_outage(fleet, admin, store, fault):
    """Whoever starts anew meanwhile, as children of a worker do, waits as the others do."""
    beat, worker = fleet
    wait_until(lambda: store.totals()["completed"] > 1, 20)
    taken, given = {
        "password": (["<{}-password", ">new"], ["<new", ">{}-password"]),
        "permission": (["-evalsha", "-eval"], ["+evalsha", "+eval"]),
    }[fault]
    change(admin, taken)
    if fault == "password":  # who is in is not asked again
        for kind in ("normal", "pubsub"):
            admin.client_kill_filter(_type=kind, skipme=True)
    for program in fleet:
        lost = program.wait_said("store_lost")
        assert fault == "password" or "does not permit its user what is needed: " in lost["message"]
    change(admin, given)
    for program in fleet:
        program.wait_said("store_returned")
    before = store.totals()["completed"]
    wait_until(lambda: store.totals()["completed"] > before + 3, 20)
    assert set(count(beat.records, "store_lost").values()) == {1}
    assert beat.stop() == worker.stop() == 0


def change(admin, words):
    for name in ("beat", "worker"):
        admin.execute_command("ACL SETUSER", name, *(word.format(name) for word in words))


@pytest.mark.parametrize(
    "words", [(BEATD, "--app", APP), (JOBQ, "worker"), (JOBQ, "-A", APP, "worker", "-P", "solo")]
)
def test_who_starts_with_a_wrong_password_is_told_and_leaves(programs, server, words):
    url = url_of(server, "worker", "wrong-password")
    program = programs.start(command(*words), "wrong", JOBQ_STORE=url)
    assert program.wait() == 2
    (line,) = program.text.splitlines()
    assert line.startswith("Error: the store at redis://127.0.0.1:")
    assert "refuses the user and password of its URL" in line


def test_who_starts_without_a_permission_is_told_and_leaves(programs, server, admin):
    admin.execute_command("ACL SETUSER", "worker", "-lrem")
    program = programs.start(command(JOBQ, "worker"), "poor", JOBQ_STORE=url_of(server, "worker"))
    assert program.wait() == 2
    assert "does not permit its user what is needed: LREM (docs/redis.md" in program.text


def test_beatd_warns_of_a_store_that_evicts(programs, admin, store_url):
    admin.config_set("maxmemory-policy", "allkeys-lru")
    program = programs.start(
        command(BEATD, "--app", APP, "--log-format", "json"), "evicts", JOBQ_STORE=store_url
    )
    assert 'maxmemory-policy "allkeys-lru"' in program.wait_said("store_unfit")["message"]
    program.wait_said("beat_ready")
    assert program.stop() == 0
    assert len(program.said("store_unfit")) == 1


def test_a_command_with_a_wrong_password_is_a_usage_error(programs, server):
    program = programs.start(command(JOBQ, "info"), "info", JOBQ_STORE=url_of(server, "worker", "wrong"))
    assert program.wait() == 2
    assert open_store(url_of(server, "worker")).totals()


@pytest.mark.parametrize("name", ["beat", "worker"])
def test_who_started_without_a_store_looks_at_it_when_it_comes(programs, new_redis_server, name):
    """The user that it finds then lacks a pattern: it is told, nothing is begun, and it goes on when that is granted."""
    key = {"beat": "~{beatd}:history:*", "worker": "~{beatd}:failed"}[name]
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"ACL SETUSER {name} "))
    poor = " ".join(word for word in line.split()[2:] if word not in (key, "reset"))
    server = new_redis_server(options={"user": poor})
    server.stop()
    config = programs.write_config(entry(every=0.2))
    words = {
        "beat": (BEATD, "--config", str(config), "--log-format", "json"),
        "worker": (JOBQ, "-A", APP, "worker", "-c", "1", "--log-format", "json"),
    }[name]
    program = programs.start(command(*words), name, JOBQ_STORE=url_of(server, name))
    program.wait_said("store_lost")
    server.start()
    assert f"needed: {key} (docs" in program.wait_said("store_refused")["message"]
    with redis.Redis.from_url(server.url) as admin:
        assert list(admin.scan_iter()) == []
        admin.execute_command("ACL SETUSER", name, key)
        program.wait_said("store_returned")
        assert list(admin.scan_iter())
    assert program.stop() == 0
    server.stop()
