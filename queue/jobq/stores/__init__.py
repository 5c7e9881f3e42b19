"""The stores, and the one place that tells them apart by URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jobq.errors import ConfigError, JobqError
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from jobq.store import Store

SQLITE_SCHEMES = ("sqlite",)
REDIS_SCHEMES = ("redis", "rediss", "redis+unix", "redis+sentinel")


def open_store(url: str) -> Store:
    """The store of a URL such as `sqlite:///beat.db` or `redis://host:6379/0`. Nothing is contacted yet."""
    if scheme_of(url) in SQLITE_SCHEMES:
        from jobq.stores.sqlite import SQLiteStore

        return SQLiteStore(url)
    from jobq.stores.redis import RedisStore

    return RedisStore(url)


def refuse_missing(url: str) -> None:
    """`JobqError` for a SQLite file that is not there: whoever only looks must not make an empty one."""
    if scheme_of(url) in SQLITE_SCHEMES:
        from jobq.stores.sqlite_url import parse

        path = Path(parse(url).path)
        if not path.exists():
            raise JobqError(
                f"there is no store {path}; run this where beatd or the worker runs, or name the store with --store"
            )


def scheme_of(url: str) -> str:
    """The scheme of a store URL, or `ConfigError` if no store answers to it."""
    known = (*SQLITE_SCHEMES, *REDIS_SCHEMES)
    scheme = urlsplit(url).scheme
    if scheme not in known:
        raise ConfigError(
            f'store "{scheme or url}" is not one that is known here: expected a URL such as sqlite:///beat.db '
            f"or redis://localhost:6379/0{did_you_mean(scheme, known) if scheme else ''}"
        )
    return scheme
