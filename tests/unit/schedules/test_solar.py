"""The sun: against astral's own functions, and where there is no sunrise for months."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from astral import Observer
from astral.sun import SunDirection, time_of_transit

from beat.schedules import solar
from beat.schedules.solar import EVENTS

START = datetime(2025, 3, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
ZENITHS = {"sunrise": 90 + 50 / 60, "sunset": 90 + 50 / 60, "dawn_civil": 96, "dusk_nautical": 102}


@pytest.mark.parametrize(
    "place", [(50.08, 14.42), (-33.87, 151.21), (0.0, 0.0), (21.3, -157.86), (-17.7, 178.0)]
)
@pytest.mark.parametrize("event", ZENITHS)
def test_astral_gives_the_same_times(place, event):
    lat, lon = place
    direction = SunDirection.RISING if event in ("sunrise", "dawn_civil") else SunDirection.SETTING
    theirs = sorted(
        time_of_transit(
            Observer(lat, lon),
            START.date() + timedelta(days=n),
            ZENITHS[event],
            direction,
            with_refraction=False,
        )
        for n in range(-2, 368)
    )
    for fire in solar(event, lat, lon).fires(START, START + YEAR):
        assert min(abs(fire - other) for other in theirs) < timedelta(seconds=10)


@pytest.mark.parametrize("lon", [-180, -90.0, -0.3, 0, 90, 179.9, 180])
@pytest.mark.parametrize("event", EVENTS)
def test_there_is_one_event_a_day_wherever_the_date_changes(lon, event):
    fires = solar(event, 40.0, lon).fires(START, START + YEAR)
    gaps = [later - sooner for sooner, later in pairwise(fires)]
    assert 364 <= len(fires) <= 366
    assert all(timedelta(hours=23, minutes=50) < gap < timedelta(hours=24, minutes=10) for gap in gaps)


def test_the_same_event_from_wherever_one_asks():
    one = solar("sunset", 50.08, 14.42)
    fire = one.next_after(START)
    for before in range(1, 82_000, 977):
        assert one.next_after(fire - timedelta(seconds=before)) == fire
    assert one.next_after(fire) > fire


def test_polar_night_and_polar_day_are_waited_out():
    tromso = {"lat": 69.65, "lon": 18.96}
    sunrises = solar("sunrise", **tromso).fires(START, START + YEAR)
    waits = sorted(later - sooner for sooner, later in pairwise(sunrises))
    assert timedelta(days=40) < waits[-2] < waits[-1] < timedelta(days=80)
    assert len(solar("solar_noon", **tromso).fires(START, START + YEAR)) == 365


@pytest.mark.parametrize("lat", [90, -90, 89.9])
@pytest.mark.parametrize("event", EVENTS)
def test_the_poles_are_no_error(lat, event):
    fire = solar(event, lat, 0).next_after(START)
    assert fire is None or fire < START + timedelta(days=401)


def test_astronomical_dusk_of_the_far_north_comes_back_in_autumn():
    fire = solar("dusk_astronomical", 60.17, 24.94).next_after(datetime(2025, 5, 20, tzinfo=UTC))
    assert (fire.year, fire.month) == (2025, 8)


@pytest.mark.parametrize("offset", [-1800, 1800, timedelta(days=2), timedelta(days=-2, seconds=7)])
def test_an_offset_moves_each_event(offset):
    moved = offset if isinstance(offset, timedelta) else timedelta(seconds=offset)
    plain = solar("sunset", 50.08, 14.42).upcoming(START, 5)
    shifted = solar("sunset", 50.08, 14.42, offset=offset).upcoming(START + moved, 5)
    assert shifted == [fire + moved for fire in plain]


def test_one_who_stands_high_sees_the_sun_earlier():
    low, high = (solar("sunrise", 50.08, 14.42, elevation=metres).next_after(START) for metres in (0, 2000))
    assert timedelta(minutes=5) < low - high < timedelta(minutes=15)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sunsett", 1, 2), "did you mean 'sunset'"),
        (("sunset", 91, 2), "lat is a number from -90 to 90, not 91"),
        (("sunset", 1, -181), "lon is a number from -180 to 180"),
        (("sunset", "1", 2), "lat is a number"),
        (("sunset", float("nan"), 2), "lat is a number"),
        (("sunset", 1, 2, "x"), "offset of a solar event is a number of seconds or a timedelta"),
    ],
)
def test_a_place_or_event_that_does_not_exist_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        solar(*arguments)


def test_a_description():
    one = solar("dawn_civil", 50.0, 14.4, offset=-60, tz="Europe/Prague")
    assert one.describe() == "1 minute before dawn civil at latitude 50, longitude 14.4, Europe/Prague time."
