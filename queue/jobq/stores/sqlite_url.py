"""From a URL to a file: `sqlite:///relative.db`, `sqlite:////absolute/path.db?synchronous=normal`."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from jobq.errors import ConfigError
from jobq.stores import repeated, unknown_option
from jobq.suggest import did_you_mean

_OPTIONS = ("synchronous",)
_SYNCHRONOUS = ("full", "normal", "off")


class Location(NamedTuple):
    """An absolute path, so that a later chdir does not move the store, and how much a commit waits for the disk."""

    path: str
    synchronous: str


def parse(url: str) -> Location:
    rest, _, query = url.partition("?")
    host, slash, name = rest.partition("://")[2].partition("/")
    # Elsewhere than in the name of a file there may be a password, as in other URLs.
    is_a_file = rest.startswith("sqlite:///") or not {":", "@"} & {
        *rest.removeprefix("sqlite:").removeprefix("//")
    }
    shown = rest if is_a_file else "sqlite:..."
    if host or not slash or not name:
        raise ConfigError(
            f"the store's URL {shown} names no file: expected sqlite:///relative.db or sqlite:////absolute/path.db"
        )
    if name == ":memory:":
        raise ConfigError(
            f"the store's URL {shown} names no file: a store in memory cannot be shared by processes"
        )
    return Location(os.path.abspath(unquote(name)), _synchronous(shown, query))  # noqa: PTH100 - text, for sqlite3


def _synchronous(shown: str, query: str) -> str:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            raise ConfigError(f"the store's URL {shown} has {unknown_option(name, _OPTIONS)}")
    level = options.get("synchronous", "full")
    if level not in _SYNCHRONOUS:
        raise ConfigError(
            f"the store's URL {shown} says synchronous={repeated(level)}: "
            'expected "full" (an answer survives a power cut), '
            f'"normal" or "off"{did_you_mean(level, _SYNCHRONOUS)}'
        )
    return level
