"""Once: ``at(datetime(2026, 12, 24, 18, tzinfo=UTC))`` or ``at("2026-12-24T18:00", tz="Europe/Prague")``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from beat.dst import effective_policy
from beat.schedules.arguments import (
    ScheduleError,
    as_zone,
    check_fold,
    check_gap,
    epoch_micros,
    shown,
    within_years,
    zone_name,
)
from beat.schedules.clock.local_time import LocalTime
from beat.schedules.phrases import zone_phrase
from jobq.instants import SECOND, from_micros, to_micros


@dataclass(frozen=True, slots=True, init=False)
class at(LocalTime):  # noqa: N801 - a value's constructor, like its siblings with Celery's names
    """Fire once, at `when`: a datetime or ISO 8601 text.

    With an offset or a zone it is an instant, kept to the microsecond. Without, it is a reading of the clock in
    the schedule's zone, in whole seconds (a fraction is dropped): in a gap it fires by default at the first instant
    after the gap, in a fold in the first pass; `gap` and `fold` as in `beat.dst` say otherwise (``both`` fires
    twice). Raises ValueError with a sentence.
    """

    kind: ClassVar[str] = "at"
    effort = 1

    when: datetime  # in UTC if it is an instant, naive if it is a reading
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    micros: int = field(compare=False, repr=False)  # since 1970-01-01T00:00, in UTC or on the wall

    def __init__(
        self,
        when: datetime | str,
        tz: str | ZoneInfo | None = None,
        *,
        gap: str | None = None,
        fold: str | None = None,
    ) -> None:
        read = _read(when)
        zone = as_zone(tz)
        if zone is None and isinstance(read.tzinfo, ZoneInfo) and read.tzinfo.key:
            zone = as_zone(read.tzinfo)
        put = object.__setattr__
        instant = epoch_micros("The time of at", read)
        if instant is None:
            read = read.replace(tzinfo=None, fold=0, microsecond=0)
            micros = to_micros(read.replace(tzinfo=UTC))
        else:
            micros = instant
            read = _in_utc(micros, when)
        put(self, "when", read)
        put(self, "tz", zone)
        put(self, "gap", check_gap(gap))
        put(self, "fold", check_fold(fold))
        put(self, "micros", micros)

    @property
    def policy(self) -> tuple[str, str]:  # type: ignore[override] # read only
        return effective_policy(self.gap, self.fold, follows_real_time=False)

    def next_reading(self, reading: int) -> int | None:
        if self.when.tzinfo is not None:
            return None
        own = self.micros // SECOND
        return own if reading < own else None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        if self.when.tzinfo is not None:
            return self.micros if self.micros > us else None
        return super(at, self).next_micros(us, tz)

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> at:
        del anchor, name
        return at(self.when, self.tz or tz, gap=self.gap or gap, fold=self.fold or fold)

    def describe(self) -> str:
        if self.when.tzinfo is None:
            return f"Once, at {_text(self.when)}{zone_phrase(self.tz)}."
        return f"Once, at {_text(from_micros(within_years(self.micros), self.tz or UTC))}{zone_phrase(self.tz) or ' UTC'}."

    def arguments(self) -> dict[str, Any]:
        return {"when": self.when.isoformat(), "tz": zone_name(self.tz), "gap": self.gap, "fold": self.fold}


def _read(when: object) -> datetime:
    if isinstance(when, str):
        try:
            read = datetime.fromisoformat(when)
        except ValueError:
            raise ScheduleError(
                f"at takes a date and time such as '2026-12-24T18:00', not {shown(when)}."
            ) from None
        if _is_date(when):
            raise ScheduleError(f"{shown(when)} has no time of day; expected one such as '{when}T18:00'.")
        return read
    if isinstance(when, datetime):
        return when
    if isinstance(when, date):
        raise ScheduleError(
            f"{shown(when)} has no time of day; expected a datetime, or text such as '2026-12-24T18:00'."
        )
    raise ScheduleError(f"at takes a datetime or text such as '2026-12-24T18:00', not {shown(when)}.")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _in_utc(micros: int, when: object) -> datetime:
    try:
        return from_micros(micros)
    except (OverflowError, ValueError):
        raise ScheduleError(f"{shown(when)} is outside the years 1 to 9999 in UTC.") from None


def _text(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(" ", "auto" if time.second or time.microsecond else "minutes")
