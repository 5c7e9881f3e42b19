"""`beat` as a program, on either store."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from beats import taken

from beat.control import Beat, UnknownEntry
from beat.entry import Entry
from beat.schedules import Schedule, crontab, schedule
from beat.store import EntryChange, Firing, Tick, Verdict
from beat.stores import open_beat_store
from jobq.app import App
from jobq.errors import ConfigError
from jobq.instants import SECOND, iso

MINUTE = 60 * SECOND


@pytest.fixture
def beat(store_url, tmp_path):
    """`beat("list", code=0)` runs the program in a folder of its own, and is its output."""

    def run(*words, code=0, url=store_url):
        environ = {k: v for k, v in os.environ.items() if k not in ("JOBQ_APP", "JOBQ_STORE", "COLUMNS")}
        environ |= {"JOBQ_STORE": url} if url else {}
        done = subprocess.run(
            [sys.executable, "-c", "from beat.cli.beat import main; main()", *words],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    return run


@pytest.fixture
def store(store_url):
    opened = open_beat_store(store_url)
    opened.queues()  # a SQLite file is made when it is first used
    yield opened
    opened.close()


@pytest.fixture
def now(store):
    """A whole second of the store's clock, from which the entries' fire times are counted."""
    return store.now() // SECOND * SECOND


@pytest.fixture
def entries(store, now):
    """nightly in New York, off, and tick, which was due a minute ago."""
    defined = [
        (
            Entry(
                name="nightly",
                task="tasks.archive",
                schedule=crontab(minute=0, hour=3),
                timezone="America/New_York",
            ),
            None,
        ),
        (Entry(name="off", task="tasks.add", schedule=schedule(10.0), enabled=False), 0),
        (Entry(name="tick", task="tasks.add", schedule=schedule(60.0), args=(1, 2)), now - MINUTE),
    ]
    changes = [
        EntryChange(
            e.name,
            "test",
            e.definition(),
            0,
            now - 10 * MINUTE,
            e.evaluated(now).next_after(now) if fire is None else fire,
        )
        for e, fire in defined
    ]
    assert store.change(changes) == [True] * 3
    return [entry.name for entry, _ in defined]


@pytest.fixture
def history(store, entries, now):
    """tick was enqueued a minute late, then skipped; two beats are there, and the first leads."""
    assert "tick" in entries
    term = store.elect("one", MINUTE).lease.term
    store.elect("two", MINUTE)
    entry = store.entries(["tick"])[0]
    job = Entry.from_definition("tick", entry.definition).evaluated(entry.anchor).job(now - MINUTE)
    first = Firing(
        "tick", now - MINUTE, entry.revision, now, (Tick(now - MINUTE, Verdict.ENQUEUED, job=job),)
    )
    second = Firing("tick", now, entry.revision, now + MINUTE, (Tick(now, Verdict.SKIPPED, "overlap"),))
    assert taken(store.fire(term, [first])) == [True]
    assert taken(store.fire(term, [second])) == [True]


@pytest.mark.usefixtures("entries")
def test_list(beat, now):
    shown = beat("list")
    for words in ("nightly", "tasks.archive", "America/New_York", "03:00:00", "disabled", "ago"):
        assert words in shown
    told = {entry["name"]: entry for entry in json.loads(beat("list", "--json"))}
    for entry in told.values():
        again = Schedule.from_dict(entry["schedule"])
        assert again.to_dict() == entry["schedule"]
        assert entry["description"].endswith(".")
    assert list(told) == ["nightly", "off", "tick"]
    assert (told["tick"]["next_fire"], told["tick"]["runs"], told["tick"]["args"]) == (
        iso(now - MINUTE),
        0,
        [1, 2],
    )
    assert (told["off"]["next_fire"], told["off"]["enabled"]) == (None, False)


@pytest.mark.usefixtures("store")
def test_nothing_to_list(beat):
    assert beat("list") == "There are no entries.\n"
    assert beat("list", "--json") == "[]\n"
    assert beat("next") == "Nothing will fire.\n"


@pytest.mark.usefixtures("entries")
def test_an_entry_that_cannot_be_read_hides_no_other(beat, store, now):
    store.change([EntryChange("alien", "test", '{"v":99}', 0, now, now + MINUTE)])
    assert "version 99" in " ".join(beat("list").split())
    told = json.loads(beat("list", "--json"))
    assert [entry["problem"] is None for entry in told] == [False, True, True, True]
    assert "alien" not in beat("next")
    assert "version 99" in beat("next", "alien", code=2)


@pytest.mark.usefixtures("entries")
def test_next(beat, now):
    told = json.loads(beat("next", "tick", "-n", "3", "--json"))
    assert [fire["fire_time"] for fire in told] == [iso(now + minutes * MINUTE) for minutes in (1, 2, 3)]
    assert [fire["entry"] for fire in json.loads(beat("next", "-n", "2", "--json"))] == ["tick", "tick"]
    assert "03:00:00 E" in beat("next", "nightly", "-n", "1")
    assert beat("next", "off") == 'Entry "off" is disabled.\n'
    assert 'there is no entry "tik"; did you mean "tick"?' in beat("next", "tik", code=1)


@pytest.mark.usefixtures("history")
def test_history(beat, now):
    skipped, enqueued = json.loads(beat("history", "tick", "--json"))
    assert (enqueued["fire_time"], enqueued["verdict"]) == (iso(now - MINUTE), "enqueued")
    assert enqueued["job_id"] == f"tick@{iso(now - MINUTE)}"
    assert (skipped["verdict"], skipped["reason"], skipped["job_id"]) == ("skipped", "overlap", None)
    assert len(json.loads(beat("history", "tick", "-n", "1", "--json"))) == 1
    shown = beat("history", "tick")
    assert "overlap" in shown
    assert enqueued["job_id"] in shown
    assert beat("history", "nightly") == 'Entry "nightly" has not fired yet.\n'
    assert "there is no entry" in beat("history", "nigthly", code=1)


@pytest.mark.usefixtures("entries")
def test_status(beat):
    shown = beat("status", code=1)
    assert "nobody" in shown
    assert "tick, 1m" in shown
    told = json.loads(beat("status", "--json", code=1))
    assert (told["leader"], told["nodes"], told["entries"]) == (None, [], 3)
    assert [late["entry"] for late in told["overdue"]] == ["tick"]
    assert told["overdue"][0]["late"] >= 60


@pytest.mark.usefixtures("history")
def test_status_with_a_leader(beat, now):
    told = json.loads(beat("status", "--json"))
    assert (told["leader"]["node"], told["leader"]["term"]) == ("one", 1)
    assert 0 < told["leader"]["lease_left"] <= 60
    assert told["nodes"] == [{"node": "one", "role": "leader"}, {"node": "two", "role": "follower"}]
    assert (told["next"], told["overdue"]) == ({"entry": "tick", "fire_time": iso(now + MINUTE)}, [])
    assert told["queues"] == [{"name": "default", "available": 1, "scheduled": 0, "running": 0}]
    assert "followers  two" in beat("status")


def test_reload(beat, store):
    assert "no beat is present" in beat("reload", code=1)
    store.elect("one", MINUTE)
    before = store.reloads()
    assert beat("reload") == "asked 1 beat to reload: one\n"
    assert store.reloads() == before + 1


@pytest.mark.usefixtures("entries")
def test_where_the_store_is_found(beat, store_url, tmp_path):
    (tmp_path / "other.toml").write_text(f'store = "{store_url}"\n')
    assert "nightly" in beat("--config", "other.toml", "list", url=None)
    assert "nightly" in beat("--store", store_url, "list", url=None)
    (tmp_path / "beat.toml").write_text(f'store = "{store_url}"\n')
    assert "nightly" in beat("list", url=None)
    (tmp_path / "tasks.py").write_text(f"from jobq.app import App\napp = App(store='{store_url}')")
    (tmp_path / "beat.toml").write_text('app = "tasks"\n')
    assert "nightly" in beat("list", url=None)
    (tmp_path / "beat.toml").write_text('stor = "x"\n')
    assert 'did you mean "store"?' in beat("list", code=2)


@pytest.mark.usefixtures("history")
def test_a_mistake_in_the_file_keeps_nobody_from_looking(beat, store_url, tmp_path):
    (tmp_path / "beat.toml").write_text(f'store = "{store_url}"\n[beat_schedule.e]\ntask = "t"\nevery = 0\n')
    assert "nightly" in beat("list", url=None)
    assert "beat.toml:4: " in beat("reload", url=None, code=2)


def test_whoever_looks_makes_no_store(beat, tmp_path):
    told = beat("list", url="sqlite:///nowhere.db", code=1)
    assert told.startswith("Error: there is no store ")
    assert not (tmp_path / "nowhere.db").exists()


def test_broken_input(beat):
    assert 'there is no command "lst"; did you mean "list"?' in beat("lst", code=2)
    assert "--json" in beat("list", "--jsn", code=2)
    assert "give one" in beat("--config", "a", "--store", "b", "list", code=2)
    assert "nowhere.toml" in beat("--config", "nowhere.toml", "list", code=2)
    for command in ("list", "next", "status", "reload"):
        told = beat(command, url="redis://127.0.0.1:1/0", code=1)
        assert told.startswith("Error: the store at redis://127.0.0.1:1/0 does not answer")


@pytest.mark.usefixtures("history")
def test_from_python(store, store_url):
    control = Beat(App(store=store_url))
    assert [entry.name for entry in control.entries()] == ["nightly", "off", "tick"]
    tick = control.get("tick")
    assert (tick.runs, tick.next_fire.utcoffset().total_seconds(), tick.entry.args) == (1, 0, (1, 2))
    assert control.get("nightly").next_fire.tzinfo.key == "America/New_York"
    assert len(control.next("nightly", 3)) == 3
    assert control.history("tick")[1].lateness.total_seconds() >= 60
    assert control.leader().node == "one"
    with pytest.raises(UnknownEntry, match='did you mean "tick"'):
        control.get("tock")
    with pytest.raises(LookupError):
        Beat(store).next("nope")
    with pytest.raises(ConfigError, match="give the store's URL"):
        Beat(5)
    control.close()
