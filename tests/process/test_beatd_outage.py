"""Beats that have nothing to fire survive an outage, too, and need no store to start. What others do: test_outages.py."""

from __future__ import annotations

import pytest
import redis_fixtures
from programs import passed
from waiting import wait_until

server = redis_fixtures.lasting_server


@pytest.fixture
def store_url(server):
    return server.url


@pytest.mark.parametrize("store_is_there_first", [True, False])
def test_beats_that_have_nothing_to_fire_tell_an_outage_once(server, programs, store, store_is_there_first):
    """Nor does a beat need its store to start: it waits for it."""
    if not store_is_there_first:
        server.stop()
    config = programs.write_config("", "empty.toml")
    beats = [
        programs.beatd("--lease-ttl", "1", config=config, node="a"),
        programs.beatd("--lease-ttl", "1", node="b"),  # without any: its entries come by other ways
    ]
    if store_is_there_first:
        for beat in beats:
            wait_until(lambda beat=beat: beat.said("leader_elected") or beat.said("leader_followed"))
        server.stop()
    for beat in beats:
        beat.wait_said("store_lost")
    passed(1.5)
    server.start()
    for beat in beats:
        beat.wait_said("store_returned")
    wait_until(lambda: store.nodes() == ["a", "b"])
    for beat in beats:
        assert [len(beat.said(action)) for action in ("store_lost", "store_returned")] == [1, 1]
        assert beat.stop() == 0
