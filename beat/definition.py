"""An entry as people write it, in Python or in TOML, read into an `Entry`.

Both forms are one mapping, and every key may be used in either. Whatever is wrong is said in a sentence that names
the entry and the key; all of an entry is looked at, so that one reading finds all there is to put right.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from beat.entry import CATCHUPS, FOLDS, GAPS, Entry
from beat.reading import choice, duration, flag, instant, json_form, kind_of, shown, table, text, zone
from beat.schedules import Schedule, ScheduleError, cron, crontab, schedule, solar
from jobq.errors import ConfigError
from jobq.message import JobOptions, parse_options
from jobq.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_NAME = 200

LATER_KINDS = ("at", "rrule", "trigger")
LATER_POLICIES = ("max_runs", "jitter", "calendar")
OVERLAPS = ("allow", "skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other")
JOB_OPTIONS = ("queue", "priority", "expires", "retries", "time_limit", "soft_time_limit", "headers")
DURATION_OPTIONS = ("countdown", "expires", "time_limit", "soft_time_limit")


class DefinitionError(ConfigError):
    """An entry is written wrong. `path` leads to the offending key within the entry; empty: the entry as a whole."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path

    @property
    def key(self) -> str | None:
        """The key of the entry that is wrong, or None."""
        return self.path[0] if self.path else None


def entry_from_mapping(name: str, given: Mapping[str, Any], *, timezone: str) -> Entry:
    """The entry that `given` describes; `timezone` holds where it names none. The first thing wrong is raised."""
    entry, problems = read_entry(name, given, timezone=timezone)
    if entry is None:
        raise problems[0]
    return entry


def read_entry(name: object, given: object, *, timezone: str) -> tuple[Entry | None, list[DefinitionError]]:
    """The entry that `given` describes, or None and all that is wrong with it."""
    reader = _Reader(name)
    with reader.reading():
        check_name(name)
    if not isinstance(given, Mapping):
        reader.report(f"it is {kind_of(given)}; expected a table with a task and a schedule")
        return None, reader.problems
    fields = {str(key): value for key, value in given.items() if value is not None}
    entry = _read_fields(reader, str(name), fields, timezone)
    return (None if reader.problems else entry), reader.problems


def check_name(name: object) -> str:
    """An entry's name, which is part of its jobs' ids."""
    if not isinstance(name, str):
        raise ConfigError(f"its name is {kind_of(name)}; expected text")
    if not name.strip():
        raise ConfigError("its name is empty")
    if len(name) > LONGEST_NAME:
        raise ConfigError(f"its name has {len(name)} characters; at most {LONGEST_NAME} are allowed")
    if "@" in name:
        raise ConfigError('its name contains "@", which stands between name and fire time in the id of a job')
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name):
        raise ConfigError("its name contains a control character")
    return name


class _Reader:
    """Collects what is wrong with one entry."""

    def __init__(self, name: object) -> None:
        self.label = f"entry {shown(name)}"
        self.problems: list[DefinitionError] = []

    def report(self, sentence: str, *path: str) -> None:
        self.problems.append(DefinitionError(f"{self.label}: {sentence}", path))

    @contextmanager
    def reading(self, *path: str) -> Iterator[None]:
        """What the block raises about a value is reported; a schedule's own sentence is passed on."""
        try:
            yield
        except DefinitionError as error:
            self.report(str(error), *error.path)
        except ConfigError as error:
            self.report(str(error), *path)
        except ScheduleError as error:
            self.report(_passed_on(path[0] if path else "schedule", str(error)), *path)
        except (ValueError, TypeError, OverflowError) as error:
            self.report(f"{'.'.join(path) or 'it'} can't be used: {error}", *path)


def _passed_on(key: str, sentence: str) -> str:
    """A schedule's sentence behind the key that it is about."""
    sentence = sentence.removesuffix(".")
    if sentence.startswith(f"{key} "):
        return sentence
    return f"{key}: {sentence[:1].lower()}{sentence[1:]}"


