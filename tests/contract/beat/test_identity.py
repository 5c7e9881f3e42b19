"""identity: a store that has lost what it held is another one."""

from __future__ import annotations

from pathlib import Path

from beats import beat_stores

ASK = """if True:
    import sys
    from beat.stores import open_beat_store
    store = open_beat_store(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    print(store.identity())
    store.close()
"""


def test_it_stays_the_same_for_everyone(store, open_another):
    identity = store.identity()
    assert identity > 0
    assert store.identity() == open_another().identity() == identity
    store.close()
    assert store.identity() == identity


def test_nothing_that_is_written_changes_it(store):
    identity = store.identity()
    store.request_reload()
    store.resign("a", store.elect("a", 1_000_000).lease.term)
    assert store.identity() == identity


def test_who_asks_first_at_the_same_time_hears_the_same(store_url, spawn, store):
    processes = [spawn(ASK, store_url) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [int(process.communicate()[0]) for process in processes]
    assert told == [store.identity()] * 3


def test_a_redis_that_was_emptied_is_another_store(redis_server, redis_url):
    with beat_stores(redis_url) as make:
        store = make()
        seen = []
        for _ in range(3):
            seen.append(store.identity())
            redis_server.flush()
        assert len({*seen, store.identity()}) == 4


def test_a_file_that_was_deleted_is_another_store(sqlite_url):
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with beat_stores(sqlite_url) as make:
        store = make()
        seen = []
        for _ in range(3):
            seen.append(store.identity())
            store.close()
            for file in path.parent.glob(f"{path.name}*"):
                file.unlink()
        assert len({*seen, store.identity()}) == 4


def test_namespaces_of_one_redis_are_different_stores(redis_url):
    with beat_stores(redis_url) as one, beat_stores(f"{redis_url}?ns=other") as other:
        assert one().identity() != other().identity()
