"""From a URL to connections: plain, TLS, Unix socket and Sentinel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobq.errors import ConfigError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_TIMEOUT = 3.0
"""Seconds for connecting and for an answer. A server that takes longer is as good as away."""

DEFAULT_NAMESPACE = "beatd"


def connect(url: str, longest_block: float) -> tuple[redis.Redis, redis.Redis, str, str]:
    """(client, client for blocking reads, URL without password, key prefix). Nothing is contacted yet."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    namespace = query.pop("ns", DEFAULT_NAMESPACE)
    if not namespace or any(c in "{}" or c.isspace() for c in namespace):
        raise ConfigError(
            f"ns={namespace!r} in the store's URL: expected a name without braces or white space"
        )
    bare = _unsplit(parts._replace(query=urlencode(query)))
    try:
        client = _client(bare, _TIMEOUT)
        blocking = _client(bare, _TIMEOUT + longest_block)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"the store's URL {redacted(parts)} is not understood: {error}") from error
    return client, blocking, redacted(parts), f"{{{namespace}}}:"


def redacted(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return _unsplit(parts._replace(netloc=host, query="", fragment=""))


def _unsplit(parts: SplitResult) -> str:
    """As `urlunsplit`, which drops the slashes of an empty host: `redis+unix:///run/redis.sock`."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _client(url: str, timeout: float) -> redis.Redis:
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": _TIMEOUT,
        "socket_keepalive": True,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
    }
    scheme, _, rest = url.partition("://")
    if scheme == "redis+sentinel":
        return _sentinel_client(urlsplit(url), options)
    if scheme == "redis+unix":
        url = f"unix://{rest}"
        del options["socket_keepalive"]
    return redis.Redis(connection_pool=redis.ConnectionPool.from_url(url, **options))


def _sentinel_client(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    """`redis+sentinel://[user:password@]host:port,host:port/service[/db]`."""
    from redis.sentinel import Sentinel

    credentials, _, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ConfigError(
            "a redis+sentinel URL names the service after the hosts: redis+sentinel://host:26379/mymaster"
        )
    addresses = []
    for address in hosts.split(","):
        host, _, port = address.partition(":")
        addresses.append((host, int(port or 26379)))
    user, _, password = credentials.partition(":")
    if password:
        options |= {"username": unquote(user) or None, "password": unquote(password)}
    sentinel = Sentinel(addresses, socket_timeout=_TIMEOUT)
    client: redis.Redis = sentinel.master_for(service, db=int(database or 0), **options)
    return client
