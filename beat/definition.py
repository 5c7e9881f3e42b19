"""An entry as people write it, in Python or in TOML, read into an `Entry`.

Both forms are one mapping, and every key may be used in either. Whatever is wrong is said in a sentence that names
the entry and the key; all of an entry is looked at, so that one reading finds all there is to put right.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from beat.dst import FOLDS, GAPS
from beat.entry import CATCHUPS, Entry
from beat.reading import (
    DefinitionError,
    choice,
    duration,
    flag,
    instant,
    json_form,
    kind_of,
    one_line,
    shown,
    table,
    text,
    zone,
)
from beat.schedule_keys import (
    NO_CALENDARS,
    ROLLS,
    calendar,
    kinds_in,
    listed_kinds,
    read_schedule,
    relative,
    schedule_keys,
)
from beat.schedules import Schedule, ScheduleError, plugins
from jobq.conf import is_meaningless
from jobq.errors import ConfigError
from jobq.message import JobOptions, parse_options
from jobq.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from beat.schedule_keys import Calendars

LONGEST_NAME = 200

LATER_POLICIES = ("max_runs",)
OVERLAPS = ("allow", "skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other")
JOB_OPTIONS = ("queue", "priority", "expires", "retries", "time_limit", "soft_time_limit", "headers")
DURATION_OPTIONS = ("countdown", "expires", "time_limit", "soft_time_limit")


def entry_from_mapping(
    name: str, given: Mapping[str, Any], *, timezone: str, calendars: Calendars = NO_CALENDARS
) -> Entry:
    """The entry that `given` describes; `timezone` holds where it names none. The first thing wrong is raised.

    `calendars` are those that it may name.
    """
    entry, problems = read_entry(name, given, timezone=timezone, calendars=calendars)
    if entry is None:
        raise problems[0]
    return entry


def read_entry(
    name: object, given: object, *, timezone: str, calendars: Calendars = NO_CALENDARS
) -> tuple[Entry | None, list[DefinitionError]]:
    """The entry that `given` describes, or None and all that is wrong with it."""
    reader = _Reader(name)
    with reader.reading():
        check_name(name)
    if not isinstance(given, Mapping):
        reader.report(f"it is {kind_of(given)}; expected a table with a task and a schedule")
        return None, reader.problems
    fields = {str(key): value for key, value in given.items() if value is not None}
    entry = _read_fields(reader, str(name), fields, timezone, calendars)
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
        self.problems.append(DefinitionError(f"{self.label}: {one_line(sentence)}", path))

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
        except Exception as error:  # noqa: BLE001 - a value may be an object of anybody's making, and break whatever touches it
            told = (
                str(error)
                if isinstance(error, ValueError | TypeError)
                else f"{type(error).__name__}: {error}"
            )
            self.report(f"{'.'.join(path) or 'it'} can't be used: {told}", *path)


def _passed_on(key: str, sentence: str) -> str:
    """A schedule's sentence behind the key that it is about."""
    sentence = sentence.removesuffix(".")
    if sentence.startswith(f"{key} "):
        return sentence
    word = sentence.partition(" ")[0]
    plain = word[1:].islower() or len(word) == 1  # and no FREQ or BYDAY
    return f"{key}: {sentence[:1].lower() if plain else sentence[:1]}{sentence[1:]}"


def _read_fields(
    reader: _Reader, name: str, fields: dict[str, Any], timezone: str, calendars: Calendars
) -> Entry | None:
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
    # A kind of another package takes no key of ours.
    kinds = [key for key in kinds_in(fields) if key not in KEYS]
    with reader.reading(*kinds[:1]):
        values["schedule"] = _read_schedule(reader, fields, kinds, meant)
    if not reader.problems:
        values["schedule"] = _shaped(reader, values["schedule"], kinds[0], fields, calendars)
    return None if reader.problems else _whole_entry(reader, name, values)


def _whole_entry(reader: _Reader, name: str, values: dict[str, Any]) -> Entry | None:
    """The entry, if its parts go together. What a tick would do is tried here, where somebody reads the answer."""
    start, end = values.get("start"), values.get("end")
    if start is not None and end is not None and end < start:
        reader.report(f"end = {shown(end)} is before start = {shown(start)}, so it would never fire", "end")
        return None
    entry = Entry(name=name, **values)
    with reader.reading():
        try:
            stored = entry.definition()
            plugins.check_stored(entry.schedule)
            entry.evaluated(0).job(0)
            stored.encode()
        except (ValueError, TypeError, OverflowError):
            raise
        except Exception as error:
            raise ConfigError(f"its schedule fails: {type(error).__name__}: {error}") from error
    return entry


def _check_key(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    """Report a key that is unknown or not available; the keys that it was meant for."""
    if key in KEYS or key in schedule_keys() or is_meaningless(key):
        return ()
    if key in LATER_POLICIES:
        reader.report(f"{key} is not available in this version", key)
        return ()
    if isinstance(value, Mapping) and "task" in value:
        reader.report(
            f'"{key}" is an entry within an entry; a name with a dot in it is written in quotes', key
        )
        return ("task", "every")
    known = (*KEYS, *schedule_keys())
    reader.report(f'"{key}" is not a key of an entry{did_you_mean(key, known)}', key)
    return tuple(filter(None, [nearest(key, known)]))


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
    places += [
        (("options", str(key)), value)
        for key, value in inner.items()
        if value is not None and not is_meaningless(str(key))
    ]
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


def _read_schedule(
    reader: _Reader, fields: Mapping[str, Any], kinds: Sequence[str], meant: set[str]
) -> Schedule | None:
    if not kinds:
        if not meant.intersection(schedule_keys()):
            reader.report(f"it has no schedule; expected exactly one of {listed_kinds()}")
        return None
    if len(kinds) > 1:
        both = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
        reader.report(f"it has {len(kinds)} schedules, {both}; expected exactly one", kinds[-1])
        return None
    return read_schedule(kinds[0], fields[kinds[0]])


def _shaped(
    reader: _Reader, read: Schedule, kind: str, fields: Mapping[str, Any], calendars: Calendars
) -> Schedule:
    """The schedule with what `relative`, `calendar`, `roll` and `jitter` make of it."""
    with reader.reading("relative"):
        read = relative(read, kind, fields.get("relative", False))
    if "calendar" in fields:
        with reader.reading("calendar"):
            read = read.excluding(calendar(fields["calendar"], calendars), fields.get("roll", "skip"))
    elif "roll" in fields:
        reader.report(
            "roll says where the fires on the dates of a calendar go, and there is no calendar", "roll"
        )
    if "jitter" in fields:
        with reader.reading("jitter"):
            read = read.jittered(duration("jitter", fields["jitter"]))
    return read


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
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "relative": flag,
    "roll": choice(*ROLLS),
    "jitter": duration,
    "overlap": _read_overlap,
}

KEYS = (*_READERS, *_CHECKS, "calendar", "start", "end", "options", *JOB_OPTIONS)
