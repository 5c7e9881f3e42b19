"""The URL of a redis.Redis, which nothing is asked of."""

from __future__ import annotations

import pytest
import redis
from redis.sentinel import Sentinel

from jobq.errors import ConfigError
from jobq.redis_connection import url_of
from jobq.stores.redis_client import connect
from jobq.stores.redis_url import parse


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "redis://localhost:6379/0"),
        ({"host": "h", "port": 7, "db": 3}, "redis://h:7/3"),
        ({"host": "::1"}, "redis://[::1]:6379/0"),
        ({"username": "u:x", "password": "p@/w"}, "redis://u%3Ax:p%40%2Fw@localhost:6379/0"),
        ({"password": "p"}, "redis://:p@localhost:6379/0"),
    ],
)
def test_the_url_says_what_the_connection_was_made_of(given, url):
    assert url_of(redis.Redis(**given)) == url
    pools = [redis.Redis(**given).connection_pool, connect(url)[0].connection_pool]
    names = ("host", "port", "db", "username", "password")
    first, second = ({name: pool.connection_kwargs.get(name) or None for name in names} for pool in pools)
    assert first == second


def test_a_socket_is_kept():
    connection = redis.Redis(unix_socket_path="/run/my redis.sock", db=2)
    assert url_of(connection) == "redis+unix:///run/my%20redis.sock?db=2"


def test_tls_is_kept():
    url = url_of(
        redis.Redis(
            host="h", ssl=True, ssl_ca_certs="/etc/my ca+.pem", ssl_cert_reqs="none", ssl_check_hostname=False
        )
    )
    assert url.startswith("rediss://h:6379/0?")
    known = parse(url).tls
    assert (known["ssl_ca_certs"], known["ssl_cert_reqs"]) == ("/etc/my ca+.pem", "none")


def test_sentinel_has_no_such_url():
    with pytest.raises(ConfigError, match="redis\\+sentinel://"):
        url_of(Sentinel([("h", 1)]).master_for("m"))
