"""What the tests of whole programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from programs import Programs

from beat.stores import open_beat_store
from jobq import App

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beat.store import BeatStore


@pytest.fixture
def programs(tmp_path: Path, store_url: str) -> Iterator[Programs]:
    """A factory of real programs on `store_url`; what is left of them is killed after the test."""
    folder = tmp_path / "programs"
    folder.mkdir()
    started = Programs(folder, store_url)
    yield started
    started.clear_away()


@pytest.fixture
def store(store_url: str) -> Iterator[BeatStore]:
    """The store as the test itself looks at it."""
    opened = open_beat_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def app(store_url: str) -> Iterator[App]:
    """A producer: it knows the tasks by name only."""
    producer = App("producer", store=store_url)
    yield producer
    producer.store.close()
