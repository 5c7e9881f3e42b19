"""The instants that several anchored intervals share, by the Chinese remainder theorem.

The fires of an interval are ``first + k * step``. Two such lattices share an instant if and only if their firsts
differ by a multiple of the greatest common divisor of the steps, and then they share a lattice whose step is the
least common multiple.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from beat.schedules.interval import schedule


class Lattice(NamedTuple):
    """The instants ``first + k * step``, k = 0, 1, ..."""

    first: int
    step: int

    def after(self, us: int) -> int:
        return self.first + max((us - self.first) // self.step + 1, 0) * self.step

    def meet(self, other: Lattice) -> Lattice | None:
        """Return the instants of both."""
        common = gcd(self.step, other.step)
        turns, rest = divmod(other.first - self.first, common)
        if rest:
            return None
        ours, theirs = self.step // common, other.step // common
        shared = self.first + self.step * (turns * pow(ours, -1, theirs) % theirs)
        whole = Lattice(shared, ours * other.step)
        last = max(self.first, other.first)
        return whole._replace(first=shared + -(-(last - shared) // whole.step) * whole.step)


def lattice_of(one: schedule) -> Lattice | None:
    """Return the fires of an interval as a lattice, None if they are none (rounded, or without an anchor)."""
    if one.relative or one.anchor_micros is None:
        return None
    return Lattice(one.anchor_micros + one.micros, one.micros)
