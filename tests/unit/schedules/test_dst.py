"""Where a zone changes its offset is found, wherever one begins to look."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from beat.dst import DAY, ZoneLine, zone_line


@pytest.mark.parametrize(
    ("zone", "dates"),
    [
        ("America/Recife", ["2000-10-08T03:00", "2000-10-15T02:00"]),  # the two closest of all
        ("Africa/Casablanca", ["2012-07-20T02:00", "2012-08-20T02:00"]),
        ("Pacific/Apia", ["2011-09-24T14:00", "2011-12-30T10:00"]),
        ("America/St_Johns", ["2010-03-14T03:31", "2010-11-07T02:31"]),  # on no quarter of an hour
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


PRAGUE = ZoneInfo("Europe/Prague")


class Counted(tzinfo):
    """Central European Time, and how often it was asked. It cannot be hashed, as some of dateutil's cannot."""

    __hash__ = None

    def __init__(self):
        self.asked = 0

    def fromutc(self, when):
        return PRAGUE.fromutc(when.replace(tzinfo=PRAGUE)).replace(tzinfo=self)

    def utcoffset(self, when):
        self.asked += 1
        return PRAGUE.utcoffset(when)

    def dst(self, when):
        return PRAGUE.dst(when)


def test_a_zone_is_read_once_by_all_who_ask_about_its_changes():
    zone, start = Counted(), 1_800_000_000
    expected = zone_line(PRAGUE).transitions(start, start + 3650 * DAY)
    assert zone_line(zone).transitions(start, start + 3650 * DAY) == expected
    asked = zone.asked
    assert asked < 3650 * 2
    assert zone_line(zone).transitions(start + DAY, start + 3650 * DAY) == expected
    assert zone_line(zone).segment(start).offset == 3600
    assert zone.asked == asked
