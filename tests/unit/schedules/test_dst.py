"""Where a zone changes its offset is found, wherever one begins to look."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from beat.dst import DAY, ZoneLine, zone_line


@pytest.mark.parametrize(
    ("zone", "dates"),
    [
        ("America/Recife", ["2000-10-08T03:00", "2000-10-15T02:00"]),  # the two closest of all
        ("Africa/Casablanca", ["2012-07-20T02:00", "2012-08-20T02:00"]),
        ("Pacific/Apia", ["2011-09-24T14:00", "2011-12-30T10:00"]),
    ],
)
def test_both_of_two_changes_are_found_wherever_one_begins_to_look(zone, dates):
    expected = [int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) for date in dates]
    line = ZoneLine(ZoneInfo(zone))
    for hours in range(1, 24 * 10):
        start = expected[0] - hours * 3600
        found = line.transitions(start, expected[1] + DAY)
        assert [change.at for change in found] == expected


def test_a_change_at_the_end_of_a_stretch_belongs_to_it_and_one_at_the_start_does_not():
    change = int(datetime(2025, 3, 30, 1, tzinfo=UTC).timestamp())
    line = zone_line(ZoneInfo("Europe/Prague"))
    assert [one.at for one in line.transitions(change - 1, change)] == [change]
    assert line.transitions(change - 1000, change - 1) == []
    assert line.transitions(change, change + 1000) == []
