"""A claim goes in, an outcome comes out, whatever the message holds and the task does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time

import executing
import pytest
from executing import NOW, fails, failure, raising

from jobq import Ignore, Reject, Retry
from jobq.errors import SoftTimeLimitExceeded
from jobq.instants import SECOND
from jobq.job import MAX_LOST, Claim, Failure, Outcome, State
from jobq.message import OUTLIVED, JobOptions, Link, Message, decode_message, encode_json
from jobq.worker.limits import BrokenOff

app, run = executing.app, executing.run
limits, executor = executing.limits, executing.executor


# -- it completes


def test_a_result_is_kept_for_as_long_as_the_app_says(app, run):
    app.task(lambda a, b: [a, b], name="t")
    assert run("t", 1, "x") == Outcome("j", 4, State.COMPLETED, '[1,"x"]', keep=86400)
    app.conf.result_expires = 0.2
    assert run("t", 1, 2).keep == 1
    app.conf.result_expires = None
    assert run("t", 1, 2).keep > 3e8


@pytest.mark.parametrize(
    ("message", "task", "conf", "ignored"),
    [
        (None, None, False, False),
        (None, None, True, True),
        (None, False, True, False),
        (None, True, False, True),
        (False, True, True, False),
        (True, False, False, True),
    ],
)
def test_an_ignored_result_is_neither_kept_nor_written(app, run, *, message, task, conf, ignored):
    app.conf.task_ignore_result = conf
    app.task(lambda: {1}, name="t", ignore_result=task)
    outcome = run("t", ignore_result=message)
    assert (outcome.payload, outcome.keep) == (("null", 0) if ignored else ("[1]", 86400))


def test_what_json_cannot_hold_is_no_reason_to_fail_if_it_is_ignored(app, run):
    app.task(object, name="t")
    fails(run("t"), "TypeError", "the result of t can't be kept as JSON")
    assert run("t", ignore_result=True).state is State.COMPLETED


def test_what_follows_is_part_of_the_outcome(app, run):
    app.task(lambda: 7, name="t")
    link = (Link("u", (1,), options=JobOptions(task_id="n", queue="mail")), Link("v", immutable=True))
    first, second = run("t", link=link, link_error=(Link("never"),), root_id="r").follow
    sent = decode_message(first.message)
    assert (first.id, first.queue, second.queue) == ("n", "mail", "default")
    assert (sent.args, sent.parent_id, sent.root_id) == ((7, 1), "j", "r")
    assert decode_message(second.message).args == ()


def test_ignore_ends_well_and_nothing_follows(app, run):
    raising(app, Ignore())
    assert run("t", link=(Link("u"),)) == Outcome("j", 4, State.COMPLETED, "null", keep=86400)


# -- it fails


def test_a_failure_tells_what_was_raised_and_where(app, run):
    raising(app, ValueError("bad"))
    outcome = fails(
        run("t", link=(Link("never"),), link_error=(Link("note", (1,)),)), "builtins.ValueError", "bad"
    )
    assert "in work" in failure(outcome).traceback
    (errand,) = outcome.follow
    sent = decode_message(errand.message)
    assert (sent.task, sent.args, sent.parent_id, sent.root_id) == ("note", ("j", 1), "j", "j")


class UntellableError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(3),
        asyncio.CancelledError(),
        GeneratorExit(),
        BaseExceptionGroup("several", [SystemExit(1)]),
        ValueError(os.fsdecode(b"\xff")),
        UntellableError(),
        RecursionError("deep"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_task_raises_the_worker_goes_on(app, run, error):
    raising(app, error)
    fails(run("t"), type(error).__qualname__, "")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenOff()], ids=lambda error: type(error).__name__)
def test_what_is_meant_for_the_worker_reaches_it(app, run, error):
    raising(app, error)
    with pytest.raises(type(error)):
        run("t")


def test_an_unknown_task_fails_for_good(app, run):
    app.task(len, name="tasks.length")
    outcome = run("tasks.lenght", max_retries=5, link_error=(Link("note"),))
    fails(outcome, "NotRegistered", 'did you mean "tasks.length"')
    assert failure(outcome).traceback == ""
    assert len(outcome.follow) == 1


@pytest.mark.parametrize("junk", [b"", b"{", b"\xff", b'{"task": 5}', b'{"task":' + b"[" * 100_000])
def test_a_message_that_is_not_understood_fails_for_good(executor, junk):
    fails(executor.run(Claim("j", "q", 1, junk, 0), NOW), "MessageNotUnderstood", "not understood")


@pytest.mark.parametrize(
    "options",
    [JobOptions(priority=55), JobOptions(queue=" "), JobOptions(countdown=1e18), JobOptions(eta=2**53)],
)
def test_a_link_that_no_store_would_take_fails_its_job(app, run, options):
    app.task(lambda: 7, name="t")
    assert run("t", link=(Link("u", options=options),)).state is State.FAILED


@pytest.mark.parametrize("link", [Link("note"), Link("u", options=JobOptions(priority=55))])
def test_a_job_that_has_outlived_too_many_workers_is_not_run_again(app, executor, link):
    runs = []
    app.task(lambda: runs.append(1), name="t")
    message = encode_json(Message("t", link_error=(link,))).encode()
    outcome = executor.run(Claim("j", "q", 4, message, NOW, lost=MAX_LOST + 1), NOW)
    failed = failure(outcome)
    assert (runs, outcome.keep, failed.message) == ([], -1, OUTLIVED)
    assert ("its link_error was not enqueued: priority 55" in failed.traceback) == (link.task == "u")
    assert [decode_message(job.message).args for job in outcome.follow] == [("j",)] * (link.task == "note")
    executor.run(Claim("j", "q", 4, message, NOW, lost=MAX_LOST), NOW)
    assert runs == [1]


def test_a_link_error_that_no_store_would_take_hides_no_failure(app, run):
    raising(app, ValueError("bad"))
    outcome = fails(run("t", link_error=(Link("u", options=JobOptions(priority=55)),)), "ValueError", "bad")
    assert "its link_error was not enqueued: priority 55" in failure(outcome).traceback
    assert outcome.follow == ()


def test_a_job_that_could_not_be_killed_properly_is_not_started(app, run):
    """Its link_error would have to be enqueued by what kills it; no other try would mend that."""
    raising(app, ValueError("bad"), autoretry_for=Exception, max_retries=None)
    unfit = (Link("u", options=JobOptions(priority=55)),)
    fails(run("t", time_limit=5, link_error=unfit), "ConfigError", "priority 55")


# -- it is tried again


def test_a_retry_carries_the_message_on(app, run):
    @app.task(name="t", bind=True)
    def t(self, x):
        raise self.retry([x + 1], {"k": 1}, exc=OSError("gone"), countdown=2.5)

    outcome = run("t", 1, retries=1, headers={"h": 1})
    assert (outcome.state, outcome.token, outcome.delay, outcome.due) == (State.SCHEDULED, 4, 2_500_000, 0)
    assert decode_message(outcome.message) == Message("t", (2,), {"k": 1}, retries=2, headers={"h": 1})
    assert failure(outcome).type == "builtins.OSError"


def test_a_retry_at_an_instant_is_due_then(app, run):
    raising(app, Retry("later", due=NOW + 5))
    outcome = run("t")
    assert (outcome.due, outcome.delay) == (NOW + 5, 0)
    assert decode_message(outcome.message).eta.startswith("2027-01-15T08:00:00.000005")


@pytest.mark.parametrize(
    "retry", [Retry(args=({1, object()},)), Retry(delay=float("inf")), Retry(delay=1e18), Retry(due=2**53)]
)
def test_an_impossible_retry_is_a_failure(app, run, retry):
    raising(app, retry)
    outcome = run("t", link_error=(Link("note"),))
    assert outcome.state is State.FAILED
    assert len(outcome.follow) == 1


@pytest.mark.parametrize(
    ("options", "retries", "max_retries", "again"),
    [
        ({}, 0, None, False),
        ({"autoretry_for": (OSError,)}, 2, None, True),
        ({"autoretry_for": (OSError,)}, 3, None, False),
        ({"autoretry_for": (OSError,), "max_retries": None}, 1000, None, True),
        ({"autoretry_for": (OSError,), "max_retries": None}, 5, 5, False),
        ({"autoretry_for": (OSError,)}, 0, 0, False),
        ({"autoretry_for": (OSError,)}, 3, 9, True),
        ({"autoretry_for": (ValueError,)}, 0, None, False),
    ],
)
def test_automatic_retries_are_counted(app, run, *, options, retries, max_retries, again):
    raising(app, ConnectionError("gone"), **options)
    outcome = run("t", retries=retries, max_retries=max_retries)
    assert (outcome.state is State.SCHEDULED) == again
    if again:
        assert (outcome.delay, decode_message(outcome.message).retries) == (180 * SECOND, retries + 1)


def test_backoff_spreads_the_retries(app, run, monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.5)
    raising(app, OSError(), autoretry_for=OSError, retry_backoff=2, retry_backoff_max=10, retry_jitter=False)
    assert [run("t", retries=n).delay // SECOND for n in range(3)] == [2, 4, 8]


def test_reject_is_for_good_or_for_another_go(app, run):
    raising(app, Reject("no"), autoretry_for=Exception)
    fails(run("t"), "Reject", "no")
    raising(app, Reject("not here", requeue=True))
    outcome = run("t", retries=1)
    assert (outcome.state, outcome.delay, decode_message(outcome.message).retries) == (State.SCHEDULED, 0, 1)


# -- it comes too late


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({"expires_at": NOW}, True),
        ({"expires_at": NOW - 1}, False),
        ({"expires_in": SECOND}, True),
        ({"expires_in": SECOND - 1}, False),
        ({"expires_in": 2 * SECOND, "expires_at": NOW - 1}, True),
    ],
)
def test_what_has_expired_is_cancelled_and_not_started(app, run, fields, runs):
    app.task(lambda: 7, name="t")
    outcome = run("t", **fields)
    assert outcome.state is (State.COMPLETED if runs else State.CANCELLED)
    if not runs:
        assert failure(outcome) == Failure("jobq.errors.TaskRevoked", "expired before it started")


# -- plain functions


def test_a_function_needs_no_task(run):
    assert run("builtins.sorted", [2, 1], kwargs={"reverse": True}, plain=True).payload == "[2,1]"


def test_a_module_that_leaves_while_it_is_imported_fails_for_good(run, tmp_path, monkeypatch):
    (tmp_path / "leaves_when_imported.py").write_text("import sys; sys.exit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    outcome = run("leaves_when_imported.f", plain=True, link_error=(Link("note"),))
    assert len(fails(outcome, "ImportError", "can't be imported: 3").follow) == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no.such.module", "can't be imported"),
        ("os.nothing", "can't be imported"),
        ("sys.path", "is not a function"),
        ("len", "not an import path"),
        ("..x", "not an import path"),
    ],
)
def test_what_cannot_be_imported_fails_for_good(run, path, words):
    fails(run(path, plain=True, max_retries=3), "ImportError", words)


def test_a_worker_without_an_app_says_so(run):
    fails(
        run("shop.sell"),
        "NotRegistered",
        'no task "shop.sell" is registered: this worker has no app; start it with -A',
    )


def test_a_plain_call_with_retries_retries_whatever_happens(run):
    assert run("operator.truediv", 1, 0, plain=True, max_retries=1).state is State.SCHEDULED
    assert run("operator.truediv", 1, 0, plain=True, max_retries=1, retries=1).state is State.FAILED
    assert run("operator.truediv", 1, 0, plain=True).state is State.FAILED


@pytest.mark.parametrize(
    "path", ["os.system", "posix.system", "builtins.eval", "importlib.import_module", "__main__.f"]
)
def test_what_messages_may_not_import_fails_for_good(app, run, tmp_path, path):
    app.conf.worker_allowed_imports = None
    sign = tmp_path / "sign"
    outcome = run(path, f"touch {sign}", plain=True, max_retries=3, link_error=(Link("note"),))
    assert len(fails(outcome, "ImportNotAllowed", "in worker_allowed_imports").follow) == 1
    assert failure(outcome).traceback == ""
    assert not sign.exists()


# -- what a task knows


def test_each_job_is_told_of_itself_and_no_other(app, executor):
    @app.task(name="sync")
    def sync():
        return sync.request.id

    @app.task(name="co")
    async def co():
        await asyncio.sleep(0)
        return co.request.id

    for job_id in ("a", "b", "c"):
        for task in ("sync", "co"):
            outcome = executor.run(Claim(job_id, "q", 1, encode_json(Message(task)).encode(), 0), 0)
            assert outcome.payload == f'"{job_id}"'
    assert sync.request.id is None


def test_the_request_tells_of_the_tick(app, run):
    seen = []
    task = app.task(lambda: seen.append(task.request), name="t")
    run(
        "t",
        entry="nightly",
        fire_time="2027-01-15T03:00:00Z",
        parent_id="p",
        root_id="r",
        expires_in=2 * SECOND,
    )
    (request,) = seen
    assert (request.entry, request.fire_time, request.parent_id, request.root_id) == (
        "nightly",
        "2027-01-15T03:00:00Z",
        "p",
        "r",
    )
    assert (request.hostname, request.queue, request.is_eager) == ("w1", "q", False)
    assert request.expires == "2027-01-15T08:00:01Z"


# -- time limits


@pytest.mark.parametrize(
    ("message", "task", "conf", "kept"),
    [(None, None, None, []), (None, None, 9, [9]), (None, 8, 9, [8]), (7, 8, 9, [7])],
)
def test_the_nearest_hard_limit_holds(app, run, limits, *, message, task, conf, kept):
    app.conf.task_time_limit = conf
    app.task(lambda: 7, name="t", time_limit=task)
    assert run("t", time_limit=message).state is State.COMPLETED
    assert limits == kept


def test_a_plain_function_has_the_apps_limits(app, run, limits):
    app.conf.task_time_limit = 9
    run("builtins.len", [], plain=True)
    assert limits == [9]


def test_the_soft_limit_is_raised_in_the_task(app, run):
    @app.task(name="t", soft_time_limit=0.02)
    def t():
        try:
            time.sleep(10)
        except SoftTimeLimitExceeded:
            return "tidied up"

    assert run("t").payload == '"tidied up"'
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_apps_soft_limit_holds_for_all(app, run):
    app.conf.task_soft_time_limit = 0.02
    fails(run("time.sleep", 10, plain=True), "SoftTimeLimitExceeded", "soft time limit of 0.02 seconds")


def test_the_soft_limit_is_raised_in_the_coroutine_and_leaves_nothing_behind(app, run):
    ends = []

    @app.task(name="slow", soft_time_limit=0.02)
    async def slow(tidy):
        try:
            await asyncio.sleep(10)
        except SoftTimeLimitExceeded:
            ends.append("told")
            await asyncio.sleep(0)
            if tidy:
                return "tidied up"
            raise

    @app.task(name="others")
    async def others():
        return len(asyncio.all_tasks()) - 1

    assert run("slow", True).payload == '"tidied up"'
    fails(run("slow", False), "SoftTimeLimitExceeded", "slow ran for its soft time limit of 0.02 seconds")
    assert run("others").payload == "0"
    assert ends == ["told", "told"]


def test_a_coroutine_within_its_limit_runs_as_if_there_were_none(app, run):
    @app.task(name="t", soft_time_limit=60)
    async def t():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        return await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))

    @app.task(name="u", soft_time_limit=60)
    async def u():
        asyncio.current_task().cancel()
        await asyncio.sleep(10)

    assert run("t").payload == "[1,2]"
    fails(run("u"), "CancelledError", "")


def test_coroutines_share_one_loop(app, run):
    @app.task(name="t")
    async def t():
        return id(asyncio.get_running_loop())

    assert run("t").payload == run("t").payload
    assert not sys.exc_info()[0]
