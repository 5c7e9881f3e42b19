"""Files that are right, and what becomes of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beat import schedules
from beat.config import BeatSettings, Config, ConfigProblems, WorkerSettings, load_config
from beat.entry import Entry
from jobq.message import JobOptions

ROOT = Path(__file__).parents[3]


def load(tmp_path: Path, text: str, **environ: str) -> Config:
    path = tmp_path / "beat.toml"
    path.write_text(text)
    return load_config(path, environ)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Config(path=tmp_path / "beat.toml")


def test_every_setting(tmp_path: Path) -> None:
    text = """
        store = "redis://localhost:6379/0"
        app = "shop.tasks:app"
        timezone = "Europe/Prague"
        [beat]
        node = "beat-1"
        lease_ttl = "1500ms"
        max_loop_interval = "1m"
        history = 50
        log_level = "debug"
        log_format = "json"
        pidfile = "/run/beatd.pid"
        [worker]
        concurrency = 8
        queues = ["high", "low"]
        pool = "solo"
        lease_ttl = 20
        shutdown_timeout = "2m"
        max_tasks_per_child = 100
        max_memory_per_child = 200000
        allowed_imports = ["shop", "lib.jobs"]
    """
    assert load(tmp_path, text) == Config(
        path=tmp_path / "beat.toml",
        store="redis://localhost:6379/0",
        app="shop.tasks:app",
        timezone="Europe/Prague",
        beat=BeatSettings(
            node="beat-1",
            lease_ttl=1.5,
            max_loop_interval=60.0,
            history=50,
            log_level="debug",
            log_format="json",
            pidfile="/run/beatd.pid",
        ),
        worker=WorkerSettings(
            concurrency=8,
            queues=("high", "low"),
            pool="solo",
            lease_ttl=20.0,
            shutdown_timeout=120.0,
            max_tasks_per_child=100,
            max_memory_per_child=200000,
            allowed_imports=("shop", "lib.jobs"),
        ),
    )


def test_an_entry_with_everything(tmp_path: Path) -> None:
    text = """
        timezone = "Europe/Prague"
        [beat_schedule."nightly archive"]
        task = "tasks.archive"
        cron = "0 3 * * *"
        args = ["/var/log", [1, 2.5, true]]
        kwargs = { keep = 7 }
        timezone = "America/New_York"
        enabled = false
        start = 2026-01-01T00:00:00
        end = 2026-12-31T00:00:00Z
        catchup = "all"
        catchup_window = "1h"
        gap = "skip"
        fold = "both"
        overlap = "allow"
        queue = "low"
        priority = 3
        expires = "10m"
        retries = 2
        time_limit = 60
        soft_time_limit = "50s"
        headers = { who = "me" }
        options = { ignore_result = true }
    """
    assert load(tmp_path, text).entries == (
        Entry(
            name="nightly archive",
            task="tasks.archive",
            schedule=schedules.cron("0 3 * * *"),
            args=("/var/log", [1, 2.5, True]),
            kwargs={"keep": 7},
            timezone="America/New_York",
            enabled=False,
            start=datetime(2026, 1, 1, 5, tzinfo=UTC),
            end=datetime(2026, 12, 31, tzinfo=UTC),
            catchup="all",
            catchup_window=3600.0,
            gap="skip",
            fold="both",
            options=JobOptions(
                queue="low",
                priority=3,
                expires_in=600.0,
                retries=2,
                time_limit=60.0,
                soft_time_limit=50.0,
                headers={"who": "me"},
                ignore_result=True,
            ),
        ),
    )


def test_entries_keep_their_order_and_take_the_zone_of_the_file(tmp_path: Path) -> None:
    text = "".join(f'[beat_schedule.{name}]\ntask = "t"\nevery = 1\n' for name in "cab")
    entries = load(tmp_path, 'timezone = "Asia/Tokyo"\n' + text).entries
    assert [(entry.name, entry.timezone) for entry in entries] == [(name, "Asia/Tokyo") for name in "cab"]


def test_variables_are_filled_in(tmp_path: Path) -> None:
    text = """
        store = "sqlite:///${HOST}-${PORT}.db"
        [worker]
        queues = ["${QUEUE}"]
        [beat_schedule.a]
        task = "t"
        every = "${EVERY}"
        args = ["$${HOME}", "$HOME", "$$", "$$${HOME}", { at = "${HOST}" }]
    """
    config = load(tmp_path, text, HOST="${PORT}", PORT="1", QUEUE="q", EVERY="5s")
    assert config.store == "sqlite:///${PORT}-1.db"  # what a variable holds is not looked into
    assert config.worker.queues == ("q",)
    (entry,) = config.entries
    assert entry.schedule == schedules.every(5)
    assert entry.args == ("${HOME}", "$HOME", "$$", "$${HOME}", {"at": "${PORT}"})


def test_a_value_from_the_environment_is_checked_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems, match=r':1: timezone = "nowhere" is not a time zone'):
        load(tmp_path, 'timezone = "${ZONE}"', ZONE="nowhere")


def test_what_a_store_is_called_does_not_show_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path, 'store = "${URL}"', URL="postgres://user:secret@host/db")
    assert "secret" not in str(caught.value)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "beat.toml"
    path.write_bytes(b'\xef\xbb\xbfstore = "sqlite:///a.db"\r\n\r\n[beat]\r\nhistory = 5\r\n')
    assert load_config(path, {}).beat.history == 5
    path.write_bytes(b"\xef\xbb\xbf\r\n[beat]\r\nhistory = 0\r\n")
    with pytest.raises(ConfigProblems, match=":3: "):
        load_config(path, {})


# -- the files that come with it


def stated() -> tuple[dict[str, Any], dict[str, Any]]:
    """config/beat.toml as it is, and with its commented settings switched on."""
    text = (ROOT / "config" / "beat.toml").read_text()
    settings, _, _ = text.partition("\n# One table for each entry")
    return tomllib.loads(text), tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", settings))


def test_the_file_with_every_key_has_every_key() -> None:
    _, every = stated()
    own = {field.name for field in fields(Config)} - {"path", "calendars", "entries"}
    assert set(every) == own | {"wait_replicas"}  # which becomes a part of the store's URL
    assert set(every["beat"]) == {field.name for field in fields(BeatSettings)}
    assert set(every["worker"]) == {field.name for field in fields(WorkerSettings)}


def test_the_file_with_every_key_states_the_defaults() -> None:
    path = ROOT / "config" / "beat.toml"
    loaded = load_config(path, {})
    assert loaded == replace(
        Config(path=path), store="sqlite:///beat.db"
    )  # what holds where no store is named
    given, every = stated()
    for section, kind in (("beat", BeatSettings()), ("worker", WorkerSettings())):
        without_default = {field.name for field in fields(kind) if getattr(kind, field.name) is None}
        assert set(every[section]) - set(given[section]) == without_default


def test_the_examples_in_the_file_with_every_key_can_be_switched_on(tmp_path: Path) -> None:
    text = (ROOT / "config" / "beat.toml").read_text()
    _, _, examples = text.partition("\n# One table for each entry")
    text = re.sub(r"(?m)^#(?: |$)", "", examples.partition("\n")[2])
    assert len(load(tmp_path, text).entries) >= 4


def test_the_example_loads() -> None:
    assert len(load_config(ROOT / "examples" / "beat.toml", {}).entries) >= 5