def _read_fields(reader: _Reader, name: str, fields: dict[str, Any], timezone: str) -> Entry | None:
    meant = {name for key in fields for name in _check_key(reader, key, fields[key])}
    values: dict[str, Any] = {"timezone": timezone}
    for key, read in _READERS.items():
        if key in fields:
            with reader.reading(key):
                values[key] = read(key, fields[key])
    for key, check in _CHECKS.items():
        if key in fields:
            with reader.reading(key):
                check(key, fields[key])
    if "task" not in fields and "task" not in meant:
        reader.report('it has no task; expected task = "module.function"')
    tz = ZoneInfo(values["timezone"])
    for key in ("start", "end"):
        if key in fields:
            with reader.reading(key):
                values[key] = instant(key, fields[key], tz)
    values["options"] = _read_options(reader, fields, tz)
    with reader.reading(*_kinds_in(fields)[:1]):
        values["schedule"] = _read_schedule(reader, fields, meant)
    return None if reader.problems else _whole_entry(reader, name, values)


def _whole_entry(reader: _Reader, name: str, values: dict[str, Any]) -> Entry | None:
    """The entry, if its parts go together. What a tick would do is tried here, where somebody reads the answer."""
    start, end = values.get("start"), values.get("end")
    if start is not None and end is not None and end < start:
        reader.report(f"end = {shown(end)} is before start = {shown(start)}, so it would never fire", "end")
        return None
    entry = Entry(name=name, **values)
    with reader.reading():
        entry.definition()
        entry.evaluated(0).job(0)
    return entry


