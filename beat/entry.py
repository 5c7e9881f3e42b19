"""An entry: one named schedule with its task, arguments, options and policies. Immutable and pure.

`definition` and `from_definition` are its stored form: canonical JSON, so that two entries are the same exactly
if their texts are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from beat.dst import FOLDS, GAPS
from beat.evaluation import Binding, Evaluation, evaluation
from beat.reading import LONGEST_DURATION, choice, one_line, shown
from beat.schedules import Schedule
from jobq.errors import ConfigError
from jobq.instants import iso, seconds_to_micros, to_micros
from jobq.job import check_queue
from jobq.message import JobOptions, new_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobq.job import NewJob

VERSION = 1
SAME_SCHEDULES = 1024
"""Schedules kept parsed: many entries share few of them."""
CATCHUPS = ("latest", "all", "skip")
MOST_PARTS = 2048
"""More than any schedule that can be built: one that takes seconds to be read holds up every other entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`timezone` is an IANA name; `start` and `end` bound the fire times, both included; seconds elsewhere.

    `schedule` is as it was written: bind it with `evaluated` before use.
    """

    name: str
    task: str
    schedule: Schedule
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = "UTC"
    enabled: bool = True
    start: datetime | None = None
    end: datetime | None = None
    catchup: str = "latest"
    catchup_window: float | None = None
    gap: str | None = None
    fold: str | None = None
    options: JobOptions = field(default_factory=JobOptions)

    def definition(self) -> str:
        """The entry without its name, as canonical JSON text."""
        fields: dict[str, Any] = {
            "v": VERSION,
            "task": self.task,
            "schedule": self.schedule.to_dict(),
            "args": self.args or None,
            "kwargs": dict(self.kwargs) or None,
            "timezone": self.timezone,
            "enabled": None if self.enabled else False,
            "start": self.start and self.start.astimezone(UTC).isoformat(),
            "end": self.end and self.end.astimezone(UTC).isoformat(),
            "catchup": self.catchup,
            "catchup_window": self.catchup_window,
            "gap": self.gap,
            "fold": self.fold,
            "options": msgspec.to_builtins(self.options) or None,
        }
        present = {key: value for key, value in fields.items() if value is not None}
        return json.dumps(present, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @staticmethod
    def from_definition(name: str, text: str) -> Entry:
        """The entry that `definition` described; `ConfigError` where this version can't read it."""
        try:
            version = _versions.decode(text).v
            if version != VERSION:
                raise ConfigError(f"it is of version {version}, and this program reads version {VERSION}")
            stored = msgspec.structs.asdict(_definitions.decode(text))
            _check(stored)
            del stored["v"]
            return Entry(**stored | {"name": name, "schedule": _schedule(bytes(stored["schedule"]))})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigError(
                f'the stored definition of entry "{name}" is not understood: {one_line(error)}'
            ) from error

    def evaluated(self, anchor: int) -> Evaluated:
        """The entry as it fires, its intervals counted from `anchor` (epoch microseconds).

        `ConfigError` if this machine does not know the zone.
        """
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, LookupError) as error:
            raise ConfigError(
                f'entry "{self.name}": there is no time zone {shown(self.timezone)} here'
            ) from error
        shared = evaluation(Binding(self.schedule, self.timezone, anchor, self.name, self.gap, self.fold))
        first = None if self.start is None else to_micros(self.start)
        last = None if self.end is None else to_micros(self.end)
        return Evaluated(entry=self, evaluation=shared, first=first, last=last)


class _Versioned(msgspec.Struct):
    v: int


class _Definition(_Versioned, forbid_unknown_fields=True):
    """The stored form, field by field as in `Entry`."""

    task: str
    schedule: msgspec.Raw
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    timezone: str = "UTC"
    enabled: bool = True
    start: datetime | None = None
    end: datetime | None = None
    catchup: str = "latest"
    catchup_window: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DURATION)] | None = None
    gap: str | None = None
    fold: str | None = None
    options: JobOptions = JobOptions()


def _check(stored: Mapping[str, Any]) -> None:
    """What the fields' types do not say."""
    for key, known in (("catchup", CATCHUPS), ("gap", GAPS), ("fold", FOLDS)):
        if stored[key] is not None:
            choice(*known)(key, stored[key])
    if stored["options"].queue is not None:
        check_queue(stored["options"].queue)
    parts = bytes(stored["schedule"]).count(b'"kind"')
    if parts > MOST_PARTS:
        raise ConfigError(f"its schedule is made of {parts} parts; at most {MOST_PARTS} are read")


_versions = msgspec.json.Decoder(_Versioned)
_definitions = msgspec.json.Decoder(_Definition)


@lru_cache(SAME_SCHEDULES)
def _schedule(text: bytes) -> Schedule:
    return Schedule.from_dict(msgspec.json.decode(text))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An entry as it fires, within its bounds. Instants are epoch microseconds."""

    entry: Entry
    evaluation: Evaluation
    first: int | None
    last: int | None

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which its fires are shown."""
        return self.evaluation.tz

    def next_after(self, instant: int) -> int:
        """The first fire time strictly after `instant` within the bounds, 0 if there is none or it is disabled."""
        if not self.entry.enabled:
            return 0
        if self.first is not None:
            instant = max(instant, self.first - 1)
        fire = self.evaluation.next_after(instant)
        return 0 if self.last is not None and fire > self.last else fire

    def includes(self, instant: int) -> bool:
        """Whether an instant is within the bounds of an entry that is enabled."""
        first, last = self.first, self.last
        return (
            self.entry.enabled and (first is None or first <= instant) and (last is None or instant <= last)
        )

    def latest(self, since: int, until: int) -> int:
        """The last fire time f with since < f <= until within the bounds, 0 if there is none."""
        if self.first is not None:
            since = max(since, self.first - 1)
        if self.last is not None:
            until = min(until, self.last)
        return self.evaluation.latest(since, until)

    def job(self, fire_time: int) -> NewJob:
        """The job of a tick, under the tick's id. `expires` counts from the fire time.

        Its size was judged where the entry was loaded: nobody would read an error here.
        """
        options = self.entry.options
        expires_at = options.expires_at
        if options.expires_in is not None:
            expires_at = fire_time + seconds_to_micros(options.expires_in)
        return new_job(
            self.entry.task,
            self.entry.args,
            self.entry.kwargs,
            msgspec.structs.replace(
                options, task_id=tick_id(self.entry.name, fire_time), expires_in=None, expires_at=expires_at
            ),
            max_bytes=0,
            tick=(self.entry.name, iso(fire_time)),
        )


def tick_id(name: str, fire_time: int) -> str:
    """`<entry>@<fire time>`: the id of the job that a tick enqueues."""
    return f"{name}@{iso(fire_time)}"
