"""Several beats at one store that all believe they may fire: every tick has one job and one record."""

from __future__ import annotations

import json
import threading
from collections import Counter
from itertools import chain

import pytest
from beats import DUE, Stage, firing, taken

from beat.store import NotLeader

FIRE = """if True:
    import json, sys
    sys.path.insert(0, sys.argv[2])
    from beats import firing
    from beat.stores import open_beat_store
    store = open_beat_store(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    fired = []
    while entries := store.due(7).entries:
        done = store.fire(1, [firing(entry.name) for entry in entries])
        fired += [entry.name for entry, taken in zip(entries, done) if taken]
    store.close()
    print(json.dumps(fired))
"""

ELECT = """if True:
    import json, sys
    from jobq.instants import SECOND
    from beat.stores import open_beat_store
    store = open_beat_store(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    terms = []
    for _ in range(100):
        won, lease = store.elect(sys.argv[2], 60 * SECOND)
        if won:
            terms.append(lease.term)
            assert store.resign(sys.argv[2], lease.term)
    store.close()
    print(json.dumps(terms))
"""

NAMES = [f"e{number:03}" for number in range(200)]


def start_together(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return answers


def assert_each_fired_once(stage):
    assert sorted(stage.jobs()) == [f"{name}@2020-01-01T00:00:00Z" for name in NAMES]
    assert {name: stage.verdicts(name) for name in NAMES} == {name: [(DUE, "enqueued")] for name in NAMES}
    assert {entry.runs for entry in stage.store.entries()} == {1}


def test_processes_that_fire_the_same_entries_fire_each_once(stage, store_url, spawn, pytestconfig):
    stage.add(*NAMES)
    assert stage.lead() == 1
    support = str(pytestconfig.rootpath / "tests" / "support")
    fired = start_together([spawn(FIRE, store_url, support) for _ in range(3)])
    assert sorted(chain(*fired)) == NAMES
    assert_each_fired_once(stage)


@pytest.mark.parametrize("shared", [True, False])
def test_threads_that_fire_the_same_entries_fire_each_once(stage, store, open_another, shared):
    stage.add(*NAMES)
    term = stage.lead()
    stores = [store if shared else open_another() for _ in range(4)]
    barrier = threading.Barrier(len(stores))
    batches = [[firing(name) for name in NAMES[start : start + 20]] for start in range(0, len(NAMES), 20)]
    answers = []

    def fire(mine):
        barrier.wait()
        for batch in batches:
            answers.extend(taken(mine.fire(term, batch)))

    threads = [threading.Thread(target=fire, args=(mine,)) for mine in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {True: 200, False: 600}
    assert_each_fired_once(stage)


def test_processes_that_stand_for_election_never_win_the_same_term(store_url, spawn, store):
    won = start_together([spawn(ELECT, store_url, node) for node in "abc"])
    terms = list(chain(*won))
    assert sorted(terms) == list(range(1, len(terms) + 1))
    assert all(of_one == sorted(of_one) for of_one in won)
    assert store.leader() is None


def test_of_two_leaders_one_after_the_other_each_tick_is_of_one(stage, open_another):
    stage.add(*NAMES)
    first, second = stage, Stage(open_another())
    old = first.lead("a")
    assert all(first.fire(old, *NAMES[:50]))
    first.store.resign("a", old)
    new = second.lead("b")
    with pytest.raises(NotLeader):
        first.fire(old, *NAMES[40:60])
    assert second.fire(new, *NAMES) == [False] * 50 + [True] * 150
    assert_each_fired_once(stage)
