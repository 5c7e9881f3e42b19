"""One outage of the store, told twice: when it begins and when it ends, however many calls fail between.

It has ended when something could be written again: a store that is full may well answer whoever only reads. Should it
turn out on the way that somebody has to change something (a password, say), that is told as well, once.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from jobq.errors import StoreRefused
from jobq.log import event
from jobq.retry import reconnect_delay

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.errors import StoreUnavailable


class Outage:
    """Shared by the threads of a process."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._refused = False
        self._began = 0.0

    @property
    def lasts(self) -> bool:
        return self._failures > 0

    def failed(self, error: StoreUnavailable) -> float:
        """Take note of a failed call; the seconds to wait before the next."""
        with self._lock:
            self._failures += 1
            if self._failures == 1:
                self._began = self._clock()
                event(self._logger, logging.WARNING, "store_lost", f"{error}; trying again until it returns")
            elif isinstance(error, StoreRefused) and not self._refused:
                event(
                    self._logger,
                    logging.ERROR,
                    "store_refused",
                    f"{error}; trying again until that is changed",
                )
            self._refused = self._refused or isinstance(error, StoreRefused)
            return reconnect_delay(self._failures)

    def answered(self) -> None:
        """Take note that the store did what it was asked to."""
        if not self._failures:
            return
        with self._lock:
            if self._failures:
                self._failures = 0
                self._refused = False
                seconds = self._clock() - self._began
                event(
                    self._logger,
                    logging.WARNING,
                    "store_returned",
                    f"the store answers again after {seconds:.1f} s",
                    seconds=round(seconds, 3),
                )
