"""A store full of definitions of chance, among sound ones: the beat names each that it can't fire, and fires the others."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing

import pytest
import redis
from beats import change
from definition_mutations import definition
from fuzzing import rounds

from beat.control import Beat
from beat.entry import Entry
from beat.schedules import every
from beat.store import Verdict
from beat.ticker import Ticker
from jobq.instants import SECOND

ROUNDS = rounds(300)
SOUND_EACH = 5
SOUND = Entry(name="sound", task="t", schedule=every(10**8), catchup="latest").definition()
AT_ONCE = 500


def write_raw(store, definitions):
    """Put bytes where definitions are, as a broken disk or another hand might: no store of ours would write them."""
    if store.url.startswith("redis"):
        with closing(redis.Redis.from_url(store.url)) as client, client.pipeline(transaction=False) as pipe:
            for name, data in definitions.items():
                pipe.hset(f"{{beatd}}:entry:{name}", "definition", data)
            pipe.execute()
        return
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany(
            "UPDATE entries SET definition = CAST(? AS TEXT) WHERE name = ?",
            [(data, name) for name, data in definitions.items()],
        )


@pytest.mark.timeout(1800)
def test_each_bad_definition_is_named_and_the_others_fire(store, stage, rng, caplog):
    fuzzed = {f"fuzz-{index}": definition(rng) for index in range(ROUNDS)}
    sound = [f"sound-{index}" for index in range(ROUNDS // SOUND_EACH)]
    names, due = [*fuzzed, *sound], store.now() - SECOND
    rng.shuffle(names)
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        changes = [change(name, definition=SOUND, anchor=due, next_fire=due) for name in some]
        assert all(store.change(changes))
    write_raw(store, fuzzed)

    caplog.set_level(logging.ERROR)
    term = stage.lead(ttl=24 * 3600 * SECOND)
    ticker = Ticker(store)
    while any(entry.next_fire == due for entry in store.entries()):
        assert ticker.run_once(term).fired

    told = {
        record.fields["entry"]: record.getMessage()
        for record in caplog.records
        if record.action == "entry_broken"
    }
    assert not told.keys() - fuzzed.keys()
    refused = 0
    for name in fuzzed:
        latest = store.history(name, 1)[0]
        if name in told:
            refused += 1
            assert latest.verdict is Verdict.SKIPPED
            assert latest.reason in told[name]
            assert "\n" not in latest.reason
            assert len(latest.reason) < 1000
            assert store.entries([name])[0].next_fire == 0
        else:
            assert latest.verdict is Verdict.ENQUEUED or latest.reason.startswith(("missed", "passed over"))
    assert [store.history(name, 1)[0].verdict for name in sound] == [Verdict.ENQUEUED] * len(sound)
    assert store.entries([sound[0]])[0].next_fire > due
    assert ROUNDS // 2 < refused < ROUNDS
    said = f"{ROUNDS} definitions: {refused} refused, {ROUNDS - refused} fired; {len(sound)} sound ones fired"
    print("", said, sep="\n")  # noqa: T201 - the figures of `make fuzz`


def test_whoever_looks_sees_all_entries_the_bad_ones_with_their_problem(store, rng):
    fuzzed = {f"fuzz-{index}": definition(rng) for index in range(100)}
    assert all(store.change([change(name, definition=SOUND) for name in (*fuzzed, "sound")]))
    write_raw(store, fuzzed)
    infos = {info.name: info for info in Beat(store).entries()}
    assert infos.keys() == {*fuzzed, "sound"}
    assert all(info.problem or info.entry for info in infos.values())
    assert all("\n" not in info.problem and info.description is not None for info in infos.values())
    assert infos["sound"].problem == ""
