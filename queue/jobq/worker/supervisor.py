"""The worker: a process that forks children, starts new ones for those that end, and takes them all down.

The supervisor imports the app once, opens no store and runs no thread, so that forking is safe at any time. Each
child has its own connections and fetch loop: there is no pipe between them in which a job could be lost.

Shutdown, by one deadline on the monotonic clock:

first SIGTERM or SIGINT    children get SIGTERM: finish the job at hand, give the rest back, leave
second, or the deadline    children get SIGQUIT: break off the job at hand and give it back
two seconds after that     children get SIGKILL; the leases of what they held run out

Children hold the reading end of a pipe of which only the supervisor has the other end. If it is killed, they
notice and shut down as after a SIGTERM; the worker itself does the same with the pipe that its own parent gave
it (`lifeline`).
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from typing import TYPE_CHECKING

from jobq.errors import ConfigError
from jobq.log import event
from jobq.runtime import STOP_SIGNALS
from jobq.worker.child import Child
from jobq.worker.imports import EVERYTHING, Imports
from jobq.worker.options import check_lease

if TYPE_CHECKING:
    from types import FrameType

    from jobq.app import App
    from jobq.worker.options import WorkerOptions

log = logging.getLogger(__name__)

GRACE = 2.0
QUICK_DEATH = 1.0
# How a child ends that ends as it should: codes that no library is likely to use on its own.
REPLACE = 75
"""It has reached a limit, or was told to stop: there may be more to do."""
DRAINED = 76
"""With `burst`: the queues are empty."""
MISCONFIGURED = 78
"""No other child would do better."""


def run_worker(app: App, options: WorkerOptions) -> int:
    """Run until told to stop, or with `burst` until the queues are empty. The exit code."""
    check_lease(options.lease_ttl, app.store_url)
    app.finalize()
    if options.pool == "solo":
        return run_solo(app, options)
    return Supervisor(app, options).run()


def run_solo(app: App, options: WorkerOptions) -> int:
    """One child in this very process, which keeps the stages and the deadline for itself. Ctrl-C counts as SIGTERM."""
    _watch_lifeline(options.lifeline)
    child = Child(app, options, options.name)
    finish = signal.getsignal(signal.SIGTERM)
    first, second, over = threading.Event(), threading.Event(), threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        (second if first.is_set() else first).set()
        if callable(finish):
            finish(number, frame)

    def enforce() -> None:
        first.wait()
        if not over.is_set():
            _tell_stop()
        second.wait(options.shutdown_timeout)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            if not over.is_set():
                os.kill(os.getpid(), number)
            over.wait(GRACE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=enforce, name="jobq-shutdown", daemon=True).start()
    _tell_start(app, options, "this very process")
    os.register_at_fork(after_in_child=_default_signals)
    child.run()
    for number in STOP_SIGNALS:  # an interpreter that ends would die of what comes now
        signal.signal(number, signal.SIG_IGN)
    for ended in (over, first, second):
        ended.set()
    event(log, logging.INFO, "worker_stopped", f"worker {options.name} has stopped")
    return 0


class Supervisor:
    def __init__(self, app: App, options: WorkerOptions) -> None:
        self._app = app
        self._options = options
        self._children: dict[int, tuple[int, float]] = {}
        self._respawn: list[tuple[float, int]] = []
        self._stage = 0
        self._deadline = 0.0
        self._code = 0

    def run(self) -> int:
        self._pipe = os.pipe()
        wake_reader, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        os.set_blocking(wake_reader, False)
        self._wake_reader = wake_reader
        # The descriptor first: what arrives between the two must not fall on a handler that does nothing.
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        for index in range(self._options.concurrency):
            self._spawn(index)
        _tell_start(self._app, self._options, _counted(self._options.concurrency))
        while self._children or (self._respawn and not self._stage):
            self._step()
        event(log, logging.INFO, "worker_stopped", f"worker {self._options.name} has stopped")
        return self._code

    def _step(self) -> None:
        readers = [self._wake_reader]
        if self._options.lifeline is not None and not self._stage:
            readers.append(self._options.lifeline)
        ready, _, _ = select.select(readers, [], [], self._patience())
        if self._options.lifeline in ready:
            event(
                log, logging.WARNING, "parent_gone", "the process that started this worker is gone; stopping"
            )
            self._stop()
        if self._wake_reader in ready:
            for number in os.read(self._wake_reader, 512):
                if number == signal.SIGQUIT:
                    self._stage = max(self._stage, 1)
                if number != signal.SIGCHLD:
                    self._stop()
        self._reap()
        now = time.monotonic()
        if self._stage and now >= self._deadline:
            self._stop()
        for at, index in list(self._respawn):
            if now >= at and not self._stage:
                self._respawn.remove((at, index))
                self._spawn(index)

    def _patience(self) -> float | None:
        now = time.monotonic()
        if self._stage:
            return max(0.0, self._deadline - now)
        return max(0.0, min(at for at, _ in self._respawn) - now) if self._respawn else None

    def _stop(self) -> None:
        """Go to the next stage of the shutdown."""
        self._stage = min(self._stage + 1, 3)
        number = (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL)[self._stage - 1]
        if self._stage == 1:
            _tell_stop()
        self._deadline = time.monotonic() + (self._options.shutdown_timeout if self._stage == 1 else GRACE)
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)  # at every stage it wakes a child that waits
            os.kill(pid, number)

    def _spawn(self, index: int) -> None:
        # A signal that arrives before the child has its own handlers waits until it has.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._become_child(index)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        self._children[pid] = (index, time.monotonic())

    def _become_child(self, index: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self._pipe[1])
            _watch_lifeline(self._pipe[0])
            child = Child(self._app, self._options, f"{self._options.name}.{index + 1}")
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            os.register_at_fork(after_in_child=_default_signals)
            code = DRAINED if child.run() else REPLACE
        except ConfigError as error:
            event(log, logging.ERROR, "worker_refused", str(error))
            code = MISCONFIGURED
        except BaseException:
            log.exception("a worker child failed", extra={"action": "child_failed"})
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self._children:
                self._bury(pid, os.waitstatus_to_exitcode(status))

    def _bury(self, pid: int, code: int) -> None:
        index, born = self._children.pop(pid)
        if self._stage:
            return
        if code == MISCONFIGURED:
            self._code = 2
            self._stop()
            return
        broke = code not in (REPLACE, DRAINED)
        if broke:
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            event(
                log,
                logging.ERROR,
                "child_died",
                f"child {index + 1} (pid {pid}) {how}; starting another",
                pid=pid,
            )
        elif code == DRAINED and self._options.burst:
            return
        lived = time.monotonic() - born
        # A child that dies at once would die again at once: leave a second between.
        pause = QUICK_DEATH if broke and lived < QUICK_DEATH else 0.0
        self._respawn.append((time.monotonic() + pause, index))


def _default_signals() -> None:
    """What a task forks answers to signals as any process does."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _counted(children: int) -> str:
    return "1 child" if children == 1 else f"{children} children"


def _tell_start(app: App, options: WorkerOptions, where: str) -> None:
    sentence = f"worker {options.name} runs jobs of {', '.join(options.queues)} in {where}"
    imports = Imports(app)
    allowed = imports.allowed
    event(log, logging.INFO, "worker_started", sentence, tasks=sorted(app.tasks), imports=allowed)
    if EVERYTHING in allowed:
        event(
            log,
            logging.WARNING,
            "imports_unrestricted",
            'worker_allowed_imports has "*": whoever can write to the queues can run any function of this machine',
        )
    if not allowed and app.conf.worker_allowed_imports is None:
        event(
            log,
            logging.WARNING,
            "imports_nothing",
            f"this worker runs no plain functions, for {imports.no_folder}: start it in the folder of a project, or list "
            "modules with --allow-import, in worker_allowed_imports of the app, or for the workers of beatd in "
            "allowed_imports under [worker] of beat.toml",
        )


def _tell_stop() -> None:
    event(log, logging.INFO, "worker_stopping", "finishing the jobs at hand; once more to break them off")


def _watch_lifeline(pipe: int | None) -> None:
    """Send this process SIGTERM when the other end of the pipe is closed."""
    if pipe is None:
        return

    def watch() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="jobq-lifeline", daemon=True).start()
