"""The real programs for the tests: started, signalled, killed, and read by the lines that they log.

Each program runs in a session and a folder of its own, logs JSON to a file there, and finds the task module
`process_tasks` on its path. It and all that it forks hold one end of a pipe, so that `wait_gone` knows when the
last of them has left, whoever their parent is by then.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SUPPORT = Path(__file__).parent
BEATD = (str(Path(sys.executable).with_name("beatd")),)
JOBQ = ("-m", "jobq")
JOBQ_SCRIPT = (str(Path(sys.executable).with_name("jobq")),)
"""As it is installed: unlike with `-m`, the script's folder is on the path instead of the working directory."""
APP = "process_tasks:app"

PATIENCE = 20.0
"""Seconds for what has no promised bound: much more than any machine needs."""

SECONDS = float(os.environ.get("BEATD_TEST_SECONDS", "0"))
"""How long the long variants run; 0: the short ones."""


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would change how the programs behave."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JOBQ_", "BEATD_")) and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")
    }
    path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))
    return {**inherited, "PYTHONPATH": path, **more}


def command(program: Sequence[str], *arguments: str) -> list[str]:
    """Warnings are errors in the programs, too."""
    return [sys.executable, "-W", "error", *program, *arguments]


class Program:
    """One running program. `records` are its log lines, those of its children among them."""

    def __init__(self, words: Sequence[str], folder: Path, name: str, env: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._alive, writer = os.pipe()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words,
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writer,),
                start_new_session=True,
            )
        os.close(writer)

    def __repr__(self) -> str:
        return f"<{self.name} (pid {self.pid})>"

    @property
    def pid(self) -> int:
        return self.process.pid

    # -- what it says

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def records(self) -> list[dict[str, Any]]:
        """Complete lines that are JSON; `text` has the others too."""
        return read_records(self.log)

    def said(self, action: str, **fields: Any) -> list[dict[str, Any]]:
        wanted = {"action": action, **fields}
        return [record for record in self.records if wanted.items() <= record.items()]

    def wait_said(
        self, action: str, times: int = 1, *, after_its_end: bool = False, **fields: Any
    ) -> dict[str, Any]:
        """The record of this action that makes it so many.

        An early end of the program is an error at once, unless it is its children that are to say it `after_its_end`.
        """

        def look() -> list[dict[str, Any]]:
            ended = self.process.poll() is not None and not after_its_end
            found = self.said(action, **fields)
            if len(found) < times and ended:
                raise AssertionError(
                    f"{self} ended with {self.process.returncode} before {action}:\n{self.text}"
                )
            return found[times - 1 :]

        try:
            return wait_until(look, PATIENCE, what=f"{self} to say {action} {fields or ''}")[0]
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.text}") from None

    @property
    def children(self) -> list[int]:
        """The processes that it forked and that live, sorted."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:  # not on Linux
            pgrep = ["pgrep", "-P", str(self.pid)]
            listed = subprocess.run(pgrep, capture_output=True, text=True, check=False).stdout
        return sorted(map(int, listed.split()))

    # -- what happens to it

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def interrupt(self) -> None:
        """Ctrl-C: every process of its group gets SIGINT."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of this one process."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """kill -9 of its process group, as a machine that goes down."""
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, timeout: float = PATIENCE) -> int:
        """Its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} has not ended after {timeout:g} s:\n{self.text}") from None

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def wait_gone(self, timeout: float = PATIENCE) -> None:
        """Until no process is left of it and of what it forked."""
        ready, _, _ = select.select([self._alive], [], [], timeout)
        assert ready, f"processes of {self} are left after {timeout:g} s:\n{self.text}"

    def clear_away(self) -> None:
        """End whatever is left of it."""
        groups = {self.pid, *(record["pid"] for record in self.said("worker_started"))}
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        self.process.wait()
        self.wait_gone()
        os.close(self._alive)


class Programs:
    """A factory that keeps what it started, to end it after the test."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.folder = folder
        self.store_url = store_url
        self._started: list[Program] = []

    def start(self, words: Sequence[str], name: str, **env: str) -> Program:
        program = Program(words, self.folder, f"{name}-{len(self._started)}", environment(**env))
        self._started.append(program)
        return program

    def write_config(self, text: str, name: str = "beat.toml") -> Path:
        """A configuration, in place at once: nobody sees half of it."""
        path = self.folder / name
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        return fresh.replace(path)

    def beatd(self, *arguments: str, config: Path | None = None, node: str = "beat", **env: str) -> Program:
        words = ["--store", self.store_url, "--node", node, "--log-format", "json"]
        if config is not None:
            words += ["--config", str(config)]
        return self.start(command(BEATD, *words, *arguments), node, **env)

    def worker(self, *arguments: str, lease: float = 1.0, name: str = "worker") -> Program:
        options = ("--name", name, "--lease-ttl", str(lease), "--log-format", "json")
        words = command(JOBQ, "--store", self.store_url, "-A", APP, "worker", *options, *arguments)
        program = self.start(words, name)
        program.wait_said("worker_started")
        return program

    def clear_away(self) -> None:
        for program in self._started:
            program.clear_away()


def entry(name: str = "tick", every: float = 0.2, task: str = "process_tasks.echo", **more: Any) -> str:
    """One entry as TOML."""
    values = {"task": task, "every": every, **more}
    return f"[beat_schedule.{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())


def read_records(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file that are JSON."""
    lines = path.read_text(errors="replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


def passed(seconds: float) -> bool:
    """Wait for a moment that chance has chosen, or for the end of a stretch of time that is itself the fault."""
    deadline = time.monotonic() + seconds
    return wait_until(lambda: time.monotonic() >= deadline, seconds + PATIENCE)


def count(records: Iterable[dict[str, Any]], action: str) -> dict[int, int]:
    """How often each process said it, by process id."""
    counted: dict[int, int] = {}
    for record in records:
        if record["action"] == action:
            counted[record["pid"]] = counted.get(record["pid"], 0) + 1
    return counted
