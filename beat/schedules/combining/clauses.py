"""Sentences made of the sentences of other schedules.

A combination adds clauses to its first part, after a semicolon, and each clause is about all that stands before it:
``At 03:00; and every hour; except on Sunday`` leaves Sundays out of both. A combination in any other place
stands in parentheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beat.schedules.combining.combination import Combined

if TYPE_CHECKING:
    from beat.schedules.base import Schedule


def sentence(first: Schedule, *clauses: str) -> str:
    """Return what `first` does, and the clauses, as one sentence."""
    return f"{'; '.join([first.describe().removesuffix('.'), *clauses])}."


def inner_phrase(part: Schedule) -> str:
    """Return what a schedule does, for the inside of a sentence: ``at 03:00``."""
    text = part.describe().removesuffix(".")
    phrase = text[:1].lower() + text[1:]
    return f"({phrase})" if isinstance(part, Combined) else phrase
