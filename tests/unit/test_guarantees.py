"""The page of guarantees names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text()


def test_each_promise_is_held_by_something():
    promises = re.split(r"^## (?=\d)", PAGE, flags=re.MULTILINE)[1:]
    assert [int(promise.split(".")[0]) for promise in promises] == list(range(1, 10))
    assert [promise.splitlines()[0] for promise in promises if "**Held by**" not in promise] == []


def test_what_is_named_exists():
    named = re.findall(r"`((?:tests|benchmarks)/[^`]*)`", PAGE)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
