"""What Redis refuses for now is an outage like any other, in whatever words it is told."""

from __future__ import annotations

import socket
import threading

import pytest
import redis

from jobq.errors import StoreRefused, StoreUnavailable
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


def test_what_is_no_redis_is_told_so():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        server = threading.Thread(target=answer)
        server.start()
        store = open_store(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        with pytest.raises(StoreRefused, match="does not speak as a Redis does"):
            store.now()
        server.join()
        store.close()


@pytest.mark.parametrize(
    ("scheme", "path", "sentence"),
    [
        ("redis", "99", r"has no database of the number in its URL: .*DB index is out of range"),
        ("redis+sentinel", "mymaster", r"is no Sentinel; the URL of a Redis itself starts with redis://"),
    ],
)
def test_a_url_that_does_not_fit_its_server_is_a_mistake(full, scheme, path, sentence):
    store = open_store(f"{scheme}://{full.partition('://')[2].partition('/')[0]}/{path}")
    for verb in (store.now, lambda: store.wait_ended("a", 0)):
        with pytest.raises(StoreRefused, match=sentence):
            verb()
    store.close()
