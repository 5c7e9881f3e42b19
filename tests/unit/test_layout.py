"""The shape of the tree: what imports what, what shadows nothing, how long a file may be.

The tables say what holds; the tests below read them and the sources, and import nothing.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = {"beat": ROOT, "jobq": ROOT / "queue"}

# From the bottom up. A module imports from its own layer and those below it. The first pattern that fits decides.
LAYERS = {
    # What does no I/O, reads no clock, and takes `now` as an argument; and what the stores promise, which is types.
    "pure": [
        "beat.definition",
        "beat.dst",
        "beat.entry",
        "beat.evaluation",
        "beat.misfire",
        "beat.reading",
        "beat.schedule_keys",
        "beat.schedules",
        "beat.schedules.*",
        "beat.store",
        "beat.toml_lines",
        "jobq.conf",
        "jobq.durations",
        "jobq.errors",
        "jobq.foreign",
        "jobq.instants",
        "jobq.job",
        "jobq.message",
        "jobq.retry",
        "jobq.sizes",
        "jobq.store",
        "jobq.suggest",
        "jobq.variables",
    ],
    "stores": ["beat.stores", "beat.stores.*", "jobq.stores", "jobq.stores.*"],
    # The apps and the processes: whatever is not named elsewhere.
    "processes": ["*"],
    "command line": ["beat.cli", "beat.cli.*", "jobq.__main__", "jobq.cli", "jobq.cli.*"],
}

# A module that is renamed or dropped must not leave its rule behind, holding for nothing.
SETTLED = [
    "beat.dst",
    "beat.entry",
    "beat.misfire",
    "beat.schedules",
    "beat.store",
    "beat.stores",
    "jobq.durations",
    "jobq.job",
    "jobq.retry",
    "jobq.store",
    "jobq.stores",
]

# What a layer, or everything but one layer, does without.
NOT_IN_PURE = {
    *(
        "asyncio",
        "concurrent",
        "logging",
        "multiprocessing",
        "os",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
    ),
    *("sqlite3", "subprocess", "tempfile", "threading", "time", "redis", "click", "rich"),
}
CLOCKS = {"now", "utcnow", "today"}  # methods of datetime and date
ONLY_IN_COMMAND_LINE = {"click", "rich"}

LONGEST_FILE = 500


class Import(NamedTuple):
    target: str
    line: int
    for_types: bool


@cache
def modules() -> dict[str, Path]:
    """Every module of the two packages, by the name it is imported under."""
    found = {}
    for package, root in SOURCE_ROOTS.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def layer(module: str) -> str:
    """Where a module belongs. The catch-all comes last, wherever it stands in the table."""
    named = [
        name for name, patterns in LAYERS.items() if any(p != "*" and fnmatch(module, p) for p in patterns)
    ]
    return named[0] if named else next(name for name, patterns in LAYERS.items() if "*" in patterns)


def imports(module: str) -> Iterator[Import]:
    """Whatever a module imports, wherever in it, under full names."""
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, for_types in _nodes(ast.parse(path.read_text()), for_types=False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, for_types)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            for alias in node.names:
                # `from package import module` is about the module; `from module import name` is not about the name.
                full = f"{base}.{alias.name}"
                yield Import(full if full in modules() else base, node.lineno, for_types)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield Import(name.value, node.lineno, for_types)


def _nodes(node: ast.AST, *, for_types: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        guarded = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
        yield child, for_types
        yield from _nodes(child, for_types=for_types or guarded)


def top(name: str) -> str:
    return name.partition(".")[0]


def where(module: str, line: int) -> str:
    return f"{modules()[module].relative_to(ROOT)}:{line}"


def test_every_settled_module_is_there() -> None:
    missing = [name for name in SETTLED if name not in modules()]
    assert not missing, f"The tables of this file name modules that do not exist: {', '.join(missing)}."


def test_jobq_knows_nothing_of_beat() -> None:
    wrong = [
        f"{where(module, found.line)} imports {found.target}"
        for module in modules()
        if top(module) == "jobq"
        for found in imports(module)
        if top(found.target) == "beat"
    ]
    assert not wrong, "\n".join(["The direction is beat -> jobq -> libraries.", *wrong])


def test_no_layer_imports_from_above() -> None:
    """Annotations aside: a name that only the type checker sees ties nothing together."""
    order = list(LAYERS)
    wrong = [
        f"{where(module, found.line)} ({layer(module)}) imports {found.target} ({layer(found.target)})"
        for module in modules()
        for found in imports(module)
        if found.target in modules() and not found.for_types
        if order.index(layer(found.target)) > order.index(layer(module))
    ]
    advice = (
        "Import from the same layer or below; a helper that is as pure as its user belongs in the table here."
    )
    assert not wrong, "\n".join([advice, *wrong])


def test_pure_modules_do_no_io_and_read_no_clock() -> None:
    wrong = []
    for module in modules():
        if layer(module) != "pure":
            continue
        wrong += [
            f"{where(module, found.line)} imports {found.target}"
            for found in imports(module)
            if top(found.target) in NOT_IN_PURE and not found.for_types
        ]
        wrong += [
            f"{where(module, node.lineno)} asks the clock: {ast.unparse(node)}"
            for node in ast.walk(ast.parse(modules()[module].read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCKS
            if top(ast.unparse(node.func)) in {"date", "datetime", "dt"}
        ]
    assert not wrong, "\n".join(["Pure code takes what it needs to know as arguments.", *wrong])


def test_only_the_command_line_imports_its_libraries() -> None:
    wrong = [
        f"{where(module, found.line)} imports {found.target}"
        for module in modules()
        if layer(module) != "command line"
        for found in imports(module)
        if top(found.target) in ONLY_IN_COMMAND_LINE
    ]
    assert not wrong, "\n".join(wrong)


def test_the_folder_queue_is_no_package() -> None:
    """One file too many there, and `import queue` gets this folder instead of the standard library's module."""
    assert not list((ROOT / "queue").glob("*.py"))
    assert [path.name for path in (ROOT / "queue").iterdir() if path.name != "__pycache__"] == ["jobq"]


