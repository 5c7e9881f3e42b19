"""A table of answers collected from several schedulers and from first principles; the expected ones are written out."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import crontab, schedule, solar

CASES = json.loads((Path(__file__).parent / "schedule_cases.json").read_text())


def built(case):
    match case["kind"]:
        case "crontab":
            return crontab.from_string(case["cron"])
        case "interval":
            return schedule(case["every"])
        case "relative":
            return schedule(case["every"], relative=True)
        case "solar":
            return solar(case["event"], case["lat"], case["lon"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']} {case['note'] or case['kind']}")
def test_the_next_fires_are_those_of_the_table(case):
    after = datetime.fromisoformat(case["after"])
    if "tz" in case:
        after = after.astimezone(ZoneInfo(case["tz"]))
    expected = [datetime.fromisoformat(text) for text in case["expected"]]
    tolerance = timedelta(seconds=case.get("tolerance_s", 0))
    found = built(case).upcoming(after, len(expected))
    assert len(found) == len(expected)
    for fire, wanted in zip(found, expected, strict=True):
        assert abs(fire.astimezone(wanted.tzinfo) - wanted) <= tolerance
        if not tolerance:
            assert fire.isoformat() == wanted.isoformat()
