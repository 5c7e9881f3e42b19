"""Schedules of every kind, for property tests. The examples are the same on each run."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from beat.schedules import Bounded, Calendar, cron, crontab, from_micros, schedule, solar, to_micros

same = settings(derandomize=True, deadline=None, max_examples=150)

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia"]
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.builds(
    from_micros,
    st.integers(to_micros(datetime(1900, 1, 1, tzinfo=UTC)), to_micros(datetime(2100, 1, 1, tzinfo=UTC))),
    zones,
)


def fields(low, high):
    number = st.integers(low, high)
    bounds = st.tuples(number, number)
    span = bounds.map(lambda ends: f"{ends[0]}-{ends[1]}")
    stepped = st.tuples(st.one_of(st.just("*"), span), st.integers(1, high)).map(
        lambda part: f"{part[0]}/{part[1]}"
    )
    item = st.one_of(number.map(str), span, stepped)
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


expressions = st.tuples(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6)).map(
    " ".join
)
policy = {
    "gap": st.sampled_from([None, "after", "skip"]),
    "fold": st.sampled_from([None, "first", "second", "both"]),
}
optional_zones = st.one_of(st.none(), zones)
crontabs = st.builds(
    lambda text, tz, gap, fold: crontab.from_string(text).bind(
        tz=tz, anchor=datetime(2000, 1, 1, tzinfo=UTC), name="any", gap=gap, fold=fold
    ),
    expressions,
    zones,
    **policy,
)
crons = st.builds(cron, expressions, tz=optional_zones, **policy)
spans = st.one_of(
    st.integers(1, 10_000_000), st.floats(0.001, 1000), st.timedeltas(timedelta(hours=1), timedelta(days=900))
)
intervals = st.builds(schedule, spans, relative=st.booleans(), anchor=instants, tz=zones)
solars = st.builds(
    solar,
    st.sampled_from(["sunrise", "sunset", "solar_noon", "dawn_civil", "dusk_astronomical"]),
    st.floats(-90, 90),
    st.floats(-180, 180),
    offset=st.integers(-7200, 7200),
    tz=optional_zones,
)

# Not so dense that a list of the fires of some days is long.
sparse_expressions = st.tuples(
    st.one_of(fields(0, 59).filter(lambda text: text != "*"), st.just("*/10")),
    fields(0, 23),
    fields(1, 28),
    fields(1, 12),
    fields(0, 6),
).map(" ".join)
sparse_crons = st.builds(cron, sparse_expressions, tz=optional_zones, **policy)
sparse_intervals = st.builds(
    schedule, st.integers(1, 300).map(lambda minutes: minutes * 600), anchor=instants, tz=optional_zones
)
calendars = st.builds(
    lambda dates, yearly, weekend: Calendar([*dates, *yearly], weekend=weekend),
    st.lists(st.dates(date(1990, 1, 1), date(2040, 1, 1)), max_size=5),
    st.lists(st.dates(date(2000, 1, 1), date(2000, 12, 31)).map("{:%m-%d}".format), max_size=40),
    st.lists(st.sampled_from(["friday", "saturday", "sunday"]), max_size=2),
)
parts = st.one_of(sparse_crons, sparse_intervals, solars)


def bounded(one, start, ahead):
    """`one` within bounds, unless it has bounds already: two that do not meet are refused."""
    return one if isinstance(one, Bounded) else one.between(start, start.astimezone(UTC) + ahead)


def combined_of(inner):
    return st.one_of(
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, dates: a & dates, inner, calendars),
        st.builds(
            lambda a, dates, roll: a.excluding(dates, roll),
            inner,
            calendars,
            st.sampled_from(["skip", "next", "previous"]),
        ),
        st.builds(lambda a, seconds: a.jittered(seconds), inner, st.floats(0, 90_000)),
        st.builds(bounded, inner, instants, days_ahead),
    )


days_ahead = st.timedeltas(timedelta(0), timedelta(days=9000))
combined = combined_of(st.recursive(parts, combined_of, max_leaves=3))
schedules = st.one_of(crontabs, crons, intervals, solars, combined)
