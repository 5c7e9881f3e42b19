"""A trigger class of another package: nothing is known of it but `get_next_fire_time(previous_fire_time, now)`.

It is asked as if it had never fired, from just after the instant on. Some triggers count from their first fire and do not
look at `now`; those are led on, each answer being the next question's previous fire, until they are past the
instant. What breaks the contract on the way (an exception, an answer that is no aware datetime, no progress) is a
`ScheduleError` that names the class: evaluating one is the only evaluation here that may raise, and the ticker reports
it as `entry_broken`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.triggers.parts import Filling, Part
from jobq.instants import from_micros, to_micros

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MOST_STEPS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class ForeignPart(Part):
    """Fire when the trigger says. Equal to those that hold the same object; it can be evaluated, but not stored."""

    trigger: Any
    tz: ZoneInfo | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ForeignPart) and self.trigger is other.trigger and self.tz == other.tz

    def __hash__(self) -> int:
        return hash((id(self.trigger), self.tz))

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        now = from_micros(us + 1, self.tz or tz)
        previous, reached = None, None
        for _ in range(MOST_STEPS):
            previous = self._asked(previous, now)
            if previous is None:
                return None
            fire = to_micros(previous)
            if fire > us:
                return fire
            if reached is not None and fire <= reached:
                raise self._failed(f"answered {shown(previous)} again, which is not after {now!r}")
            reached = fire
        raise self._failed(f"took {MOST_STEPS} steps and was still not past {now!r}")

    def _asked(self, previous: datetime | None, now: datetime) -> datetime | None:
        try:
            answer = self.trigger.get_next_fire_time(previous, now)
        except Exception as error:
            raise self._failed(f"raised {type(error).__name__}: {error}") from error
        if answer is None:
            return None
        if not isinstance(answer, datetime) or answer.utcoffset() is None:
            raise self._failed(f"answered {shown(answer)}, which is not an aware datetime")
        return answer

    def _failed(self, what: str) -> ScheduleError:
        return ScheduleError(f"The trigger {self._name()} {what}.")

    def _name(self) -> str:
        return f"{type(self.trigger).__module__}.{type(self.trigger).__qualname__}"

    def filled(self, by: Filling) -> Part:
        return ForeignPart(self.trigger, self.tz or by.tz)

    def describe(self) -> str:
        return f"When {self._name()} says so."

    def arguments(self) -> dict[str, Any]:
        raise ScheduleError(
            f"{self._name()} is not one of APScheduler's own triggers, so it cannot be stored: nothing is imported on "
            "the word of a stored message. Make it a kind of schedule, through the entry point group beat.schedules."
        )
