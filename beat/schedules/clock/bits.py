"""Sets of small numbers, as the bits of an integer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def bits(mask: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, in order."""
    return tuple(number for number in range(mask.bit_length()) if mask >> number & 1)


def seconds_mask(seconds: Iterable[int]) -> int:
    """Return seconds of a day as the bits of an integer. They are put together by the hour, as short numbers are fast."""
    hours = [0] * 24
    for second in seconds:
        hours[second // 3600] |= 1 << second % 3600
    return sum(hour << number * 3600 for number, hour in enumerate(hours))
