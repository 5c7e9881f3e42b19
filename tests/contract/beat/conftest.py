"""The beat's part of the contract: `store` is a beat store here, and `stage` speaks with it in short."""

from __future__ import annotations

import pytest
from beats import Stage, beat_stores


@pytest.fixture
def open_another(store_url):
    with beat_stores(store_url) as opener:
        yield opener


@pytest.fixture
def stage(store):
    return Stage(store)
