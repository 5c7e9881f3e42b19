"""Thousands of messages of chance on a queue: the workers live, and each message has its end and its reason.

A mutated message may still be sound. It then runs, and is counted apart; what the standard library's JSON says of it
is what allows it to. No command that a message holds is ever run: it would leave a sign.
"""

from __future__ import annotations

import json
import os
from collections import Counter

import pytest
from fuzzing import rounds
from jobs import put_messages, wait_completed
from message_mutations import cases, may_run
from programs import APP, JOBQ, SUPPORT, command
from waiting import wait_until

from jobq.job import State
from jobq.results import failure_of

ROUNDS = rounds(400)
CHILDREN = 2
AT_ONCE = 500
SIGN = "open({!r}, 'a').close()\ndef f(*_): open({!r}, 'a').close()\n"


@pytest.fixture
def sign(tmp_path):
    """A file that nothing may make: not a command in a message, not a module that one names."""
    path = tmp_path / "sign"
    outside = tmp_path / "outside"
    (outside / "evil_package").mkdir(parents=True)
    for name in ("evil_on_import.py", "evil_package/__init__.py", "evil_package/inner.py"):
        (outside / name).write_text(SIGN.format(str(path), str(path)))
    return path


@pytest.fixture
def worker(programs, store, sign):
    path = os.pathsep.join([str(SUPPORT), str(sign.parent / "outside"), os.environ.get("PYTHONPATH", "")])
    options = ("--concurrency", str(CHILDREN), "--log-format", "json", "--lease-ttl", "2")
    words = command(JOBQ, "--store", programs.store_url, "-A", APP, "worker", *options)
    running = programs.start(words, "worker", PYTHONPATH=path)
    wait_until(lambda: len(store.workers()) == CHILDREN)
    return running


def ended(store, ids):
    """The records of jobs that have ended, or had an attempt and wait for another; None for what was forgotten."""
    found = {}
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        found |= dict(zip(part, store.get(part), strict=True))
    settled = all(
        job is None or job.state.ended or (job.attempt and job.state is State.SCHEDULED)
        for job in found.values()
    )
    return found if settled else None


def verdict(case, record, dead):
    """What became of a case, in a word, and what is wrong with that."""
    if record is None:
        return "forgotten", None if may_run(
            case.data
        ) and b"ignore_result" in case.data else "its record is gone"
    if record.state is State.FAILED:
        reason = failure_of(record)
        told = reason.type and (reason.message or reason.traceback)
        return "dead", None if told and case.id in dead else f"a failure without a reason: {reason}"
    if case.doomed or not may_run(case.data):
        return record.state, f"it can't have been run: {record}"
    return record.state, None


@pytest.mark.timeout(1800)
def test_whatever_is_on_the_queue_the_worker_lives(rng, app, store, worker, sign):
    children = {info.pid for info in store.workers()}
    fuzzed = list(cases(rng, ROUNDS, f"touch {sign}"))
    for start in range(0, ROUNDS, AT_ONCE):
        put_messages(store, [(case.id, case.data) for case in fuzzed[start : start + AT_ONCE]])
    records = wait_until(
        lambda: ended(store, [case.id for case in fuzzed]),
        30 + ROUNDS / 20,
        interval=0.2,
        what="every message's end",
    )
    followers = [case.follower for case in fuzzed if case.follower]
    following = (
        wait_until(lambda: ended(store, followers), 60, interval=0.1, what="the followers' ends")
        if followers
        else {}
    )

    wait_completed(store, [app.send_task("process_tasks.echo", (number,)).id for number in range(20)])
    assert {info.pid for info in store.workers()} == children, worker.text[-5000:]
    assert worker.said("child_died") == worker.said("child_failed") == worker.said("heartbeat_failed") == []
    assert "Traceback" not in "".join(line for line in worker.text.splitlines() if not line.startswith("{"))
    assert not sign.exists()

    dead = {job.id for job in store.failed(limit=3 * ROUNDS)}
    table, wrong = Counter(), []
    for case in fuzzed:
        word, complaint = verdict(case, records[case.id], dead)
        table[case.of, str(word)] += 1
        if complaint:
            wrong.append(f"{case.id} ({case.of}): {complaint}\n    {case.data[:500]!r}")
    assert not wrong, "\n".join(wrong[:20])
    assert all(
        following[job] is not None and following[job].state is State.FAILED and job in dead
        for job in followers
    )
    tell(table)


def tell(table):
    print(f"\n{ROUNDS} messages:")  # noqa: T201 - the figures of `make fuzz`
    for (kind, word), number in sorted(table.items()):
        print(f"  {kind:<26} {word:<10} {number:>6}")  # noqa: T201
    total = Counter()
    for (_, word), number in table.items():
        total[word] += number
    print("  in all:", json.dumps(total))  # noqa: T201
    assert total["dead"] > ROUNDS // 2
    assert total["completed"]
