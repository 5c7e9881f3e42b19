"""Kinds of schedules from other packages, found through the entry point group ``beat.schedules``.

The entry point's name is the kind, and the key in a file; its value is the subclass of `Schedule`. Packages are looked
for once in a process, and one is imported when its kind is first asked for: never because of a stored message
alone, which can only name what an installed package offers. What is broken in a package harms only its own kind, and
is told in a sentence that names the package and the entry point.
"""

from __future__ import annotations

import inspect
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.base import Schedule, built_in, defined

GROUP: Final = "beat.schedules"


def kind_named(name: str) -> type[Schedule] | None:
    """Return the kind of that name, None if there is none. Raises ScheduleError if its package is broken."""
    own = built_in(name)
    if own is not None or name not in _offered():
        return own or defined(name)
    loaded = _loaded(name)
    if isinstance(loaded, str):
        raise ScheduleError(loaded)
    return loaded


def offered() -> tuple[str, ...]:
    """Return the names of the kinds that other packages offer, usable or not. Nothing is imported."""
    return tuple(sorted(_offered()))


def from_written(name: str, value: Any) -> Schedule:
    """Return the schedule that stands in a file under the kind's name. Raises ScheduleError, whatever the kind raises."""
    kind = kind_named(name)
    if kind is None:
        raise ScheduleError(f"{shown(name)} is not a kind of schedule.")
    return guarded(kind, kind.from_written, value)


def guarded(kind: type[Schedule], build: Any, given: Any) -> Schedule:
    """Return what `build` makes of `given`; what the code of another package does wrong becomes a ScheduleError."""
    try:
        made = build(given)
    except ScheduleError:
        raise
    except Exception as error:
        sentence = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ScheduleError(
            f"A {kind.kind} schedule cannot be built: {sentence.removesuffix('.')}."
        ) from error
    if not isinstance(made, Schedule):
        raise ScheduleError(
            f"The schedule kind {kind.kind!r} made {shown(made)} of its arguments, which is no Schedule."
        )
    return made


def check_stored(schedule: Schedule) -> None:
    """Refuse a schedule that would come back from the store as another: a kind may leave something out of its form."""
    for part in schedule.parts:
        check_stored(part)
    if built_in(schedule.kind) is type(schedule):
        return
    stored = schedule.to_dict()
    if Schedule.from_dict(stored) != schedule:
        raise ScheduleError(
            f"A {schedule.kind} schedule does not survive being stored: {shown(schedule)} is not what {shown(stored)} describes."
        )


@cache
def _offered() -> dict[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        if all(point.value != other.value for other in found.get(point.name, ())):
            found[point.name] = (*found.get(point.name, ()), point)
    return found


@cache
def _loaded(name: str) -> type[Schedule] | str:
    """Return the kind, or the sentence that says why it cannot be used."""
    points = _offered()[name]
    where = " and ".join(
        f"{point.name} = {point.value!r} of the package {point.dist.name if point.dist else '?'}"
        for point in points
    )
    told = f"The schedule kind {name!r} (entry point {where}) cannot be used"
    if len(points) > 1:
        return f"{told}: several packages claim that name."
    try:
        kind = points[0].load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing the code of another package may raise anything
        return f"{told}: {type(error).__name__}: {error}."
    wrong = _what_is_wrong(name, kind)
    return f"{told}: {wrong}." if wrong else kind


def _what_is_wrong(name: str, kind: object) -> str | None:
    if not isinstance(kind, type) or not issubclass(kind, Schedule):
        return f"it is {shown(kind)}, not a subclass of beat.schedules.Schedule"
    if kind.kind != name:
        return f"the class {kind.__qualname__} says kind = {kind.kind!r}; it has to be the entry point's name"
    if inspect.isabstract(kind):
        return f"the class {kind.__qualname__} lacks {', '.join(sorted(kind.__abstractmethods__))}"
    return None
