"""The next sunset: beatd beside bare astral and Celery, in one run.

    python benchmarks/solar.py

For Prague, Tromso and the North Pole: how many dates of a year are gone over a second, on the first walk through its
sunsets, with nothing kept from before, and on walking through them again; how many sunsets that finds a second; and
how many questions a second are answered at 2,000 random instants of the year (in Tromso a third of them lie in the
polar day or night, whose end is looked for; at the pole nearly all). All but the first are the best of several rounds.

astral has no "next": it is asked for the sunset of each date, and where there is none it says so by an error, which
counts as an answer. So a walk is told by the dates that it goes over, which are the same 365 for all, though beatd
asks only as often as there are sunsets, and once more; and by the sunsets found, which are what one walks for. At
the pole these are one or two. A question at a random instant is one date for astral; beatd is asked for the next
sunset, be it half a year away.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from astral import Observer
from astral.sun import sunset
from common import row

from beat.schedules import from_micros, solar, to_micros
from beat.schedules.sky.table import stretch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    Count = int
    Walk = Callable[[], Count]

PLACES = {"Prague": (50.08, 14.43), "Tromso": (69.65, 18.96), "the North Pole": (90.0, 0.0)}
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = to_micros(START), to_micros(END)
DATES = 365
QUESTIONS, ROUNDS = 2_000, 9


def beatd(lat: float, lon: float) -> tuple[Walk, Walk]:
    one = solar("sunset", lat, lon)
    questions = [from_micros(us) for us in instants()]

    def walk() -> Count:
        count, t = 0, one.next_after(START)
        while t is not None and t < END:
            count, t = count + 1, one.next_after(t)
        return count

    def ask() -> Count:
        for t in questions:
            one.next_after(t)
        return len(questions)

    return walk, ask


def beatd_micros(lat: float, lon: float) -> tuple[Walk, Walk]:
    one = solar("sunset", lat, lon)
    questions = instants()

    def walk() -> Count:
        count, us = 0, one.next_micros(FIRST, UTC)
        while us is not None and us < LAST:
            count, us = count + 1, one.next_micros(us, UTC)
        return count

    def ask() -> Count:
        for us in questions:
            one.next_micros(us, UTC)
        return len(questions)

    return walk, ask


def bare_astral(lat: float, lon: float) -> tuple[Walk, Walk]:
    observer = Observer(lat, lon)
    year = [(START + timedelta(days=n)).date() for n in range(DATES)]
    questions = [from_micros(us).date() for us in instants()]

    def found(dates: list[date]) -> Count:
        count = 0
        for day in dates:
            try:
                sunset(observer, day)
            except ValueError:
                continue
            count += 1
        return count

    def ask() -> Count:
        found(questions)
        return len(questions)

    return lambda: found(year), ask


def celerys(lat: float, lon: float) -> tuple[Walk, Walk]:
    import ephem  # noqa: F401 - Celery's solar does without it until it is asked
    from celery import Celery
    from celery.schedules import solar as theirs

    now = START
    one = theirs("sunset", lat, lon, app=Celery(), nowfun=lambda: now)
    questions = [from_micros(us) for us in instants()[:200]]

    def following(t: datetime) -> datetime:
        nonlocal now
        now = t
        return t + one.remaining_estimate(t)

    def walk() -> Count:
        count, t = 0, following(START)
        while t < END:
            count, t = count + 1, following(t + timedelta(seconds=1))
        return count

    def ask() -> Count:
        for t in questions:
            following(t)
        return len(questions)

    return walk, ask


def instants() -> list[int]:
    random = Random(1)
    return [random.randrange(FIRST, LAST) for _ in range(QUESTIONS)]


def measured(run: Walk, rounds: int = 1) -> tuple[float, Count]:
    """Return the seconds that the quickest of some rounds took, and what it counted."""
    best, count = float("inf"), 0
    for _ in range(rounds):
        began = time.perf_counter()
        count = run()
        best = min(best, time.perf_counter() - began)
    return best, count


def main() -> None:
    ways = {
        "beatd next_after": beatd,
        "beatd next_micros": beatd_micros,
        "bare astral": bare_astral,
        "celery": celerys,
    }
    for place, (lat, lon) in PLACES.items():
        row(f"{place}, a second", "first walk, dates", "walk, dates", "walk, sunsets", "random instants")
        for name, way in ways.items():
            try:
                walk, ask = way(lat, lon)
            except ImportError as error:
                row(name, "not installed", error.name or "")
                continue
            stretch.cache_clear()
            (first, _), (again, sunsets) = measured(walk), measured(walk, ROUNDS)
            asked, questions = measured(ask, ROUNDS)
            figures = DATES / first, DATES / again, sunsets / again, questions / asked
            row(name, *(f"{figure:,.0f}" for figure in figures))


if __name__ == "__main__":
    main()
