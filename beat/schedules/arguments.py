"""Checks and conversions that the constructors of several kinds share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from beat.dst import FIRST_SECOND, FOLDS, GAPS, LAST_SECOND
from jobq import suggest
from jobq.durations import parse_duration
from jobq.errors import JobqError
from jobq.instants import SECOND, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN: Final = 80


class ScheduleError(ValueError):
    """A schedule cannot be built, read or evaluated as asked. The message is a sentence for the one who wrote it."""


def shown(value: object) -> str:
    """Return a value as a sentence quotes it: its repr, cut to `LONGEST_SHOWN` characters. Never raises."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - of a foreign class, nested too deep, or an int of too many digits
        return f"<{type(value).__name__} object>"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def items(what: str, value: Iterable[object], most: int) -> list[object]:
    """Return what a collection holds; refuse one of more than `most`, even if it has no end."""
    found = list(islice(value, most + 1))
    if len(found) > most:
        raise ScheduleError(f"{what} has more than {most:,} items.")
    return found


def nearest_name(word: object, names: Iterable[str]) -> str | None:
    """Return the name most like `word`, None if there is none, or no word."""
    if not isinstance(word, str) or len(word) > LONGEST_SHOWN:
        return None
    return suggest.nearest(word, names, cutoff=0.5)


def nearest(word: object, names: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the name most like `word`, or an empty string."""
    match = nearest_name(word, names)
    return f"; did you mean {match!r}?" if match else ""


def as_zone(tz: str | tzinfo | None) -> ZoneInfo | None:
    """Return the IANA zone for a name or a ZoneInfo, the one object that Python keeps of it; None stays None."""
    if isinstance(tz, ZoneInfo) and tz.key is not None:
        tz = tz.key
    if tz is None or isinstance(tz, ZoneInfo):
        return tz
    if tz is UTC:
        return ZoneInfo("UTC")
    if not isinstance(tz, str):
        raise ScheduleError(f"A schedule's zone is an IANA name or a ZoneInfo, not {shown(tz)}.")
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise ScheduleError(
            f"{shown(tz)} is not a time zone of the IANA database{ended(zone_hint(tz))}"
        ) from None


def ended(sentence: str) -> str:
    """Return a sentence with a full stop, unless it ends with a question."""
    return sentence if sentence.endswith("?") else f"{sentence}."


def zone_hint(name: str, quote: str = "'") -> str:
    """Return what may have been meant by a zone that is none, as the end of a sentence without its full stop.

    Only places are proposed: an abbreviation, such as EST for CEST, would be another zone and not a correction.
    """
    places = [zone for zone in available_timezones() if "/" in zone or zone == "UTC"]
    match = suggest.nearest(name, places, cutoff=0.7) if len(name) <= LONGEST_SHOWN else None
    return (
        f"; did you mean {quote}{match}{quote}?"
        if match
        else f"; expected a name such as {quote}Europe/Prague{quote}"
    )


def zone_name(tz: ZoneInfo | None) -> str | None:
    """Return the name under which a zone is stored."""
    if tz is not None and tz.key is None:
        raise ScheduleError(f"The zone {shown(tz)} has no IANA name, so the schedule cannot be stored.")
    return None if tz is None else tz.key


def check_choice(what: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    """Return `value` if it is None or one of `choices`."""
    if value is None or (isinstance(value, str) and value in choices):
        return value
    expected = " or ".join(repr(choice) for choice in choices)
    raise ScheduleError(f"{what} is {expected}, not {shown(value)}{nearest(value, choices) or '.'}")


def check_gap(value: str | None) -> str | None:
    return check_choice("gap", value, GAPS)


def check_fold(value: str | None) -> str | None:
    return check_choice("fold", value, FOLDS)


def as_instant(what: str, value: object) -> int | None:
    """Return an aware datetime, or ISO 8601 text of one, in epoch microseconds; None stays None.

    What lies outside the years that schedules know is moved to their first or last second.
    """
    if value is None:
        return None
    given = value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ScheduleError(f"{what} is {shown(given)}, which is not an ISO 8601 instant.") from None
    if not isinstance(value, datetime):
        raise ScheduleError(f"{what} is a datetime or ISO 8601 text, not {shown(given)}.")
    us = epoch_micros(what, value)
    if us is None:
        raise ScheduleError(f"{what} is {value.isoformat()}, which has no time zone; give an aware datetime.")
    return within_years(us)


def within_years(us: int) -> int:
    """Return an instant, or the first or last second that schedules know if it lies outside."""
    return min(max(us, FIRST_SECOND * SECOND), LAST_SECOND * SECOND)


def epoch_micros(what: str, value: datetime) -> int | None:
    """Return a datetime in epoch microseconds, None if it is naive."""
    try:
        return None if value.utcoffset() is None else to_micros(value)
    except Exception as error:  # noqa: BLE001 - a zone of a foreign class may raise anything
        raise ScheduleError(
            f"{what} has the zone {shown(value.tzinfo)}, which has no offset for it ({type(error).__name__})."
        ) from None


def as_micros(what: str, value: object) -> int:
    """Return a duration, given as seconds, a timedelta or text such as ``-15m``, in whole microseconds."""
    if isinstance(value, str):
        value = _from_text(what, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            value = timedelta(seconds=value)
        except (OverflowError, ValueError):
            raise ScheduleError(
                f"{what} is {shown(value)} seconds, which is not a usable duration."
            ) from None
    if not isinstance(value, timedelta):
        raise ScheduleError(
            f"{what} is a number of seconds, a timedelta or text such as '15m', not {shown(value)}."
        )
    return value // timedelta(microseconds=1)


def _from_text(what: str, text: str) -> float:
    sign = -1 if text.startswith("-") else 1
    try:
        return sign * parse_duration(text[1:] if text.startswith(("-", "+")) else text)
    except JobqError:
        raise ScheduleError(
            f"{what} is {shown(text)}, which is not a duration such as '15m' or '1h30m'."
        ) from None


def as_seconds(micros: int) -> int | float:
    """Return microseconds as seconds: an int where that is exact."""
    whole, rest = divmod(micros, 1_000_000)
    return micros / 1_000_000 if rest else whole


def as_number(what: str, value: object, low: float, high: float) -> float:
    """Return `value` as a float if it is a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ScheduleError(f"{what} is a number from {low:g} to {high:g}, not {shown(value)}.")
    return float(value)
