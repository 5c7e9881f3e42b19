"""Kinds of schedules from other packages: the example of the documentation, installed, and packages that are broken."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "custom-schedules.md"


def install(folder, package, entry_points, **modules):
    """Put a package where an installer would: its modules, and its metadata beside them."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    info = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[beat.schedules]", *lines, ""]))


def run(folder, program):
    """What a program of its own, which finds the packages in `folder`, prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json\nfrom beat.schedules import from_dict, plugins\n{program}"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), str(ROOT / "queue")])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(folder, name):
    """The sentence with which a kind is refused, whether it is stored or written in a file."""
    stored, written = run(
        folder,
        f"""
told = []
for ask in (lambda: from_dict({{"kind": {name!r}}}), lambda: plugins.from_written({name!r}, {{}})):
    try:
        ask()
    except ValueError as error:
        told.append(str(error))
print(json.dumps(told))
""",
    )
    assert stored == written
    return stored


MODULE = """
from dataclasses import dataclass
from typing import ClassVar
from beat.schedules import Schedule

@dataclass(frozen=True)
class Tide(Schedule):
    kind: ClassVar[str] = {kind!r}
    tz = None
    height: int = 0

    def next_micros(self, us, tz): return None
    def describe(self): return "Never."
    def arguments(self): return {{"height": self.height}}
"""


def documented():
    """The files that the page shows, by name."""
    found = re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return dict(found)


@pytest.fixture
def example(tmp_path):
    files = documented()
    (point,) = re.findall(r'^(\w+) = "(beat_workdays:\w+)"', files["pyproject.toml"], re.MULTILINE)
    install(tmp_path, "beat-workdays", dict([point]), beat_workdays=files["beat_workdays.py"])
    return tmp_path


def test_the_documented_package_adds_its_kind(example):
    answers = run(
        example,
        """
import pickle
from datetime import datetime
from zoneinfo import ZoneInfo
one = from_dict({"kind": "workdays", "v": 1, "n": 2, "since": "2025-03-03", "hour": 2})
start = datetime(2025, 3, 6, 12, tzinfo=ZoneInfo("America/New_York"))
print(json.dumps([
    one.to_dict(),
    [fire.isoformat() for fire in one.upcoming(start, 3)],
    from_dict(one.to_dict()) == one and pickle.loads(pickle.dumps(one)) == one,
    one == plugins.from_written("workdays", {"n": 2, "since": "2025-03-03", "hour": 2}),
    plugins.from_written("workdays", 5).n,
    plugins.kind_named("workdays").kind,
    one.describe(),
    from_dict({"kind": "workdays", "n": 2, "tz": "Asia/Tokyo"}).describe(),
]))
""",
    )
    assert answers == [
        {"kind": "workdays", "v": 1, "n": 2, "since": "2025-03-03", "hour": 2},
        ["2025-03-07T02:00:00-05:00", "2025-03-11T02:00:00-04:00", "2025-03-13T02:00:00-04:00"],
        True,
        True,
        5,
        "workdays",
        "At 02:00, on every working day whose number from 2025-03-03 is a multiple of 2.",
        "At 00:00, on every working day whose number from 2024-01-01 is a multiple of 2, Asia/Tokyo time.",
    ]


def test_the_documented_package_keeps_the_contract(example):
    found = run(
        example,
        """
