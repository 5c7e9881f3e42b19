"""From -A to an app, and every way in which that can go wrong."""

from __future__ import annotations

import itertools
import sys

import pytest

from jobq.cli.loading import load_app
from jobq.errors import ConfigError

NUMBERS = itertools.count()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """`write(text, "app")` is the name of a new module in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(text, stem="tasks"):
        name = f"{stem}_{next(NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(f"from jobq.app import App\n{text}")
        return name

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refused(spec):
    with pytest.raises(ConfigError) as caught:
        load_app(spec)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["app = App('right')", "other = App()\ncelery = App('right')", "q = App('right')\nsame = q"],
)
def test_a_module_with_an_app(write, text):
    assert load_app(write(text)).main == "right"


def test_a_named_app_and_another_store(write):
    name = write("class N: a = App('right', store='redis://one')")
    app = load_app(f"{name}:N.a", "redis://two")
    assert (app.main, app.store_url) == ("right", "redis://two")


def test_the_app_is_finalized(write):
    assert (
        load_app(write("app = App()\n@app.on_after_finalize.connect\ndef f(app): app.main = 'done'")).main
        == "done"
    )


@pytest.mark.usefixtures("write")
def test_an_app_where_celery_keeps_it(tmp_path):
    name = f"project_{next(NUMBERS)}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    assert "has no app" in refused(name)
    (tmp_path / name / "celery.py").write_text("from jobq.app import App\napp = App('right')")
    sys.path_importer_cache.clear()
    assert load_app(name).main == "right"


def test_a_module_that_is_not_there(write):
    name = write("app = App()")
    assert f'did you mean "{name}"?' in refused(f"{name}x:app")
    assert f'there is no module "{name}.deep"' in refused(f"{name}.deep")


def test_an_attribute_that_is_not_there_or_no_app(write):
    name = write("application = App()\nadd = 1")
    assert f'has no "app"; did you mean "{name}:application"?' in refused(f"{name}:app")
    assert f'is not an app, but an int; did you mean "{name}:application"?' in refused(f"{name}:add")


def test_several_apps_and_none(write):
    name = write("a = App()\nb = App()")
    assert f'has several apps (a, b): say which, as in "{name}:a"' in refused(name)
    assert "has no app" in refused(write("x = 1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/0", "ZeroDivisionError: division by zero ("),
        ("import nosuchthing", "ModuleNotFoundError: No module named 'nosuchthing' ("),
        ("def (", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("App(stor='x')", '"stor" is not a setting'),
    ],
)
def test_a_module_that_breaks_says_why(write, text, words):
    name = write(text)
    told = refused(name)
    assert told.startswith(f'the app "{name}" can\'t be imported: ')
    assert words in told


def test_an_app_that_cannot_be_completed(write):
    name = write("app = App(include=['nosuchthing'])")
    assert (
        refused(name)
        == f"the app \"{name}\" can't be completed: ModuleNotFoundError: No module named 'nosuchthing'"
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("tasks.py", 'did you mean "tasks"?'),
        ("./src/tasks.py", 'did you mean "src.tasks"?'),
        ("tasks:", "expected"),
        (":app", "expected"),
        ("two words", "expected"),
    ],
)
def test_what_is_no_module_name(spec, words):
    assert words in refused(spec)
