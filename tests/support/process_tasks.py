"""The app of the process tests: tasks that do as they are told, and leave signs in a folder."""

from __future__ import annotations

import os
import signal
import time
from os import kill
from pathlib import Path

from jobq import App
from jobq.errors import SoftTimeLimitExceeded

app = App("process_tasks")

LONGEST = 60.0
_PAUSE = 0.01


@app.task
def echo(value: object = None) -> object:
    return value


def plain(value: object) -> object:
    """A function that no app knows."""
    return value


@app.task
def imaginary() -> complex:
    """JSON has no form for it."""
    return 1j


@app.task
def hold(folder: str) -> int:
    """Leave this process's id in a file `run-<pid>`, then wait for a file `go`."""
    _sign(folder)
    _wait_for_go(folder)
    return os.getpid()


@app.task
def stubborn(folder: str) -> None:
    """As `hold`, and deaf to whatever is raised into it."""
    _sign(folder)
    while True:
        try:
            _wait_for_go(folder)
        except BaseException:  # noqa: BLE001 - that is the point
            continue
        return


@app.task
def last(seconds: float, folder: str) -> float:
    """Leave a sign, and run for so long."""
    _sign(folder)
    time.sleep(seconds)
    return seconds


@app.task
def die(folder: str) -> None:
    """Leave a sign, and kill the process that runs this."""
    _sign(folder)
    kill(os.getpid(), signal.SIGKILL)


@app.task
def leave_once(folder: str) -> None:
    """The first time, end the process that runs this as if all were well."""
    first = not any(Path(folder).glob("run-*"))
    _sign(folder)
    if first:
        os._exit(0)


@app.task(soft_time_limit=0.3)
def tidy_up(folder: str) -> str:
    """Wait in vain, and clean up when the soft limit says so."""
    try:
        _wait_for_go(folder)
    except SoftTimeLimitExceeded:
        return "tidied up"
    return "went on"


@app.task(soft_time_limit=0.3)
def overrun(folder: str) -> None:
    _wait_for_go(folder)


@app.task(time_limit=0.5)
def run_away(folder: str) -> None:
    _sign(folder)
    _wait_for_go(folder)


def _sign(folder: str) -> None:
    """One file a run; a file that is there is whole."""
    path = Path(folder) / f"run-{os.getpid()}-{time.monotonic_ns()}"
    path.touch()


def _wait_for_go(folder: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not (Path(folder) / "go").exists() and time.monotonic() < deadline:
        time.sleep(_PAUSE)
