"""Entries as no program of ours would define them, in Python's values or as JSON in the store."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mutations import WRONG, Raw, changed, encoded, nested, places, put, with_wrong_values

from beat import schedules
from beat.definition import entry_from_mapping

if TYPE_CHECKING:
    import random

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
KINDS: tuple[dict[str, Any], ...] = (
    {"every": 10},
    {"every": "1h30m", "jitter": 60},
    {"schedule": timedelta(minutes=5), "relative": True},
    {"cron": "30 2 * * mon-fri", "gap": "skip", "fold": "both"},
    {"cron": ["0 9 * * *", "H 3 L * *"]},
    {"cron": "*/10 * * * * fri#2", "calendar": ["2026-12-24", "saturday"], "roll": "next"},
    {"crontab": {"minute": "*/15", "hour": "9-17", "day_of_week": "mon-fri"}},
    {"solar": {"event": "sunset", "lat": 50.1, "lon": 14.4, "offset": "-15m"}},
    {"at": datetime(2030, 1, 1, 12, tzinfo=UTC)},
    {"at": ["2030-01-01T12:00:00", "2031-01-01T12:00:00Z"]},
    {"rrule": "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0;BYSECOND=0"},
    {"trigger": {"type": "cron", "hour": "3", "timezone": "Europe/Prague"}},
    {
        "trigger": {
            "type": "and",
            "triggers": [
                {"type": "interval", "hours": 6},
                {"type": "calendarinterval", "months": 1, "start_date": "2026-01-31"},
            ],
        }
    },
    {"schedule": schedules.every(60) | schedules.cron("0 3 * * *")},
    {"schedule": schedules.cron("0 * * * *").between(NOON, None) - schedules.cron("0 3 * * *")},
)
REST: dict[str, Any] = {
    "args": ["/var/log", -1.5e3, [True, None]],
    "kwargs": {"keep": 7, "deep": {"er": [1]}},
    "timezone": "Europe/Prague",
    "enabled": True,
    "start": NOON,
    "end": datetime(2040, 1, 1, tzinfo=UTC),
    "catchup": "all",
    "catchup_window": "1h",
    "queue": "low",
    "options": {"priority": 3, "headers": {"a": 1}, "countdown": 5},
    "expires": 60,
    "time_limit": 30.0,
    "retries": 2,
}


def sound(rng: random.Random) -> dict[str, Any]:
    """The fields of an entry, as `beat_schedule` takes them."""
    rest = {key: REST[key] for key in rng.sample(sorted(REST), rng.randrange(len(REST)))}
    return {"task": "tasks.t", **rng.choice(KINDS), **rest}


def stored(rng: random.Random) -> dict[str, Any]:
    """The same as the store holds it, as a document."""
    return dict(json.loads(entry_from_mapping("e", sound(rng), timezone="UTC").definition()))


def definition(rng: random.Random) -> bytes:
    """A stored definition with something wrong about it, or not."""
    document = stored(rng)
    kind = rng.choice(["bytes", "bytes", "values", "values", "values", "keys", "schedule", "deep", "other"])
    if kind == "bytes":
        return changed(rng, encoded(document))
    if kind == "values":
        return encoded(with_wrong_values(rng, document, (*WRONG, *SCHEDULES)))
    if kind == "keys":
        return encoded(with_other_keys(rng, document))
    if kind == "schedule":
        return encoded(
            document
            | {"schedule": stored(rng)["schedule"] | {rng.choice(WORDS): rng.choice((*WRONG, *SCHEDULES))}}
        )
    if kind == "deep":
        return encoded(
            put(document, rng.choice(list(places(document))), rng.choice([nested(rng), combined(rng)]))
        )
    return rng.choice(
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'{"v":1}',
            b'{"v":2}',
            b'{"v":1e999}',
            rng.randbytes(50),
            encoded(document) * 2,
        ]
    )


SCHEDULES: tuple[Any, ...] = (
    "* * * * *", "@yearly", "0 0 31 2 *", "0 0 29 2 *", "H H H H H", "60 * * * *", "* * * * * * 2200", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;INTERVAL=999999999;BYHOUR=3", "FREQ=DAILY;COUNT=1000000000", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    "Europe/Prague", "Mars/Phobos", "../../etc/passwd", "\x00", "P1D", "1e9", 1e-9, 1e18, 1e-320, 36_525 * 86_400, 2**53, ["*"], ["a", 5],
    {"kind": "every", "run_every": 1e-6}, {"kind": "cron", "text": "* * * * *"}, {"kind": "union"}, {"kind": "os.system"},
    {"type": "cron"}, {"type": "builtins:eval"}, {"type": "interval", "seconds": 0}, {"type": "date", "run_date": 10**18},
)  # fmt: skip
WORDS = (
    "kind",
    "v",
    "text",
    "tz",
    "gap",
    "fold",
    "run_every",
    "anchor",
    "event",
    "lat",
    "lon",
    "seconds",
    "trigger",
    "parts",
    "relative",
    "x",
)


def with_other_keys(rng: random.Random, document: Any) -> Any:
    """A key somewhere is gone, has another name, or is there as well."""
    tables = [
        at for at in places(document) if isinstance(value_at(document, at), dict) and value_at(document, at)
    ]
    at = rng.choice(tables)
    table = dict(value_at(document, at))
    key = rng.choice(sorted(table, key=str))
    value = table.pop(key) if rng.random() < 0.7 else table[key]
    if rng.random() < 0.7:
        table[rng.choice([f"{key}x", str(key).upper(), str(key)[:-1], "", "\x00", *WORDS])] = value
    return put(document, at, table)


def value_at(value: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        value = value[key]
    return value


def combined(rng: random.Random) -> Any:
    """Combinations of combinations."""
    one: Any = {"kind": "every", "run_every": 60, "v": 1}
    for _ in range(rng.choice([2, 30, 300])):
        other = {"kind": "cron", "text": rng.choice(["0 3 * * *", "* * * * 2", "0 0 29 2 *"])}
        both = {"kind": rng.choice(["union", "intersection"]), "of": [one, rng.choice([one, other])]}
        one = rng.choice([both, {"kind": "difference", "of": one, "without": other}])
        if len(json.dumps(one)) > 200_000:
            break
    return one


# -- Python's values


class Odd:
    """An object of somebody else's making."""

    def __repr__(self) -> str:
        raise RuntimeError("it has no form")


