"""A message names a function, and the worker decides: before anything of it is imported, and again by what was found."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig

import pytest

from jobq import App
from jobq.errors import ImportNotAllowed
from jobq.worker.imports import Imports

PROJECT = {
    "shop/__init__.py": "",
    "shop/jobs.py": """\
import functools, io, os, posix, sqlite3, subprocess
from os import system
from subprocess import Popen, run
from helpers import helpful, Helper
from jobq import App

app = App("shop", store="sqlite:///never-opened.db")
def sell(thing): return f"sold {thing}"
@functools.lru_cache
def sell_once(thing): return sell(thing)
@functools.wraps(sell)
def wrapped(*args): return sell(*args)
@app.task
def task(thing): return sell(thing)
class Order:
    def __call__(self): return 1
class Shell(subprocess.Popen): pass
class Refused(ValueError): pass
class Upload(io.FileIO): pass
class Base(sqlite3.Connection): pass
class Part(functools.partial): pass
class Made(type):
    def __call__(cls): return "made"
class Thing(metaclass=Made): pass
part = Part(os.system, "false")
order = Order()
partial = functools.partial(os.system, "false")
bound = subprocess.Popen.communicate
opened = open
PRICE = 5
""",
    "helpers.py": "def helpful(): return 'helped'\nclass Helper: pass\n",
    "spread/part.py": "def f(): return 'f'\n",
    "setup.py": "def f(): return 'f'\n",
    "shop/__main__.py": "def f(): return 'f'\n",
    "shop/vendor/__init__.py": "",
    "shop/vendor/lib/__init__.py": "def f(): return 'f'\n",
    "shop/vendor/lib-1.0.dist-info/METADATA": "",
    ".venv/pyvenv.cfg": "",
    ".venv/bin/activate_this.py": "def f(): return 'f'\n",
    ".venv/src/checked_out/__init__.py": "def f(): return 'f'\n",
    "vendor/vendored/__init__.py": "def f(): return 'f'\n",
    "vendor/vendored-1.0.dist-info/METADATA": "",
    ".venv/lib/python3.11/site-packages/installed/__init__.py": "def f(): return 'f'\n",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a project in it, in which the worker is started, and beside it modules that are not of it."""
    folder = tmp_path / "project"
    outside = {"outside/__init__.py": "def f(): pass\n", "outside/jobs.py": "def f(): pass\n"}
    for root, files in ((folder, PROJECT), (tmp_path / "elsewhere", outside)):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    installed = (".venv/lib/python3.11/site-packages", ".venv/src", ".venv/bin", "vendor")
    for path in (*(folder / place for place in installed), tmp_path / "elsewhere", folder):
        monkeypatch.syspath_prepend(path)
    before = set(sys.modules)
    monkeypatch.chdir(folder)
    yield folder
    for name in set(sys.modules) - before:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def imports(project):
    """`imports("lib", ...)` with these modules allowed, or without any the default."""
    assert project.is_dir()
    return lambda *allowed: Imports(
        App(store="sqlite:///never-opened.db", worker_allowed_imports=allowed or None)
    )


@pytest.mark.parametrize(
    ("path", "args", "result"),
    [
        ("shop.jobs.sell", ["tea"], "sold tea"),
        ("shop.jobs.sell_once", ["tea"], "sold tea"),
        ("shop.jobs.wrapped", ["tea"], "sold tea"),
        ("shop.jobs.task", ["tea"], "sold tea"),
        ("shop.jobs.order", [], 1),
        ("shop.jobs.helpful", [], "helped"),
        ("helpers.helpful", [], "helped"),
    ],
)
def test_the_projects_own_functions_need_no_leave(imports, path, args, result):
    assert imports().function(path)(*args) == result


def test_classes_of_the_project_may_be_called(imports):
    for name in ("Order", "Helper", "Thing"):
        imports().function(f"shop.jobs.{name}")()


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "posix.system",
        "subprocess.run",
        "builtins.eval",
        "sys.exit",
        "pip.main",
        "pytest.main",
        "installed.f",
        "outside.f",
        "jobq.cli.loading.load_app",
        "beat.cli.main",
        "__main__.main",
        "os.path.exists",
        "importlib.import_module",
        "activate_this.f",
        "checked_out.f",
        "vendored.f",
        "shop.vendor.lib.f",
        "shop.__main__.f",
        "setup.f",
    ],
)
def test_what_is_not_of_the_project_is_neither_imported_nor_run(imports, path):
    known = set(sys.modules)
    with pytest.raises(ImportNotAllowed, match="is not imported, and messages may not import from"):
        imports().function(path)
    assert set(sys.modules) == known


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("system", "posix"),
        ("run", "subprocess"),
        ("Popen", "subprocess"),
        ("Shell", "subprocess"),
        ("Upload", "_io"),
        ("Base", "sqlite3"),
        ("Part", "functools"),
        ("part", "functools"),
        ("Refused", "builtins"),
        ("partial", "functools"),
        ("bound", "subprocess"),
        ("opened", "io"),
        ("App", "jobq.app"),
        ("__class__", "builtins"),
        ("__getattribute__", ""),
    ],
)
def test_no_name_leads_out_of_the_project(imports, name, home):
    with pytest.raises(
        ImportNotAllowed,
        match=rf'list "{home or "."}.*shop\.jobs\.{name} is not run, for it is of the module {home}',
    ):
        imports().function(f"shop.jobs.{name}")


@pytest.mark.parametrize(
    "path", ["shop.jobs.os.system", "shop.os.system", "shop.jobs.order.f", "shop.nothing"]
)
def test_a_path_leads_through_modules_alone(imports, path):
    with pytest.raises(ImportError, match="can't be imported"):
        imports().function(path)


