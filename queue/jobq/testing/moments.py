"""Named moments in running code, for tests to wait for."""

from __future__ import annotations

import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Signal(Generic[T]):
    """A named moment in running code that a test can wait for, instead of sleeping.

    `send` costs nothing until a test has called `watch`; what is sent after that is kept until it is waited for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._sent: queue.SimpleQueue[T] | None = None

    def __repr__(self) -> str:
        return f"<Signal {self.name}>"

    def watch(self) -> None:
        """Keep what is sent from now on, and forget what was sent before."""
        self._sent = queue.SimpleQueue()

    def send(self, value: T) -> None:
        if self._sent is not None:
            self._sent.put(value)

    def wait(self, timeout: float = 10.0) -> T:
        """The next value sent; `TimeoutError` if there is none within `timeout` seconds."""
        if self._sent is None:
            raise RuntimeError(f"signal {self.name} is not watched; call watch() before what sends it")
        try:
            return self._sent.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"signal {self.name} was not sent within {timeout:g} seconds") from None