def _check_key(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    """Report a key that is unknown or not available; the keys that it was meant for."""
    if key in KEYS or key in LATER_KINDS:
        return ()
    if key in LATER_POLICIES:
        reader.report(f"{key} is not available in this version", key)
        return ()
    if isinstance(value, Mapping) and "task" in value:
        reader.report(
            f'"{key}" is an entry within an entry; a name with a dot in it is written in quotes', key
        )
        return ("task", "every")
    reader.report(f'"{key}" is not a key of an entry{did_you_mean(key, KEYS)}', key)
    return tuple(filter(None, [nearest(key, KEYS)]))


# -- single values


def _read_task(key: str, value: Any) -> str:
    name = getattr(value, "name", value)
    if not isinstance(name, str):
        raise ConfigError(f"{key} is {kind_of(value)}; expected a task's name")
    return text(key, name)


def _read_args(key: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{key} is {kind_of(value)}; expected a list")
    return tuple(json_form(key, value))


def _read_kwargs(key: str, value: Any) -> dict[str, Any]:
    return dict(json_form(key, table(key, value)))


def _read_overlap(key: str, value: Any) -> str:
    known = choice(*OVERLAPS)(key, value)
    if known != "allow":
        raise ConfigError(f'{key} = "{known}" is not available in this version, which knows only "allow"')
    return known


def _read_options(reader: _Reader, fields: Mapping[str, Any], tz: ZoneInfo) -> JobOptions:
    """The job options, from the entry itself and from its `options`."""
    given: dict[str, Any] = {}
    inner: Mapping[str, Any] = {}
    with reader.reading("options"):
        inner = table("options", fields.get("options", {}))
    places: list[tuple[tuple[str, ...], Any]] = [
        ((key,), fields[key]) for key in JOB_OPTIONS if key in fields
    ]
    places += [(("options", str(key)), value) for key, value in inner.items() if value is not None]
    for path, value in places:
        with reader.reading(*path):
            if path[-1] in given:
                raise ConfigError(f"{path[-1]} is given twice, in the entry and in its options")
            given[path[-1]] = _read_option(path[-1], value, tz)
    return parse_options(given, tz)


def _read_option(key: str, value: Any, tz: ZoneInfo) -> Any:
    """One option as `parse_options` takes it."""
    if key == "task_id":
        raise ConfigError("task_id is not for an entry: its jobs are called by its name and their fire times")
    if key in DURATION_OPTIONS and not isinstance(value, datetime):
        value = duration(key, value)
    if key == "headers":
        value = json_form(key, table(key, value))
    parse_options({key: value}, tz)
    return value


# -- the schedule


def _kinds_in(fields: Mapping[str, Any]) -> list[str]:
    return [key for key in fields if key in _KINDS or key in LATER_KINDS]


def _read_schedule(reader: _Reader, fields: Mapping[str, Any], meant: set[str]) -> Schedule | None:
    kinds = _kinds_in(fields)
    if not kinds:
        if not meant.intersection(_KINDS):
            reader.report("it has no schedule; expected exactly one of every, cron, crontab and solar")
        return None
    if len(kinds) > 1:
        both = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
        reader.report(f"it has {len(kinds)} schedules, {both}; expected exactly one", kinds[-1])
        return None
    kind, value = kinds[0], fields[kinds[0]]
    if kind in LATER_KINDS:
        raise ConfigError(
            f"this version has no schedules of the kind {kind} yet; expected every, cron, crontab or solar"
        )
    if isinstance(value, list | tuple):
        raise ConfigError(f"{kind} is a list; combinations of schedules are not available in this version")
    return _with_relative(kind, _KINDS[kind](value), fields.get("relative", False) is True)


def _with_relative(kind: str, read: Schedule, relative: bool) -> Schedule:
    if not relative:
        return read
    if not isinstance(read, schedule):
        raise DefinitionError(f"relative = true goes with every, not with {kind}", ("relative",))
    return schedule(read.run_every, relative=True, anchor=read.anchor, tz=read.tz)


def _from_schedule(value: Any) -> Schedule:
    if isinstance(value, Schedule):
        return value
    for base in type(value).__mro__:
        if base.__module__.startswith("celery."):
            name = (
                base.__name__
                if base.__name__ in {"crontab", "schedule", "solar"}
                else "crontab, schedule, solar"
            )
            raise ConfigError(
                f"schedule is a {base.__name__} of Celery; use the one from here: from beat import {name}"
            )
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        raise ConfigError(
            f'schedule is {kind_of(value)}; expected seconds, a timedelta or a schedule such as crontab(minute="0")'
        )
    return schedule(value)


def _from_every(value: Any) -> Schedule:
    return schedule(duration("every", value))


def _from_cron(value: Any) -> Schedule:
    return cron(text("cron", value))


def _from_crontab(value: Any) -> Schedule:
    if isinstance(value, str):
        return crontab.from_string(text("crontab", value))
    if not isinstance(value, Mapping):
        raise ConfigError(
            f'crontab is {kind_of(value)}; expected a table such as {{ minute = "0", hour = "3" }}'
        )
    return crontab(
        **_subtable("crontab", value, ("minute", "hour", "day_of_week", "day_of_month", "month_of_year"))
    )


def _from_solar(value: Any) -> Schedule:
    given = _subtable("solar", value, ("event", "lat", "lon", "offset", "elevation"))
    missing = [key for key in ("event", "lat", "lon") if key not in given]
    if missing:
        raise ConfigError(f"solar has no {' and no '.join(missing)}; expected event, lat and lon")
    offset = given.get("offset")
    if isinstance(offset, str):
        sign = -1 if offset.startswith("-") else 1
        given["offset"] = sign * duration(
            "solar.offset", offset[1:] if offset.startswith(("-", "+")) else offset
        )
    return solar(**given)


def _subtable(kind: str, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
    for key in table(kind, value):
        if key not in known:
            raise DefinitionError(
                f'"{key}" is not a key of {kind}{did_you_mean(str(key), known)}', (kind, str(key))
            )
    return dict(value)


_KINDS: dict[str, Callable[[Any], Schedule]] = {
    "schedule": _from_schedule,
    "every": _from_every,
    "cron": _from_cron,
    "crontab": _from_crontab,
    "solar": _from_solar,
}

_READERS: dict[str, Callable[[str, Any], Any]] = {
    "task": _read_task,
    "args": _read_args,
    "kwargs": _read_kwargs,
    "timezone": zone,
    "enabled": flag,
    "catchup": choice(*CATCHUPS),
    "catchup_window": duration,
    "gap": choice(*GAPS),
    "fold": choice(*FOLDS),
}

# What no field of the entry is made of alone.
_CHECKS: dict[str, Callable[[str, Any], Any]] = {"relative": flag, "overlap": _read_overlap}

KEYS = (*_READERS, *_CHECKS, *_KINDS, "start", "end", "options", *JOB_OPTIONS)
