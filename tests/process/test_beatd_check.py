"""`beatd --check` on broken configurations, as its user meets it: sentences with file and line, exit code 2."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

ENTRY = '[beat_schedule.e]\ntask = "tasks.t"\n'

# name: the file, the line to be named, and what the sentence must hold.
BROKEN = {
    "an unknown key": ('stroe = "sqlite:///b.db"\n', 1, ['"stroe"', 'did you mean "store"?']),
    "an unknown table": ("[beet]\nlease_ttl = 3\n", 1, ['"beet"', 'did you mean "beat"?']),
    "an unknown key of a table": ("[beat]\nlease_tll = 3\n", 2, ['did you mean "lease_ttl"?']),
    "an unknown key of an entry": (ENTRY + "every = 1\nqueu = 'q'\n", 4, ['"queu"', 'did you mean "queue"?']),
    "a misspelt schedule": (ENTRY + 'crn = "* * * * *"\n', 3, ['"crn"', '"cron"']),
    "no schedule": (ENTRY, 1, ["schedule"]),
    "two schedules": (ENTRY + 'every = 1\ncron = "* * * * *"\n', 4, ["every", "cron"]),
    "no task": ("[beat_schedule.e]\nevery = 1\n", 1, ["task"]),
    "a bad field": (ENTRY + 'cron = "61 * * * *"\n', 3, ["61", "minute"]),
    "too few fields": (ENTRY + 'cron = "* * *"\n', 3, ["field"]),
    "a misspelt day": (ENTRY + 'cron = "0 0 * * mun"\n', 3, ["mun", "mon"]),
    "an impossible date": (ENTRY + 'cron = "0 0 31 2 *"\n', 3, ["31"]),
    "a bad duration": (ENTRY + 'every = "5 minuts"\n', 3, ["5 minuts", "15m"]),
    "a negative interval": (ENTRY + "every = -5\n", 3, ["-5"]),
    "an unknown zone": (ENTRY + 'every = 1\ntimezone = "Europe/Prag"\n', 4, ["Europe/Prag", "Europe/Prague"]),
    "a wrong policy": (ENTRY + 'every = 1\ncatchup = "last"\n', 4, ['"last"', "latest"]),
    "a policy of a later version": (ENTRY + "every = 1\nmax_runs = 5\n", 4, ["max_runs", "version"]),
    "a wrong type": (ENTRY + 'every = 1\nargs = "x"\n', 4, ["args", "list"]),
    "a bad priority": (ENTRY + "every = 1\npriority = 12\n", 4, ["12", "0", "9"]),
    "an unknown event of the sun": (
        ENTRY + 'solar = {event = "sunest", lat = 50, lon = 14}\n',
        3,
        ["sunest", "sunset"],
    ),
    "a latitude off the globe": (ENTRY + 'solar = {event = "sunset", lat = 95, lon = 14}\n', 3, ["95", "90"]),
    "a variable that is not set": ('store = "${NOT_SET_ANYWHERE}"\n', 1, ["NOT_SET_ANYWHERE"]),
    "an unknown store": ('store = "postgres://h/d"\n', 1, ["postgres", "sqlite:///"]),
    "not TOML": ('store = "sqlite:///b.db\n', 1, []),
    "a table twice": (ENTRY + "every = 1\n" + ENTRY + "every = 2\n", 4, ["e"]),
}


@pytest.fixture
def check(tmp_path):
    def run(text, *options):
        (tmp_path / "beat.toml").write_text(text)
        command = [sys.executable, "-m", "beat.cli.beatd", "--config", "beat.toml", "--check", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.parametrize(("text", "line", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_gets_its_sentence(check, text, line, words):
    done = check(text)
    assert done.returncode == 2
    assert f"beat.toml:{line}: " in done.stderr
    assert [word for word in words if word not in done.stderr] == []
    assert "Traceback" not in done.stderr + done.stdout


def test_all_that_is_wrong_is_said_at_once(check):
    done = check(ENTRY + 'cron = "61 * * * *"\nqueu = "q"\n[beat]\nlease_ttl = 0\n')
    assert [line for line in (3, 4, 6) if f"beat.toml:{line}: " not in done.stderr] == []


def test_a_missing_file_and_a_missing_app_get_sentences(check, tmp_path):
    missing = check("", "--config", "no.toml")
    assert (missing.returncode, "no.toml" in missing.stderr) == (2, True)
    (tmp_path / "tasks.py").write_text("")
    lost = check('app = "taks:app"\n')
    assert (lost.returncode, 'did you mean "tasks"?' in lost.stderr) == (2, True)
    assert "Traceback" not in missing.stderr + lost.stderr


def test_a_task_that_the_app_does_not_know_is_named_with_its_line(check, tmp_path):
    (tmp_path / "tasks.py").write_text("from jobq import App\napp = App()\n@app.task\ndef add(): pass\n")
    done = check('app = "tasks:app"\n[beat_schedule.e]\ntask = "tasks.ad"\nevery = 1\n')
    assert done.returncode == 2
    assert (
        'beat.toml:3: entry "e": no task "tasks.ad" is registered; did you mean "tasks.add"?' in done.stderr
    )


def test_what_is_right_shows_its_next_fires(check):
    done = check(ENTRY + 'cron = "30 2 * * *"\ntimezone = "Europe/Prague"\n')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("02:30:00 CE") + done.stdout.count("03:00:00 CE") == 3
    assert done.stdout.splitlines()[-1].startswith("ok: 1 entry")


def test_what_a_change_of_the_clock_does_to_an_entry_is_noted_with_its_dates(check):
    done = check(ENTRY + 'cron = "30 2 * * *"\ntimezone = "Europe/Prague"\n')
    notes = [line for line in done.stdout.splitlines() if line.startswith("    note: ")]
    assert len(notes) == 1
    assert re.search(r"20\d\d-03-\d\d has no 02:30, it fires at 03:00 CEST", notes[0])
    assert re.search(r"20\d\d-10-\d\d has 02:30 twice, it fires the first time", notes[0])
    quiet = check(ENTRY + 'cron = "30 2 * * *"\n')
    assert "note:" not in quiet.stdout


def test_an_entry_that_is_too_large_for_a_queue_is_named_with_its_line(check, tmp_path):
    (tmp_path / "tasks.py").write_text(
        "from jobq import App\napp = App(task_max_bytes=200)\n@app.task\ndef t(*_): pass\n"
    )
    text = 'app = "tasks:app"\n' + ENTRY + f'every = 1\nargs = ["{"x" * 300}"]\n'
    done = check(text)
    assert done.returncode == 2
    assert 'beat.toml:5: entry "e": the message of its jobs is 3' in done.stderr
    assert "bytes of JSON, and task_max_bytes allows 200: put what is large" in done.stderr
    assert check(text.replace("x" * 300, "x")).returncode == 0
    of_the_app = "app.conf.beat_schedule = {'big': {'task': 'tasks.t', 'schedule': 5, 'args': ['x' * 300]}}\n"
    with (tmp_path / "tasks.py").open("a") as tasks:
        tasks.write(of_the_app)
    done = check('app = "tasks:app"\n')
    assert (done.returncode, 'Error: entry "big": the message of its jobs' in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
