"""Which functions a worker imports because a message names them: only those of modules that its operator allows.

To import a module is to run it, and to call `os.system` is to do anything at all: whoever can write to a queue must
not thereby choose what a worker runs. So a path is judged twice. First by its text, before anything of it is
imported, parent packages included. Then by what is found there, since the names in a module lead out of it: the
function `myapp.system` may be that of `os`, and it is of the module it was defined in. What another allowed module
re-exports is welcome.

`worker_allowed_imports` lists modules, each of which allows itself and all below it; "*" allows everything. Where it is
not set, the project is allowed: what lies in the folder that the worker was started in, though not the libraries
that are installed there, and the package that `-A` names.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError, ImportNotAllowed
from jobq.plain import check_import_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec

    from jobq.app import App

EVERYTHING = "*"
_NEVER_OURS = ("__main__", "beat", "jobq")
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_STANDARD = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


class Imports:
    def __init__(self, app: App) -> None:
        self._app = app
        self._folder = _working_directory()
        self._project: set[str] = set()

    def function(self, path: str) -> Callable[..., Any]:
        """The callable at `package.module.function`; `ImportError` or `ImportNotAllowed` with a sentence if there is none."""
        try:
            module, _, name = check_import_path(path).rpartition(".")
        except ConfigError as error:
            raise ImportError(str(error)) from None
        if not self.allows(module):
            raise self._refusal(path, module)
        try:
            found: object = getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:  # a module may do anything while it is imported
            raise ImportError(f"the function {path} can't be imported: {error}") from error
        if not callable(found):
            raise ImportError(f"{path} is not a function")  # noqa: TRY004 - the path is wrong, not a type
        for home in _homes(found):
            if not self.allows(home):
                raise _not_allowed(path, home, f"is not run, for it is of the module {home or '(unknown)'}")
        return found

    def allows(self, module: str) -> bool:
        """Whether a message may name what is of this module."""
        allowed = self._app.conf.worker_allowed_imports
        if allowed is None:
            return self._is_ours(module.partition(".")[0])
        return EVERYTHING in allowed or any(f"{module}.".startswith(f"{prefix}.") for prefix in allowed)

    def _refusal(self, path: str, module: str) -> Exception:
        if self._app.conf.worker_allowed_imports is None and _spec(module.partition(".")[0]) is None:
            searched = "" if self._folder is None else f"in {self._folder} or "
            return ImportError(
                f"the function {path} can't be imported: there is no module {module.partition('.')[0]} {searched}"
                "among the installed packages"
            )
        return _not_allowed(path, module, "is not imported")

    def _is_ours(self, top: str) -> bool:
        """Whether a top-level module is a part of the project. Nothing is imported to find out."""
        if top in self._project:
            return True
        loaded = self._app.module
        ours = (loaded is not None and top == loaded.partition(".")[0]) or (
            top not in _NEVER_OURS and _lies_in(self._folder, top)
        )
        if ours:
            self._project.add(top)
        return ours


def _not_allowed(path: str, module: str, reason: str) -> ImportNotAllowed:
    """What mends it comes first: a log line shows no more than the beginning."""
    wanted = module or EVERYTHING
    return ImportNotAllowed(
        f'start the worker with --allow-import {wanted} to allow it, or list "{wanted}" in worker_allowed_imports of the '
        f"app, or for the workers of beatd in allowed_imports under [worker] of beat.toml: {path} {reason}, and messages "
        f"may not import from {module or 'there'} on this worker"
    )


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return None


def _lies_in(folder: Path | None, top: str) -> bool:
    places = list(_places(top))
    return folder is not None and bool(places) and all(_is_project_code(folder, place) for place in places)


def _spec(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return None


def _places(top: str) -> Iterator[str]:
    """Where a top-level module is; nothing for one that is not there, or part of the interpreter."""
    spec = _spec(top)
    if spec is None:
        return
    if spec.has_location and spec.origin:
        yield spec.origin
    yield from spec.submodule_search_locations or ()


def _is_project_code(folder: Path, place: str) -> bool:
    for path in (Path(os.path.abspath(place)), Path(os.path.realpath(place))):  # noqa: PTH100 - links are kept by the one
        installed = _INSTALLED.intersection(path.parts) or any(path.is_relative_to(s) for s in _STANDARD)
        if path.is_relative_to(folder) and not installed:
            return True
    return False


def _homes(found: Any) -> set[str]:
    """The modules that a call of it enters: its own, and those of the classes that what is then run is inherited from."""
    homes = [getattr(found, "__module__", None)]
    if isinstance(found, type):
        owners = [_owner(found, "__new__"), _owner(found, "__init__"), _owner(type(found), "__call__")]
        constructors = (found.__init__, found.__new__)  # type: ignore[misc] # as found, of any class
        homes += [getattr(function, "__module__", None) or found.__module__ for function in constructors]
    else:
        owner = _owner(type(found), "__call__")
        owners = [] if owner is type(found) else [owner]  # a function, or an object of a module's own making
    homes += [owner.__module__ for owner in owners if owner not in (object, type)]
    return {home if isinstance(home, str) else "" for home in homes}


def _owner(kind: type, name: str) -> type:
    """The class that a method is of: one written in C does not tell its module, but its class does."""
    return next((base for base in kind.__mro__ if name in vars(base)), kind)
