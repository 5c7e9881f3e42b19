"""Where the store of a run is, and how its programs reach it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, Self

import redis
from proxy import Proxy
from redis_server import WHAT_TO_INSTALL, RedisServer, find

from beat.stores import open_beat_store
from jobq.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "{beatd}:"
DISK_MB = 256


class Site(Protocol):
    url: str
    """The store itself, for those to whom nothing is done."""

    def url_for(self, program: str) -> str: ...

    def probe(self) -> None:
        """Have the store do as little as it can do, for whatever time that takes; failing is no answer either."""

    def garble(self, entry: str) -> None:
        """Write nonsense over an entry's definition, if the store takes it just now."""


class RedisSite:
    """A server that keeps what it was told, and a proxy between it and each program."""

    def __init__(self, folder: Path) -> None:
        program = find()
        if program is None:
            raise SystemExit(WHAT_TO_INSTALL)
        self.server = RedisServer(program, folder / "redis", append_only=True)
        self.proxies: dict[str, Proxy] = {}

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._stack.enter_context(self.server)
        self.url = self.server.url
        self._probe = self._stack.enter_context(redis.Redis.from_url(self.url, socket_timeout=30))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def url_for(self, program: str) -> str:
        if program not in self.proxies:
            self.proxies[program] = self._stack.enter_context(Proxy(self.server.port))
        return f"redis://127.0.0.1:{self.proxies[program].port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=10)

    def probe(self) -> None:
        with suppress(redis.RedisError):
            self._probe.ping()

    def garble(self, entry: str) -> None:
        with suppress(redis.RedisError), self.client() as client:
            if client.exists(f"{PREFIX}entry:{entry}"):
                client.hset(f"{PREFIX}entry:{entry}", "definition", "{nonsense")


class SQLiteSite:
    """A file in a folder of its own, on a file system of its own where this user may mount one: `mounted`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        self.path = self.folder / "beat.db"
        self.url = f"sqlite:///{self.path}"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.mounted = self._stack.enter_context(disk(self.folder))
        self._probe = self._stack.enter_context(closing(open_beat_store(self.url)))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def url_for(self, _: str) -> str:
        return self.url

    def probe(self) -> None:
        with suppress(StoreUnavailable):
            self._probe.extend(
                [], 1
            )  # of no job: a transaction with the write lock, in which nothing is written

    def connect(self, timeout: float) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=timeout, isolation_level=None)

    def garble(self, entry: str) -> None:
        with suppress(sqlite3.OperationalError), closing(self.connect(timeout=1)) as connection:
            connection.execute("UPDATE entries SET definition = '{nonsense' WHERE name = ?", (entry,))


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """A small file system in memory at `folder`, so that it can be filled; False where this user may not mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Not a byte is left in the file system of `folder`."""
    ballast = folder / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        for piece in (1 << 20, 4096, 1):
            while _append(file, bytes(piece)):
                pass
        yield
    finally:
        os.close(file)
        ballast.unlink()


def _append(file: int, data: bytes) -> bool:
    try:
        return os.write(file, data) == len(data)
    except OSError:
        return False
