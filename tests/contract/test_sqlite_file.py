"""What is SQLite's own: the file, its URL, its locks, forks and the sentences for what goes wrong."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from jobq.errors import ConfigError, StoreUnavailable
from jobq.instants import SECOND
from jobq.job import NewJob
from jobq.stores import open_store, sqlite_file
from jobq.stores.sqlite import SQLiteStore


@pytest.fixture
def store(sqlite_url):
    store = open_store(sqlite_url)
    yield store
    store.close()


@pytest.fixture
def path(sqlite_url):
    return Path(sqlite_url.removeprefix("sqlite:///"))


def new(job_id):
    return NewJob(job_id, "default", 5, "{}")


# -- the URL


def test_nothing_is_made_before_the_first_verb(store, path):
    assert not path.exists()
    store.totals()
    assert path.exists()


def test_three_slashes_name_a_file_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///some%20name.db")
    monkeypatch.chdir("/")  # as a daemon does
    store.enqueue([new("a")])
    store.close()
    assert (tmp_path / "some name.db").exists()


@pytest.mark.parametrize(("level", "number"), [("", 2), ("?synchronous=normal", 1), ("?synchronous=off", 0)])
def test_how_much_a_commit_waits_for_the_disk(sqlite_url, level, number):
    store = open_store(sqlite_url + level)
    with store._read() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (number,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://beat.db", "expected sqlite:///relative.db"),
        ("sqlite:///", "expected sqlite:///relative.db"),
        ("sqlite:beat.db", "expected sqlite:///relative.db"),
        ("sqlite:///:memory:", "cannot be shared"),
        ("sqlite:///a.db?syncronous=off", 'did you mean "synchronous"?'),
        ("sqlite:///a.db?synchronous=nromal", 'did you mean "normal"?'),
    ],
)
def test_a_url_that_is_not_understood_gets_a_sentence(url, words):
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert words in str(caught.value)
    assert f"the store's URL {url.partition('?')[0]} " in str(caught.value)


# -- what goes wrong


def test_a_missing_directory_is_named(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/missing/beat.db")
    with pytest.raises(StoreUnavailable, match=f"there is no directory {tmp_path}/missing"):
        store.totals()
    (tmp_path / "missing").mkdir()
    assert store.enqueue([new("a")]) == [True]
    store.close()


def test_a_file_of_something_else_is_named(store, path):
    path.write_text("This is not a database, and longer than the header of one. " * 20)
    with pytest.raises(ConfigError, match=r"beat\.db is not a SQLite database"):
        store.totals()


def test_a_newer_layout_is_left_alone(store, path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match="newer version of this program"):
        store.totals()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()


def test_a_file_that_others_keep_locked_is_not_available_now(store, path, monkeypatch):
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    store.enqueue([new("a")])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="is locked: other processes kept it"):
        store.enqueue([new("b")])
    assert store.job_ids("default") == ["a"], "readers do not wait for writers"
    other.execute("ROLLBACK")
    other.close()
    assert store.enqueue([new("b")]) == [True]


def test_a_full_disk_is_not_available_now(store):
    store.enqueue([new("a")])
    with store._read() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        store.enqueue([NewJob("b", "default", 5, "x" * 100_000)])
    assert store.get(["b"]) == [None]
    assert store.enqueue([NewJob("b", "default", 5, "x" * 100_000)]) == [True]  # on a new connection


def test_a_mistake_of_the_program_is_not_hidden(store):
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store._write() as connection:
        connection.execute("SELECT * FROM nowhere")


# -- transactions


def test_whatever_is_raised_in_a_transaction_undoes_it(store):
    def interrupted():
        with store._write() as connection:
            store._insert_jobs(connection, [new("a")], store.now())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.get(["a"]) == [None]
    assert store.enqueue([new("a")]) == [True]


def test_a_closed_store_opens_again_when_it_is_used(store):
    store.enqueue([new("a")])
    store.close()
    assert store.job_ids("default") == ["a"]


def test_threads_take_turns(store):
    inside, overlaps = [], []

    def work(number):
        for turn in range(20):
            with store._write() as connection:
                overlaps.extend(inside)
                inside.append(number)
                store._insert_jobs(connection, [new(f"{number}-{turn}")], store.now())
                inside.clear()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert store.queues()["default"]["available"] == 80


HOG = """if True:
    import sys
    from jobq.stores import open_store
    store = open_store(sys.argv[1])
    print("ready", flush=True)
    while True:
        store.extend([("a", 1)], 1)
