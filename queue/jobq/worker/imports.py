"""Which functions a worker imports because a message names them: only those of modules that its operator allows.

To import a module is to run it, and to call `os.system` is to do anything at all: whoever can write to a queue must
not thereby choose what a worker runs. So a path is judged twice. First by its text, before anything of it is
imported, parent packages included. Then by what is found there, since the names in a module lead out of it: the
function `myapp.system` may be that of `os`, and it is of the module it was defined in. What another allowed module
re-exports is welcome.

`worker_allowed_imports` lists modules, each of which allows itself and all below it; "*" allows everything. Where it is
not set, the project is allowed: what lies in the folder that the worker was started in, though not the libraries
that are installed there, and the package that `-A` names. A folder in which anything may lie is no project's.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError, ImportNotAllowed
from jobq.plain import check_import_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec

    from jobq.app import App

EVERYTHING = "*"
_NEVER_OURS = ("beat", "jobq", "setup")
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What marks the folder of a virtual environment."""


class Imports:
    def __init__(self, app: App) -> None:
        self._app = app
        self._folder, self.no_folder = _project_folder()
        self._project: set[str] = set()

    @property
    def allowed(self) -> list[str]:
        """Modules, and the folder of the project, if that is allowed."""
        listed = self._app.conf.worker_allowed_imports
        if listed is not None:
            return list(listed)
        return [str(place) for place in (self._own_package, self._folder) if place is not None]

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
            return self._is_ours(module)
        return EVERYTHING in allowed or any(f"{module}.".startswith(f"{prefix}.") for prefix in allowed)

    def _refusal(self, path: str, module: str) -> Exception:
        top = module.partition(".")[0]
        spec, reason = _spec(top), "is not imported"
        if self._app.conf.worker_allowed_imports is None:
            if spec is None and top not in sys.modules:
                searched = "" if self._folder is None else f"in {self._folder} or "
                return ImportError(
                    f"the function {path} can't be imported: there is no module {top} {searched}among the installed packages"
                )
            if spec is not None and spec.submodule_search_locations and not spec.has_location:
                reason += f", for the folder {top} has no __init__.py"
        return _not_allowed(path, module, reason)

    @property
    def _own_package(self) -> str | None:
        return self._app.module and self._app.module.partition(".")[0]

    def _is_ours(self, module: str) -> bool:
        """Whether a module is a part of the project. Nothing is imported to find out."""
        if module in self._project:
            return True
        top, *deeper = module.split(".")
        ours = "__main__" not in (top, *deeper) and (
            top == self._own_package or (top not in _NEVER_OURS and _lies_in(self._folder, top, deeper))
        )
        if ours and module in sys.modules:
            self._project.add(module)
        return ours


def _not_allowed(path: str, module: str, reason: str) -> ImportNotAllowed:
    """What mends it comes first: a log line shows no more than the beginning."""
    wanted = module or EVERYTHING
    return ImportNotAllowed(
        f'start the worker with --allow-import {wanted} to allow it, or list "{wanted}" in worker_allowed_imports of the '
        f"app, or for the workers of beatd in allowed_imports under [worker] of beat.toml: {path} {reason}, and messages "
        f"may not import from {module or 'there'} on this worker"
    )


def _project_folder() -> tuple[Path | None, str]:
    """The working directory, or why it is no project's."""
    try:
        folder = Path.cwd()
    except OSError:
        return None, "the folder that it was started in is gone"
    if folder == Path("/"):
        return None, "it was started in /"
    if folder == Path(os.path.realpath(os.path.expanduser("~"))):  # noqa: PTH111 - Path's raises where there is none
        return None, f"it was started in the home directory, {folder}"
    if _is_installed(folder / "module"):
        return (
            None,
            f"it was started in {folder}, which is of a virtual environment or has installed packages in it",
        )
    return folder, ""


def _lies_in(folder: Path | None, top: str, deeper: list[str]) -> bool:
    places = list(_places(top, deeper))
    return folder is not None and bool(places) and all(_is_project_code(folder, place) for place in places)


def _spec(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return None


def _places(top: str, deeper: list[str]) -> Iterator[str]:
    """Where a module is to be looked for; nothing if the top-level one is not there, or a mere folder, or built in."""
    spec = _spec(top)
    if spec is None or not spec.has_location or not spec.origin:
        return
    yield spec.origin
    for location in spec.submodule_search_locations or ():
        place = os.path.join(location, *deeper)  # noqa: PTH118 - text, as all places are
        yield place
        yield f"{place}.py"


def _is_project_code(folder: Path, place: str) -> bool:
    """Links are followed and kept: neither way may lead to installed code."""
    paths = _both(place)
    return any(path.is_relative_to(folder) for path in paths) and not any(map(_is_installed, paths))


def _is_installed(path: Path) -> bool:
    return (
        not _INSTALLED.isdisjoint(path.parts)
        or any(path.is_relative_to(prefix) for prefix in _PREFIXES)
        or any(_is_marked(folder) for folder in path.parents)
    )


@lru_cache(maxsize=1024)
def _is_marked(folder: Path) -> bool:
    """Whether it is a virtual environment, or a folder that packages were installed into (`pip install --target`)."""
    if any(os.path.exists(folder / name) for name in _ENVIRONMENT):  # noqa: PTH110 - Path's raises where it may not look
        return True
    try:
        return any(entry.name.endswith(".dist-info") for entry in folder.iterdir())
    except OSError:
        return False


def _both(place: str) -> tuple[Path, Path]:
    return Path(os.path.abspath(place)), Path(os.path.realpath(place))  # noqa: PTH100 - links are kept by the one


def _prefixes() -> frozenset[Path]:
    """The folders of this interpreter: its library, what is installed, and of a virtual environment everything."""
    found = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")}
    if sys.prefix != sys.base_prefix:
        found.add(sys.prefix)
    return frozenset(path for place in found for path in _both(place))


_PREFIXES = _prefixes()


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
