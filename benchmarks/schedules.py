"""The next fire of cron expressions: beatd beside the other libraries, in one run.

    python benchmarks/schedules.py [CALLS]

Each cell is calls a second, the best of three rounds: a walk from fire to fire with an object that is built once
("reused"), and for croniter also with a new object for each call ("fresh"). beatd has two figures, `next_after` on
datetimes and `next_micros` on integers. Then what it costs to build each object, and the geometric means. celery and
croniter-rs come with `pip install --group bench`.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from math import prod
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from common import row
from croniter import croniter
from cronsim import CronSim

from beat.schedules import cron
from jobq.instants import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    Walk = Callable[[int], None]

try:
    from celery.schedules import crontab as celery_crontab
    from croniter_rs import croniter as croniter_rs
except ImportError:
    celery_crontab = croniter_rs = None

EXPRESSIONS = ("* * * * *", "0 3 * * 1", "*/5 9-17 * * MON-FRI", "0 0 29 2 *")
START = datetime(2025, 1, 1, 0, 0, 30, tzinfo=UTC)
ROUNDS = 3
RARE = (
    20  # so many times fewer calls of the slowest, and of the rarest date, which must not leave the calendar
)


def walks(text: str, tz: tzinfo) -> dict[str, Walk]:
    """For each library, what finds so many fires one after another."""
    start = START.astimezone(tz)
    found = {
        "beatd next_after": after(cron(text, tz=ZoneInfo(str(tz))), start),
        "beatd next_micros": micros(cron(text), start, tz),
        "cronsim": lambda count: [next(it) for it in [CronSim(text, start)] for _ in range(count)],
        "APScheduler": trigger(CronTrigger.from_crontab(text, timezone=tz), start),
        "croniter": reused(croniter, text, start),
        "croniter, fresh": fresh(text, start),
    }
    if celery_crontab is not None:
        found["celery"] = celery(text, start)
        found["croniter-rs (compiled)"] = reused(croniter_rs, text, start)
    return found


def after(schedule: cron, start: datetime) -> Walk:
    def walk(count: int) -> None:
        t = start
        for _ in range(count):
            t = schedule.next_after(t)

    return walk


def micros(schedule: cron, start: datetime, tz: tzinfo) -> Walk:
    def walk(count: int) -> None:
        us = to_micros(start)
        for _ in range(count):
            us = schedule.next_micros(us, tz)

    return walk


def trigger(one: CronTrigger, start: datetime) -> Walk:
    def walk(count: int) -> None:
        t = one.get_next_fire_time(None, start)
        for _ in range(count):
            t = one.get_next_fire_time(t, t)

    return walk


def reused(library: Callable[..., croniter], text: str, start: datetime) -> Walk:
    def walk(count: int) -> None:
        it = library(text, start)
        for _ in range(count):
            it.get_next(datetime)

    return walk


def fresh(text: str, start: datetime) -> Walk:
    def walk(count: int) -> None:
        t = start
        for _ in range(count):
            t = croniter(text, t).get_next(datetime)

    return walk


def celery(text: str, start: datetime) -> Walk:
    minute, hour, month_day, month, weekday = text.split()
    schedule = celery_crontab(
        minute, hour, weekday, day_of_month=month_day, month_of_year=month, nowfun=lambda: start
    )
    tz = start.tzinfo

    def walk(count: int) -> None:
        t = start
        for _ in range(count):
            t, delta, _ = schedule.remaining_delta(t, tz=tz)
            t += delta

    return walk


def rate(walk: Walk, count: int) -> float:
    """Calls a second, the best of the rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        walk(count)
        best = min(best, time.perf_counter() - began)
    return count / best


def evaluation(zone: str, tz: tzinfo, count: int) -> None:
    rates: dict[str, list[float]] = {}
    for text in EXPRESSIONS:
        for name, walk in walks(text, tz).items():
            slow = text == EXPRESSIONS[-1] or name == "croniter, fresh"
            calls = count // RARE if slow else count
            rates.setdefault(name, []).append(rate(walk, calls))
    row(f"next fire, {zone}, calls/s", *EXPRESSIONS, "geometric mean")
    for name, cells in rates.items():
        row(name, *(f"{cell:,.0f}" for cell in cells), f"{mean(cells):,.0f}")
    ours = rates.pop("beatd next_after")
    rivals = [cells for name, cells in rates.items() if not name.startswith(("beatd", "croniter-rs"))]
    best = [max(column) for column in zip(*rivals, strict=True)]
    ratios = [mine / theirs for mine, theirs in zip(ours, best, strict=True)]
    row("next_after to the quickest in Python", *(f"{one:.1f} x" for one in ratios), f"{mean(ratios):.1f} x")
    print()


def construction(count: int) -> None:
    builders: dict[str, Callable[[str], object]] = {
        "beatd": cron,
        "cronsim": lambda text: CronSim(text, START),
        "APScheduler": lambda text: CronTrigger.from_crontab(text, timezone=UTC),
        "croniter": lambda text: croniter(text, START),
    }
    if celery_crontab is not None:
        builders["celery"] = celery_crontab.from_string
    row("construction, objects/s", *EXPRESSIONS)
    for name, build in builders.items():
        rates = [rate(lambda n, t=text, b=build: [b(t) for _ in range(n)], count) for text in EXPRESSIONS]
        row(name, *(f"{one:,.0f}" for one in rates))
    varied = [f"{n % 60} {n // 60 % 24} {n // 1440 + 1} * *" for n in range(count)]
    cells = [
        (name, rate(lambda _, b=build: [b(text) for text in varied], count))
        for name, build in builders.items()
    ]
    row("all different: " + ", ".join(f"{name} {one:,.0f}" for name, one in cells))


def mean(figures: list[float]) -> float:
    return prod(figures) ** (1 / len(figures))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    evaluation("UTC", UTC, count)
    evaluation("Europe/Prague", ZoneInfo("Europe/Prague"), count)
    construction(2_000)


if __name__ == "__main__":
    main()
