"""Beats and workers in a simulated world: whatever goes wrong, the promises hold. `make sim` runs many more seeds."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from simulate import SHOWN, arena

SUPPORT = Path(__file__).parents[1] / "support"
SEEDS = 60


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(params=["sqlite", "redis"])
def kind(request):
    if request.param == "redis":
        request.getfixturevalue("redis_server")
    return request.param


def test_the_promises_hold_whatever_goes_wrong(kind, rng):
    first = rng.randrange(1_000_000)
    with arena(kind) as place:
        for seed in range(first, first + SEEDS):
            verdict = place.run(seed)
            assert not verdict.broken, (
                f"seed {seed}: {'; '.join(verdict.broken[:SHOWN])}\n"
                f"make sim STORE={kind} SEED={seed} SEEDS=1 TRACE=1 shows what happened"
            )


def test_a_seed_tells_everything(kind):
    """Also in another process, where sets are ordered otherwise."""
    program = (
        "import logging; logging.disable(logging.CRITICAL); from simulate import arena\n"
        f"with arena({kind!r}) as place: print('\\n'.join(place.run(7).trace))"
    )
    traces = []
    for hash_seed in "12":
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path]),
            "PYTHONHASHSEED": hash_seed,
        }
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        traces.append(done.stdout)
    assert traces[0].count("\n") > 300
    assert traces[0] == traces[1]
