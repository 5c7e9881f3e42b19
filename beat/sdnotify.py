"""Tell systemd how the service does, by its notification socket; nothing happens where there is none.

The protocol is a datagram of KEY=VALUE lines to the Unix socket in NOTIFY_SOCKET (sd_notify(3)).
"""

from __future__ import annotations

import logging
import socket
import time
from typing import TYPE_CHECKING

from jobq.log import event

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        micros = int(environ.get("WATCHDOG_USEC", "0") or 0)
        self.watchdog = micros / 1_000_000 / 2 if micros and self._address else None
        """Seconds after which to call `alive` again at the latest: half of what systemd waits."""
        self._last_alive = 0.0

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        self._send(f"STATUS={status}")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Call it from the working loop as often as it turns; what is more often than needed is not sent."""
        if self.watchdog is None:
            return
        now = time.monotonic()
        if now - self._last_alive >= self.watchdog / 2:
            self._last_alive = now
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.connect(self._address)
                sock.sendall(message.encode())
        except OSError as error:
            event(log, logging.WARNING, "notify_failed", f"systemd could not be told: {error}")
