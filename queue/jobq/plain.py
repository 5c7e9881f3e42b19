"""Plain functions as jobs: which ones a worker can import, and under what path."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError
from jobq.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable


def name_of(func: Callable[..., Any] | str) -> tuple[str, bool]:
    """What a job of `func` calls, and whether that is an import path rather than a task's name."""
    if isinstance(func, Task):
        return func.name, False
    if isinstance(func, str):
        return check_import_path(func), True
    module, name = getattr(func, "__module__", None), getattr(func, "__qualname__", "")
    if not module or not name or not callable(func):
        raise ConfigError(f"{func!r} can't be enqueued: expected a function, a task or an import path")
    if module == "__main__":
        raise ConfigError(
            f"{name} can't be enqueued: it is defined in the script that is running, which a worker can't import; "
            "move it to a module"
        )
    if not name.isidentifier() or not hasattr(sys.modules.get(module), name):
        raise ConfigError(
            f"{module}.{name} can't be enqueued: a worker can import only functions at the top level of a module"
        )
    return f"{module}.{name}", True


def check_import_path(path: str) -> str:
    if "." not in path or not all(part.isidentifier() for part in path.split(".")):
        raise ConfigError(f'"{path}" is not an import path; expected one such as "package.module.function"')
    return path
