"""Entries with equal schedules share one evaluation, and those that only look equal do not."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from beat import evaluation
from beat.entry import Entry
from beat.evaluation import evaluations
from beat.misfire import plan
from beat.schedules import Schedule, ScheduleError, at, cron, crontab, every, rrule, solar, trigger
from jobq.instants import SECOND, from_micros, to_micros

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


@pytest.mark.parametrize(
    ("policy", "since", "expected"),
    [
        ({}, "2025-03-29T12:00Z", "2025-03-30T01:00:00+00:00"),
        ({"gap": "skip"}, "2025-03-29T12:00Z", "2025-03-31T00:30:00+00:00"),
        ({}, "2025-10-25T12:00Z", "2025-10-26T00:30:00+00:00"),
        ({"fold": "second"}, "2025-10-25T12:00Z", "2025-10-26T01:30:00+00:00"),
    ],
)
def test_the_policy_of_an_entry_decides_when_its_schedule_fires(policy, since, expected):
    one = Entry(name="a", task="t", schedule=cron("30 2 * * *"), timezone="Europe/Prague", **policy)
    fire = one.evaluated(START).next_after(to_micros(datetime.fromisoformat(since)))
    assert from_micros(fire).isoformat() == expected


def test_the_latest_fire_may_be_the_end_of_the_stretch_and_never_its_start():
    one = Entry(name="a", task="t", schedule=cron("0 8 * * *")).evaluated(START).evaluation
    fire = one.next_after(START)
    assert one.latest(fire - 1, fire) == fire
    assert one.latest(START, fire) == fire
    assert one.latest(START, fire - 1) == 0
    assert one.latest(fire, fire) == 0


def test_the_latest_fire_of_equal_schedules_is_looked_for_once(monkeypatch):
    asked = []
    plain = cron.latest_micros
    monkeypatch.setattr(
        cron, "latest_micros", lambda one, *stretch: asked.append(stretch) or plain(one, *stretch)
    )
    for number in range(50):
        one = Entry(name=f"entry-{number}", task="t", schedule=cron("17 * * * *")).evaluated(START + number)
        one.latest(START, START + 30 * 24 * HOUR)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("one", "by_anchor", "by_name"),
    [
        (cron("0 3 * * *"), False, False),
        (cron("H 3 * * *"), False, True),
        (cron("H 3 * * *", name="mine"), False, False),
        (crontab(hour=3), False, False),
        (at("2030-01-01T00:00"), False, False),
        (rrule("FREQ=DAILY"), True, False),
        (rrule("FREQ=DAILY", dtstart="2026-01-01T00:00"), False, False),
        (every(60), True, False),
        (every(60, anchor=datetime(2026, 1, 1, tzinfo=UTC)), False, False),
        (trigger({"type": "cron", "hour": 3}), False, False),
        (trigger({"type": "interval", "hours": 3}), True, False),
        (trigger({"type": "interval", "hours": 3, "start_date": "2026-01-01T00:00Z"}), False, False),
        (
            trigger(
                {"type": "or", "triggers": [{"type": "cron", "hour": 3}, {"type": "interval", "hours": 3}]}
            ),
            True,
            False,
        ),
        (cron("0 3 * * *").jittered(60), None, True),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else str(value),
)
def test_entries_share_an_evaluation_unless_what_differs_is_bound(one, by_anchor, by_name):
    def bound(anchor, name):
        return one.bind(tz=ZoneInfo("UTC"), anchor=from_micros(anchor), name=name)

    assert (bound(START, "a") != bound(START, "b")) is one.by_name is by_name
    if by_anchor is not None:
        assert (bound(START, "a") != bound(START + HOUR, "a")) is one.by_anchor is by_anchor

    def shared(anchor, name):
        return Entry(name=name, task="t", schedule=one).evaluated(anchor).evaluation

    assert (shared(START, "a") is shared(START, "b")) is not by_name


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