@pytest.mark.parametrize(
    "path", ["", ".", "f", "..f", "shop..f", "shop.jobs.", "shop.jobs.a-b", "shop/jobs.sell", "a b.c"]
)
def test_what_is_no_path_is_not_tried(imports, path):
    with pytest.raises(ImportError, match="is not an import path"):
        imports("*").function(path)


def test_a_slip_of_the_pen_is_told_apart(imports, project):
    with pytest.raises(ImportError, match=f"there is no module shpo in {project} or among the installed"):
        imports().function("shpo.jobs.sell")


def test_what_is_no_function_is_no_job(imports):
    with pytest.raises(ImportError, match=r"shop\.jobs\.PRICE is not a function"):
        imports().function("shop.jobs.PRICE")


# -- a list


def test_a_module_allows_what_is_below_it_and_nothing_beside_it(imports):
    listed = imports("outside.jobs", "os")
    assert listed.function("outside.jobs.f")
    assert [listed.allows(name) for name in ("os", "os.path", "osx", "outside", "outside.jobsx", "shop", "")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip


def test_no_parent_is_imported_before_it_is_allowed(imports):
    with pytest.raises(ImportNotAllowed, match=r'list "outside\.other" in worker_allowed_imports'):
        imports("outside.jobs").function("outside.other.f")
    assert "outside" not in sys.modules


def test_a_function_is_of_the_module_that_it_was_defined_in(imports):
    with pytest.raises(ImportNotAllowed, match=r'list "helpers".*of the module helpers'):
        imports("shop").function("shop.jobs.helpful")
    assert imports("shop", "helpers").function("shop.jobs.helpful")() == "helped"


def test_a_star_allows_everything(imports):
    assert imports("*").function("os.getpid")() == os.getpid()


def test_nothing_is_a_list_too(project):
    assert project.is_dir()
    closed = Imports(App(store="sqlite:///never-opened.db", worker_allowed_imports=[]))
    with pytest.raises(ImportNotAllowed):
        closed.function("shop.jobs.sell")


def test_the_remedy_is_in_a_log_line_however_long_the_path_is(imports):
    with pytest.raises(
        ImportNotAllowed, match=f"^start the worker with --allow-import outside.{'x' * 99} to"
    ):
        imports().function(f"outside.{'x' * 99}.{'f' * 99}")


# -- where the project is


def test_the_package_of_the_app_is_of_the_project_wherever_it_is(project):
    assert project.is_dir()
    app = App(store="sqlite:///never-opened.db")
    app.module = "outside.jobs"
    assert Imports(app).function("outside.f")() is None


def test_the_folder_is_the_one_that_the_worker_was_started_in(imports, monkeypatch):
    started = imports()
    monkeypatch.chdir("/")
    assert started.function("helpers.helpful")() == "helped"
    with pytest.raises(ImportNotAllowed):
        started.function("installed.f")
    with pytest.raises(ImportNotAllowed):
        imports().function("os.system")


def test_a_folder_behind_a_link_is_the_same_folder(project, tmp_path, monkeypatch):
    link = tmp_path / "current"
    link.symlink_to(project)
    monkeypatch.setattr(sys, "path", [str(link), *(place for place in sys.path if place != str(project))])
    assert Imports(App(store="sqlite:///never-opened.db")).function("shop.jobs.sell")("tea") == "sold tea"


def test_a_folder_that_is_gone_holds_nothing(project, tmp_path, monkeypatch):
    assert project.is_dir()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ImportNotAllowed):
        Imports(App(store="sqlite:///never-opened.db")).function("helpers.helpful")


def test_a_link_between_the_project_and_what_is_installed_is_installed_code(imports, project, monkeypatch):
    """Whichever way it leads: into the folder, or out of it."""
    installed = project / ".venv/lib/python3.11/site-packages"
    (installed / "linked_in.py").symlink_to(project / "helpers.py")
    (project / "linked_out.py").symlink_to(installed / "installed/__init__.py")
    (project / "shop/linked_out.py").symlink_to(installed / "installed/__init__.py")
    (project / "python").symlink_to(sysconfig.get_path("stdlib"))
    monkeypatch.setattr(sys, "path", [str(project / "python"), *sys.path])
    importlib.invalidate_caches()
    for module in ("linked_in", "linked_out", "shop.linked_out", "colorsys"):
        with pytest.raises(ImportNotAllowed, match=f"{module} on this worker"):
            imports().function(f"{module}.f")


def test_a_mere_folder_is_no_package(imports):
    with pytest.raises(ImportNotAllowed, match=r"for the folder spread has no __init__\.py"):
        imports().function("spread.part.f")
    assert imports("spread").function("spread.part.f")() == "f"


@pytest.mark.parametrize("place", ["/", "~", ".venv/src"])
def test_a_folder_in_which_anything_may_lie_is_no_project(project, monkeypatch, place):
    monkeypatch.setenv("HOME", str(project))
    monkeypatch.chdir(project if place == "~" else place)
    app = App(store="sqlite:///never-opened.db")
    assert (Imports(app).allowed, Imports(app).no_folder[:18]) == ([], "it was started in ")
    with pytest.raises(ImportNotAllowed):
        Imports(app).function("helpers.helpful")
    app.module = "shop.jobs"
    assert Imports(app).allowed == ["shop"]
    assert Imports(app).function("shop.jobs.sell")("tea") == "sold tea"


def test_what_is_allowed_can_be_told(imports, project):
    assert imports().allowed == [str(project)]
    assert imports("lib", "*").allowed == ["lib", "*"]
