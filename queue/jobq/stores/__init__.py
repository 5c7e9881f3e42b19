"""The stores, and the one place that tells them apart by URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jobq.errors import ConfigError, JobqError
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobq.store import Store

SQLITE_SCHEMES = ("sqlite",)
MOST_REPLICAS = 100
REDIS_SCHEMES = ("redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel")

_SCHEME = re.compile(r"[a-z+]{1,20}(?=://)")
_FILE = re.compile(r"[\w./-]{1,200}")
"""What may be repeated of a text that is no store's URL: elsewhere in it may be a password."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.-]{0,40}")
_OPTION = re.compile(r"[a-z_]{1,30}")

_USER = r"(?<=://)[^\s\"']+(?=@)|(?<=://):[^\s\"'@]+"
_IN_QUERY = r"(?<=password=|username=)[^&\s\"']+"


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
    scheme, found, _ = url.partition(":")
    if scheme not in known:
        shown = _SCHEME.match(url) or _FILE.fullmatch(url)
        what = f'store "{shown[0]}"' if shown else "the URL of the store"
        raise ConfigError(
            f"{what} is not one that is known here: expected a URL "
            f"such as sqlite:///beat.db or redis://localhost:6379/0{did_you_mean(scheme, known) if found else ''}"
        )
    return scheme


def check_url(url: str) -> None:
    """`ConfigError` for a URL that no store can be opened with."""
    if scheme_of(url) in REDIS_SCHEMES:
        from jobq.stores.redis_url import parse

        parse(url)


def without_secrets(text: str) -> str:
    """A text that may hold URLs, such as what was typed, without the names and passwords in them."""
    return re.sub(f"{_USER}|{_IN_QUERY}", "...", text)


def repeated(value: str) -> str:
    """The value of an option in quotes, if it can't hold a piece of a password that was written wrong."""
    return f'"{value}"' if _HARMLESS.fullmatch(value) else '"..."'


def unknown_option(name: str, known: Iterable[str]) -> str:
    """What is said of an option that is none. A password with an & in it makes one of its rest."""
    if _OPTION.fullmatch(name):
        return f'"{name}", which is not an option of it{did_you_mean(name, known)}'
    return f"an option that is not known; known are: {', '.join(sorted(known))}"


def shows_secret(url: str) -> bool:
    return any(":" in user for user in re.findall(_USER, url)) or re.search(_IN_QUERY, url) is not None


def longest_wait(url: str) -> int:
    """Milliseconds that a verb which succeeds may have waited for replicas; 0 where none are waited for."""
    if scheme_of(url) not in REDIS_SCHEMES:
        return 0
    from jobq.stores.redis_url import parse

    target = parse(url)
    return target.wait_ms if target.wait_replicas else 0


def with_wait_replicas(url: str, replicas: int) -> str:
    """The URL that has verbs wait for so many replicas; `ConfigError` if it can't, or says another number."""
    if scheme_of(url) not in REDIS_SCHEMES:
        raise ConfigError(
            f"wait_replicas is for a store on Redis, and this one is on {scheme_of(url)}; leave it out"
        )
    from jobq.stores.redis_url import parse

    stated = parse(url).wait_replicas
    if stated == replicas:
        return url
    if stated:
        raise ConfigError(f"wait_replicas is {replicas}, but {stated} in the URL of the store; give one")
    return f"{url}{'&' if '?' in url else '?'}wait_replicas={replicas}"
