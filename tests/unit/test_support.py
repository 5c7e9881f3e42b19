"""The support code that other tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis_server import RedisServer


def test_a_crash_and_a_restart_keep_the_port_and_what_was_written(
    new_redis_server: Callable[..., RedisServer],
) -> None:
    server = new_redis_server(append_only=True)
    port = server.port
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"
    assert server.port == port


def test_the_shared_server_is_empty_for_each_test(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_shared_server_is_empty_again(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(TimeoutError, match=r"Waited 0\.01 s for the tide; the last answer was 0\."):
        wait_until(lambda: 0, 0.01, what="the tide")
