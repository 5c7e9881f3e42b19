"""No secret of a store's URL is in an error, a traceback, a log or the output of a command, whatever is wrong with it."""

from __future__ import annotations

import json
import traceback

import pytest
from click.testing import CliRunner
from secret_urls import AWAY, MALFORMED, NAMES, OTHER, PASSWORD, REFUSED, RIGHT, assert_discreet, secure, urls

from beat import Beat
from beat.cli.beat import program as beat
from beat.cli.beatd import beatd
from beat.stores import open_beat_store
from jobq import App, Queue
from jobq.cli.program import program as jobq
from jobq.errors import ConfigError, JobqError, StoreRefused, StoreUnavailable
from jobq.redis_connection import url_of
from jobq.stores import open_store, shows_secret, without_secrets
from jobq.stores.redis_url import parse


@pytest.fixture(scope="module")
def server(new_redis_server):
    running = new_redis_server()
    secure(running.port)
    yield running
    running.stop()


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def url(server, name):
    return urls(server.port)[name]


def deeds(url):
    """What a program does with a URL, in several ways."""
    yield lambda: open_store(url).now()
    yield lambda: open_store(url).cancel("a")
    yield lambda: open_beat_store(url).examine()
    yield lambda: open_store(url).wait_ended("a", 0)
    yield lambda: App(store=url).send_task("t")
    yield lambda: App(store=url, backend=OTHER)
    yield lambda: App(store=url, broker=OTHER)
    yield lambda: Queue(store=url).count
    yield lambda: Queue(connection=url)
    yield lambda: Beat(url).entries()
    yield lambda: url_of(url)


def test_every_error_is_one_of_ours_and_discreet(url, name, caplog):
    kinds = {**dict.fromkeys(RIGHT, JobqError), **dict.fromkeys(AWAY, StoreUnavailable)}
    expected = kinds.get(name, StoreRefused if name in REFUSED else ConfigError)
    for deed in deeds(url):
        try:
            deed()
        except (expected, ConfigError) as error:
            assert_discreet(f"{error} {error!r}")
            assert_discreet("".join(traceback.format_exception(error)).replace(url, ""))
        else:
            assert name in RIGHT
    assert not caplog.records


COMMANDS = [
    (jobq, ["info", "--json"]),
    (jobq, ["failed"]),
    (beat, ["status", "--json"]),
    (beat, ["list"]),
    (beatd, ["--check"]),
    (beatd, ["--check", "--config", "beat.toml"]),
    (beat, ["--config", "beat.toml", "list"]),
]


def run(command, words, **env):
    """The exit code and all that a command wrote, its traceback included."""
    result = CliRunner().invoke(command, words, env={"JOBQ_APP": None, "JOBQ_STORE": None, **env})
    text = "".join(traceback.format_exception(*result.exc_info)) if result.exception else ""
    return result.exit_code, result.output + text


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["", "debug"])
def test_every_command_is_discreet(url, name, tmp_path, monkeypatch, debug):
    monkeypatch.chdir(tmp_path)
    for command, words in COMMANDS:
        named = "--config" in words
        (tmp_path / "beat.toml").write_text(f"store = {json.dumps(url)}\n" if named else "")
        code, text = run(command, [*debug, *words], **({} if named else {"JOBQ_STORE": url}))
        assert_discreet(f"{command.name} {words}: {text}")
        if name in (*MALFORMED, *REFUSED) and not debug and "--check" not in words:
            assert (code, text.count("Error: ")) == (2, 1), text


def test_what_is_typed_in_the_wrong_place_is_not_repeated(url):
    for command, words in [
        (beatd, []),
        (jobq, []),
        (beat, []),
        (jobq, ["purge", "a"]),
        (jobq, ["enqueue", "t"]),
    ]:
        code, text = run(command, [*words, url])
        assert code == 2
        if "://" in url and ("@" in url or "password=" in url or "://:" in url):
            assert_discreet(text)


def test_a_password_is_noticed():
    shown = [name for name, url in urls(1).items() if not shows_secret(url)]
    assert shown == ["as a port", "one slash", "no slashes", "no scheme", "an unknown option"]
    assert not shows_secret("redis://host:6379/0?ns=a")
    assert not shows_secret("redis://user@host/0")
    assert not shows_secret("sqlite:///a@b.db")


def test_a_text_is_cleared_of_them():
    text = "two: redis://u:p@h/0?password=q&ns=n and 'rediss://:p@h', http://example.org/a"
    assert (
        without_secrets(text)
        == "two: redis://...@h/0?password=...&ns=n and 'rediss://...@h', http://example.org/a"
    )


def test_a_url_that_is_read_does_not_show_it_either(server):
    read = parse(urls(server.port)["right"])
    assert read.password == PASSWORD
    assert_discreet(repr(read))