class Text(str):
    """Text that is not quite text."""

    __slots__ = ()


def circle() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


ODD: tuple[Any, ...] = (
    *(value for value in (*WRONG, *SCHEDULES) if not isinstance(value, Raw)), Odd(), object, len, lambda: 1, {1, 2}, frozenset(), b"bytes", bytearray(), range(3),
    (x for x in ()), Decimal("NaN"), Decimal(1), float("nan"), float("inf"), -float("inf"), 1j, NotImplemented, ..., Text("every"),
    date(2026, 1, 1), time(3), NOON, NOON.replace(tzinfo=None), NOON.replace(year=9999, tzinfo=None), datetime.min.replace(tzinfo=UTC), timedelta.max, timedelta(-1),
    timedelta(0), timedelta(microseconds=1), "\ud800", {1: 2}, {None: 1}, {("a",): 1}, circle(), {"a": circle()}, [Odd()], {"a": Odd()},
    schedules.every(5), schedules.cron("* * * * *"), schedules.Calendar(dates=["2026-01-01"]), schedules.every, 10**400, -(10**5000),
)  # fmt: skip


def fields(rng: random.Random) -> Any:
    """An entry as Python code might define it, with something wrong about it, or not."""
    given = sound(rng)
    if rng.random() < 0.3:
        return with_other_keys(rng, given)
    return with_wrong_values(rng, given, ODD)
