"""A machine whose clock is off says so once, and works on: the store's clock is the one that counts.

Nothing is decided by this machine's clock, so all that a wrong one does is to make its logs, and the times that its
tasks write, differ from those of others. That is worth one line.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jobq.log import event

if TYPE_CHECKING:
    from jobq.runtime import Runtime

TOLERANCE = 2.0
"""Seconds that clocks may differ by before anything is said."""


class ClockWatch:
    def __init__(self, logger: logging.Logger, runtime: Runtime) -> None:
        self._logger = logger
        self._runtime = runtime
        self._off = False

    def compare(self, store_now: int, asked: float) -> None:
        """Hold this machine's clock against what the store's was when it answered, in epoch microseconds.

        `asked` is when the question left, on the monotonic clock: the answer may be as old as that.
        """
        ahead = self._runtime.wall() - store_now / 1_000_000
        answer_took = self._runtime.monotonic() - asked
        allowed = (
            TOLERANCE / 2 if self._off else TOLERANCE
        )  # so that one which is off by just that is told once
        off = not -allowed <= ahead <= allowed + answer_took
        if off and not self._off:
            event(
                self._logger,
                logging.WARNING,
                "clock_off",
                f"the clock of this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the store's; "
                "the store's is the one that counts",
                seconds=round(ahead, 3),
            )
        self._off = off
