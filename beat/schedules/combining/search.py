"""How a combination looks for its next fire, and why it always comes to an end.

A combination has no fires of its own: it asks its parts, again and again, until their answers agree. Two things
could go wrong, and both are a matter of how often the schedules at the leaves are asked.

*The same question twice.* A part that answered f when asked for the first fire after s would answer f for every
instant in [s, f) as well. A `Search` remembers each part's last answer and asks anew only outside that range, so
that a union of fifty schedules costs a step of its search one question, not fifty.

*Questions without end.* Two schedules may never coincide, and a difference may leave nothing; nobody can tell by
asking. So a question put to a combination, however deep it is nested, may ask its leaves, after once each, no more
than `STEPS` times in all; a leaf that computes more than a look-up counts for more (`Schedule.effort`), and another
year in which a zone has to be read for some questions more. A trigger that is made of others is searched as a part,
with the steps of the whole: were it a leaf, each question put to it would have all the steps there are. The answer of a search that has used this up is None, "no
next fire", as if the calendar had ended. What keeps that from happening to a combination that does fire is that whole
stretches are passed over: by calendars a run of dates at a time (`calendar_walk`), by what reads a wall clock and by
intervals of whole seconds a date at a time (`day_masks`), and by intervals among themselves at once (`lattice`). What
is left are combinations that for hundreds of dates with fires of their parts have none themselves, or for a
century and more; and those with parts that fire often and not at whole seconds, or of a kind of which nothing is
known, a thousand of whose successive fires are removed or do not coincide.

A search does not look farther than it has to: each has a limit, beyond which there might as well be no fires. What a
difference leaves out is asked about the one instant in question, and the last fire of a stretch is looked for
(`latest`) within the stretch. The parts of a union are asked for a month ahead, then for years, then to the end
(`Search.earliest`), so that one that never fires does not use up the steps of one that does. A part that uses up its
own, and then those that the others have left, is silent: what the union answers may have left out fires of it.
Nothing that a fire depends on is ever taken to be silent (`strict`). And `latest` does not make do with silence. It never
looks twice into a stretch that has nothing, so that what it passes over costs it little more than it costs the next
fire. If any part has given up all the same, it probes again, with a few steps a probe (`PROBE`): that tells a stretch
in which fires are near from one in which thousands are left out, however long that is. So it finds the last fire
before a long silence; what it may miss is one of those that are thousands of steps apart, each from the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from beat.dst import zone_line
from beat.schedules.base import FIRST, LAST
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from beat.schedules.base import Schedule
    from beat.schedules.combining.combination import Combined
    from beat.schedules.triggers.parts import Part

    Ask = Callable[["Search"], int | None]

STEPS: Final = 3_000
PROBED: Final = 2_200  # by `latest`, if its search gives up,
PROBE: Final = 80  # a few at a time
LAST_STEP: Final = 60  # to find the last fire of a leaf
YEAR_STEP: Final = 25  # to read a zone's changes in another year,
SLOW_YEAR_STEP: Final = 250  # those of a zone that is worked out in Python,
YEAR_BITS: Final = 45  # which is of 2 ** 45 microseconds, 407 days
TIMES_PER_STEP: Final = 32
SHARE_STEPS: Final = 1  # to give a part a share of the steps
AHEAD: Final = (30 * 86_400 * SECOND, 3_000 * 86_400 * SECOND, LAST - FIRST + 1)
MOST_LEAVES: Final = 64  # of a combination: each may be asked once for nothing


class Exhausted(Exception):  # noqa: N818 - never an error: the search ends it
    """The search has asked as often as it may."""


class Budget:
    """The steps that the parts of a search share."""

    __slots__ = ("gave_up", "left")

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.gave_up = False  # whether some part used up what it was given

    def spend(self, steps: int) -> None:
        if self.left < steps:
            raise Exhausted
        self.left -= steps


class Search:
    """One question put to a combination: in which zone, up to which instant, and what was found out so far."""

    __slots__ = ("_answers", "_budget", "_leaf_answers", "_read", "_strict", "_weighed", "limit", "tz")

    def __init__(self, tz: tzinfo, limit: int = LAST, *, strict: bool = False) -> None:
        self.tz = tz
        self._strict = strict
        self.limit = limit  # fires beyond it count as none
        self._budget = Budget(STEPS)  # shared with the searches that are part of this one
        self._leaf_answers: dict[int, tuple[int, int | None]] = {}  # also shared, as they know no limit
        self._weighed: set[int] = set()  # also shared
        self._read: set[tuple[int, int]] = set()  # also shared: zones and what was read of them
        self._answers: dict[int, tuple[int, int | None]] = {}

    @property
    def gave_up(self) -> bool:
        """Whether a part of the search ended for want of steps, so that later fires may have been found."""
        return self._budget.gave_up

    def within(self, limit: int, *, strict: bool = False) -> Search:
        """Return a part of this search that ends at another limit.

        A `strict` one is for what a fire depends on: it has no answer at all if some part of it has none.
        """
        limit, strict = min(limit, LAST), strict or self._strict
        if limit == self.limit and strict == self._strict:
            return self
        return self._part(limit, self._budget, strict=strict)

    def _part(self, limit: int, budget: Budget, *, strict: bool) -> Search:
        part = Search(self.tz, limit, strict=strict)
        part._budget, part._leaf_answers = budget, self._leaf_answers
        part._weighed, part._read = self._weighed, self._read
        return part

    def alone(self, ask: Ask, steps: int) -> int | None:
        """Return what `ask` finds with so many steps. Raises `Exhausted` if it uses them up; the others are left then."""
        if self._strict:
            return ask(self)
        own, mine = self._budget, Budget(steps)
        own.left -= mine.left
        try:
            return ask(self._part(self.limit, mine, strict=False))
        except Exhausted:
            mine.gave_up = True
            raise
        finally:
            own.left += mine.left
            own.gave_up |= mine.gave_up

    def earliest(self, us: int, asks: Sequence[Ask]) -> int | None:
        """Return the earliest of what several ways find after `us`; none goes far beyond what another has found.

        A way that uses up its share of the steps gets in the end what the others have left, and is silent if that
        is not enough.
        """
        self.charge(len(asks))
        gave_up: dict[Ask, int] = {}  # and with how many steps
        turns, found, limit = list(asks), None, us
        for ahead in AHEAD:
            limit = min(us + ahead, self.limit)
            found, limit = self._earliest_until(limit, turns, gave_up)
            turns = [ask for ask in turns if ask not in gave_up]
            if found is not None or limit == self.limit:
                break
        later, _ = self._earliest_until(limit, list(gave_up), gave_up)
        return found if later is None else later

    def _earliest_until(self, limit: int, asks: list[Ask], gave_up: dict[Ask, int]) -> tuple[int | None, int]:
        """Return what is found first up to a limit, and up to where nothing else needs to be looked for."""
        found = None
        for number, ask in enumerate(asks):
            steps = (self._budget.left - SHARE_STEPS) // (len(asks) - number)
            if steps <= gave_up.get(ask, 0) and not self._strict:
                gave_up.setdefault(ask, 0)
                self._budget.gave_up = True
                continue
            self.charge(SHARE_STEPS)
            try:
                each = self.within(limit).alone(ask, steps)
            except Exhausted:
                if self._strict:
                    raise
                gave_up[ask] = steps
                continue
            if each is not None:
                found, limit = each, each - 1
        return found, limit

    def last(self, asks: Sequence[Ask]) -> int | None:
        """Return the last of what several ways find; one that uses up its share of the steps is silent."""
        found: int | None = None
        for number, ask in enumerate(asks):
            try:
                each = self.alone(ask, self._budget.left // (len(asks) - number))
            except Exhausted:
                if self._strict:
                    raise
                continue
            if each is not None and (found is None or found < each):
                found = each
        return found

    def afresh(self, steps: int) -> Search:
        """Return a search like this one with steps of its own."""
        return self._part(self.limit, Budget(steps), strict=False)

    def probed(self, part: Schedule, us: int, limit: int) -> int | None:
        """Return what a few steps find after `us`, up to a limit: None if they find nothing, or if none are left."""
        try:
            return self.within(limit).alone(
                lambda search: search.after(part, us), min(PROBE, self._budget.left)
            )
        except Exhausted:
            return None

    def charge(self, steps: int) -> None:
        self._budget.spend(steps)

    def weigh(self, part: Schedule, times: int) -> None:
        """Charge for the work of writing down a part's times of a day, once."""
        if id(part) not in self._weighed:
            self._weighed.add(id(part))
            self.charge(times.bit_count() // TIMES_PER_STEP)

    def _read_zone(self, zone: tzinfo, year: int) -> None:
        """Charge for reading the changes of a zone in a year, once."""
        line = zone_line(zone)
        if (id(line), year) not in self._read:
            self._read.add((id(line), year))
            self.charge(YEAR_STEP if line.plain else SLOW_YEAR_STEP)

    def after(self, part: Schedule, us: int) -> int | None:
        """Return the first fire of a part strictly after `us`, None if there is none up to the limit."""
        answers = self._answers if part.searched else self._leaf_answers
        asked, fire = answers.get(id(part), (LAST, None))
        if not (asked <= us and (fire is None or us < fire)):
            fire = self._ask(part, us)
            answers[id(part)] = us, fire
        return fire if fire is not None and fire <= self.limit else None

    def _ask(self, part: Schedule, us: int) -> int | None:
        if part.searched:
            self.charge(1)
            return whole_of(part).seek(us, self) if us < self.limit else None
        zone = part.tz or self.tz
        known = self._leaf_answers.get(id(part))
        if known is None and len(self._leaf_answers) < MOST_LEAVES:  # to be asked once is everyone's right
            return part.next_bounded(us, zone)
        self.charge(part.effort)
        fire, before = part.next_bounded(us, zone), us if known is None else known[1]
        if fire is not None and before is not None and fire >> YEAR_BITS != before >> YEAR_BITS:
            self._read_zone(zone, fire >> YEAR_BITS)
        return fire

    def fires_at(self, part: Schedule, us: int) -> bool:
        """Return whether a part fires at an instant."""
        search = self.within(us, strict=True) if part.searched else self
        return search.after(part, us - 1) == us

    def latest(self, part: Schedule, since: int, until: int) -> int | None:
        """Return the last fire f of a part with since < f <= until."""
        since, until = max(since, FIRST - 1), min(until, self.limit)
        if part.searched:
            return whole_of(part).seek_latest(since, until, self.within(until)) if since < until else None
        if id(part) in self._leaf_answers:
            self.charge(LAST_STEP)
        return part.latest_micros(since, until, part.tz or self.tz)


def leaf_of(one: Schedule) -> Schedule:
    """Return what a trigger fires as, in the form of which most is known."""
    part: Part | None = getattr(
        one, "part", None
    )  # triggers are made of combinations: their class is not known here
    return one if part is None or part.bounds != (None, None) else part.leaf


def whole_of(one: Schedule) -> Combined:
    """Return the combination that a schedule which is `searched` is or fires as."""
    return cast("Combined", leaf_of(one))
