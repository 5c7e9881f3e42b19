"""A right file with a few characters gone, doubled or changed: it loads, or it is refused in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fuzzing import rounds

from beat.config import ConfigProblems, load_config

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from beat.config import Problem

ROUNDS = rounds(3000)
ENVIRON = {"STORE": "sqlite:///a.db", "TTL": "10m"}
RIGHT = """\
store = "${STORE}" # where
app = "examples.tasks:app"
timezone = 'Europe/Prague'
[beat]
lease_ttl = 3.0
history = 1_000
log_level = "info"
[worker]
queues = ["default", "low"]
shutdown_timeout = "1m30s"
[beat_schedule.nightly]
task = "examples.tasks.archive"
cron = "30 2 * * mon-fri"
args = ["/var/log", -1.5e3, [true]]
start = 2026-01-01T00:00:00Z
catchup_window = "1h"
options = { priority = 3, headers = { a = 1 } }
[beat_schedule."office hours"]
task = "examples.tasks.zones"
crontab = { minute = "*/15", hour = "9-17" }
kwargs.text = \"\"\"
[beat]
\"\"\"
[beat_schedule.sunset]
task = "examples.tasks.host"
solar.event = "sunset"
solar.lat = 50.1
solar.lon = 14.4
solar.offset = "-15m"
[beat_schedule.often]
task = "examples.tasks.host"
every = 10
expires = "${TTL}"
"""
PIECES = [
    *"[]{}=.,\"'#\\\n$-0123456789eE:@ \t\x00\r\ufeffé",
    '"""',
    "${",
    "inf",
    "nan",
    "true",
    "[[",
    "1979-05-27",
    "\ud800",
]


def mutated(rng: random.Random) -> bytes:
    text = RIGHT
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(text) + 1)
        end = min(at + rng.choice([0, 0, 1, 1, 2, 20]), len(text))
        text = text[:at] + rng.choice(["", "", rng.choice(PIECES), text[at:end] * 2]) + text[end:]
    return text.encode(errors="surrogatepass")


def problems_in(path: Path) -> list[Problem]:
    try:
        load_config(path, ENVIRON)
    except ConfigProblems as error:
        return error.problems
    return []


def test_the_file_is_right(tmp_path: Path) -> None:
    path = tmp_path / "beat.toml"
    path.write_text(RIGHT)
    assert len(load_config(path, ENVIRON).entries) == 4


@pytest.mark.timeout(600)
def test_whatever_is_typed_there_is_an_answer(tmp_path: Path, rng: random.Random) -> None:
    path = tmp_path / "beat.toml"
    right = 0
    for _ in range(ROUNDS):
        data = mutated(rng)
        path.write_bytes(data)
        problems = problems_in(path)
        last = data.count(b"\n") + 1
        assert all(problem.line is None or 1 <= problem.line <= last for problem in problems)
        assert all(problem.sentence and "\n" not in problem.sentence for problem in problems)
        right += not problems
    assert ROUNDS // 10 < right < ROUNDS * 9 // 10
