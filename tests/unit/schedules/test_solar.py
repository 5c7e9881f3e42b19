"""The sun: against astral's own functions, against its height every few minutes, and where it stays away for months."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import atan, degrees
from random import Random

import numpy as np
import pytest
from astral import Observer
from astral.sun import SunDirection, adjust_to_horizon, eq_of_time, sun_declination, time_of_transit
from hypothesis import given, settings
from hypothesis import strategies as st

from beat.schedules import solar, to_micros
from beat.schedules.sky.sun import MOST_KEPT, POLE, RISING, Crossing, sunrise_height
from beat.schedules.sky.table import CENTURY, J2000, STRETCH, stretch, sun
from beat.schedules.solar import CROSSINGS, EVENTS

START = datetime(2025, 3, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
FIRST_DAY = to_micros(START) // (86_400 * 1_000_000)
same = settings(derandomize=True, deadline=None, max_examples=100)
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


@same
@given(
    st.sampled_from(sorted(CROSSINGS)),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.sampled_from([0, 0, 1500.0, 100_000.0]),
    st.integers(-700_000, 2_900_000),
)
def test_no_event_is_passed_over_in_polar_months(event, lat, lon, elevation, day):
    one = solar(event, lat, lon, elevation=elevation).sun
    each_day = [found for n in range(day - 2, day + 403) if (found := one._event(n)[0]) is not None]
    second, walked = day * 86_400, []
    while (second := one.after(second)) is not None and second < (day + 400) * 86_400:
        walked.append(second)
    assert walked == [found for found in each_day if day * 86_400 < found < (day + 400) * 86_400]
    assert walked, "every event comes within a year"


@pytest.fixture(scope="module")
def looks():
    """Where the sun stands every four minutes of a year: the seconds, and rows of `sun`."""
    seconds = np.arange(FIRST_DAY * 86_400, (FIRST_DAY + 366) * 86_400, 240)
    return seconds, np.array([sun(second / 86_400) for second in seconds.tolist()])


@pytest.mark.parametrize("lat", [90, 89.5, 85.2, 79.9, 69.65, 66.1, 48.6, 0, -60.3, -89])
def test_the_sun_crosses_the_height_at_the_events_and_nowhere_else(looks, lat):
    lon, step = 21.5, 240
    seconds, positions = looks
    phi, declination = np.radians(np.clip(lat, -POLE, POLE)), np.arctan(positions[:, 0])
    turned = (seconds / 86_400 + lon / 360 + positions[:, 2] - 0.5) * 2 * np.pi
    height = np.degrees(
        np.arcsin(np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(turned))
    )
    for event, (direction, level) in CROSSINGS.items():
        off = height - (sunrise_height(0) if level is None else level)
        over = off >= 0
        before = np.flatnonzero(~over[:-1] & over[1:] if direction == RISING else over[:-1] & ~over[1:])
        expected = seconds[before] + step * off[before] / (off[before] - off[before + 1])
        fires = solar(event, lat, lon).fires(START, START + timedelta(days=366))
        found = [to_micros(fire) // 1_000_000 for fire in fires]
        assert np.array(found) == pytest.approx(expected, abs=30)


def test_the_sun_is_where_astral_has_it():
    random = Random(1)
    for _ in range(2000):
        day = random.uniform(-25_000, 47_000)
        century = (day - J2000) / CENTURY
        tangent, _, ahead = sun(day)
        assert abs(degrees(atan(tangent)) - sun_declination(century)) < 1e-6
        assert abs(ahead * 86_400 - eq_of_time(century) * 60) < 4, "astral's is a shorter series"


def test_the_parabolas_stay_close_to_the_sun():
    random = Random(2)
    for _ in range(2000):
        number, x = random.randrange(-6_000, 12_000), random.uniform(-2.5, 2.5)
        tangent, secant, ahead = (a + x * (b + x * c) for a, b, c in stretch(number))
        there = sun((number + 0.5) * STRETCH + x)
        assert abs(atan(tangent) - atan(there.tangent)) < 2.5e-6
        assert abs(secant - there.secant) < 2.5e-6
        assert abs(ahead - there.ahead) < 4e-7


def test_the_horizon_sinks_as_astrals_does():
    for metres in (-100.0, 0.0, 1.0, 300.0, 8848.0, 100_000.0):
        assert abs(sunrise_height(metres) + 50 / 60 + adjust_to_horizon(metres)) < 1e-9


@pytest.mark.parametrize(("lat", "years"), [(67.9, 2), (90, 2), (-89.6, 40), (88.1, 12)])
def test_an_answer_does_not_depend_on_what_was_asked_before(lat, years):
    random = Random(3)
    one = solar("dusk_civil", lat, -133.5)
    questions = [
        to_micros(START) + random.randrange(years * 365 * 86_400) * 1_000_000 for _ in range(150 * years)
    ]
    questions += [one.next_micros(us, UTC) for us in questions]
    alone = [solar("dusk_civil", lat, -133.5).next_micros(us, UTC) for us in questions]
    assert [one.next_micros(us, UTC) for us in questions] == alone
    assert [one.next_micros(us, UTC) for us in reversed(questions)] == alone[::-1]
    assert len(one.sun._kept) <= MOST_KEPT
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda us: one.next_micros(us, UTC), questions)) == alone


@pytest.mark.parametrize("lat", [90, 89, -88.1, -90])
@pytest.mark.parametrize("event", CROSSINGS)
def test_near_the_poles_nothing_is_worked_out_twice(event, lat, monkeypatch):
    one = solar(event, lat, 14.0)
    fires = one.fires(START, START + YEAR)
    monkeypatch.setattr(Crossing, "_event", None)
    assert one.fires(START, START + YEAR) == fires
    instants = [START, *(fire + gap for fire in fires[:-1] for gap in (timedelta(), timedelta(minutes=1)))]
    assert [one.next_after(t) for t in instants] == [min(f for f in fires if f > t) for t in instants]


def test_what_it_remembers_is_no_part_of_its_value():
    asked, fresh = solar("sunset", 50.08, 14.42), solar("sunset", 50.08, 14.42)
    asked.next_after(START)
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert repr(asked) == repr(fresh)
    assert pickle.dumps(asked) == pickle.dumps(fresh)


def test_polar_months_are_passed_over_in_a_few_strides(monkeypatch):
    days = []
    plain = Crossing._event

    def counted(self, day):
        days.append(day)
        return plain(self, day)

    monkeypatch.setattr(Crossing, "_event", counted)
    for event in CROSSINGS:
        for lat in (90, 78.2, 69.65, 60.2, -66.6, -88):
            for month in range(12):
                days.clear()
                solar(event, lat, 18.96).next_after(START + month * timedelta(days=30))
                assert len(days) < 20


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
        (("sunset", 1, 2, "x"), "offset of a solar event is 'x', which is not a duration"),
    ],
)
def test_a_place_or_event_that_does_not_exist_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        solar(*arguments)


def test_a_description():
    one = solar("dawn_civil", 50.0, 14.4, offset=-60, tz="Europe/Prague")
    assert one.describe() == "1 minute before civil dawn at latitude 50, longitude 14.4, Europe/Prague time."
