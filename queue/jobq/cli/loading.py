"""From `-A module:app` to the app, with a sentence for each way in which that can go wrong."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError, JobqError
from jobq.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from types import ModuleType

    from jobq.app import App

_USUAL = ("app", "celery")
_EXPECTED = 'expected "module:app" or "package.module"'


def load_app(spec: str, store: str | None = None) -> App:
    """The finalized app of `module:attribute`, or of a module that has one; `store` replaces its own.

    The working directory comes first among the places that modules are looked for in.
    """
    look_here_first()
    path, _, attribute = spec.partition(":")
    named = all(part.isidentifier() for part in path.split(".")) and not path.endswith(".py")
    if not named or (":" in spec and not attribute):
        raise ConfigError(f'the app "{spec}" is not the name of a module; {_EXPECTED}{_as_module(path)}')
    module = _import(path, spec)
    app = _attribute(module, attribute, spec) if attribute else _only_app(module, spec)
    app.module = module.__name__
    if store is not None:
        app.conf.broker_url = store
    try:
        app.finalize()
    except JobqError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(f'the app "{spec}" can\'t be completed: {_cause(error)}') from error
    return app


def look_here_first() -> None:
    """Look for modules in the working directory before all others, as `python -m` does and an installed script does not."""
    try:
        here = str(Path.cwd())
    except OSError:  # it was removed
        return
    if here not in sys.path[:1]:
        sys.path.insert(0, here)


def _import(path: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name and (path == error.name or path.startswith(f"{error.name}.")):
            raise ConfigError(
                f'the app "{spec}" is not found: there is no module "{error.name}" in {Path.cwd()} or among the '
                f"installed packages{_suggestion(error.name)}"
            ) from error
        raise ConfigError(f'the app "{spec}" can\'t be imported: {_cause(error)}') from error
    except (Exception, SystemExit) as error:
        raise ConfigError(f'the app "{spec}" can\'t be imported: {_cause(error)}') from error


def _attribute(module: ModuleType, attribute: str, spec: str) -> App:
    found: Any = module
    for part in attribute.split("."):
        names = (
            [name for name in vars(found) if not name.startswith("_")] if hasattr(found, "__dict__") else []
        )
        if not hasattr(found, part):
            raise ConfigError(
                f'the app "{spec}" is not found: {module.__name__} has no "{part}"{_app_hint(module, part, names)}'
            )
        found = getattr(found, part)
    if not _is_app(found):
        raise ConfigError(
            f'"{spec}" is not an app, but {_article(type(found).__name__)}{_app_hint(module, attribute, [])}'
        )
    app: App = found
    return app


def _only_app(module: ModuleType, spec: str) -> App:
    names = _apps(module)
    name = next((usual for usual in _USUAL if usual in names), None)
    if name is None and len({id(getattr(module, n)) for n in names}) == 1:
        name = names[0]
    if name is not None:
        app: App = getattr(module, name)
        return app
    if names:
        raise ConfigError(
            f'"{spec}" has several apps ({", ".join(names)}): say which, as in "{spec}:{names[0]}"'
        )
    if hasattr(module, "__path__"):
        # Celery's habit: the app of a project lives in project/celery.py.
        with_celery = f"{module.__name__}.celery"
        if importlib.util.find_spec(with_celery) is not None:
            return _only_app(_import(with_celery, spec), with_celery)
    raise ConfigError(f'"{spec}" has no app: none of its names is a jobq.App')


def _apps(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if _is_app(value)]


def _is_app(value: object) -> bool:
    from jobq.app import App

    return isinstance(value, App)


def _app_hint(module: ModuleType, wanted: str, names: list[str]) -> str:
    apps = _apps(module)
    match = nearest(wanted, apps) or (apps[0] if len(apps) == 1 else None) or nearest(wanted, names)
    return (
        f'; did you mean "{module.__name__}:{match}"?'
        if match
        else f"; its apps are: {', '.join(apps) or 'none'}"
    )


def _as_module(path: str) -> str:
    """For a file's path, the name that it is imported under."""
    name = path.removesuffix(".py").strip("./").replace("/", ".")
    return f'; did you mean "{name}"?' if name != path and name else ""


def _suggestion(missing: str) -> str:
    parent, _, last = missing.rpartition(".")
    folder = Path.cwd().joinpath(*parent.split(".")) if parent else Path.cwd()
    if not folder.is_dir():
        return ""
    names = [p.stem for p in folder.glob("*.py")] + [p.parent.name for p in folder.glob("*/__init__.py")]
    match = nearest(last, [name for name in names if name.isidentifier() and not name.startswith("__")])
    return (
        did_you_mean(match, [match])
        if match and not parent
        else f'; did you mean "{parent}.{match}"?'
        if match
        else ""
    )


def _cause(error: BaseException) -> str:
    """What went wrong, and in which line of the user's own code."""
    told = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return told  # it names file and line itself
    ours = (str(Path(__file__).parents[1]), "<frozen", importlib.__file__)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(ours)]
    return f"{told} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else told


def _article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
