"""Where a zone changes its offset is found, wherever one begins to look."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from beat.dst import DAY, ZoneLine, zone_line
from beat.schedules import cron, rrule


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


def test_readings_that_were_left_out_for_twenty_years_fire_when_the_law_has_changed():
    one = cron("30 2 * 4 0#1", tz="America/New_York", gap="skip")  # the first Sunday of April
    fires = one.upcoming(datetime(1986, 1, 1, tzinfo=UTC), 3)
    assert [fire.year for fire in fires] == [1986, 2007, 2008]
    assert one.latest(datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)) == fires[0]


def test_readings_that_the_law_of_today_leaves_out_each_year_never_fire():
    one = cron("* 2 * 3 0L", tz="Europe/Prague")  # the last Sunday of March
    assert one.next_after(datetime(1981, 1, 1, tzinfo=UTC)) is None
    assert one.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None
    last = one.latest(datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert last == datetime(1980, 3, 30, 1, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "since", "fire"),
    [
        ("*/15 0 * 9 0#1", "America/Santiago", "2030-10-01", "2041-09-01T00:00"),
        ("*/10 2 * 3 5#4", "Asia/Jerusalem", "2030-04-01", "2041-03-22T02:00"),
        ("*/10 23 * 3 6L", "America/Nuuk", "2046-04-01", "2057-03-31T23:00"),
    ],
)
def test_readings_that_a_law_leaves_out_for_ten_years_fire_in_the_next(expression, zone, since, fire):
    tz = ZoneInfo(zone)
    found = cron(expression, tz=zone).next_after(datetime.fromisoformat(since).replace(tzinfo=tz))
    assert found == datetime.fromisoformat(fire).replace(tzinfo=tz)


def test_of_single_dates_any_number_may_be_left_out():
    sundays = [datetime(year, 3, 31) for year in range(2026, 2060)]  # noqa: DTZ001 - readings
    lost = ",".join(f"{day - timedelta(days=(day.weekday() + 1) % 7):%Y%m%dT023000}" for day in sundays)
    one = rrule(f"RDATE:{lost},20700601T120000", tz="Europe/Prague", gap="skip")
    assert one.next_after(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2070, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Kiritimati", "America/New_York"])
def test_the_latest_at_the_end_of_time_is_none(zone):
    end = datetime.max.replace(tzinfo=UTC)
    assert cron("0 0 29 2 *", tz=zone).latest(end, end) is None
    assert cron("0 0 29 2 *", tz=zone).latest(end, datetime(2026, 1, 1, tzinfo=UTC)) is None
