"""Where a wall-clock schedule meets a zone that changes its offset.

A wall-clock schedule names readings of a clock on the wall; a fire is an instant. Mostly each reading is shown
once and the two are the same thing. They part at two places:

* a **gap**: the clock jumps forward (or a whole date is left out, as Samoa did on 2011-12-30) and some readings
  are never shown;
* a **fold**: the clock jumps back and some readings are shown in two passes.

The policy is Debian cron's. An entry whose minute or hour field starts with ``*`` follows real time: it fires
at every real minute or hour that matches, so in both passes of a fold and never for a reading in a gap. Any
other entry means "once per local date": a reading in a gap fires at the first instant after the gap (several
in one gap coalesce, since they share that instant), a reading in a fold fires in its first pass. ``gap`` and
``fold`` of an entry override either half.

The evaluation runs on the UTC line, in whole seconds. A zone is cut into *segments* of constant offset, in
which wall time and UTC differ by a constant, so that the schedule only has to answer "the first matching
reading after this one" as if zones did not exist. `next_instant` walks the segments from the one that holds
the starting instant. At a boundary it either returns the boundary (a reading in the gap is waiting and the
policy is ``after``), or goes on from the first reading of the new segment. ``fold`` only narrows the readings
that a segment may use: ``first`` leaves out those at its start that the segment before has shown already,
``second`` leaves out those at its end that the next one shows again.

Python does not tell the transitions of a tzinfo, so they are found by probing: the offset is read every `PROBE`
seconds, and where two neighbours differ the change is looked for between them, first among the quarters of an
hour, where almost all changes are, then among the seconds. No two changes may lie between two probes. The closest two
in the IANA data are 3.99 days apart (Africa/Freetown, September 1939, in builds with all of its history); from 1970
on 6.96 days (America/Recife, October 2000, and Asia/Gaza, October 2040 and 2072, as far as Ramadan is foretold: to
2087), and where the data end each zone goes on by a rule, with its changes months apart. None changes the offset by
more than 24 hours. A zone is read a block at a time, and all that asks about its changes shares what was read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

Gap = Literal["after", "skip"]
Fold = Literal["first", "second", "both"]
GAPS: Final = ("after", "skip")
FOLDS: Final = ("first", "second", "both")

DAY: Final = 86_400
# Every instant in this range can be shown in every zone without leaving the years 1 to 9999.
FIRST_SECOND: Final = int((datetime(1, 1, 3, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
LAST_SECOND: Final = (
    int((datetime(9999, 12, 31, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) - 1
)

EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
PROBE: Final = 6 * DAY
PROBE_BEFORE_1970: Final = 3 * DAY
QUARTER: Final = 900
MARGIN_DAYS: Final = 2
MARGIN: Final = MARGIN_DAYS * DAY
BLOCK_BITS: Final = 25  # 388 days: a zone is read a block at a time, when an instant in it is first asked for
NEVER: Final = 1 << 60
RULES_FROM: Final = 1_767_225_600  # 2026-01-01: the changes from here on are foretold, most by one rule
MOST_SKIPPED: Final = (
    13  # readings in a row that such changes may leave out; a date has its weekday again within 12 years
)

NextWall = Callable[[int], int | None]


class Segment(NamedTuple):
    """A stretch of constant offset, in seconds. Readings are seconds since 1970-01-01T00:00 on the wall."""

    end: int  # the instant at which it ends
    offset: int  # reading minus instant
    repeated_until: int  # readings before this one were shown before: second pass
    repeats_from: int  # readings from this one on will be shown again: first pass


class Transition(NamedTuple):
    at: int
    before: int
    after: int


class ZoneLine:
    """The offsets of one zone along the UTC line, read lazily and kept."""

    __slots__ = ("_blocks", "_tz", "plain", "unsettled")

    def __init__(self, tz: tzinfo) -> None:
        self._tz = tz
        self.plain = isinstance(tz, ZoneInfo) or (
            isinstance(tz, timezone) and not tz.utcoffset(None).microseconds
        )
        self._blocks: dict[int, tuple[Segment, ...]] = {}
        self.unsettled = UnsettledDays(self)

    def segment(self, second: int) -> Segment:
        """Return the segment that holds the instant `second`."""
        block = second >> BLOCK_BITS
        segments = self._blocks.get(block)
        if segments is None:
            segments = self._blocks[block] = self._read(block)
        for segment in segments:
            if second < segment.end:
                return segment
        raise AssertionError("the last segment of a block ends where the block does")

    def transitions(self, start: int, end: int) -> list[Transition]:
        """Return the changes of offset after the instant `start` and not after `end`, in order."""
        found = []
        segment = self.segment(start)
        while segment.end <= end:
            following = self.segment(segment.end)
            if following.offset != segment.offset:
                found.append(Transition(segment.end, segment.offset, following.offset))
            segment = following
        return found

    def _read(self, block: int) -> tuple[Segment, ...]:
        start, end = block << BLOCK_BITS, (block + 1) << BLOCK_BITS
        found = self._probed(_known(start - MARGIN), _known(end + MARGIN))
        times = [change.at for change in found]
        cuts = [start, *(at for at in times if start < at < end), end]
        return tuple(self._piece(found, times, a, b) for a, b in pairwise(cuts))

    def _piece(self, found: list[Transition], times: list[int], start: int, end: int) -> Segment:
        here = bisect_right(times, start)
        last = found[here - 1] if here else None
        coming = found[here] if here < len(found) else None
        return Segment(
            end,
            self._offset(start),
            last.at + last.before if last and last.after < last.before else -NEVER,
            coming.at + coming.after if coming and coming.after < coming.before else NEVER,
        )

    def _probed(self, start: int, end: int) -> list[Transition]:
        step = PROBE if start >= 0 else PROBE_BEFORE_1970
        instants = [*range(start, end, step), end]
        shown = [self._shown(second) for second in instants]
        return [
            Transition(self._first_after(low, high, before), _seconds(before), _seconds(after))
            for (low, high), (before, after) in zip(pairwise(instants), pairwise(shown), strict=True)
            if before != after
        ]

    def _first_after(self, low: int, high: int, before: timedelta | None) -> int:
        """Return when the offset changes: later than `low` and not later than `high`."""

        def changed(second: int) -> bool:
            return self._shown(second) != before

        quarters = range(low - low % QUARTER + QUARTER, high, QUARTER)
        place = bisect_left(quarters, True, key=changed)  # the first True
        if place < len(quarters):
            high = quarters[place]
        if not changed(high - 1):
            return high
        seconds = range(max(low, high - QUARTER), high)
        return seconds[bisect_left(seconds, True, key=changed)]

    def _offset(self, second: int) -> int:
        return _seconds(self._shown(_known(second)))

    def _shown(self, second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, self._tz).utcoffset()


def _known(second: int) -> int:
    """Return the nearest instant that can be shown in every zone."""
    return min(max(second, FIRST_SECOND), LAST_SECOND)


def _seconds(offset: timedelta | None) -> int:
    return (offset or timedelta()) // timedelta(seconds=1)


class FixedLine(ZoneLine):
    """A zone whose offset never changes."""

    __slots__ = ("_only",)

    def __init__(self, tz: tzinfo, offset: int) -> None:
        super().__init__(tz)
        self._only = Segment(NEVER, offset, -NEVER, NEVER)

    def segment(self, second: int) -> Segment:  # noqa: ARG002 - one segment holds every instant
        return self._only


class UnsettledDays(dict[int, frozenset[int]]):
    """The local dates on which a clock shows some reading twice or leaves one out, and the ends of the calendar.

    Of a tzinfo that is no `ZoneInfo` or `timezone` of whole seconds it is every date: others may be pinned to one
    offset, as those of pytz are, so that no datetime can be put together from a reading and them.
    Days are numbered as `date.toordinal` does. Under n are those of the days from 512 * n to 512 * n + 511.
    """

    def __init__(self, line: ZoneLine) -> None:
        super().__init__()
        self._line = line

    def __missing__(self, block: int) -> frozenset[int]:
        first, beyond = block << 9, block + 1 << 9
        start, end = ((day - EPOCH_ORDINAL) * DAY for day in (first, beyond))
        if not self._line.plain:
            return frozenset(range(first, beyond))
        touched = {*range(MARGIN_DAYS + 2), *range(date.max.toordinal() - MARGIN_DAYS, beyond)}
        for at, before, after in self._line.transitions(start - MARGIN, end + MARGIN):
            from_day, to_day = ((at + offset) // DAY + EPOCH_ORDINAL for offset in sorted((before, after)))
            touched.update(range(from_day, to_day + 1))
        found = self[block] = frozenset(touched.intersection(range(first, beyond)))
        return found


def zone_line(tz: tzinfo) -> ZoneLine:
    """Return the offsets of `tz`, shared by all who ask."""
    try:
        return _zone_line(tz)
    except TypeError:  # some tzinfo classes of other libraries cannot be hashed
        return _line_of(Itself(tz))


class Itself:
    """A tzinfo as a key: equal to no other."""

    __slots__ = ("tz",)

    def __init__(self, tz: tzinfo) -> None:
        self.tz = tz

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.tz is other.tz

    def __hash__(self) -> int:
        return id(self.tz)


@lru_cache(maxsize=16)
def _line_of(itself: Itself) -> ZoneLine:
    return ZoneLine(itself.tz)


@lru_cache(maxsize=1024)
def _zone_line(tz: tzinfo) -> ZoneLine:
    if isinstance(tz, timezone):
        return FixedLine(tz, tz.utcoffset(None) // timedelta(seconds=1))
    if getattr(tz, "key", None) in ("UTC", "Etc/UTC"):
        return FixedLine(tz, 0)
    return ZoneLine(tz)


def next_instant(
    line: ZoneLine,
    next_wall: NextWall,
    after: int,
    gap: str,
    fold: str,
    *,
    until: int = LAST_SECOND,
    skips: int = MOST_SKIPPED,
) -> int | None:
    """Return the first instant strictly after `after` at which a matching reading fires.

    `next_wall(reading)` gives the first matching reading strictly after `reading`, or None if there is none.
    Instants and readings are whole seconds; `gap` and `fold` are the effective policy. None if nothing fires
    up to `until`, though what fires soon after it may be told, or if more than `skips` readings in a row are left out
    by changes that are yet to come, or by any of a zone that is worked out in Python.
    """
    segment = line.segment(after)
    wall = after + segment.offset
    found: int | None = -NEVER
    skipped = 0
    while True:
        if fold == "first" and wall < segment.repeated_until:
            wall = segment.repeated_until - 1
        if found is not None and found <= wall:
            found = next_wall(wall)
        closing = segment.end + segment.offset
        limit = min(closing, segment.repeats_from) if fold == "second" else closing
        if found is not None and found < limit:
            return found - segment.offset
        start = _resumed(segment, wall, found)
        if start > until:
            return None
        adjoining, segment = start == segment.end, line.segment(start)
        opening = start + segment.offset
        if adjoining and found is not None and closing <= found < opening:
            if gap == "after":
                return start
            skipped += start > RULES_FROM or not line.plain
            if skipped > skips:
                return None
        wall = opening - 1
        if adjoining and opening < closing:
            found = -NEVER


def _resumed(segment: Segment, wall: int, found: int | None) -> int:
    """Return the instant at which to go on after a segment, `NEVER` if nothing is left.

    `found` is the next reading after `wall` that matches.
    """
    if wall >= segment.repeats_from:
        return segment.end  # readings up to `wall` are shown again
    # No reading before `found` matches, so what the zone does until shortly before it is of no account.
    return NEVER if found is None else max(segment.end, found - MARGIN)


def effective_policy(gap: str | None, fold: str | None, follows_real_time: bool) -> tuple[str, str]:
    """Return (gap, fold) after the defaults of the two sorts of entry are filled in."""
    if follows_real_time:
        return gap or "skip", fold or "both"
    return gap or "after", fold or "first"
