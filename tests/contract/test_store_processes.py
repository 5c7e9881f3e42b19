"""Several processes at one store: disjoint claims, every job once, and nothing lost with a process."""

from __future__ import annotations

import json
import threading
from itertools import chain

import pytest
from waiting import wait_until

from jobq.job import State

WORK = """if True:
    import json, sys
    from jobq.instants import SECOND
    from jobq.job import Outcome, State
    from jobq.stores import open_store
    store = open_store(sys.argv[1])
    batch = int(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    done = []
    while claims := store.fetch(["default"], batch, 60 * SECOND, sys.argv[3]).claims:
        assert all(store.complete([Outcome(c.id, c.token, State.COMPLETED) for c in claims]))
        done += [c.id for c in claims]
    store.close()
    print(json.dumps(done))
"""

ENQUEUE = """if True:
    import json, sys
    from jobq.job import NewJob
    from jobq.stores import open_store
    print("ready", flush=True)
    sys.stdin.readline()
    store = open_store(sys.argv[1])
    answers = []
    for number in range(100):
        answers += store.enqueue([NewJob(f"job-{number}", "default", 5, "{}")])
    store.close()
    print(json.dumps(answers))
"""

TAKE_AND_HANG = """if True:
    import sys
    from jobq.stores import open_store
    store = open_store(sys.argv[1])
    print(store.fetch(["default"], 10, 300_000, "doomed").claims[0].id, flush=True)
    sys.stdin.readline()
"""


def start_together(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return answers


@pytest.mark.parametrize("batch", [1, 7])
def test_processes_that_fetch_from_one_queue_share_it_out(desk, store, store_url, spawn, batch):
    ids = [f"job-{number}" for number in range(300)]
    desk.enqueue(*ids)
    done = start_together([spawn(WORK, store_url, str(batch), f"w{number}") for number in range(4)])
    assert sorted(chain.from_iterable(done)) == sorted(ids)
    assert store.totals()["completed"] == 300


def test_processes_that_enqueue_the_same_ids_insert_each_once(store, store_url, spawn):
    """They also make the store together, where it has to be made."""
    answers = start_together([spawn(ENQUEUE, store_url) for _ in range(4)])
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 100
    assert len(store.job_ids("default")) == 100


def test_what_a_killed_process_had_fetched_runs_elsewhere(desk, store_url, spawn):
    desk.enqueue("a")
    process = spawn(TAKE_AND_HANG, store_url)
    assert process.stdout.readline() == "a\n"
    assert desk.state("a") is State.RUNNING
    process.kill()
    process.wait()
    again = desk.fetch_one()
    assert (again.id, again.attempt) == ("a", 2)
    assert desk.end(again, keep=60)


def test_threads_that_share_a_store_share_out_its_jobs(desk):
    ids = [f"job-{number}" for number in range(200)]
    desk.enqueue(*ids)
    done, errors = [], []

    def work():
        try:
            while claims := desk.fetch(limit=3):
                for claim in claims:
                    assert desk.end(claim)
                    done.append(claim.id)
        except Exception as error:  # noqa: BLE001 - shown by the main thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(done) == sorted(ids)


def test_a_write_is_seen_by_others_at_once(desk, open_another):
    other = open_another()
    desk.enqueue("a")
    assert other.job_ids("default") == ["a"]
    assert wait_until(lambda: other.cancel("a"))
    assert desk.state("a") is State.CANCELLED
