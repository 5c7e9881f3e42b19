"""`cron` in every zone against an oracle that looks at every minute (`dst_oracle`).

A plain run looks at a random slice, whose seed it prints; ``BEATD_TEST_SEED=N`` repeats one. ``make test-exhaustive``
looks at every change of every zone from 1970 to 2037.
"""

import multiprocessing
import os
import secrets
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from random import Random
from zoneinfo import available_timezones

import pytest
from dst_oracle import EXPRESSIONS, OF_SECONDS, PLACED, look
from zone_cases import (
    DEFAULT,
    LEAP_DAYS,
    OTHERS,
    Group,
    Result,
    add,
    around,
    check,
    check_group,
    close_to,
    groups,
    leap_day,
    year,
)

from beat.schedules import cron

EXHAUSTIVE = bool(os.environ.get("BEATD_TEST_EXHAUSTIVE"))
SLICE = 30  # zones
NAMES = sorted(available_timezones())


@pytest.fixture
def seed(pytestconfig):
    """A new one for every run, unless one is given: each run looks somewhere else."""
    given = "BEATD_TEST_SEED" in os.environ
    return str(pytestconfig.getoption("hypothesis_seed") if given else secrets.randbits(32))


def a_slice(seed):
    rng = Random(seed)
    result = Result(Counter(), [])
    for place, name in enumerate(rng.sample(NAMES, SLICE)):
        group = groups([name])[0]
        changes = rng.sample(group.changes, min(2, len(group.changes)))
        result.totals.update(zones=1, groups=1, changes=len(changes))
        for change in changes:
            add(result, check(around(group, change), {name: [DEFAULT, *rng.sample(OTHERS, 2)]}, rng))
        if changes and place % 4 == 0:
            add(result, check(close_to(group, changes[0]), {name: [DEFAULT, rng.choice(OTHERS)]}, rng))
        if not changes:
            add(result, check(leap_day(group, rng.choice(LEAP_DAYS)), {name: [DEFAULT]}, rng))
        if place == 0:
            add(result, check(year(group, rng.randrange(1970, 2038), rng), {name: [DEFAULT]}, rng))
    return result


def everything(seed):
    result = Result(Counter(), [])
    # Not forked: the test run has threads.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for found in [pool.submit(check_group, group, seed) for group in groups(NAMES)]:
            add(result, found.result())
    assert result.totals["zones"] == len(NAMES)
    return result


@pytest.mark.timeout(7200 if EXHAUSTIVE else 120)
def test_every_zone_fires_as_a_walk_over_every_minute_says(seed, figure):
    totals, mismatches = everything(seed) if EXHAUSTIVE else a_slice(seed)
    line = (
        f"zones: {totals['zones']} ({totals['groups']} that differ, {totals['changes']} changes), "
        f"{len(EXPRESSIONS) + len(PLACED) + len(OF_SECONDS)} expressions, {totals['cases']:,} cases, {totals['fires']:,} fires, "
        f"{totals['minutes']:,} minutes looked at, {totals['mismatches']} mismatches, seed {seed}"
    )
    figure(line)
    assert not mismatches, "\n".join([f"{line} (BEATD_TEST_SEED={seed} repeats this)", *mismatches])


@cache
def new_york():
    group = groups(["America/New_York"])[0]
    return group, [
        change for change in group.changes if change.at > datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    ]


def told(build, change):
    return check(around(new_york()[0], change), {"America/New_York": [DEFAULT]}, Random(1), build)


@pytest.mark.parametrize(
    ("fault", "build"),
    [
        ("takes the second pass", lambda text, tz, gap, fold: cron(text, tz, gap, fold or "second")),
        ("skips the gap", lambda text, tz, gap, fold: cron(text, tz, gap or "skip", fold)),
        (
            "fires for a gap that it should skip",
            lambda text, tz, gap, fold: cron(text, tz, gap or "after", fold),
        ),
        (
            "fires once where it should twice",
            lambda text, tz, gap, fold: cron(text, tz, gap, fold or "first"),
        ),
        ("fires twice where it should once", lambda text, tz, gap, fold: cron(text, tz, gap, fold or "both")),
        ("knows one offset only", lambda text, tz, gap, fold: cron(text, tz and "Etc/GMT+5", gap, fold)),
    ],
)
def test_a_wrong_evaluator_is_found_out(fault, build):
    spring, autumn, *_ = new_york()[1]
    found = [told(build, spring), told(build, autumn)]
    assert sum(result.totals["mismatches"] for result in found) > 0, fault


class Late:
    """An evaluator whose two ways in do not agree."""

    def __init__(self, text, tz, gap, fold):
        self.right = cron(text, tz, gap, fold)
        self.next_after = self.right.next_after

    def next_micros(self, us, tz):
        fire = self.right.next_micros(us, tz)
        return None if fire is None else fire + 60_000_000


def test_a_fault_in_one_way_into_the_evaluator_is_found_out():
    reports = told(Late, new_york()[1][0]).mismatches
    assert reports
    assert all("next_micros" in report for report in reports)


def test_a_mismatch_is_reported_with_what_is_needed_to_see_it():
    def build(text, tz, gap, fold):
        return cron(text, tz, gap, "second" if text == "30 1 * * *" else fold)

    report = told(build, new_york()[1][1]).mismatches[0]
    first, *rest = report.splitlines()
    assert first.startswith(
        "America/New_York around 2025-11-02T06:00:00+00:00, where -14400 s becomes -18000 s,"
    )
    assert first.endswith("'30 1 * * *', gap=None fold=None, next_after:")
    assert rest == [
        "    expected 2025-11-01 01:30:00-04:00, 2025-11-02 01:30:00-04:00, 2025-11-03 01:30:00-05:00",
        "    found    2025-11-01 01:30:00-04:00, 2025-11-02 01:30:00-05:00, 2025-11-03 01:30:00-05:00",
    ]


def test_each_expression_fires_in_the_year_that_is_looked_at():
    """One that never matched would agree with everything."""
    stretch = year(Group(("Europe/Lisbon",), ()), 2024, Random(1))
    idle = [
        text
        for text, matches in stretch.texts.items()
        if not look(stretch.seen, matches).fires("skip", "first")
    ]
    assert len(EXPRESSIONS) >= 40
    assert not idle
