"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    timeout: float = 10.0,
    *,
    what: str | None = None,
    interval: float = 0.01,
) -> T:
    """Ask `condition` until it answers something true, and return that; after `timeout` seconds, raise.

    What `condition` itself raises passes through: a condition that may fail for a while says so by answering false.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            name = what or getattr(condition, "__qualname__", repr(condition))
            raise TimeoutError(f"Waited {timeout:g} s for {name}; the last answer was {answer!r}.")
        time.sleep(interval)
