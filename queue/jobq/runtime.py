"""What a loop needs of the process that it runs in: time that passes, signals, threads, an end.

The loop of the beat and that of a worker's child take these from a `Runtime` and nowhere else, so that they can be
put into a world in which time is a number and a process an object (`jobq.testing.simulation`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Handler = Callable[[int, FrameType | None], None]

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def since_boot() -> float:
    """Monotonic, and goes on while the machine sleeps, where that is to be had: leases elsewhere run out meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Runtime:
    """This process itself. Times are in seconds."""

    monotonic = staticmethod(since_boot if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic)
    wall = staticmethod(time.time)
    sleep = staticmethod(time.sleep)

    def on_signal(self, number: signal.Signals, handler: Handler) -> None:
        signal.signal(number, handler)

    def condition(self, lock: threading.Lock) -> threading.Condition:
        return threading.Condition(lock)

    def start_thread(self, target: Callable[[], None], name: str) -> threading.Thread:
        """Run `target` beside the main thread, which alone takes the signals that stop the process."""

        def run() -> None:
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            target()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def kill(self) -> None:
        """End this process at once: nothing of it runs any more."""
        os.kill(os.getpid(), signal.SIGKILL)
