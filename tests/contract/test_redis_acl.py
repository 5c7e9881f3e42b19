"""The users of docs/redis.md: each can do its work, and none could with one word less."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
import redis
from acl_rounds import ROUNDS

from beat.stores import open_beat_store
from beat.stores.redis import BEAT
from jobq.errors import StoreRefused, StoreUnavailable
from jobq.job import NewJob, Outcome, State
from jobq.stores import open_store
from jobq.stores.redis_permissions import PRODUCER, WORKER

ROOT = Path(__file__).parents[2]
LINES = [
    line.split() for line in (ROOT / "docs/redis.md").read_text().splitlines() if "ACL SETUSER" in line[:11]
]
USERS = {words[2]: words[3:] for words in LINES}
FIRST = USERS["beat"][:4]
"""`reset on >password resetchannels`: what makes a user one, and nothing that it may do."""

NEEDS = {"beat": BEAT, "worker": WORKER, "producer": PRODUCER}
ALONE = {
    "beat": {"eval", "evalsha", "subscribe"},
    "worker": {"blpop", "eval", "evalsha", "subscribe"},
    "producer": {"eval", "evalsha", "subscribe"},
}
"""Commands that no script runs or may run."""

OPENED = {"beat": open_beat_store, "worker": open_store}
TAKEN = [(name, word) for name, words in USERS.items() for word in words if word[0] in "~&+"]


@pytest.fixture(scope="module")
def server(new_redis_server):
    started = new_redis_server()
    yield started
    started.stop()


@pytest.fixture
def admin(server):
    server.flush()
    with redis.Redis.from_url(server.url) as client:
        yield client


def url_of(server, name, password=None):
    return f"redis://{name}:{password or f'{name}-password'}@127.0.0.1:{server.port}/0"


def open_store_of(server):
    return contextlib.closing(open_store(server.url))


def new(job_id):
    return NewJob(job_id, "default", 5, '{"task":"t"}')


def let(admin, name, words):
    admin.execute_command("ACL SETUSER", name, *words)


def test_the_page_has_one_user_for_each_kind_of_program():
    assert USERS.keys() == ROUNDS.keys()
    assert FIRST == ["reset", "on", ">beat-password", "resetchannels"]


@pytest.mark.parametrize("name", ROUNDS)
def test_a_user_may_do_its_work(server, admin, name):
    let(admin, name, USERS[name])
    ROUNDS[name](url_of(server, name))


@pytest.mark.parametrize(("name", "word"), TAKEN)
def test_every_word_is_needed(server, admin, name, word):
    let(admin, name, [other for other in USERS[name] if other != word])
    with pytest.raises((StoreRefused, AssertionError)):
        ROUNDS[name](url_of(server, name))


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, word in TAKEN if name in OPENED])
def test_each_word_that_is_missing_is_named_at_the_start(server, admin, name, word):
    let(admin, name, [other for other in USERS[name] if other != word])
    admin.script_flush()
    store = OPENED[name](url_of(server, name))
    with pytest.raises(StoreRefused, match="does not permit its user what is needed: ") as caught:
        store.examine()
    store.close()
    if word not in (
        "~{beatd}:",
        "+eval",
        "+evalsha",
        "+subscribe",
        "+blpop",
    ):  # those are in the server's words
        assert f"needed: {word.upper()[1:] if word[0] == '+' else word} (docs" in str(caught.value)
    assert admin.keys() == []  # trying left nothing behind


@pytest.mark.parametrize("name", OPENED)
def test_all_that_a_script_may_lack_is_named_at_once(server, admin, name):
    lacking = ("+rpush", "+persist", "~{beatd}:job:*", "~{beatd}:queues")
    let(admin, name, [word for word in USERS[name] if word not in lacking])
    store = OPENED[name](url_of(server, name))
    with pytest.raises(
        StoreRefused, match=r"needed: PERSIST, RPUSH, ~\{beatd\}:job:\*, ~\{beatd\}:queues \(docs"
    ):
        store.examine()
    store.close()


@pytest.mark.parametrize("name", NEEDS)
def test_what_is_tried_is_what_the_page_grants(name):
    keys, commands = NEEDS[name]
    assert {word for word in USERS[name] if word[0] == "~"} == {f"~{{beatd}}:{key}" for key in ("", *keys)}
    tried = {command.split()[0].lower() for command in commands.split("|")}
    assert {word[1:] for word in USERS[name] if word[0] == "+"} == tried | ALONE[name]


@pytest.mark.parametrize(("folder", "needs"), [("queue/jobq", WORKER), ("beat", BEAT)], ids=["queue", "beat"])
def test_every_key_and_command_of_the_scripts_is_tried(folder, needs):
    """What the beat's scripts share with the queue's is tried for both, by hand: only `insert` uses it."""
    scripts = "\n".join(path.read_text() for path in (ROOT / folder / "stores/lua").glob("*.lua"))
    called = set(re.findall(r"(?:redis\.p?call|in_chunks|demand|sound)\('([A-Z]+)'", scripts))
    assert not called - {command.split()[0] for command in needs.commands.split("|")}
    published = set(re.findall(r"'PUBLISH', P \.\. '([a-z_]+:?)'", scripts))
    named = set(re.findall(r"P \.\. '([a-z_]+:?)'", scripts)) - published
    assert named
    assert not named - {key.removesuffix("*") for key in needs.keys}


@pytest.mark.parametrize("name", NEEDS)
def test_trying_changes_nothing_that_is_there(server, admin, name):
    """Whatever stands at the keys of which there is one each, and however often."""
    let(admin, "worker", USERS["worker"])
    ROUNDS["worker"](url_of(server, "worker"))
    let(admin, "beat", USERS["beat"])
    ROUNDS["beat"](url_of(server, "beat"))
    before = {key: (admin.dump(key), admin.ttl(key) < 0) for key in sorted(admin.scan_iter())}
    store = open_beat_store(server.url) if name == "beat" else open_store(server.url)
    store._try_permissions(NEEDS[name])
    store.close()
    assert len(before) > 10
    assert {key: (admin.dump(key), admin.ttl(key) < 0) for key in sorted(admin.scan_iter())} == before


LATER = ("+subscribe", "+eval")
"""What an enqueue does without, once the server knows the script."""


@pytest.mark.parametrize(
    "word", [word for word in USERS["producer"] if word[0] in "~&+" and word not in LATER]
)
def test_a_producer_that_lacks_a_word_is_refused_before_anything_is_written(server, admin, word):
    let(admin, "producer", [other for other in USERS["producer"] if other != word])
    store = open_store(url_of(server, "producer"))
    for _ in range(2):
        with pytest.raises(StoreRefused, match="does not permit its user what is needed"):
            store.enqueue([new("a")])
    assert admin.keys() == []
    let(admin, "producer", USERS["producer"])
    assert store.enqueue([new("a")]) == [True]
    store.close()


def test_a_producer_asks_once(server, admin):
    let(admin, "producer", USERS["producer"])
    store = open_store(url_of(server, "producer"))
    assert store.enqueue([new("a")]) == [True]
    admin.config_resetstat()
    assert store.enqueue([new("b"), new("c")]) == [True, True]
    assert admin.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
    store.close()


def test_a_user_is_looked_at_again_on_a_connection_that_was_made_anew_without_a_word(new_redis_server):
    """The server was restarted while nobody asked, and has other users by now."""
    server = new_redis_server(append_only=True)
    lacking = [word for word in USERS["producer"] if word != "+rpush"]
    with redis.Redis.from_url(server.url) as admin:
        let(admin, "producer", USERS["producer"])
        store = open_store(url_of(server, "producer"))
        assert store.enqueue([new("a")]) == [True]
        server.stop()
        server.start()
        let(admin, "producer", lacking)
        with pytest.raises(StoreRefused, match=r"needed: RPUSH \(docs"):
            store.enqueue([new("b")])
        assert not admin.exists("{beatd}:job:b")
        let(admin, "producer", USERS["producer"])
        assert store.enqueue([new("b")]) == [True]
        store.close()


def test_what_a_producer_was_refused_once_is_not_asked_of_its_other_verbs(server, admin):
    let(admin, "producer", USERS["producer"])
    store = open_store(url_of(server, "producer"))
    assert store.enqueue([new("a")]) == [True]
    with pytest.raises(StoreRefused):
        store.purge("default")
    admin.execute_command("CLIENT KILL USER producer")
    assert store.enqueue([new("b")]) == [True]
    store.close()


@pytest.mark.parametrize("first", ["away", "known"])
def test_a_user_is_looked_at_again_after_an_outage(new_redis_server, first):
    """Somebody has changed it meanwhile: nothing is begun, so a failed job is not left between its lease and the dead."""
    server = new_redis_server(append_only=True)
    with redis.Redis.from_url(server.url) as admin:
        let(admin, "worker", USERS["worker"])
        store = open_store(url_of(server, "worker"))
        with open_store_of(server) as other:
            other.enqueue([new("a")])
            (claim,) = other.fetch(["default"], 1, 60_000_000, "w").claims
        if first == "known":
            store.examine()
            assert store.extend([(claim.id, claim.token)], 60_000_000) == [True]
        server.stop()
        end = [Outcome(claim.id, claim.token, State.FAILED, "{}", -1)]
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.complete(end)
        server.start()
        let(admin, "worker", [word for word in USERS["worker"] if word != "~{beatd}:failed"])
        for _ in range(2):
            with pytest.raises(StoreRefused, match=r"needed: ~\{beatd\}:failed \(docs"):
                store.complete(end)
        assert admin.hget("{beatd}:job:a", "state") == b"running"
        let(admin, "worker", USERS["worker"])
        assert store.complete(end) == [True]
        assert [record.id for record in store.failed()] == ["a"]
        store.close()
    server.stop()


def test_a_beat_that_may_not_ask_for_the_policy_is_silent(server, admin):
    let(admin, "beat", USERS["beat"])
    admin.config_set("maxmemory-policy", "allkeys-lru")
    store = open_beat_store(url_of(server, "beat"))
    assert store.examine() == []
    store.close()
    store = open_beat_store(server.url)
    (sentence,) = store.examine()
    assert 'maxmemory-policy "allkeys-lru"' in sentence
    assert "expected noeviction" in sentence
    store.close()
    admin.config_set("maxmemory-policy", "noeviction")


WRONG = {
    "no password": "redis://127.0.0.1:{port}/0",
    "a wrong password": "redis://:other@127.0.0.1:{port}/0",
    "a wrong user": "redis://nobody:secret@127.0.0.1:{port}/0",
}


@pytest.mark.parametrize("name", WRONG)
def test_who_is_not_let_in_is_told_so(new_redis_server, name):
    server = new_redis_server(options={"requirepass": "secret"})
    store = open_store(WRONG[name].format(port=server.port))
    with pytest.raises(
        StoreRefused, match="refuses the user and password of its URL, or their lack: "
    ) as caught:
        store.now()
    assert isinstance(caught.value, StoreUnavailable)  # to whoever runs already, an outage
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    store.close()
    server.stop()


def test_a_password_that_nobody_asked_for_is_told_so(redis_server):
    store = open_store(f"redis://:other@127.0.0.1:{redis_server.port}/0")
    with pytest.raises(StoreRefused, match="refuses the user and password"):
        store.now()
    store.close()
