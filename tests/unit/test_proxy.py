"""The proxy of the tests does what it says, seen from a client and a server at its ends."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from proxy import Proxy

SOON = 0.2
"""Seconds after which what has not come is not coming."""


@pytest.fixture
def server():
    """Answers each piece of data with the same again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def serve(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection):
    with connection:
        try:
            while data := connection.recv(1000):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy(server):
    with Proxy(server) as running:
        yield running


@pytest.fixture
def connect(proxy):
    opened = []

    def do():
        opened.append(socket.create_connection(("127.0.0.1", proxy.port), timeout=5))
        return opened[-1]

    yield do
    for client in opened:
        client.close()


@pytest.fixture
def client(connect):
    opened = connect()
    assert ask(opened, b"hello") == b"hello"
    return opened


def ask(client, data):
    client.sendall(data)
    return client.recv(1000)


def is_silent(client):
    client.settimeout(SOON)
    try:
        client.recv(1000)
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)
    return False


def test_what_is_held_arrives_late(proxy, client):
    proxy.hold()
    client.sendall(b"late")
    assert is_silent(client)
    proxy.heal()
    assert client.recv(1000) == b"late"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_what_is_swallowed_never_arrives_nor_what_follows_it(proxy, client, connect, direction):
    proxy.swallow([direction])
    client.sendall(b"gone")
    assert is_silent(client)
    proxy.heal()
    client.sendall(b"after it")
    assert is_silent(client)
    assert ask(connect(), b"anew") == b"anew"


def test_a_connection_that_lost_nothing_outlives_the_silence(proxy, client):
    proxy.swallow()
    proxy.heal()
    assert ask(client, b"still here") == b"still here"


def test_a_cut_by_rst(proxy, client):
    assert proxy.cut(reset=True) == 1
    with pytest.raises(ConnectionResetError):
        client.recv(1000)


def test_a_cut_by_fin(proxy, client):
    proxy.cut(reset=False)
    assert client.recv(1000) == b""


def test_latency_counts_each_way(proxy, client):
    proxy.delay(0.1)
    began = time.monotonic()
    assert ask(client, b"slow") == b"slow"
    assert time.monotonic() - began >= 0.2
    proxy.heal()


def test_a_trickle_lets_little_through_at_a_time(proxy, client):
    proxy.trickle(100)
    client.sendall(b"x" * 40)
    assert len(client.recv(1000)) == 10


def test_an_end_is_passed_on(client):
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1000) == b""


def test_a_server_that_is_not_there_is_none_through_the_proxy_either(connect, proxy):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        proxy.server_port = nobody.getsockname()[1]
        assert connect().recv(1000) == b""
