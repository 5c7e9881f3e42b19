"""Sets of small numbers, as the bits of an integer."""

from __future__ import annotations


def bits(mask: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, in order."""
    return tuple(number for number in range(mask.bit_length()) if mask >> number & 1)
