"""The nearest right name, for error messages."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that `name` most likely meant, or None; `cutoff` is how alike they must be, at most 1."""
    lowered = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean "task"?`, or else the list of what is known."""
    names = list(known)
    match = nearest(name, names)
    if match is not None:
        return f'; did you mean "{match}"?'
    return f"; known are: {', '.join(sorted(names))}" if names else ""
