"""Entries and settings of chance: each is taken whole, or refused in sentences, and then nothing of it is taken."""

from __future__ import annotations

import warnings
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from definition_mutations import definition, fields
from fuzzing import rounds
from settings_mutations import RIGHT, settings

from beat.definition import read_entry
from beat.entry import Entry
from beat.schedules import ScheduleError
from beat.sources import all_entries, gather
from jobq import App
from jobq.errors import ConfigError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

ROUNDS = rounds(500)
NOW = 1_800_000_000_000_000
STORE = "sqlite:///never-opened.db"

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(autouse=True)
def heedless() -> Iterator[None]:
    """What is ignored is told by a warning, which is none of our business here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def a_sentence(error: object) -> bool:
    text = str(error)
    return bool(text) and "\n" not in text and len(text) < 20_000 and text.encode() != b""


def test_a_stored_definition_is_read_or_refused_in_a_sentence(rng: random.Random) -> None:
    read = 0
    for _ in range(ROUNDS):
        text = definition(rng).decode("utf-8", "surrogateescape")
        try:
            entry = Entry.from_definition("nightly", text)
        except ConfigError as error:
            assert a_sentence(error), text  # noqa: PT017 - where there is an error at all
            assert str(error).startswith('the stored definition of entry "nightly" is not understood: '), text  # noqa: PT017
            continue
        read += 1
        assert Entry.from_definition("nightly", entry.definition()) == entry
        with suppress(ConfigError, ScheduleError):
            evaluated = entry.evaluated(NOW)
            fire = evaluated.next_after(NOW)
            if fire:
                assert evaluated.job(fire).id.startswith("nightly@")
    assert ROUNDS // 20 < read < ROUNDS


def test_an_entry_in_python_is_right_or_refused_in_sentences(rng: random.Random) -> None:
    right = 0
    for _ in range(ROUNDS):
        given = fields(rng)
        entry, problems = read_entry("nightly", given, timezone="UTC")
        assert (entry is None) == bool(problems)
        assert all(a_sentence(problem) for problem in problems), problems
        if entry is not None:
            right += 1
            assert Entry.from_definition("nightly", entry.definition()) == entry
    assert ROUNDS // 20 < right < ROUNDS


def snapshot(app: App) -> dict[str, Any]:
    return {name: app.conf[name] for name in app.conf} | {"given": set(app.conf.given)}


class Holder:
    """Settings as attributes."""


def test_settings_are_taken_whole_or_not_at_all(rng: random.Random) -> None:
    taken = 0
    for _ in range(ROUNDS):
        app = App("tasks", store=STORE)
        before = snapshot(app)
        source: Any = settings(rng)
        if rng.random() < 0.3:
            holder = Holder()
            vars(holder).update({name: value for name, value in source.items() if isinstance(name, str)})
            source = holder
        try:
            app.config_from_object(source)
            taken += 1
        except ConfigError as error:
            assert a_sentence(error)  # noqa: PT017 - where there is an error at all
            after = snapshot(app)
            assert after.keys() == before.keys()
            assert all(after[name] is before[name] or after[name] == before[name] for name in before)
            continue
        with suppress(ConfigError):
            assert all_entries(gather(None, app)) is not None
    assert ROUNDS // 20 < taken < ROUNDS


def test_right_settings_are_taken() -> None:
    app = App("tasks", store=STORE)
    app.config_from_object(deepcopy(RIGHT))
    assert [entry.name for entry in all_entries(gather(None, app))] == ["e"]
