"""What Redis refuses for now is an outage like any other, in whatever words it is told."""

from __future__ import annotations

import pytest
import redis

from jobq.errors import StoreUnavailable
from jobq.stores import open_store


@pytest.fixture
def full(new_redis_server):
    """The URL of a server that has no memory left, and whose policy is to say so."""
    server = new_redis_server()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
    return server.url


def test_a_redis_without_memory_is_unavailable_for_now(full, new):
    store = open_store(full)
    with pytest.raises(StoreUnavailable, match="refuses for now"):
        store.enqueue([new("a")])
    with redis.Redis.from_url(full) as client:
        client.config_set("maxmemory", "0")
    assert store.enqueue([new("a")]) == [True]
    store.close()
