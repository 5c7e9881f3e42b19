"""One SQLite file, as the threads of a process share it: one connection, one lock, short transactions.

The file is in WAL mode, so readers never wait for writers. A write takes the file's one write lock at its start
(BEGIN IMMEDIATE), in turn with other processes (sqlite_turn.py); a process that dies within a transaction leaves
nothing of it behind.

Forks. SQLite keeps its file locks per process and remembers them in memory, so a child that inherits an open
connection believes in locks that only its parent holds: the last *real* holder to leave would remove the WAL
under the child's feet. Therefore a fork waits until no transaction is under way and closes the connection first;
parent and child each open their own when they next need one. A connection that was inherited nevertheless (a fork
within a transaction, or by a host program in C) is neither used nor closed in the child, only kept.

Waiting. Other processes' commits show in `PRAGMA data_version`, looked at every POLL seconds; commits of this
process' threads wake the sleepers at once. A sleeper holds no lock while it sleeps and changes nothing in the
file, so a signal handler may raise through it.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from jobq.errors import ConfigError, StoreUnavailable
from jobq.stores.sqlite_schema import MIGRATIONS, VERSION
from jobq.stores.sqlite_turn import Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobq.stores.sqlite_url import Location

T = TypeVar("T")

BUSY_SECONDS = 3.0
"""How long a transaction waits for those of other processes."""

POLL = 0.02

_CONTENDED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NOT_NOW = _CONTENDED | {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


class Database:
    """Opened at the first use, and again after `close`, a fork or an error of the disk."""

    def __init__(self, location: Location, schemas: tuple[str, ...]) -> None:
        self._location = location
        self._schemas = schemas
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._turnstile = Turnstile(f"{location.path}-turn")
        self._openings = 0
        self._commits = 0
        self._sleepers: set[threading.Lock] = set()
        _databases.add(self)

    def close(self) -> None:
        with self._lock:
            self._drop()

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():  # by then there are no modules to do it with, and the system closes everything
            self._drop()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One view of the file, whatever others commit meanwhile."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that happens wholly or, if anything is raised, not at all."""
        with self._transaction(write=True) as connection:
            yield connection
        self._commits += 1
        self._wake()

    def wait_until(self, check: Callable[[], T], timeout: float, nap: Callable[[], float] | None = None) -> T:
        """What `check` answers once that is true, else its last answer after `timeout` seconds.

        It is asked at once, again after every commit by anyone, and `nap()` seconds after it was asked last.
        """
        deadline = time.monotonic() + timeout
        sleeper = threading.Lock()
        sleeper.acquire()  # whoever commits releases it
        self._sleepers.add(sleeper)
        try:
            while True:
                seen = self._version()
                answer = check()
                now = time.monotonic()
                if answer or now >= deadline:
                    return answer
                until = deadline if nap is None else min(deadline, now + max(nap(), 0.001))
                self._sleep(sleeper, seen, until)
        finally:
            self._sleepers.discard(sleeper)

    def _sleep(self, sleeper: threading.Lock, seen: tuple[int, ...], until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            sleeper.acquire(timeout=min(left, POLL))
            if self._version() != seen:
                return

    def _wake(self) -> None:
        for sleeper in list(self._sleepers):
            with suppress(RuntimeError):  # it has been woken already
                sleeper.release()

    def _version(self) -> tuple[int, ...]:
        """Differs once anyone has committed."""
        with self._lock, self._errors():
            connection = self._open()
            (others,) = connection.execute("PRAGMA data_version").fetchone()
            return (self._openings, self._commits, others)

    # -- transactions and their errors

    @contextmanager
    def _transaction(self, write: bool) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            connection = self._open()
            try:
                self._begin(connection, write)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    def _begin(self, connection: sqlite3.Connection, write: bool) -> None:
        if write:
            with self._turnstile.turn(BUSY_SECONDS):
                connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("BEGIN")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = _primary(error)
            if code == sqlite3.SQLITE_NOTADB:
                raise ConfigError(
                    f"{self._location.path} is not a SQLite database; name another file"
                ) from error
            if code not in _NOT_NOW:
                raise
            if code not in _CONTENDED:
                self._drop()  # its files may be gone for good; the next verb looks anew
            raise StoreUnavailable(self._sentence(code, error)) from error

    def _sentence(self, code: int, error: Exception) -> str:
        path = Path(self._location.path)
        if code in _CONTENDED:
            return f"the store {path} is locked: other processes kept it for {BUSY_SECONDS:g} s"
        if code == sqlite3.SQLITE_CANTOPEN and not path.parent.is_dir():
            return f"the store {path} cannot be opened: there is no directory {path.parent}"
        return f"the store {path} refuses for now: {error}"

    # -- opening

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._openings += 1
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # SQLite does not wait for its busy timeout where it fears a deadlock, as when two processes
        # make the same file.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            connection = sqlite3.connect(
                self._location.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException as error:
                connection.close()
                if _primary(error) not in _CONTENDED or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise ConfigError(
                f"the store {self._location.path} was written by a newer version of this program (its layout is "
                f"{version}, this version knows {VERSION}); upgrade the program"
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._location.synchronous}")
        if 0 < version < VERSION:
            _migrate(connection)
        # Takes no lock where all of it exists.
        stamp = f"PRAGMA user_version = {VERSION};" if version == 0 else ""
        connection.executescript(f"BEGIN; {' '.join(self._schemas)} {stamp} COMMIT;")

    def _drop(self) -> None:
        self._turnstile.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # -- forks

    def before_fork(self) -> None:
        self._lock.acquire()
        if self._connection is not None and not self._connection.in_transaction:
            self._drop()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        self._lock = threading.RLock()
        self._sleepers = set()
        self._turnstile.close()
        if self._connection is not None:
            _inherited.append(self._connection)
            self._connection = None


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of an older version to this one. Another process may have just done it."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for older in range(version, VERSION):
        for statement in MIGRATIONS[older]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {older + 1}")
    connection.execute("COMMIT")


_databases: WeakSet[Database] = WeakSet()
_inherited: list[sqlite3.Connection] = []
_forking = threading.RLock()
_held: list[Database] = []


def _before_fork() -> None:
    _forking.acquire()
    for database in list(_databases):
        database.before_fork()
        _held.append(database)


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().after_fork_in_parent()
    _forking.release()


def _after_fork_in_child() -> None:
    global _forking  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _forking = threading.RLock()
    _held.clear()
    for database in list(_databases):
        database.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )


def _primary(error: BaseException) -> int:
    """SQLite's error code without its refinements; 0 for what did not come from SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
