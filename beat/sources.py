"""Where entries come from: a configuration file, an app's `beat_schedule`, and its calls of `add_periodic_task`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from beat.definition import entry_from_mapping
from beat.entry import Entry
from beat.schedule_keys import NO_CALENDARS
from beat.toml_source import read_toml
from jobq.errors import ConfigError, TooLarge
from jobq.message import JobOptions, parse_options
from jobq.sizes import TASK_MAX_BYTES, check_size

if TYPE_CHECKING:
    from beat.config import Config
    from jobq.app import App


Sources = Mapping[str, Sequence[Entry]]
"""The entries of each source by its name. A source that is here without entries has none any more."""

FILE, SCHEDULE, CALLS = "the configuration file", "beat_schedule", "add_periodic_task"


def gather(config: Config | None, app: App | None) -> Sources:
    """Every entry, complete. `ConfigError` where one is wrong or too large, or a name stands twice.

    With a configuration file, all three sources are spoken for: an app that the file no longer names has no
    entries any more. A namespace of a store is therefore one configuration's.
    """
    found: dict[str, Sequence[Entry]] = (
        {} if config is None else {FILE: config.entries, SCHEDULE: (), CALLS: ()}
    )
    if app is not None:
        timezone = config.timezone if config and "timezone" not in app.conf.given else app.conf.timezone
        calendars = config.calendars if config else NO_CALENDARS
        for name, written in ((SCHEDULE, app.conf.beat_schedule), (CALLS, app.periodic_tasks)):
            found[name] = [
                entry_from_mapping(key, given, timezone=timezone, calendars=calendars)
                for key, given in written.items()
            ]
        found = {name: [_with_defaults(entry, app) for entry in entries] for name, entries in found.items()}
    _refuse_doubles(found)
    _refuse_large(found, config, TASK_MAX_BYTES if app is None else app.conf.task_max_bytes)
    return found


def all_entries(sources: Sources) -> list[Entry]:
    return [entry for entries in sources.values() for entry in entries]


def unregistered(sources: Sources, app: App | None) -> dict[str, str]:
    """A sentence by the name of each entry whose task the app does not know. Another app's workers may know it."""
    found = {}
    for entry in all_entries(sources):
        if app is not None and entry.task not in app.tasks:
            try:
                app.find_task(entry.task)
            except LookupError as error:
                found[entry.name] = f'entry "{entry.name}": {error}'
    return found


def _with_defaults(entry: Entry, app: App) -> Entry:
    """The entry with the options that its task or its route has, where it has none of its own."""
    defaults = parse_options(app.options_for(entry.task, {}), app.tz)
    given = msgspec.structs.asdict(entry.options)
    unset = msgspec.structs.asdict(JobOptions())
    merged = {
        name: value if value != unset[name] else getattr(defaults, name) for name, value in given.items()
    }
    if merged["queue"] is None and app.conf.task_default_queue != "default":
        merged["queue"] = app.conf.task_default_queue
    return replace(entry, options=JobOptions(**merged))


def _refuse_doubles(sources: Sources) -> None:
    seen: dict[str, str] = {}
    for source, entries in sources.items():
        for entry in entries:
            if entry.name in seen:
                raise ConfigError(
                    f'entry "{entry.name}" of {source} is defined by {seen[entry.name]} as well; rename one of them'
                )
            seen[entry.name] = source


def _refuse_large(sources: Sources, config: Config | None, max_bytes: int) -> None:
    large: list[str] = []
    for source, entries in sources.items():
        for entry in entries:
            size = len(entry.evaluated(0).job(0).message.encode())
            try:
                check_size(
                    f'entry "{entry.name}": the message of its jobs', size, "task_max_bytes", max_bytes
                )
            except TooLarge as error:
                problem = str(error)
                if config is not None and source == FILE:
                    problem = str(
                        read_toml(config.path).problem(("beat_schedule", entry.name, "args"), problem)
                    )
                large.append(problem)
    if large:
        raise ConfigError("\n".join(large))
