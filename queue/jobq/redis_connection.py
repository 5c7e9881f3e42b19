"""From a redis.Redis to the URL of the same server, for callers that have the one and not the other."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from jobq.errors import ConfigError

_TLS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
_CERT_REQS = {0: "none", 1: "optional", 2: "required"}


def url_of(connection: Any) -> str:
    """The store URL of a redis.Redis; `ConfigError` where it has none, such as behind Sentinel."""
    pool = getattr(connection, "connection_pool", None)
    known = getattr(pool, "connection_kwargs", None)
    if not isinstance(known, dict):
        raise ConfigError(
            f"connection is of the type {type(connection).__name__}, and not a redis.Redis; give the store's URL as store="
        )
    if hasattr(pool, "sentinel_manager"):
        raise ConfigError(
            "connection is one of Redis Sentinel; give the store's URL instead: "
            "store='redis+sentinel://host:26379/mymaster'"
        )
    credentials = _credentials(known.get("username"), known.get("password"))
    database = int(known.get("db") or 0)
    if known.get("path"):
        return f"redis+unix://{credentials}{quote(known['path'])}?{urlencode({'db': database})}"
    host, port = str(known.get("host") or "localhost"), int(known.get("port") or 6379)
    address = f"[{host}]" if ":" in host else host
    tls = "SSL" in getattr(pool, "connection_class", type(None)).__name__
    query = urlencode(_tls_options(known), quote_via=quote) if tls else ""
    return f"{'rediss' if tls else 'redis'}://{credentials}{address}:{port}/{database}{'?' if query else ''}{query}"


def _credentials(user: str | None, password: str | None) -> str:
    if not user and not password:
        return ""
    return f"{quote(user or '', safe='')}:{quote(password or '', safe='')}@"


def _tls_options(known: dict[str, Any]) -> dict[str, str]:
    given = {name: known[name] for name in _TLS if known.get(name) is not None}
    if isinstance(given.get("ssl_cert_reqs"), int):
        given["ssl_cert_reqs"] = _CERT_REQS[int(given["ssl_cert_reqs"])]
    return {name: str(value) for name, value in given.items()}
