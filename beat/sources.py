"""Where entries come from: a configuration file, an app's `beat_schedule`, and its calls of `add_periodic_task`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from beat.definition import entry_from_mapping
from jobq.errors import ConfigError
from jobq.message import JobOptions, parse_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beat.config import Config
    from beat.entry import Entry
    from jobq.app import App


class Source(NamedTuple):
    name: str
    entries: tuple[Entry, ...]


def gather(config: Config | None, app: App | None) -> list[Source]:
    """Every source there is, its entries complete. `ConfigError` where one is wrong or a name stands twice."""
    sources = [] if config is None else [Source("the configuration file", config.entries)]
    if app is not None:
        timezone = config.timezone if config and "timezone" not in app.conf.given else app.conf.timezone
        for name, written in (
            ("beat_schedule", app.conf.beat_schedule),
            ("add_periodic_task", app.periodic_tasks),
        ):
            entries = (entry_from_mapping(key, given, timezone=timezone) for key, given in written.items())
            sources.append(Source(name, tuple(entries)))
        sources = [Source(name, tuple(_with_defaults(e, app) for e in entries)) for name, entries in sources]
    _refuse_doubles(sources)
    return sources


def unregistered(sources: Sequence[Source], app: App | None) -> list[tuple[Entry, str]]:
    """The entries whose task the app does not know, each with a sentence. Another app's workers may know it."""
    found = []
    for entry in (entry for source in sources for entry in source.entries):
        if app is not None and entry.task not in app.tasks:
            try:
                app.find_task(entry.task)
            except LookupError as error:
                found.append((entry, f'entry "{entry.name}": {error}'))
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


def _refuse_doubles(sources: Sequence[Source]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        for entry in source.entries:
            if entry.name in seen:
                raise ConfigError(
                    f'entry "{entry.name}" of {source.name} is defined by {seen[entry.name]} as well; rename one of them'
                )
            seen[entry.name] = source.name
