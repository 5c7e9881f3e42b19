"""Many simulated runs, one after the other or a process for each store: `make sim SEEDS=10000`.

python tests/support/simulate.py --seeds 10000 --first 1 --store both
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import secrets
import sys
import tempfile
import time
import uuid
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from clocked_stores import clocked_store
from promises import broken
from redis_server import RedisServer, find
from simulated import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOWN = 3
"""Broken promises that are printed of one seed."""


class Verdict(NamedTuple):
    seed: int
    broken: list[str]
    counts: Counter[str]
    trace: list[str]


class Arena:
    """Where the runs of one store take place: a folder for its files, or a server. `wrap` may change the store."""

    def __init__(self, kind: str, place: str, wrap: Callable[[Any], Any] = lambda store: store) -> None:
        self.kind = kind
        self._place = place
        self._wrap = wrap

    def run(self, seed: int) -> Verdict:
        with self._store(seed) as opener, chance(seed):
            simulation = Simulation(seed, opener, server=self.kind == "redis")
            try:
                found = broken(simulation.run())
            except Exception as error:  # noqa: BLE001 - a program that ends by itself has broken every promise
                found = [f"a program ended with {type(error).__name__}: {error}"]
            return Verdict(seed, found, simulation.counts, list(simulation.world.trace))

    @contextmanager
    def _store(self, seed: int) -> Iterator[Callable[[Callable[[], int]], Any]]:
        file = Path(self._place) / f"{seed}.db" if self.kind == "sqlite" else None
        stores: list[Any] = []

        def opener(clock: Callable[[], int]) -> Any:
            url = self._place if file is None else f"sqlite:///{file}?synchronous=off"
            stores.append(clocked_store(url, clock))
            if file is None:
                stores[0].flush()
            return self._wrap(stores[0])

        try:
            yield opener
        finally:
            for store in stores:
                store.close()
            for rest in Path(self._place).glob(f"{seed}.db*") if file is not None else ():
                rest.unlink()


@contextmanager
def chance(seed: int) -> Iterator[None]:
    """Whatever the programs leave to chance comes from the seed."""
    state = random.getstate()
    random.seed(seed)
    ids = random.Random(seed)
    with (
        patch.object(uuid, "uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4)),
        patch.object(secrets, "randbits", ids.getrandbits),
    ):
        yield
    random.setstate(state)


@contextmanager
def arena(kind: str, wrap: Callable[[Any], Any] = lambda store: store) -> Iterator[Arena]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if kind == "redis":
            program = find()
            if program is None:
                raise RuntimeError("There is no Redis server here.")
            place = stack.enter_context(RedisServer(program, Path(folder))).url
        else:
            place = folder
        yield Arena(kind, place, wrap)


def run_many(kind: str, first: int, seeds: int) -> tuple[list[Verdict], Counter[str]]:
    """The bad ones, and the totals of all."""
    logging.disable(logging.CRITICAL)
    if hasattr(
        os, "sched_setaffinity"
    ):  # only one thread runs at a time: handing over is cheapest on one core
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[("sqlite", "redis").index(kind) % len(cores)]})
    bad, totals = [], Counter[str]()
    with arena(kind) as place:
        for seed in range(first, first + seeds):
            verdict = place.run(seed)
            totals.update(verdict.counts)
            if verdict.broken:
                bad.append(verdict)
                sys.stdout.write(f"seed {seed} on {kind}: {'; '.join(verdict.broken[:SHOWN])}\n")
                sys.stdout.flush()
    return bad, totals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many runs on each store")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--store", choices=("sqlite", "redis", "both"), default="both")
    parser.add_argument(
        "--trace", action="store_true", help="print what happened in each run that broke a promise"
    )
    options = parser.parse_args()
    kinds = ("sqlite", "redis") if options.store == "both" else (options.store,)
    began = time.monotonic()
    lost = 0
    with ProcessPoolExecutor(len(kinds)) as pool:
        runs = {kind: pool.submit(run_many, kind, options.first, options.seeds) for kind in kinds}
        for kind, future in runs.items():
            bad, totals = future.result()
            lost += len(bad)
            if options.trace:
                for verdict in bad:
                    sys.stdout.write("\n".join([f"== seed {verdict.seed} on {kind}", *verdict.trace, ""]))
            counted = ", ".join(f"{number:,} {name}" for name, number in sorted(totals.items()))
            sys.stdout.write(
                f"{kind}: {options.seeds:,} seeds from {options.first}: {len(bad)} broke a promise; {counted}\n"
            )
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
