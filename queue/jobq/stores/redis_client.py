"""From what a URL says to redis-py's clients: plain, TLS, Unix socket and Sentinel."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from jobq.errors import ConfigError
from jobq.stores.redis_url import TLS_FILES, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobq.stores.redis_url import RedisUrl

TIMEOUT = 3.0
"""Seconds for connecting and for an answer. A server that takes longer is as good as away."""

_SENTINEL_TIMEOUT = 0.5
"""The same for one Sentinel: another one may know, and verbs wait for the answer."""


class Clients(NamedTuple):
    """One for verbs, one for blocking reads, which bring their own patience, and what the URL says."""

    verbs: redis.Redis
    blocking: redis.Redis
    url: RedisUrl


def connect(url: str, met: Callable[[Any], None] | None = None) -> Clients:
    """The clients of a URL. Nothing is contacted yet. `met` sets up each connection that verbs are sent on."""
    target = parse(url)
    _check_files(target.tls or {})
    patience = TIMEOUT + (target.wait_ms / 1000 if target.wait_replicas else 0)
    verbs = _client(target, patience, redis_connect_func=met)
    return Clients(verbs, _client(target, TIMEOUT), target)


def _client(url: RedisUrl, timeout: float, **more: Any) -> redis.Redis:
    options: dict[str, Any] = {
        **more,
        "username": url.username,
        "password": url.password,
        "db": url.db,
        "socket_timeout": timeout,
        "socket_connect_timeout": TIMEOUT,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.socket is not None:
        return redis.Redis(unix_socket_path=url.socket, **options)
    options |= {"socket_keepalive": True, "ssl": url.tls is not None, **(url.tls or {})}
    if url.service is None:
        ((host, port),) = url.addresses
        return redis.Redis(host=host, port=port, **options)
    found: redis.Redis = _sentinel(url, options).master_for(url.service, **options)
    return found


def _sentinel(url: RedisUrl, options: Mapping[str, Any]) -> Sentinel:
    asked = {
        **options,
        "redis_connect_func": None,
        "db": 0,
        "username": url.sentinel_username,
        "password": url.sentinel_password,
        "socket_timeout": _SENTINEL_TIMEOUT,
        "socket_connect_timeout": _SENTINEL_TIMEOUT,
    }
    return _Sentinels(list(url.addresses), sentinel_kwargs=asked)  # type: ignore[no-untyped-call] # as all of redis-py's


class _Sentinels(Sentinel):
    """redis-py's, except that what a Sentinel failed with is raised where none names a master.

    Its own error tells no mistake from an outage, and has had the Sentinels' password in it.
    """

    def discover_master(self, service_name: str) -> tuple[str, int]:
        failed: RedisError | None = None
        sentinels: list[Any] = self.sentinels
        for index, sentinel in enumerate(sentinels):
            try:
                state = sentinel.sentinel_masters().get(service_name)
            except (AuthenticationError, NoPermissionError) as error:
                failed = AuthenticationError(f"{error} (sentinel_username and sentinel_password)")
                continue
            except RedisError as error:
                failed = failed or error
                continue
            if state and state["is_master"] and not (state["is_sdown"] or state["is_odown"]):
                sentinels[0], sentinels[index] = sentinel, sentinels[0]
                return state["ip"], state["port"]
        raise failed or MasterNotFoundError(f'its Sentinels name no master "{service_name}" that is up')


def _check_files(tls: Mapping[str, str | bool]) -> None:
    """`ConfigError` for files that can't be used: redis-py would take each for a server that does not answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    files = {name: str(tls[name]) for name in TLS_FILES if name in tls}
    if "ssl_keyfile" in files and "ssl_certfile" not in files:
        raise ConfigError(
            "ssl_keyfile in the store's URL is the key of a certificate; give that as ssl_certfile"
        )
    for name, file in files.items():
        try:
            if name == "ssl_ca_certs":
                context.load_verify_locations(cafile=file)
            elif name == "ssl_ca_path":
                context.load_verify_locations(capath=file)
            elif name == "ssl_certfile":
                # An empty passphrase, so that nobody is asked for one.
                context.load_cert_chain(file, files.get("ssl_keyfile"), password="")
        except ssl.SSLError as error:
            reason = (error.reason or "it is not PEM").replace("_", " ").lower()
            raise ConfigError(f"{name}={file} in the store's URL can't be used: {reason}") from None
        except OSError as error:
            raise ConfigError(f"{name}={file} in the store's URL can't be read: {error.strerror}") from None
