"""What is secret in a store's URL is said by no program, in no way, whatever goes wrong.

The secrets are words that occur nowhere else, and all output is searched for pieces of them. Here the programs are
real and the URLs a few; tests/contract/test_redis_secrets.py has all of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis_fixtures
from programs import APP, BEATD, JOBQ, command
from secret_urls import assert_discreet, urls

BEAT = (str(Path(BEATD[0]).with_name("beat")),)


server = redis_fixtures.secured_server


@pytest.fixture
def store_url(server):
    return server.url


@pytest.mark.parametrize("name", ["right", "nobody there", "no Sentinel, TLS"])
def test_nothing_secret_is_logged(programs, server, name):
    """By those who run: they start, say what they found, and are stopped."""
    url = urls(server.port)[name]
    config = programs.write_config(f"store = {json.dumps(url)}\n")
    beat = programs.start(command(PROGRAMS["beatd"], "--config", str(config)), "beat")
    worker = programs.start(command(JOBQ, "worker", "--log-format", "json"), "worker", JOBQ_STORE=url)
    beat.wait_said("beat_ready")
    if name == "right":
        beat.wait_said("leader_elected")
    else:
        beat.wait_said("store_lost")
        worker.wait_said("store_lost")
    worker.wait_said("worker_started")
    assert worker.stop() == beat.stop() == 0
    for program in (beat, worker):
        assert_discreet(program.text)


PROGRAMS = {
    "beatd": (*BEATD, "--debug", "--app", APP, "--log-format", "json", "--log-level", "debug"),
    "worker": (*JOBQ, "--debug", "worker", "--loglevel", "debug"),
    "beat": (*BEAT, "--debug", "status", "--json"),
    "jobq": (*JOBQ, "--debug", "info", "--json"),
}


@pytest.mark.parametrize("name", ["wrong", "without permissions", "slash"])
def test_nothing_secret_is_said_by_those_who_leave(programs, server, name):
    url = urls(server.port)[name]
    started = [programs.start(command(words), label, JOBQ_STORE=url) for label, words in PROGRAMS.items()]
    for program in started:
        assert program.wait() in (1, 2)  # 1: a traceback, which was asked for
        assert_discreet(program.text)


@pytest.mark.parametrize("words", [(*BEATD, "--app", APP), JOBQ])
def test_a_password_on_the_command_line_is_warned_of(programs, server, words):
    url = urls(server.port)["wrong"]
    program = programs.start(command(words, "--store", url, *(("info",) if words is JOBQ else ())), "shown")
    assert program.wait() == 2
    assert program.text.count("Warning: while this runs, ps shows the password in --store") == 1
    assert_discreet(program.text)
