"""Redis as some tests need it. A module takes a fixture by its own name for it: `server = redis_fixtures.client`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from secret_urls import secure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis_server import RedisServer


@pytest.fixture
def redis_alone(redis_url: str) -> str:
    """As `store_url`: the shared server, emptied, and no SQLite file."""
    return redis_url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """Whoever else writes to the shared server."""
    with redis.Redis.from_url(redis_url) as other:
        yield other


@pytest.fixture
def lasting_server(new_redis_server: Callable[..., RedisServer]) -> Iterator[RedisServer]:
    """A Redis of the test's own, that remembers what it was told."""
    running = new_redis_server(append_only=True)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def secured_server(new_redis_server: Callable[..., RedisServer]) -> Iterator[RedisServer]:
    """A Redis of the module's own, that asks for the password of `secret_urls`."""
    running = new_redis_server()
    secure(running.port)
    yield running
    running.stop()