def test_no_test_folder_has_the_name_of_a_standard_module() -> None:
    names = {path.stem for path in (ROOT / "tests").iterdir()} | {
        path.stem for path in (ROOT / "tests" / "support").iterdir()
    }
    assert not names & (set(sys.stdlib_module_names) | {"redis", "beat", "jobq"})


@pytest.mark.parametrize("folder", [".", "tests", "queue"])
def test_queue_is_the_standard_librarys_from_every_folder(folder: str) -> None:
    program = (
        "import queue, sysconfig, pathlib, logging.handlers, concurrent.futures, multiprocessing.queues\n"
        "print(pathlib.Path(queue.__file__).is_relative_to(sysconfig.get_path('stdlib')), queue.__file__)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.stdout.startswith("True"), answer.stdout + answer.stderr


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("beat", "queue", "tests", "examples", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert not long, f"Above {LONGEST_FILE} lines is a reason to split: {long}."


# The tests above are only worth what reading imports is worth.


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import sqlite3", ["sqlite3"]),
        ("from os import path", ["os"]),
        ("def f():\n    import time", ["time"]),
        ("from . import retry", ["jobq.retry"]),
        ("from .stores import redis", ["jobq.stores.redis"]),
        ("from jobq import retry", ["jobq.retry"]),
        ("importlib.import_module('beat.control')", ["beat.control"]),
    ],
)
def test_imports_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, expected: list[str]
) -> None:
    path = tmp_path / "probe.py"
    path.write_text(source)
    tree = {"jobq.probe": path, "jobq.retry": path, "jobq.stores.redis": path}
    monkeypatch.setitem(globals(), "modules", lambda: tree)
    assert [found.target for found in imports("jobq.probe")] == expected


def test_imports_for_the_type_checker_are_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("if TYPE_CHECKING:\n    import redis\nimport json")
    monkeypatch.setitem(globals(), "modules", lambda: {"jobq.probe": path})
    assert [(found.target, found.for_types) for found in imports("jobq.probe")] == [
        ("redis", True),
        ("json", False),
    ]
