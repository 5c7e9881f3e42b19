"""beatd as a service: how it is reloaded, watched, stopped and logged, and what it says of a wrong configuration."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess

import pytest
from programs import BEATD, command, entry, environment, passed
from ticks import history, wait_ticks
from waiting import wait_until

ADVERTISED = ("READY", "RELOADING", "STOPPING", "WATCHDOG")


def names(store):
    return [found.name for found in store.entries()]


@pytest.fixture
def ready(programs):
    """`ready(config)` is a beatd that leads."""

    def start(config, *arguments, **env):
        beat = programs.beatd("--lease-ttl", "1", *arguments, config=config, **env)
        beat.wait_said("leader_elected")
        return beat

    return start


# -- reload


@pytest.fixture(params=["SIGHUP", "request_reload"])
def ask_for_reload(request, store):
    """Both ways to ask: a signal to the process, or a word in the store to all of them."""
    if request.param == "SIGHUP":
        return lambda beat: beat.send(signal.SIGHUP)
    return lambda _: store.request_reload()


def test_a_reload_picks_up_what_changed(programs, ready, store, ask_for_reload):
    config = programs.write_config(entry("kept") + entry("changed", every=3600.0) + entry("gone"))
    beat = ready(config)
    wait_ticks(store, 0, "kept")
    (kept,) = store.entries(names=["kept"])
    programs.write_config(entry("kept") + entry("changed", every=0.1) + entry("fresh"))
    ask_for_reload(beat)
    beat.wait_said("config_reloaded")
    for name in ("changed", "fresh"):
        wait_ticks(store, 0, name)
    assert names(store) == ["changed", "fresh", "kept"]
    (after,) = store.entries(names=["kept"])
    assert (after.anchor, after.revision) == (kept.anchor, kept.revision)
    assert beat.stop() == 0


def test_a_reload_of_a_broken_configuration_keeps_what_ran_before(programs, ready, store, ask_for_reload):
    config = programs.write_config(entry("kept"))
    beat = ready(config)
    wait_ticks(store, 0, "kept")
    programs.write_config(entry("kept") + entry("fresh") + entry("broken", evry=1))
    ask_for_reload(beat)
    refused = beat.wait_said("reload_refused")
    assert 'broken": "evry" is not a key of an entry; did you mean "every"?' in refused["message"]
    wait_ticks(store, store.now(), "kept")
    assert names(store) == ["kept"]

    programs.write_config(entry("kept") + entry("fresh"))
    ask_for_reload(beat)
    beat.wait_said("config_reloaded")
    wait_ticks(store, 0, "fresh")
    assert beat.stop() == 0


def test_a_word_in_the_store_reloads_every_beat(programs, ready, store):
    config = programs.write_config(entry())
    beats = [ready(config), programs.beatd(config=config, node="other")]
    beats[1].wait_said("leader_followed")
    store.request_reload()
    for beat in beats:
        beat.wait_said("config_reloaded")
        assert beat.stop() == 0


# -- systemd


class Notifications:
    """The socket of a service manager."""

    def __init__(self, address):
        self.address = address
        self.messages = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def close(self):
        self._socket.close()

    def read(self):
        while True:
            try:
                text = self._socket.recv(4096).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.partition("=")[::2] for line in text.split("\n")))

    def wait(self, key, times=1):
        """The message with `key` that makes it so many."""

        def look():
            return [message for message in self.read() if key in message][times - 1 :]

        return wait_until(look, 20, what=f"{key}, {times} times")[0]

    @property
    def advertised(self):
        """What was told, in order, without repetition."""
        keys = [key for message in self.read() for key in ADVERTISED if key in message]
        return [key for key, before in zip(keys, [None, *keys], strict=False) if key != before]


@pytest.fixture
def manager(tmp_path, monkeypatch):
    # A Unix socket's path is at most a hundred characters long: a relative name is always short enough.
    monkeypatch.chdir(tmp_path)
    listening = Notifications("notify")
    yield listening
    listening.close()


def test_systemd_is_told_how_the_service_does(programs, manager, ready, store):
    config = programs.write_config(entry(every=3600.0))
    beat = ready(config, NOTIFY_SOCKET="../notify", WATCHDOG_USEC="500000")
    assert manager.wait("READY")["READY"] == "1"
    # It has nothing to do for an hour, and yet its loop turns often enough.
    began = store.now()
    manager.wait("WATCHDOG", times=8)
    assert (store.now() - began) / 1e6 < 8 * 0.5

    beat.send(signal.SIGHUP)
    reloading = manager.wait("RELOADING")
    assert reloading["RELOADING"] == "1"
    assert int(reloading["MONOTONIC_USEC"]) > 0
    assert manager.wait("READY", times=2)["READY"] == "1"
    beat.wait_said("config_reloaded")

    assert beat.stop() == 0
    assert manager.wait("STOPPING")["STOPPING"] == "1"
    told = [key for key in manager.advertised if key != "WATCHDOG"]
    assert told == ["READY", "RELOADING", "READY", "STOPPING"]


def test_a_stuck_beat_does_not_feed_the_watchdog(programs, manager, ready):
    beat = ready(programs.write_config(entry()), NOTIFY_SOCKET="../notify", WATCHDOG_USEC="500000")
    manager.wait("WATCHDOG")
    beat.send(signal.SIGSTOP)
    manager.read()
    fed = len(manager.messages)
    passed(1)
    assert len(manager.read()) - fed <= 1
    beat.send(signal.SIGCONT)
    manager.wait("WATCHDOG", times=fed + 3)


# -- files, codes and words


def test_the_pidfile_is_there_while_it_runs(programs, ready):
    pidfile = programs.folder / "beatd.pid"
    beat = ready(programs.write_config(entry()), "--pidfile", str(pidfile))
    assert pidfile.read_text() == f"{beat.pid}\n"
    assert beat.stop() == 0
    assert not pidfile.exists()


def test_ctrl_c_ends_it_with_0(programs, ready):
    beat = ready(programs.write_config(entry()))
    beat.interrupt()
    assert beat.wait() == 0


def test_each_log_line_is_json_with_an_action(programs, ready, store):
    beat = ready(programs.write_config(entry()), "--log-level", "debug")
    wait_ticks(store, store.now())
    assert beat.stop() == 0
    lines = [json.loads(line) for line in beat.text.splitlines()]
    for line in lines:
        assert {"time", "level", "action", "message", "logger", "pid"} <= line.keys()
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", line["action"])
    actions = [line["action"] for line in lines]
    assert actions[0] == "beat_started"
    assert actions[-3:] == ["beat_stopping", "leader_resigned", "beat_stopped"]
    assert {"entries_synced", "leader_elected", "beat_ready", "entry_fired"} <= {*actions}
    (fired, *_) = beat.said("entry_fired", entry="tick")
    assert fired["fire_time"] in {record.fire_time for record in history(store)}


def test_text_logs_are_one_line_each(programs, store):
    beat = programs.beatd("--log-format", "text", config=programs.write_config(entry()))
    wait_ticks(store, store.now() if store.entries() else 0)
    assert beat.stop() == 0
    shape = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO|WARNING) +[a-z_]+ +\S")
    assert [line for line in beat.text.splitlines() if not shape.match(line)] == []


def run(programs, *arguments):
    """A short run of beatd: (exit code, what it printed, what it complained of)."""
    done = subprocess.run(
        command(BEATD, *arguments),
        cwd=programs.folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_check_prints_the_next_fires_and_starts_nothing(programs, store, store_url):
    config = programs.write_config(
        f'store = "{store_url}"\ntimezone = "Europe/Prague"\n'
        '[beat_schedule.nightly]\ntask = "process_tasks.echo"\ncron = "0 3 * * *"\n'
        '[beat_schedule.never]\ntask = "process_tasks.echo"\nevery = 1\nenabled = false\n'
    )
    code, printed, complaints = run(programs, "--config", str(config), "--check")
    assert (code, complaints) == (0, "")
    first, *fires = printed.splitlines()[:4]
    assert first.startswith("nightly: ")
    assert all(re.fullmatch(r"    \d{4}-\d\d-\d\d 03:00:00 CES?T", fire) for fire in fires)
    assert "    disabled" in printed.splitlines()
    assert printed.splitlines()[-1].startswith("ok: 2 entries, store ")
    assert store.entries() == []
    assert store.leader() is None


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["start", "check"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[beat_schedule.x]\ntask = "t"\nevry = 1\n', r'beat\.toml:3: .*"evry".*did you mean "every"\?'),
        ("store = redis\n", r"beat\.toml:1: .*not valid TOML"),
        ('store = "ftp://there"\n', r"beat\.toml:1: "),
        ('app = "no_such_module:app"\n', r'there is no module "no_such_module"'),
        ("[beat]\nlease_ttl = 0.1\n", r"beat\.toml:2: \[beat\] lease_ttl "),
    ],
    ids=["key", "toml", "store", "app", "bounds"],
)
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_wrong_configuration_gets_a_sentence_and_exit_code_2(programs, text, sentence, check):
    code, printed, complaints = run(programs, "--config", str(programs.write_config(text)), *check)
    assert (code, printed) == (2, "")
    assert re.search(sentence, complaints), complaints
    assert "Traceback" not in complaints
