"""`jobq` as a program, on either store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from jobq.job import Failure, NewJob, Outcome, State
from jobq.message import encode_json
from jobq.stores import open_store

TASKS = """
from jobq.app import App
app = App("tasks", task_routes={"tasks.slow": "slow"})
@app.task
def add(a, b): return a + b
@app.task
def slow(): pass
def neg(a): return -a
"""


@pytest.fixture
def jobq(store_url, tmp_path):
    """`jobq("info", code=0)` runs the program in a folder of its own, and is its output."""
    (tmp_path / "tasks.py").write_text(TASKS)

    def run(*words, code=0, url=store_url, app=None, program="jobq"):
        environ = {k: v for k, v in os.environ.items() if k not in ("JOBQ_APP", "COLUMNS")}
        environ |= {"JOBQ_STORE": url} | ({"JOBQ_APP": app} if app else {})
        done = subprocess.run(
            [sys.executable, "-m", program, *words],
            cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    return run


@pytest.fixture
def store(store_url):
    opened = open_store(store_url)
    opened.queues()  # a SQLite file is made when it is first used
    yield opened
    opened.close()


def fail(store, job_id, queue="default"):
    claim = store.fetch([queue], 1, 60_000_000, "tester").claims[0]
    assert claim.id == job_id
    error = encode_json(Failure("builtins.ValueError", "bad day", "Trace of it\nValueError: bad day\n"))
    assert store.complete([Outcome(job_id, claim.token, State.FAILED, error, -1)]) == [True]


def test_enqueue_and_result(jobq, store):
    job_id = jobq("enqueue", "tasks.add", "[1, 2]").strip()
    assert "available" in jobq("result", job_id, code=1)
    claim = store.fetch(["default"], 1, 60_000_000, "tester").claims[0]
    store.complete([Outcome(job_id, claim.token, State.COMPLETED, "3", keep=60)])
    assert "tasks.add(1, 2)" in jobq("result", job_id, "--wait", "5")
    told = json.loads(jobq("result", job_id, "--json"))
    assert (told["state"], told["result"], told["error"], told["args"]) == ("completed", 3, None, [1, 2])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", told["ended_at"])


def test_enqueue_takes_options(jobq, store):
    line = '--kwargs {"a":1} --queue slow --countdown 5m --priority 2 --expires 1h --retries 4 --time-limit 9 --id mine'
    assert jobq("enqueue", "tasks.any", *line.split()) == "mine\n"
    record = store.get(["mine"])[0]
    assert (record.queue, record.priority, record.state) == ("slow", 2, State.SCHEDULED)
    sent = json.loads(record.message)
    assert (sent["kwargs"], sent["expires_in"], sent["max_retries"], sent["time_limit"]) == (
        {"a": 1},
        3_600_000_000,
        4,
        9,
    )
    assert 'id "mine" exists already' in jobq("enqueue", "tasks.any", "--id", "mine", code=1)


def test_enqueue_knows_the_app(jobq, store):
    job_id = jobq("enqueue", "tasks.slow", app="tasks:app").strip()
    assert store.get([job_id])[0].queue == "slow"
    assert 'did you mean "tasks.slow"?' in jobq("enqueue", "tasks.slw", app="tasks", code=1)
    plain = json.loads(jobq("enqueue", "--plain", "tasks.neg", "[1]", "--json", app="tasks"))
    assert json.loads(store.get([plain["id"]])[0].message)["plain"] is True


def test_info(jobq, store):
    for _ in range(3):
        jobq("enqueue", "tasks.add", "--queue", "low")
    jobq("enqueue", "tasks.add", "--countdown", "1h")
    store.fetch(["low"], 1, 60_000_000, "tester")
    told = json.loads(jobq("info", "--json"))
    assert told["queues"] == [
        {"name": "default", "available": 0, "scheduled": 1, "running": 0},
        {"name": "low", "available": 2, "scheduled": 0, "running": 1},
    ]
    shown = jobq("info", "low", "empty")
    assert re.search(r"^low +\|█+ 2, running 1$", shown, re.MULTILINE)
    assert re.search(r"^empty +\| 0$", shown, re.MULTILINE)
    assert "2 queues, 2 jobs available, 0 scheduled, 1 running" in shown
    assert "default" not in shown


def test_failed_and_requeue(jobq, store):
    assert jobq("failed") == "No job has failed.\n"
    first, second = (jobq("enqueue", "tasks.add", f"[{n}]").strip() for n in range(2))
    fail(store, first)
    fail(store, second)
    shown = jobq("failed")
    assert first in shown
    assert "ValueError: bad day" in shown
    assert [job["id"] for job in json.loads(jobq("failed", "list", "--json"))] == [second, first]
    assert len(json.loads(jobq("failed", "--json", "--limit", "1"))) == 1
    assert "Trace of it\nValueError: bad day" in jobq("failed", "show", first)
    assert json.loads(jobq("failed", "show", first, "--json"))["error"]["message"] == "bad day"

    told = jobq("requeue", first, "nope", code=1)
    assert f"requeued {first}\n" in told
    assert "there is no job nope" in told
    assert "has not failed: it is available" in jobq("requeue", first, code=1)
    assert "has not failed: it is available" in jobq("failed", "show", first, code=1)
    assert jobq("requeue", "--all") == "requeued 1 job\n"
    assert store.job_ids("default") == [first, second]


def test_purge(jobq, store):
    jobq("enqueue", "tasks.add")
    jobq("enqueue", "tasks.add", "--countdown", "1h")
    assert "say --yes" in jobq("purge", "default", code=2)
    assert 'did you mean "default"?' in jobq("purge", "defalt", "--yes", code=1)
    assert store.job_ids("default")
    assert jobq("purge", "default", "--yes") == 'forgot 2 jobs of queue "default"\n'
    assert not store.job_ids("default")


@pytest.mark.usefixtures("store")
def test_unknown_ids(jobq):
    assert "there is no job nope" in jobq("result", "nope", code=1)
    assert json.loads(jobq("result", "nope", "--json", code=1)) == {"id": "nope", "state": "unknown"}
    assert "there is no job nope" in jobq("failed", "show", "nope", code=1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["enqueue", "tasks.add", "[1"], "is not JSON"),
        (["enqueue", "tasks.add", "{}"], "is not a JSON list"),
        (["enqueue", "tasks.add", "--kwargs", "[]"], "is not a JSON object"),
        (["enqueue", "tasks.add", "--eta", "soon"], "is not a date and time"),
        (["enqueue", "tasks.add", "--priority", "12"], "is not a whole number from 0"),
        (["-A", "nosuchapp", "info"], 'no module "nosuchapp"'),
        (["-A", "task", "info"], 'did you mean "tasks"?'),
    ],
)
def test_broken_input(jobq, words, sentence):
    assert sentence in " ".join(jobq(*words, code=2).split())


def test_no_server_behind_the_url(jobq):
    for words in (["info"], ["enqueue", "tasks.add"], ["result", "x"]):
        told = jobq(*words, url="redis://127.0.0.1:1/0", code=1)
        assert told.startswith("Error: the store at redis://127.0.0.1:1/0 does not answer")
        assert told.count("\n") == 1


def test_a_folder_where_no_database_can_be(jobq):
    assert jobq("info", url="sqlite:////proc/nowhere/beat.db", code=1).startswith("Error: ")


def test_a_worker_runs_what_is_there(jobq):
    added = jobq("enqueue", "tasks.add", "[1, 2]").strip()
    plain = jobq("enqueue", "--plain", "tasks.neg", "[5]").strip()
    jobq("worker", "--burst", app="tasks")
    assert [json.loads(jobq("result", job, "--json"))["result"] for job in (added, plain)] == [3, -5]


def test_what_came_with_a_job_does_not_command_the_terminal(jobq, store):
    """Other programs write to queues too, and whatever they like."""
    queue, job_id = "q\x1b[2Jq\nrow", "id\x1b]0;title\x07\nrow"
    message = encode_json({"task": "t\x1b[31m\nrow", "args": ["\x9b"]})
    store.enqueue([NewJob(job_id, queue, 5, message), NewJob("waits", queue, 5, message)])
    claim = store.fetch([queue], 1, 60_000_000, "w\x1b[1m").claims[0]
    error = encode_json(Failure("E", "bad\x1b[5m\x07", "Trace\n\x1b[5mof it"))
    store.complete([Outcome(job_id, claim.token, State.FAILED, error, -1)])
    outputs = [jobq("failed"), jobq("failed", "show", job_id), jobq("info"), jobq("result", job_id, code=1)]
    outputs.append(jobq("requeue", job_id))
    for text in outputs:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), ascii(text)
    for text in (outputs[0], outputs[2], outputs[4]):
        assert not re.search("^ *row", text, re.MULTILINE), text
    assert r"q\x1b[2Jq\nrow" in outputs[0]
