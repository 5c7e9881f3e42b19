"""Run chaos for some minutes, and exit with 1 and the evidence if a promise was broken.

python -m chaos [--store redis|sqlite|both] [--minutes 10] [--seed N]
"""

from __future__ import annotations

import argparse
import pickle
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.checker import check
from chaos.driver import Stage
from chaos.gather import gather
from chaos.sites import RedisSite, SQLiteSite

if TYPE_CHECKING:
    from chaos.checker import Finding
    from chaos.evidence import Evidence

SITES = {"redis": RedisSite, "sqlite": SQLiteSite}
PAUSE = 0.7
"""Seconds from one fault to the next, on average."""

_MOST_SHOWN = 40


def main() -> int:
    options = read_options()
    stores = list(SITES) if options.store == "both" else [options.store]
    seed = options.seed or str(secrets.randbits(32))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return max([run(store, options.minutes * 60, seed) for store in stores])


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--store", choices=[*SITES, "both"], default="both")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each store")
    parser.add_argument("--seed", default="", help="of the choice of faults; without one, a new one")
    return parser.parse_args()


def run(store: str, seconds: float, seed: str) -> int:
    say(f"chaos on {store}: {seconds:.0f} s of faults, seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    with SITES[store](folder) as site:
        stage = Stage(site, folder, f"{seed}-{store}")
        try:
            stage.begin()
            stage.rage(seconds, PAUSE)
            evidence = gather(stage, stage.drain())
        finally:
            stage.clear_away()
    findings = check(evidence)
    seconds = round(time.monotonic() - began)
    say(f"chaos on {store}, seed {seed}: seconds {seconds}, {summary(stage, evidence, findings)}")
    errors = [producer.error for producer in stage.producers if producer.error is not None]
    if not findings and not errors:
        shutil.rmtree(folder)
        return 0
    for error in errors:
        say(f"  a producer failed: {type(error).__name__}: {error}")
    for finding in findings[:_MOST_SHOWN]:
        say(f"  {finding.kind}: {finding.sentence}")
    (folder / "evidence.pickle").write_bytes(pickle.dumps(evidence))
    say(f"  {len(findings)} findings; what is behind them is in {folder}")
    return 1


def summary(stage: Stage, evidence: Evidence, findings: list[Finding]) -> str:
    numbers = {
        "ticks": sum(len(entry.records) for entry in evidence.entries),
        "jobs": len(evidence.jobs),
        "runs": sum(run.what == "start" for run in evidence.runs),
        "faults": len(evidence.faults),
        **dict(sorted(stage.counts.items())),
        "outages told": sum(said.action == "store_lost" for said in evidence.said),
    }
    kinds = Counter(finding.kind for finding in findings)
    said = [f"{name} {number}" for name, number in numbers.items()]
    said += [f"{kind} = {kinds[kind]}" for kind in ("lost", "duplicate", "early", "wrong")]
    said += [f"left out: {kind} ({why})" for kind, why in stage.left_out.items()]
    return ", ".join(said)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
