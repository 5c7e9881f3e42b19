"""Stored schedules that cannot be read get a sentence."""

import pytest

from beat.schedules import Schedule, cron, from_dict


def test_from_dict_is_also_a_function_of_the_package():
    assert from_dict({"kind": "cron", "v": 1, "text": "@daily"}) == cron("@daily")
    assert cron.from_dict is Schedule.from_dict


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
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
