"""A slice of `make chaos` for each store; a minute each, at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from programs import SUPPORT

STORES = ("redis", "sqlite")
MINUTES = 1.0
PATIENCE = 280.0
"""Seconds for the faults, for what is left of them, and for everything to drain."""


@pytest.fixture(scope="module")
def chaos(seed, new_redis_server):  # noqa: ARG001 - it skips, or fails, where there is no server to be had
    """Both runs by their store's name, under way."""
    options = ["--minutes", str(MINUTES), "--seed", str(seed)]
    path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))
    runs = {
        store: subprocess.Popen(
            [sys.executable, "-m", "chaos", "--store", store, *options],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for store in STORES
    }
    yield runs
    for run in runs.values():
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)


@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("store", STORES)
def test_whatever_is_done_to_them_nothing_is_lost_and_nothing_happens_twice(chaos, store, figure):
    said, _ = chaos[store].communicate(timeout=PATIENCE)
    sys.stdout.write(said)
    figure(said.strip().splitlines()[-1] if said.strip() else "it said nothing")
    assert chaos[store].returncode == 0, said
