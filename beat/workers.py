"""The workers that `beatd --worker N` runs beside the beat: one supervisor process of jobq, kept alive.

It is forked, not started anew, so that the app is imported once and no password appears in an argument list. It has
a process group of its own, so that Ctrl-C reaches it through beatd alone and counts once. Its lifeline is a pipe
whose other end only beatd has: should beatd be killed, the workers finish what they run and leave.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from jobq.log import event
from jobq.worker.supervisor import run_worker

if TYPE_CHECKING:
    from jobq.app import App
    from jobq.worker.options import WorkerOptions

log = logging.getLogger(__name__)

_RESTART_AFTER = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD)


class Workers:
    def __init__(self, app: App, options: WorkerOptions) -> None:
        self._app = app
        self._options = options
        self._reader, self._writer = os.pipe()
        self._pid: int | None = None
        self._start_at = 0.0
        self._stopping = False

    def tend(self) -> None:
        """Start the worker, or another in place of one that ended. Called from beatd's loop."""
        if self._pid is not None:
            self._reap()
        if self._pid is None and not self._stopping and time.monotonic() >= self._start_at:
            self._start()

    def stop(self) -> None:
        """Pass a signal to stop on; the first and the second mean what they mean to a worker."""
        self._stopping = True
        if self._pid is not None:
            os.kill(self._pid, signal.SIGTERM)

    @property
    def alive(self) -> bool:
        if self._pid is not None:
            self._reap()
        return self._pid is not None

    def _start(self) -> None:
        # A signal that arrives before the child has let go of beatd's handlers waits until it has.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._become_worker()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._pid = pid
        self._start_at = time.monotonic() + _RESTART_AFTER

    def _become_worker(self) -> None:
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.setpgid(0, 0)
            os.close(self._writer)
            os.environ.pop("NOTIFY_SOCKET", None)
            code = run_worker(self._app, replace(self._options, lifeline=self._reader))
        except BaseException:
            log.exception("the worker failed", extra={"action": "worker_failed"})
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self) -> None:
        pid, status = os.waitpid(self._pid or 0, os.WNOHANG)
        if pid == 0:
            return
        self._pid = None
        if not self._stopping:
            code = os.waitstatus_to_exitcode(status)
            event(
                log,
                logging.ERROR,
                "worker_died",
                f"the worker ended with {code}; starting another",
                code=code,
            )
