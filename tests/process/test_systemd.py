"""The units as systemd itself judges them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"), key=lambda path: path.name)
HIGHEST_EXPOSURE = 2.0

by_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"This machine has no {name}.")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def test_there_are_units() -> None:
    assert [unit.name for unit in UNITS] == ["beatd.service", "jobq-worker@.service"]


@by_unit
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    """Without a word of complaint: an unknown key is only a warning, and the unit then does not do what it says."""
    there = tmp_path / unit.name
    there.write_text(
        re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    )
    answer = run("systemd-analyze", "verify", "--man=no", there)
    complaints = [line for line in answer.stderr.splitlines() if there.stem in line or str(tmp_path) in line]
    assert (answer.returncode, complaints) == (0, []), answer.stderr


@by_unit
def test_the_unit_is_exposed_little(unit: Path) -> None:
    answer = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", answer.stdout)
    if found is None and "offline" in answer.stderr:
        pytest.skip("This systemd rates no unit that is not loaded; 250 and later do.")
    assert found, answer.stdout + answer.stderr
    assert float(found[1]) <= HIGHEST_EXPOSURE, answer.stdout


@by_unit
def test_the_unit_gives_jobs_the_time_to_finish(unit: Path) -> None:
    """systemd kills after TimeoutStopSec; by then the shutdown timeout, 30 s, has to be over."""
    assert int(values(unit, "TimeoutStopSec")[0]) > 30
    assert values(unit, "KillMode") == ["mixed"]


def test_both_units_share_the_state_of_sqlite() -> None:
    for key in ("User", "Group", "StateDirectory", "WorkingDirectory"):
        assert values(UNITS[0], key) == values(UNITS[1], key), key


def test_the_user_of_the_units_is_made() -> None:
    text = (ROOT / "systemd" / "sysusers.conf").read_text()
    assert re.findall(r"^u (\S+)", text, re.MULTILINE) == values(UNITS[0], "User")
    answer = run("systemd-sysusers", "--dry-run", ROOT / "systemd" / "sysusers.conf")
    assert answer.returncode == 0, answer.stderr
