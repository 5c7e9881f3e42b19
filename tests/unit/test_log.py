"""Logs: a sentence for people, an action and its fields for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime

import pytest

from jobq import log
from jobq.errors import ConfigError


@pytest.fixture
def root():
    """The root logger, as it was afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:], logger.level = handlers, level


@pytest.fixture
def said(root, capsys):  # noqa: ARG001 - which puts back what this sets up
    """What one event becomes."""

    def say(form, level=logging.WARNING, **fields):
        log.setup("info", form)
        log.event(logging.getLogger("jobq.x"), level, "store_lost", "The store is gone.", **fields)
        return capsys.readouterr().err

    return say


def test_text_is_a_line_with_the_time_the_level_the_action_and_the_sentence(said):
    line = said("text", seconds=3)
    assert line.endswith("WARNING store_lost         The store is gone.\n")
    assert datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007 - shown in local time


def test_json_is_a_line_with_the_fields(said):
    line = said("json", seconds=3, queue={"a"}, error=ValueError("x"))
    record = json.loads(line)
    assert line.count("\n") == 1
    assert datetime.fromisoformat(record.pop("time")).tzinfo is not None
    assert record.pop("pid") > 0
    assert record == {
        "level": "warning",
        "action": "store_lost",
        "message": "The store is gone.",
        "logger": "jobq.x",
        "seconds": 3,
        "queue": ["a"],
        "error": "x",
    }


def test_what_is_below_the_level_is_not_said(said):
    assert said("text", logging.DEBUG) == ""


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("form", log.FORMATS)
def test_an_exception_brings_its_traceback(capsys, form):
    log.setup("error", form)
    try:
        int("no number")
    except ValueError:
        logging.getLogger("elsewhere").exception("It went wrong.")
    text = capsys.readouterr().err
    assert "It went wrong." in text
    assert "ValueError: invalid literal" in text
    if form == "json":
        assert json.loads(text)["action"] == "log"


def test_setting_up_again_says_nothing_twice(root, capsys):
    log.setup("info", "text")
    log.setup("INFO", "text")
    root.warning("once")
    assert capsys.readouterr().err.count("once") == 1
    assert root.handlers[0].stream is sys.stderr


@pytest.mark.parametrize(
    ("level", "form", "words"),
    [
        ("inof", "text", 'log level "inof" is not known; did you mean "info"'),
        ("info", "jsn", 'did you mean "json"'),
    ],
)
def test_wrong_names_are_told(root, level, form, words):
    before = root.handlers[:]
    with pytest.raises(ConfigError, match=words):
        log.setup(level, form)
    assert root.handlers == before


def test_what_came_with_a_job_looks_like_no_record_of_its_own(root, capsys):  # noqa: ARG001 - as above
    log.setup("info", "text")
    forged = "failed\n2026-01-01 00:00:00.000 INFO    leader_elected     b leads\r\x1b[2J"
    log.event(logging.getLogger("jobq.x"), logging.ERROR, "job_failed", forged)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("job_failed         failed")
    assert second == "    2026-01-01 00:00:00.000 INFO    leader_elected     b leads\\r\\x1b[2J"
