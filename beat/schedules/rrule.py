"""Recurrence rules of iCalendar: ``rrule("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0;BYSECOND=0")``.

The language is dateutil's: RFC 5545's rules, BYEASTER, and the lines DTSTART, RRULE, RDATE, EXRULE and EXDATE.
Where RFC 5545 is explicit it is followed; where it leaves a thing open, dateutil is: the start is an occurrence
only if it matches the rule, a date without a time is its midnight (an UNTIL, too), BYWEEKNO keeps to the calendar
year. Three things are so by the RFC and not by dateutil: plain and numbered weekdays in one BYDAY add up
(``MO,1FR``); BYSETPOS counts in the whole of the week in which the start lies; and the week and Easter numbers of
days at the ends of a year are those of the year they belong to.

**Time zones.** A rule is evaluated on readings of the wall clock, whatever its frequency: RFC 5545 has recurrences
in local time, and counts INTERVAL and COUNT in it. So a rule keeps its times of day all the year: every six hours
is 00:00, 06:00, 12:00 and 18:00 in winter and in summer, though the night of a change is an hour shorter or longer.
Elapsed time is what `every` is for. What is left is a reading that a zone leaves out or repeats, which `gap` and
`fold` decide as in `beat.dst`. A rule of days or more means "once per local date": a reading in a gap fires after
it, one in a fold in its first pass. A set of hourly, minutely and secondly rules only follows real time, as a cron
expression with ``*`` does: both passes of a repeated hour, nothing for readings in a gap. COUNT counts readings,
so it does not depend on the zone. What is given in UTC or in another zone is not a reading but an instant: an RDATE
fires then, an EXDATE takes away the fire at it and an UNTIL ends with it, in the one pass of a repeated hour that they
name. Only the UNTIL of an EXRULE is taken for the reading shown then.

**The start.** It gives the phase of INTERVAL, the beginning of COUNT, and the date and time that the BY parts do not
say. A rule without one takes its entry's creation, to the second; as that is not itself fired, COUNT needs one that is
given. Evaluated bare it takes 1970-01-01T00:00 on the
wall: what asks may lie anywhere, and an answer that took its start from the question would name other fires for
every question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from beat.dst import effective_policy, zone_line
from beat.schedules.arguments import ScheduleError, as_zone, check_fold, check_gap, shown, zone_name
from beat.schedules.clock.changes import remark
from beat.schedules.clock.local_time import LocalTime
from beat.schedules.recurrence.foreign import as_text
from beat.schedules.recurrence.limits import check_rules, effort_of, weight_of
from beat.schedules.recurrence.parts import clamped, reading_of
from beat.schedules.recurrence.phrases import rules_phrase
from beat.schedules.recurrence.rule_set import Fires, fires_of, has_instants
from beat.schedules.recurrence.text import Rules, parse_lines, parse_rules, rules_text, start_line
from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from beat.dst import ZoneLine


@dataclass(frozen=True, slots=True, init=False)
class rrule(LocalTime):  # noqa: N801 - a value's constructor, like its siblings with Celery's names
    """Fire at the occurrences of a recurrence rule or a set of them.

    `text` is a rule, the lines of a set, or dateutil's `rrule` or `rruleset`. `dtstart` is a datetime or ISO 8601 text: naive, a
    reading; aware, also the zone unless `tz` is given. A DTSTART line wins over it. A part that is neither given
    nor has a start to take it from is that of 1970-01-01T00:00. `gap` and `fold` are as in `beat.dst`. Raises
    ValueError with a sentence, also for a rule that fires on no date whatever its start, for COUNT without a start,
    and for what would take long: more than 8 rules, 4 with COUNT, 2,000 dates or 500 exceptions, an EXRULE whose INTERVAL below a day
    does not divide the day.
    """

    kind: ClassVar[str] = "rrule"

    text: str  # the canonical one, without DTSTART
    dtstart: datetime | None  # a reading
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    rules: Rules = field(compare=False, repr=False)
    policy: tuple[str, str] = field(compare=False, repr=False)  # the effective gap and fold
    own: Fires | None = field(compare=False, repr=False)  # None if they depend on a zone yet unknown
    effort: int = field(compare=False, repr=False)

    def __init__(
        self,
        text: str,
        dtstart: datetime | str | None = None,
        tz: str | ZoneInfo | None = None,
        *,
        gap: str | None = None,
        fold: str | None = None,
    ) -> None:
        text, zone = as_text(text, as_zone(tz))
        lines = parse_lines(text)
        given, tzid = start_line(lines) or (dtstart, None)
        start, zone = _as_start(given, tzid, zone)
        rules = parse_rules(lines, zone)
        check_rules(rules)
        if start is None and any(rule.times for rule in rules.rules + rules.but_rules):
            raise ScheduleError("COUNT counts from a start: give dtstart, or a DTSTART line.")
        self._put(rules, dtstart=start, tz=zone, gap=check_gap(gap), fold=check_fold(fold))

    def _put(
        self,
        rules: Rules,
        *,
        dtstart: datetime | None,
        tz: ZoneInfo | None,
        gap: str | None,
        fold: str | None,
    ) -> None:
        follows_real_time = bool(rules.rules) and all(rule.sub_daily for rule in rules.rules)
        zoned = has_instants(rules)
        own = None
        if tz or not zoned:
            own = fires_of(rules, _reading_of(dtstart), zone_line(tz) if tz and zoned else None)
        for name, value in (
            ("text", rules_text(rules)),
            ("dtstart", dtstart),
            ("tz", tz),
            ("gap", gap),
            ("fold", fold),
            ("rules", rules),
            ("policy", effective_policy(gap, fold, follows_real_time)),
            ("own", own),
            ("effort", effort_of(rules, known=own is not None)),
        ):
            object.__setattr__(self, name, value)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        line = zone_line(tz)
        fire = self._fires(line).next(line, us // SECOND, *self.policy)
        return None if fire is None else fire * SECOND

    def _fires(self, line: ZoneLine) -> Fires:
        return self.own or fires_of(self.rules, _reading_of(self.dtstart), line)

    @property
    def weight(self) -> int:
        return weight_of(self.rules, _reading_of(self.dtstart), skips=self.policy[0] == "skip")

    @property
    def by_anchor(self) -> bool:
        return self.dtstart is None

    def next_reading(self, reading: int) -> int | None:
        return self._fires(zone_line(UTC)).next_reading(reading)

    def times_on(self, day: int) -> int | None:
        return self.own.times_on(day) if self.own else None

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> rrule:
        del name
        zone = self.tz or tz
        bound = object.__new__(rrule)
        start = self.dtstart or _reading_at(anchor, zone)
        bound._put(self.rules, dtstart=start, tz=zone, gap=self.gap or gap, fold=self.fold or fold)
        return bound

    def describe(self) -> str:
        sentence = rules_phrase(self.rules, self.dtstart, self.tz)
        return f"{sentence.removesuffix('.')}{remark(self)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "dtstart": self.dtstart.isoformat() if self.dtstart else None,
            "tz": zone_name(self.tz),
            "gap": self.gap,
            "fold": self.fold,
        }


def _as_start(
    given: object, tzid: ZoneInfo | None, zone: ZoneInfo | None
) -> tuple[datetime | None, ZoneInfo | None]:
    """Return the start as a reading, and the schedule's zone."""
    if given is None:
        return None, zone
    start = _as_datetime(given)
    if tzid is not None:
        if start.tzinfo is not None:
            raise ScheduleError("DTSTART has both an offset and a TZID; expected one zone, not two.")
        start = start.replace(tzinfo=tzid)
    if start.tzinfo is None:
        return start.replace(microsecond=0, fold=0), zone
    zone = zone or _own_zone(start)
    if start.tzinfo == zone:
        return start.replace(tzinfo=None, microsecond=0, fold=0), zone
    return _reading_at(start, zone), zone


def _as_datetime(given: object) -> datetime:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise ScheduleError(
                f"dtstart is {shown(given)}, which is not a date and time such as 2026-01-05T09:00."
            ) from None
    if not isinstance(given, datetime):
        raise ScheduleError(f"dtstart is a datetime or ISO 8601 text, not {shown(given)}.")
    return given


def _own_zone(start: datetime) -> ZoneInfo:
    if isinstance(start.tzinfo, ZoneInfo):
        return start.tzinfo
    if not start.utcoffset():  # datetime.UTC and the like
        return ZoneInfo("UTC")
    raise ScheduleError(
        f"dtstart is {start.isoformat()}, whose offset is not a zone; give tz= as well, or a ZoneInfo."
    )


def _reading_at(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock in a zone shows at an instant, to the second."""
    second = to_micros(instant) // SECOND
    shown = clamped(second + zone_line(zone).segment(second).offset)
    return from_micros(shown * SECOND).replace(tzinfo=None)


def _reading_of(dtstart: datetime | None) -> int:
    return 0 if dtstart is None else reading_of(dtstart)
