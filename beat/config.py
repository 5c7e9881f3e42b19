"""`beat.toml`, read and checked as a whole: either a `Config` that is right in every part, or all that is wrong in it.

Nothing but the file itself is read; the environment is passed in.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from beat.definition import read_entry
from beat.reading import choice, kind_of, seconds_within, text, whole, zone
from beat.toml_lines import locate
from jobq.errors import ConfigError
from jobq.job import DEFAULT_QUEUE, check_queue
from jobq.stores import scheme_of
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from beat.entry import Entry

KeyPath = tuple[str, ...]
Check = Callable[[str, Any], Any] if TYPE_CHECKING else object


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatSettings:
    """`[beat]`. Durations in seconds."""

    node: str | None = None
    lease_ttl: float = 3.0
    max_loop_interval: float = 300.0
    history: int = 1000
    log_level: str = "info"
    log_format: str = "text"
    pidfile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """`[worker]`. Durations in seconds, memory in kilobytes."""

    concurrency: int = 2
    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    pool: str = "prefork"
    lease_ttl: float = 10.0
    shutdown_timeout: float = 30.0
    max_tasks_per_child: int | None = None
    max_memory_per_child: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole file. `store` is None where the file names none."""

    path: Path
    store: str | None = None
    app: str | None = None
    timezone: str = "UTC"
    beat: BeatSettings = BeatSettings()
    worker: WorkerSettings = WorkerSettings()
    entries: tuple[Entry, ...] = ()


class Problem(NamedTuple):
    """One thing that is wrong, where it can be told with the line."""

    path: Path
    line: int | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}{'' if self.line is None else f':{self.line}'}: {self.sentence}"


class ConfigProblems(ConfigError):
    """All that is wrong with a file, one problem a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The settings and entries of a file; `ConfigProblems` with all that is wrong in it."""
    source = _read(path)
    document = _parse(path, source)
    reader = _Reader(path, locate(source))
    config = reader.config(reader.expanded((), document, environ))
    if reader.problems:
        raise ConfigProblems(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return config
