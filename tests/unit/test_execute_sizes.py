"""What is too large ends its job with the reason, before it is decoded and without another try."""

from __future__ import annotations

import executing
import pytest
from executing import NOW, fails, failure, raising

from jobq import Retry
from jobq.instants import iso
from jobq.job import State
from jobq.message import Link, Message, decode_message, encode_json

app, run = executing.app, executing.run
limits, executor = executing.limits, executing.executor


def test_a_result_above_its_limit_is_a_dead_letter_and_not_tried_again(app, run):
    app.conf.result_max_bytes = 100
    app.task(lambda n: "x" * n, name="t", autoretry_for=Exception, max_retries=None)
    assert run("t", 98).state is State.COMPLETED
    outcome = run("t", 99, link=(Link("never"),), link_error=(Link("note"),))
    fails(outcome, "TooLarge", "the result of t is 101 bytes of JSON, and result_max_bytes allows 100: put")
    assert [decode_message(job.message).task for job in outcome.follow] == ["note"]
    app.conf.result_max_bytes = 0
    assert run("t", 99).state is State.COMPLETED


def test_a_result_above_its_limit_may_be_ignored(app, run):
    app.conf.result_max_bytes = 100
    app.task(lambda: "x" * 99, name="t", ignore_result=True)
    assert run("t").state is State.COMPLETED


def test_a_result_that_json_cannot_hold_is_not_made_again(app, run):
    app.task(object, name="t", autoretry_for=Exception)
    fails(run("t"), "TypeError", "the result of t can't be kept as JSON")


def test_a_result_too_large_to_be_handed_on_is_a_dead_letter(app, run):
    app.conf.task_max_bytes = 200
    app.task(lambda: "x" * 200, name="t", autoretry_for=Exception)
    fails(run("t", link=(Link("u"),)), "TooLarge", "the message of u is")


@pytest.mark.parametrize("message", [b'{"task":"t","args":["' + b"x" * 400 + b'"]}', b"\x80" * 400])
def test_a_stored_message_above_the_limit_is_not_decoded(app, run, message):
    app.conf.task_max_bytes = 100
    app.task(lambda *_: 7, name="t")
    fails(run(message), "TooLarge", "the stored message is 4")
    app.conf.task_max_bytes = 0
    assert run(b'{"task":"t"}').state is State.COMPLETED


def test_a_message_at_its_limit_can_be_retried(app, run):
    raising(app, OSError("gone"), autoretry_for=OSError, max_retries=None)
    app.conf.task_max_bytes = len(encode_json(Message("t", ("x" * 50,))))
    outcome = run("t", "x" * 50)
    again = decode_message(outcome.message)
    assert again.retries == 1
    assert run("t", *again.args, retries=10**9, eta=iso(NOW + 5)).state is State.SCHEDULED


def test_a_retry_with_more_than_the_limit_is_a_failure(app, run):
    app.conf.task_max_bytes = 100
    raising(app, Retry(args=("x" * 500,)))
    fails(run("t"), "TooLarge", "the message of t is")


def test_what_an_exception_says_is_cut_to_what_a_person_reads(app, run):
    raising(app, ValueError("a" * 10**6 + "z"))
    told = failure(run("t"))
    assert len(told.message) < 5_000
    assert len(told.traceback) < 50_000
    assert "characters ...] aaa" in told.message
    assert told.message.endswith("z")
    assert told.traceback.startswith("Traceback")


@pytest.mark.parametrize("name", ["link", "link_error"])
def test_a_message_with_too_many_links_is_not_run(app, run, name):
    ran = []
    app.task(lambda: ran.append(1), name="t")
    outcome = run("t", **{name: (Link("u"),) * 101})
    fails(outcome, "TooLarge", f"{name} of t has 101 tasks; expected at most 100")
    assert (ran, outcome.follow) == ([], ())
    assert run("t", **{name: (Link("u"),) * 100}).state is State.COMPLETED


def test_what_follows_from_a_job_is_bounded_together(app, run):
    """One message would have every follower keep a copy of its result."""
    app.conf.task_max_bytes = 10_000
    app.task(lambda: "x" * 9_000, name="t")
    assert len(run("t", link=(Link("u"),) * 10).follow) == 10
    outcome = run("t", link=(Link("u"),) * 12, link_error=(Link("note"),))
    fails(
        outcome,
        "TooLarge",
        "the messages that follow from t are more than 100,000 bytes of JSON, which is 10 times",
    )
    assert [decode_message(job.message).task for job in outcome.follow] == ["note"]
    app.conf.task_max_bytes = 0
    assert len(run("t", link=(Link("u"),) * 12).follow) == 12
