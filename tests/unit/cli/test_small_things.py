"""Times for people, values of options, errors as sentences, and what a worker is started with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from types import ModuleType
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from jobq.app import App
from jobq.cli import params
from jobq.cli.program import program
from jobq.cli.shell import Program, debug_option
from jobq.cli.times import clock, coarse, relative
from jobq.errors import ConfigError, StoreUnavailable

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0ms"),
        (412_345, "412ms"),
        (3_240_000, "3.2s"),
        (3 * SECOND, "3s"),
        (9_999_999, "10s"),
        (59 * SECOND + 700_000, "1m"),
        (320 * SECOND, "5m20s"),
        (3 * 3600 * SECOND, "3h"),
        (100 * 3600 * SECOND, "4d4h"),
        (86_400 * SECOND + 60 * SECOND, "1d"),
        (-3 * SECOND, "3s"),
    ],
)
def test_lengths(micros, text):
    assert coarse(micros) == text


def test_instants():
    assert relative(190 * SECOND, 10 * SECOND) == "in 3m"
    assert relative(10 * SECOND, 190 * SECOND) == "3m ago"
    assert relative(10, 20) == "now"
    assert clock(0, ZoneInfo("Asia/Tokyo")) == "1970-01-01 09:00:00"


def test_values():
    assert [params.duration(text) for text in ("5", "0.5", "1h30m")] == [5, 0.5, 5400]
    assert params.duration_or_instant("90s") == 90
    assert params.duration_or_instant("2026-11-21T03:00:00Z") == datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert params.json_list('[1, "x"]') == [1, "x"]
    assert params.json_object("{}") == {}


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (params.duration, "soon", "not a duration"),
        (params.duration, "-1", "zero or more"),
        (params.duration, "nan", "zero or more"),
        (params.instant, "tomorrow", "not a date and time"),
        (params.json_list, "[1", "not JSON"),
        (params.json_list, "{}", "not a JSON list"),
        (params.json_object, "[]", "not a JSON object"),
    ],
)
def test_wrong_values(read, text, words):
    with pytest.raises(click.BadParameter, match=words):
        read(text)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError("wrong"), 2, "Error: wrong\n"),
        (StoreUnavailable("away"), 1, "Error: away\n"),
        (KeyError("x"), 1, "Error: unexpected KeyError: 'x' (--debug shows where)\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_sentences(error, code, words):
    @click.group(cls=Program)
    @debug_option
    def outer(debug):
        pass

    @outer.command
    def fail():
        raise error

    told = CliRunner().invoke(outer, ["fail"])
    assert (told.exit_code, told.stderr) == (code, words)
    if code != 130:
        assert CliRunner().invoke(outer, ["--debug", "fail"]).exception is error


@pytest.fixture
def started(monkeypatch):
    """The options that workers were started with, none of which runs."""
    seen = []
    module = ModuleType("jobq.worker.supervisor")
    module.run_worker = lambda app, options: seen.append((app, options)) or 3
    monkeypatch.setitem(sys.modules, "jobq.worker.supervisor", module)
    monkeypatch.setattr("jobq.log.setup", lambda *_: None)
    return seen


def test_a_worker_is_started_as_told(started):
    line = (
        "worker high low -c 8 --pool solo --burst --max-tasks-per-child 5 --max-memory-per-child 100 -n me "
        "--lease-ttl 1m --shutdown-timeout 5 --lifeline 7"
    )
    assert CliRunner().invoke(program, line.split()).exit_code == 3
    [(_, options)] = started
    assert (options.queues, options.concurrency, options.pool, options.burst) == (
        ("high", "low"),
        8,
        "solo",
        True,
    )
    assert (options.max_tasks_per_child, options.max_memory_per_child, options.name) == (5, 100, "me")
    assert (options.lease_ttl, options.shutdown_timeout, options.lifeline) == (60, 5, 7)


def test_a_worker_takes_the_apps_settings(started, monkeypatch):
    app = App(
        worker_concurrency=5, worker_lease_ttl=7, worker_max_tasks_per_child=9, task_default_queue="mine"
    )
    monkeypatch.setattr("jobq.cli.loading.load_app", lambda *_: app)
    CliRunner().invoke(program, ["-A", "tasks", "worker"])
    [(given, options)] = started
    assert given is app
    assert (options.queues, options.concurrency, options.lease_ttl) == (("mine",), 5, 7)
    assert options.max_tasks_per_child == 9


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("worker --autoscale 3,1", "--autoscale is not available"),
        ("worker --pool threads", "is not available in this version"),
        ("worker -c 0", "at least 1 child"),
        ("worker bad{queue", "not a queue name"),
        ("worker --concurency 2", "--concurrency"),
        ("inf", 'there is no command "inf"; did you mean "info"?'),
        ("failed lst", 'there is no command "lst"; did you mean "list"?'),
        ("requeue", "give the ids of failed jobs, or --all"),
        ("requeue x --all", "not both"),
        ("purge default", "say --yes"),
        ("info --json --interval 1", "leave --interval out"),
        ("--store reds://x info", 'did you mean "redis"?'),
        ("enqueue nodots --plain", "not an import path"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(started, line, words):
    told = CliRunner().invoke(program, line.split())
    assert told.exit_code == 2
    assert words in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
    assert not started


def test_unknown_log_levels_are_told():
    told = CliRunner().invoke(program, ["worker", "-l", "inf"])
    assert (told.exit_code, "did you mean" in told.stderr) == (2, True)
