"""Entries with equal schedules share one evaluation, and those that only look equal do not."""

from __future__ import annotations

from datetime import UTC

import pytest

from beat import evaluation
from beat.entry import Entry
from beat.evaluation import evaluations
from beat.misfire import plan
from beat.schedules import Schedule, ScheduleError, cron, every, rrule, solar
from jobq.instants import SECOND

START = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND
COUNT = 10_000


@pytest.fixture(autouse=True)
def nothing_known():
    evaluation._next_after.cache_clear()


def entries(**fields):
    """As the ticker has them: each read from its stored definition."""
    for number in range(COUNT):
        entry = Entry(name=f"entry-{number}", task="t", **fields)
        yield Entry.from_definition(entry.name, entry.definition()).evaluated(START)


ALIKE = [
    every(3600),
    cron("0 * * * *"),
    cron("0 8 * * *", tz="Europe/Prague"),
    cron("0 8 * * *").excluding(["12-24"], "next"),
    cron("0 8 * * *") | solar("sunset", 50, 14),
    rrule("FREQ=DAILY;BYHOUR=3"),
]


@pytest.mark.parametrize("schedule", ALIKE, ids=lambda one: one.kind)
@pytest.mark.parametrize("catchup", ["latest", "all", "skip"])
def test_ten_thousand_entries_with_equal_schedules_cost_one_evaluation_a_tick(schedule, catchup):
    loaded = list(entries(schedule=schedule, catchup=catchup, timezone="America/New_York"))
    fire = loaded[0].next_after(START)
    for _ in range(3):
        before = evaluations()
        decided = [plan(one, fire, fire + SECOND) for one in loaded]
        assert evaluations() == before + 1
        assert {next_fire for _, next_fire in decided} == {loaded[0].next_after(fire)}
        assert sum(len(ticks) for ticks, _ in decided) == COUNT
        fire = loaded[0].next_after(fire)


def test_what_differs_in_anything_that_counts_is_evaluated_for_itself():
    alike = {"task": "t", "schedule": cron("30 2 * * *"), "timezone": "Europe/Prague"}
    first = Entry(name="a", **alike).evaluated(START)
    others = [
        Entry(name="a", **alike | {"timezone": "Europe/London"}),
        Entry(name="a", **alike, gap="skip"),
        Entry(name="a", **alike, fold="both"),
        Entry(name="a", **alike | {"schedule": cron("31 2 * * *")}),
    ]
    assert Entry(name="b", **alike).evaluated(START + HOUR).evaluation is first.evaluation
    for other in others:
        assert other.evaluated(START).evaluation is not first.evaluation


def test_the_anchor_counts_for_an_interval_and_the_name_for_a_spread_field():
    def interval(anchor):
        return Entry(name="a", task="t", schedule=every(60)).evaluated(anchor)

    def spread(name):
        return Entry(name=name, task="t", schedule=cron("H H * * *")).evaluated(START)

    def jittered(name):
        return Entry(name=name, task="t", schedule=cron("@daily").jittered(3600)).evaluated(START)

    assert interval(START).next_after(START) == START + 60 * SECOND
    assert interval(START + SECOND).next_after(START) == START + 61 * SECOND
    assert len({spread(f"entry-{number}").next_after(START) for number in range(50)}) > 40
    assert len({jittered(f"entry-{number}").next_after(START) for number in range(50)}) > 40


class Liar(Schedule):
    """A kind that breaks the contract: its answer is not later than the question."""

    tz = None

    def __init__(self, answer):
        self.answer = answer

    def next_micros(self, us, _tz):
        return self.answer(us)

    def describe(self):
        return "Never mind."

    def arguments(self):
        return {}


@pytest.mark.parametrize("answer", [lambda us: us, lambda us: us - 5, lambda us: us < 0, lambda us: us + 1.5])
def test_a_kind_whose_answer_is_not_later_than_the_question_is_an_error_and_no_endless_search(answer):
    one = evaluation.Evaluation(Liar(answer), UTC)
    for ask in (lambda: one.next_after(START), lambda: one.latest(START, START + HOUR)):
        with pytest.raises(ScheduleError, match="is the first fire after"):
            ask()