"""


def test_a_process_that_writes_without_pause_does_not_keep_others_out(spawn, sqlite_url, store):
    hog = spawn(HOG, sqlite_url)
    assert hog.stdout.readline() == "ready\n"
    start = time.monotonic()
    for number in range(100):
        store.enqueue([new(str(number))])
    assert time.monotonic() - start < 10


def test_a_writer_that_is_stopped_before_it_writes_does_not_keep_others_out(store, path, monkeypatch):
    """It may hold the turn; the turn is a courtesy."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    store.enqueue([new("a")])
    with Path(f"{path}-turn").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert store.enqueue([new("b")]) == [True]


# -- forks

FORK = """if True:
    import os, sys, threading
    from jobq.job import NewJob
    from jobq.stores import open_store
    def new(job_id): return NewJob(job_id, "default", 5, "{}")
    store = open_store(sys.argv[1])
    store.enqueue([new("before")])
"""


def run(spawn, text, url):
    process = spawn(FORK + text, url)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output


def test_parent_and_child_go_on_with_connections_of_their_own(spawn, sqlite_url):
    text = """
    pid = os.fork()
    if pid == 0:
        assert store.enqueue([new("child")]) == [True]
        os._exit(0)
    assert store.enqueue([new("parent")]) == [True]
    assert os.waitpid(pid, 0)[1] == 0
    print(sorted(store.job_ids("default")))
    """
    assert run(spawn, text, sqlite_url) == "['before', 'child', 'parent']\n"


def test_what_a_child_writes_outlives_its_parents_connection(spawn, sqlite_url, store):
    """A child that only thought it had the file open would write into a WAL that its parent's close removes."""
    text = """
    here, there = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        store.enqueue([new("child-1")])
        os.write(there[1], b".")
        os.read(here[0], 1)
        store.enqueue([new("child-2")])
        os._exit(0)
    os.read(there[0], 1)
    store.enqueue([new("parent")])
    store.close()
    os.write(here[1], b".")
    assert os.waitpid(pid, 0)[1] == 0
    """
    run(spawn, text, sqlite_url)
    assert store.job_ids("default") == ["before", "child-1", "parent", "child-2"]


def test_a_child_does_not_inherit_the_lock_of_another_thread(spawn, sqlite_url, store):
    text = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, from Python 3.12 on
    def busy():
        while True:
            store.extend([("before", 1)], 1)
    threading.Thread(target=busy, daemon=True).start()
    for number in range(10):
        pid = os.fork()
        if pid == 0:
            try:
                store.enqueue([new(f"child-{number}")])
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
    print("done", flush=True)
    os._exit(0)  # the thread writes until the end
    """
    assert run(spawn, text, sqlite_url) == "done\n"
    assert store.job_ids("default") == ["before", *(f"child-{number}" for number in range(10))]
    with store._read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_fork_within_a_transaction_leaves_it_to_the_parent(spawn, sqlite_url, store):
    text = """
    with store._write() as connection:
        store._insert_jobs(connection, [new("parent")], store.now())
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    """
    run(spawn, text, sqlite_url)
    assert store.job_ids("default") == ["before", "parent"]


def test_a_fork_leaves_no_file_open_in_a_child_that_does_not_use_the_store(spawn, sqlite_url):
    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - as the script below says it
        pytest.skip("only where /proc shows open files")
    text = """
    pid = os.fork()
    if pid == 0:
        folder = "/proc/self/fd"
        names = [os.readlink(f"{folder}/{n}") for n in os.listdir(folder) if os.path.exists(f"{folder}/{n}")]
        os._exit(any("beat.db" in name for name in names))
    assert os.waitpid(pid, 0)[1] == 0
    """
    run(spawn, text, sqlite_url)


def test_a_file_of_version_1_is_brought_up_to_date(sqlite_url):
    """What was running has a lease of a length that is known; what comes after is as in a new file."""
    store = SQLiteStore(sqlite_url)
    store.enqueue([new("a"), new("b")])
    (claim,) = store.fetch(["default"], 1, 60 * SECOND, "w").claims
    with store._write() as connection:
        connection.execute("ALTER TABLE jobs DROP COLUMN lease")
        connection.execute("ALTER TABLE jobs DROP COLUMN called")
        connection.execute("DROP TABLE clock")
        connection.execute("PRAGMA user_version = 1")
    store.close()
    with store._read() as connection:
        length, called = connection.execute("SELECT lease, called FROM jobs WHERE id = 'a'").fetchone()
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert 10 * SECOND <= length <= 60 * SECOND
    assert called == 0
    assert store.extend([("a", claim.token)], SECOND) == [True]
    assert [other.id for other in store.fetch(["default"], 1, SECOND, "w").claims] == ["b"]
    store.close()