from datetime import date, timedelta
from zoneinfo import ZoneInfo
one, berlin = from_dict({"kind": "workdays", "n": 7, "since": "2025-01-01", "hour": 2}), ZoneInfo("Europe/Berlin")
us, fires, holds = 1735689600_000000, [], True
for _ in range(80):
    fire = one.next_micros(us, berlin)
    holds &= fire > us and all(one.next_micros(t, berlin) == fire for t in (us + 1, (us + fire) // 2, fire - 1) if us < t < fire)
    fires.append(fire)
    us = fire
working = [day for day in (date(2025, 1, 1) + timedelta(n) for n in range(800)) if day.weekday() < 5][::7]
from beat.schedules import from_micros
shown = [from_micros(fire, berlin).date() for fire in fires]
print(json.dumps([holds, shown == working[:80]]))
""",
    )
    assert found == [True, True]


def test_a_kind_without_a_bind_makes_nothing_of_anchor_and_name(example):
    program = """
from beat.schedules import cron
one = from_dict({"kind": "workdays", "n": 2})
class Bound(type(one)):
    kind = ""
    def bind(self, **given): return self
print(json.dumps([one.by_anchor, one.by_name, Bound(2).by_anchor, Bound(2).by_name]))
"""
    assert run(example, program) == [False, False, True, True]


def test_what_a_kind_of_another_package_makes_is_quoted_briefly(tmp_path):
    module = (
        MODULE.format(kind="tide")
        + "    @classmethod\n    def from_arguments(cls, given): return 'x' * 9999\n"
    )
    install(tmp_path, "tide-tables", {"tide": "tides:Tide"}, tides=module)
    told = refusal(tmp_path, "tide")
    assert told.endswith("...  of its arguments, which is no Schedule.".replace("  ", " "))
    assert len(told) < 200


def test_what_a_kind_refuses_and_what_it_stumbles_over_is_a_sentence(example):
    told = run(
        example,
        """
told = []
wrong = [{"n": 0}, {"n": True}, {"n": 1, "hour": True}, {"n": 1, "since": "soon"}, {"n": 1, "since": 5}]
for given in (*wrong, {"n": 1, "hours": 1}, {"n": 1, "tz": "Mars/X"}, {}):
    try:
        from_dict({"kind": "workdays", **given})
    except ValueError as error:
        told.append(str(error))
print(json.dumps(told))
""",
    )
    assert told == [
        "n of workdays is a whole number of 1 or more, not 0.",
        "n of workdays is a whole number of 1 or more, not True.",
        "hour of workdays is a whole number from 0 to 23, not True.",
        "since of workdays is a date such as '2024-01-01', not 'soon'.",
        "since of workdays is a date such as '2024-01-01', not 5.",
        "A workdays schedule has no 'hours'; did you mean 'hour'?",
        "'Mars/X' is not a time zone of the IANA database; expected a name such as 'Europe/Prague'.",
        "A workdays schedule takes n, since, hour, tz, but got nothing.",
    ]


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'."),
        ("Tide = 5", "it is 5, not a subclass of beat.schedules.Schedule."),
        (MODULE.format(kind="ebb"), "the class Tide says kind = 'ebb'; it has to be the entry point's name."),
        (MODULE.format(kind="tide").replace("def describe", "def told"), "the class Tide lacks describe."),
        (
            MODULE.format(kind="cron"),
            "tides.Tide cannot be the schedule kind 'cron': beat.schedules.cron.cron is.",
        ),
        ("raise SystemExit(3)", "SystemExit: 3."),
    ],
    ids=["import", "no class", "another name", "abstract", "taken", "exit"],
)
def test_a_broken_package_harms_only_its_own_kind(tmp_path, module, sentence):
    install(tmp_path, "tide-tables", {"tide": "tides:Tide"}, tides=module)
    install(tmp_path, "beat-moon", {"moon": "moon:Tide"}, moon=MODULE.format(kind="moon"))
    told = refusal(tmp_path, "tide")
    assert told.startswith(
        "The schedule kind 'tide' (entry point tide = 'tides:Tide' of the package tide-tables)"
    )
    assert told.rstrip(".").endswith(sentence.rstrip("."))
    others = run(
        tmp_path,
        'print(json.dumps([from_dict({"kind": kind, **given}).kind for kind, given in [("moon", {}), ("cron", {"text": "@daily"})]]))',
    )
    assert others == ["moon", "cron"]


def test_a_package_cannot_take_the_name_of_a_kind_of_beat(tmp_path):
    install(tmp_path, "tide-tables", {"cron": "tides:Tide"}, tides=MODULE.format(kind="tide"))
    program = 'print(json.dumps([from_dict({"kind": "cron", "text": "@daily"}).describe(), plugins.kind_named("cron").__module__]))'
    assert run(tmp_path, program) == ["At 00:00.", "beat.schedules.cron"]


def test_a_name_that_two_packages_claim_is_neithers(tmp_path):
    for package, module in (("tide-tables", "tides"), ("low-water", "ebbs")):
        install(tmp_path, package, {"tide": f"{module}:Tide"}, **{module: MODULE.format(kind="tide")})
    told = refusal(tmp_path, "tide")
    assert "low-water" in told
    assert told.endswith("several packages claim that name.")


def test_nothing_is_imported_before_its_kind_is_asked_for(tmp_path):
    install(tmp_path, "tide-tables", {"tide": "tides:Tide"}, tides="raise RuntimeError('imported')")
    program = """
try:
    from_dict({"kind": "tde"})
except ValueError as error:
    print(json.dumps([plugins.offered(), str(error)]))
"""
    offered, told = run(tmp_path, program)
    assert offered == ["tide"]
    assert told.endswith("did you mean 'tide'?")
