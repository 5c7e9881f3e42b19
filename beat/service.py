"""beatd: one loop that keeps a place in the election, fires while it leads, and answers signals.

Each turn of the loop, in this order: bring the store's entries in line with the configuration, if that is not yet
done; renew the lease or stand for election; as leader, deal with what is due; sleep until the next of these, a
signal, or word from another process. The watchdog is fed by the loop itself, so a loop that is stuck is restarted
by systemd, and has lost its lease to another beat long before.

A store that is away ends the turn, not the program: the loop waits a moment and turns again, and what it had to do
is still to be done, because nothing of it is remembered but what is in the store and in the configuration. A store
that comes back with another identity, or with fewer changes than it has seen, has lost what it held (a Redis without
persistence, or a replica that lagged): then the configuration is read and written again.

Whatever else goes wrong in a turn is a mistake in this program: its traceback is logged, and beatd resigns and leaves
with 1, for its supervisor to start it anew.

SIGHUP    read the configuration again; if it is wrong, say so and go on with what is in force
SIGTERM, SIGINT   resign, so that a follower takes over at once; then let the workers finish; leave with 0.
          Once more: the workers break off what they run
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from typing import TYPE_CHECKING

from beat.store import NotLeader
from beat.sync import sync
from beat.ticker import Ticker
from jobq.clock_watch import ClockWatch
from jobq.errors import ConfigError, StoreUnavailable
from jobq.interrupts import Interrupts
from jobq.log import event
from jobq.outage import Outage
from jobq.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from beat.leadership import Leadership
    from beat.sdnotify import Notifier
    from beat.sources import Sources
    from beat.store import BeatStore
    from beat.workers import Workers

log = logging.getLogger(__name__)

_STOPS = (signal.SIGTERM, signal.SIGINT)
_MICROS = 1_000_000
_COMPARE_EVERY = 60.0


class Service:
    """`load` reads the sources of entries, now and at each reload; `max_loop_interval` is in seconds."""

    def __init__(
        self,
        store: BeatStore,
        leadership: Leadership,
        load: Callable[[], Sources],
        notifier: Notifier,
        *,
        workers: Workers | None = None,
        max_loop_interval: float = 5.0,
        runtime: Runtime | None = None,
    ) -> None:
        self._runtime = runtime or Runtime()
        self._store = store
        self._leadership = leadership
        self._ticker = Ticker(store)
        self._load = load
        self._notifier = notifier
        self._workers = workers
        self._longest = max_loop_interval
        self._outage = Outage(log, self._runtime.monotonic)
        self._clock_watch = ClockWatch(log, self._runtime)
        self._compare_at = 0.0
        self._sources: Sources = {}
        self._unsynced: Sources | None = None
        self._identity: int | None = None
        self._changes = 0
        self._recovering = True
        self._wins = 0
        self._reloads: int | None = None
        self._look_at = 0.0
        self._ready = False

    def run(self, sources: Sources) -> int:
        """Until a signal says stop. The exit code."""
        self._sources = self._unsynced = sources
        self._interrupts = Interrupts((*_STOPS, signal.SIGHUP, signal.SIGCHLD), self._runtime.on_signal)
        event(log, logging.INFO, "beat_started", f"beatd starts on {self._store.url}", store=self._store.url)
        code = 0
        while not code and self._answer_signals():
            if self._workers is not None:
                self._workers.tend()
            try:
                self._turn()
            except StoreUnavailable as error:
                self._sit_out(error)
            except Exception:
                log.exception("beatd failed and leaves", extra={"action": "beat_failed"})
                code = 1
            self._report()
        self._leave()
        return code

    # -- one turn

    def _turn(self) -> None:
        self._bring_in_line()
        if self._leadership.keep() and not self._leadership.leads:
            self._outage.answered()
        if self._leadership.wins != self._wins:
            self._wins = self._leadership.wins
            self._recovering = True  # the last term may have ended with the store that it was held in
            self._bring_in_line()
        if self._leadership.leads and self._runtime.monotonic() >= self._look_at:
            self._fire()
        self._compare_clocks()
        self._sleep()

    def _bring_in_line(self) -> None:
        if self._recovering:
            self._recover()
        if self._reloads is None:
            self._reloads = self._store.reloads()
        if self._unsynced is None:
            return
        try:
            done = sync(self._store, self._unsynced)
            self._changes = self._store.changes()
            event(log, logging.INFO, "entries_synced", f"entries: {done}")
            for sentence in done.refused:
                event(log, logging.ERROR, "entry_refused", sentence)
        except ConfigError as error:
            event(log, logging.ERROR, "sync_refused", str(error))
        self._unsynced = None
        self._look_at = 0.0

    def _recover(self) -> None:
        """After an outage, and at the start: is the store still the one that it was?"""
        identity, changes = self._store.identity(), self._store.changes()
        known, self._identity = self._identity, identity
        set_back, self._changes = changes < self._changes, changes
        self._recovering = False
        if known in (None, identity) and not set_back:
            return
        sentence = "the store has lost what it held; writing the entries anew"
        event(log, logging.WARNING, "store_emptied", sentence)
        self._ticker.forget()
        self._reloads = None
        self._unsynced = self._sources  # should the configuration be wrong now
        self._reload()

    def _compare_clocks(self) -> None:
        asked = self._runtime.monotonic()
        if asked >= self._compare_at:
            self._compare_at = asked + _COMPARE_EVERY
            self._recovering = True  # that it is still the same store is looked at as well
            self._clock_watch.compare(self._store.now(), asked)

    def _fire(self) -> None:
        try:
            done = self._ticker.run_once(self._leadership.term, lambda: self._leadership.leads)
        except NotLeader as error:
            self._leadership.step_down(str(error))
            return
        self._outage.answered()
        wait = (done.next_at - done.now) / _MICROS if done.next_at else self._longest
        self._look_at = self._runtime.monotonic() + min(wait, self._longest)

    def _sleep(self) -> None:
        timeout = min(self._longest, self._leadership.until_next())
        if self._leadership.leads:
            timeout = min(timeout, self._look_at - self._runtime.monotonic())
        if self._notifier.watchdog is not None:
            timeout = min(timeout, self._notifier.watchdog)
        if timeout <= 0:
            return
        heard = self._store.listen() or self._interrupts.during(lambda: self._store.wait_beat(timeout))
        if heard is None:  # a signal has ended the wait, and its connection: who knows what comes after that
            self._recovering = True
        if heard:
            self._look_at = 0.0
            self._leadership.hurry()
            self._hear_reload()

    def _sit_out(self, error: StoreUnavailable) -> None:
        delay = self._outage.failed(error)
        self._recovering = True
        self._ticker.forget()  # after a failover a revision may mean something else
        self._look_at = 0.0
        self._interrupts.during(lambda: self._runtime.sleep(delay))

    def _report(self) -> None:
        if not self._ready:
            self._ready = True
            self._notifier.ready("running")
            event(log, logging.INFO, "beat_ready", "beatd is ready")
        self._notifier.alive()

    # -- signals

    def _answer_signals(self) -> bool:
        """Deal with what has come; False if it is time to leave."""
        while self._interrupts.pending:
            number = self._interrupts.pending.pop(0)
            if number in _STOPS:
                event(log, logging.INFO, "beat_stopping", f"stopping on {number.name}")
                return False
            if number == signal.SIGHUP:
                self._reload()
        return True

    def _hear_reload(self) -> None:
        asked = self._store.reloads()
        if asked != self._reloads:
            self._reloads = asked
            self._reload()

    def _reload(self) -> None:
        self._notifier.reloading()
        try:
            self._sources = self._unsynced = self._load()
            event(log, logging.INFO, "config_reloaded", "the configuration was read again")
        except ConfigError as error:
            event(
                log,
                logging.ERROR,
                "reload_refused",
                f"what ran before goes on, for the configuration is wrong: {error}",
            )
        self._notifier.ready("running")

    def _leave(self) -> None:
        self._notifier.stopping()
        with contextlib.suppress(StoreUnavailable):  # the lease runs out by itself
            self._leadership.resign()
        if self._workers is not None:
            self._workers.stop()
            while self._workers.alive:
                self._interrupts.during(lambda: self._runtime.sleep(0.5))
                self._notifier.alive()
                while self._interrupts.pending:
                    if self._interrupts.pending.pop(0) in _STOPS:
                        self._workers.stop()
        self._store.close()
        event(log, logging.INFO, "beat_stopped", "beatd has stopped", pid=os.getpid())
