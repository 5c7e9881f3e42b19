"""`beat.toml`, read and checked as a whole: either a `Config` that is right in every part, or all that is wrong in it.

Nothing but the file itself is read; the environment is passed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beat.definition import read_entry
from beat.reading import choice, kind_of, seconds_within, shown, text, whole, zone
from beat.schedules import Calendar, ScheduleError
from beat.schedules.calendars import CALENDAR_KEYS
from beat.toml_source import ConfigProblems, Problem, Source, expand, read_toml
from jobq.conf import allowed_imports
from jobq.errors import ConfigError
from jobq.job import DEFAULT_QUEUE, check_queue
from jobq.stores import MOST_REPLICAS, check_url, with_wait_replicas
from jobq.suggest import did_you_mean
from jobq.worker.options import POOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beat.entry import Entry
    from beat.schedule_keys import Calendars
    from beat.toml_source import KeyPath

__all__ = ["BeatSettings", "Config", "ConfigProblems", "Problem", "WorkerSettings", "load_config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatSettings:
    """`[beat]`. Durations in seconds."""

    node: str | None = None
    lease_ttl: float = 3.0
    max_loop_interval: float = 5.0
    history: int = 1000
    log_level: str = "info"
    log_format: str = "text"
    pidfile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """`[worker]`. Durations in seconds, memory in kilobytes."""

    concurrency: int = 0
    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    pool: str = "prefork"
    lease_ttl: float = 10.0
    shutdown_timeout: float = 30.0
    max_tasks_per_child: int | None = None
    max_memory_per_child: int | None = None
    allowed_imports: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole file. `store` is None where the file names none, and has `wait_replicas` in it."""

    path: Path
    store: str | None = None
    app: str | None = None
    timezone: str = "UTC"
    beat: BeatSettings = BeatSettings()
    worker: WorkerSettings = WorkerSettings()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The settings and entries of a file; `ConfigProblems` with all that is wrong in it."""
    source = read_toml(path)
    reader = _Reader(source)
    try:
        config = reader.config(expand(source.document, environ, reader.unfilled))
    except RecursionError:
        raise ConfigProblems([Problem(path, None, "it is nested too deeply")]) from None
    if reader.problems:
        raise ConfigProblems(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return config


def stated_store(path: Path, environ: Mapping[str, str]) -> str | None:
    """`store` of a file, whatever else is wrong in it; `ConfigProblems` if that itself is."""
    source = read_toml(path)
    stated = {key: value for key, value in source.document.items() if key in ("store", "wait_replicas")}
    reader = _Reader(source)
    store = reader.config(expand(stated, environ, reader.unfilled)).store
    if reader.problems:
        raise ConfigProblems(reader.problems)
    return store


# -- single settings


def _store(key: str, value: Any) -> str:
    url = text(key, value)
    check_url(url)
    return url


def _app(key: str, value: Any) -> str:
    name = text(key, value)
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*)?", name):
        raise ConfigError(
            f'{key} = "{name}" does not name an app; expected "module:name", such as "tasks:app"'
        )
    return name


def _queues(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{key} is {kind_of(value)}; expected a list such as ["default"]')
    if not value:
        raise ConfigError(f'{key} is empty; expected at least one queue, such as ["default"]')
    for name in value:
        try:
            check_queue(name)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}") from None
        if value.count(name) > 1:
            raise ConfigError(f'{key} names "{name}" twice')
    return tuple(value)


def _imports(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{key} is {kind_of(value)}; expected a list of modules such as ["myapp"]')
    return allowed_imports(key, value)


def _pool(key: str, value: Any) -> str:
    pool = choice("prefork", "threads", "solo")(key, value)
    if pool not in POOLS:
        raise ConfigError(
            f'{key} = "{pool}" is not available in this version, which has {" and ".join(POOLS)}'
        )
    return pool


LEASE_TTL_BOUNDS = (0.5, 3600.0)
"""Seconds: the shortest and the longest lease on leadership."""

_LARGEST = 2**31 - 1
_DAY = 86_400.0

_TOP: dict[str, Callable[[str, Any], Any]] = {
    "store": _store,
    "wait_replicas": whole(1, MOST_REPLICAS),
    "app": _app,
    "timezone": zone,
}
_BEAT: dict[str, Callable[[str, Any], Any]] = {
    "node": text,
    "lease_ttl": seconds_within(*LEASE_TTL_BOUNDS),
    "max_loop_interval": seconds_within(0.1, _DAY),
    "history": whole(1, 1_000_000),
    "log_level": choice("debug", "info", "warning", "error"),
    "log_format": choice("text", "json"),
    "pidfile": text,
}
_WORKER: dict[str, Callable[[str, Any], Any]] = {
    "concurrency": whole(0, 1000),
    "queues": _queues,
    "pool": _pool,
    "lease_ttl": seconds_within(1, 3600),
    "shutdown_timeout": seconds_within(0, _DAY),
    "max_tasks_per_child": whole(1, _LARGEST),
    "max_memory_per_child": whole(1, _LARGEST),
    "allowed_imports": _imports,
}
_SECTIONS = ("beat", "worker", "calendars", "beat_schedule")
_LATER: frozenset[KeyPath] = frozenset({("beat", "http")})


class _Reader:
    """Goes through a document once and collects what is wrong with it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.unknown: set[KeyPath] = set()

    def report(self, key: KeyPath, sentence: str) -> None:
        if key[:3] not in self.unknown:
            self.problems.append(self.source.problem(key, sentence))

    def unfilled(self, key: KeyPath, sentence: str) -> None:
        """A value that could not be taken from the environment: what is said of it is not said again."""
        self.problems.append(self.source.problem(key, f"{_label(key)}: {sentence}"))
        self.unknown.add(key[:3])

    def config(self, document: Mapping[str, Any]) -> Config:
        plain = {key: value for key, value in document.items() if key not in _SECTIONS}
        values = self.checked((), plain, _TOP)
        self.fold_in(values, document)
        calendars = self.calendars(document.get("calendars", {}))
        return Config(
            path=self.source.path,
            **values,
            beat=BeatSettings(**self.section("beat", document, _BEAT)),
            worker=WorkerSettings(**self.section("worker", document, _WORKER)),
            calendars=calendars,
            entries=self.entries(document.get("beat_schedule", {}), values.get("timezone", "UTC"), calendars),
        )

    def fold_in(self, values: dict[str, Any], document: Mapping[str, Any]) -> None:
        """`wait_replicas` becomes a part of the store's URL."""
        replicas = values.pop("wait_replicas", None)
        if replicas is None:
            return
        if "store" not in document:
            self.report(
                ("wait_replicas",), "wait_replicas is said of the store of this file, and it names none"
            )
        elif "store" in values:
            try:
                values["store"] = with_wait_replicas(values["store"], replicas)
            except ConfigError as error:
                self.report(("wait_replicas",), str(error))

    def section(
        self, name: str, document: Mapping[str, Any], checks: Mapping[str, Callable[[str, Any], Any]]
    ) -> dict[str, Any]:
        given = document.get(name, {})
        if isinstance(given, Mapping):
            return self.checked((name,), given, checks)
        self.report((name,), f"{name} is {kind_of(given)}; expected a table, [{name}]")
        return {}

    def checked(
        self, table: KeyPath, given: Mapping[str, Any], checks: Mapping[str, Callable[[str, Any], Any]]
    ) -> dict[str, Any]:
        """The values of a table that are right; of the others it is reported why not."""
        values = {}
        for key, value in given.items():
            path = (*table, key)
            if key not in checks:
                self.report(path, _not_known(path, checks))
                continue
            try:
                values[key] = checks[key](_label(path), value)
            except ConfigError as error:
                self.report(path, str(error))
        return values

    def calendars(self, given: Any) -> dict[str, Calendar]:
        if not isinstance(given, Mapping):
            self.report(
                ("calendars",),
                f"calendars is {kind_of(given)}; expected a table for each calendar, such as [calendars.holidays]",
            )
            return {}
        found = {}
        for name, fields in given.items():
            path = ("calendars", name)
            if not isinstance(fields, Mapping):
                self.report(
                    path, f"{_label(path)} is {kind_of(fields)}; expected a table, [calendars.{name}]"
                )
                continue
            for key in fields:
                if key not in CALENDAR_KEYS:
                    self.report(
                        (*path, key),
                        f'"{key}" is not a key of {_label(path)}{did_you_mean(key, CALENDAR_KEYS)}',
                    )
            try:
                found[name] = Calendar(
                    **{key: value for key, value in fields.items() if key in CALENDAR_KEYS}
                )
            except ScheduleError as error:
                found[name] = Calendar()  # what entries say of it is right
                self.report(path, f"{_label(path)}: {str(error).removesuffix('.')}")
        return found

    def entries(self, given: Any, timezone: str, calendars: Calendars) -> tuple[Entry, ...]:
        if not isinstance(given, Mapping):
            expected = "a table for each entry, such as [beat_schedule.nightly]"
            self.report(("beat_schedule",), f"beat_schedule is {kind_of(given)}; expected {expected}")
            return ()
        found = []
        for name, fields in given.items():
            entry, problems = read_entry(name, fields, timezone=timezone, calendars=calendars)
            for problem in problems:
                self.report(("beat_schedule", name, *problem.path), str(problem))
            if entry is not None:
                found.append(entry)
        return tuple(found)


def _label(path: KeyPath) -> str:
    """A key as sentences call it."""
    match path:
        case (key,):
            return key
        case ("beat_schedule", name):
            return f"entry {shown(name)}"
        case ("calendars", name):
            return f"calendar {shown(name)}"
        case ("beat_schedule", name, *keys):
            return f"entry {shown(name)}: {'.'.join(keys)}"
        case _:
            return f"[{path[0]}] {'.'.join(path[1:])}"


def _not_known(path: KeyPath, checks: Mapping[str, Any]) -> str:
    """Why a key is refused that none of `checks` is for."""
    if path in _LATER:
        return f"{_label(path)} is not available in this version"
    if len(path) == 1:
        return f'"{path[0]}" is not a key of this file{did_you_mean(path[0], (*checks, *_SECTIONS))}'
    if path[1] in _TOP:
        return f'"{path[1]}" is not a key of [{path[0]}]; it belongs above the first [table] of the file'
    return f'"{path[1]}" is not a key of [{path[0]}]{did_you_mean(path[1], checks)}'
