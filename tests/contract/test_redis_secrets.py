"""No secret of a store's URL is in an error, a traceback, a log or the output of a command, whatever is wrong with it."""

from __future__ import annotations

import json
import traceback

import pytest
import redis_fixtures
from click.testing import CliRunner
from secret_urls import AWAY, MALFORMED, NAMES, OTHER, PASSWORD, REFUSED, RIGHT, assert_discreet, urls

from beat import Beat
from beat.cli.beat import program as beat
from beat.cli.beatd import beatd
from beat.cli.locate import Located
from beat.stores import open_beat_store
from jobq import App, Queue
from jobq.cli.program import program as jobq
from jobq.cli.session import Session
from jobq.errors import ConfigError, JobqError, StoreRefused, StoreUnavailable
from jobq.redis_connection import url_of
from jobq.stores import open_store, shows_secret, without_secrets
from jobq.stores.redis_url import parse

server = redis_fixtures.secured_server


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
    held = [name for name, url in urls(1).items() if "password=" in url or ("@" in url and "//" in url)]
    assert [name for name in held if not shows_secret(urls(1)[name])] == []
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


@pytest.mark.parametrize("setting", ["broker_url", "result_backend"])
def test_a_url_of_another_type_is_not_repeated(setting):
    with pytest.raises(ConfigError, match=f"{setting} is no text; expected the URL of a store") as caught:
        App(**{setting: ["redis://:Quokka@h/0"]})
    assert_discreet(str(caught.value))


def test_what_the_commands_know_of_the_store_is_not_shown():
    assert_discreet(f"{Session(OTHER, None)} {Located(None, OTHER)}")
