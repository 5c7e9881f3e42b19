"""Stored schedules: a zone is one however it was made, and what cannot be read gets a sentence."""

from zoneinfo import ZoneInfo

import pytest

from beat.schedules import Schedule, at, cron, from_dict, rrule, schedule, trigger


def test_from_dict_is_also_a_function_of_the_package():
    assert from_dict({"kind": "cron", "v": 1, "text": "@daily"}) == cron("@daily")
    assert cron.from_dict is Schedule.from_dict


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        (5, r"^A stored schedule is a table, not 5\.$"),
        (None, r"^A stored schedule is a table, not None\.$"),
        ("CZ", r"^A stored schedule is a table, not 'CZ'\.$"),
        ([["kind", "cron"]], r"^A stored schedule is a table, not \[\['kind', 'cron'\]\]\.$"),
        ({"kind": ["cron"]}, r"^\['cron'\] is not a kind of schedule"),
        ({"kind": "cron", 5: 1}, r"^A cron schedule has no 5\.$"),
        ({"kind": "cron", "x" * 18_000: 1}, r"^A cron schedule has no 'x{76}\.\.\.\.$"),
        ({"kind": "x" * 18_000}, r"^'x{76}\.\.\. is not a kind of schedule"),
        ({}, "The schedule has no kind; expected one such as"),
        ({"kind": "crontap"}, "did you mean 'crontab'"),
        ({"kind": "cron", "txt": "* * * * *"}, "A cron schedule has no 'txt'; did you mean 'text'"),
        ({"kind": "cron"}, "A cron schedule takes text, tz, gap, fold, name, but got nothing"),
        ({"kind": "cron", "v": 99, "text": "* * * * *"}, "layout version 99"),
        ({"kind": "every", "run_every": 5, "anchor": "yesterday"}, "not an ISO 8601 instant"),
        ({"kind": "every", "run_every": 5, "anchor": "2025-01-01T00:00:00"}, "has no time zone"),
        ({"kind": "solar", "event": "sunset"}, "A solar schedule takes event, lat, lon"),
    ],
)
def test_a_dict_that_cannot_be_read_is_refused_with_a_sentence(stored, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_dict(stored)


def test_a_zone_made_apart_is_the_one_that_is_read_back():
    apart = ZoneInfo.no_cache("Europe/Prague")
    for one in (
        cron("0 3 * * *", tz=apart),
        at("2026-01-01T00:00", tz=apart),
        schedule(5, tz=apart),
        rrule("FREQ=DAILY", tz=apart),
        trigger({"type": "cron", "hour": 3, "timezone": apart}),
        trigger({"type": "date", "run_date": "2026-01-01 00:00:00", "timezone": apart}),
    ):
        assert from_dict(one.to_dict()) == one
        assert one.tz is ZoneInfo("Europe/Prague")
