"""The tasks that the workers run. Each run appends its start and its end to a file of its process, one write a line."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from jobq import App, Task

app = App("chaos")

FOLDER = "CHAOS_RUNS"
"""The environment's name for the folder of those files."""


class Unlucky(Exception):  # noqa: N818 - what a task of the load raises on purpose
    pass


@app.task(bind=True)
def work(self: Task[..., Any], seconds: float = 0.0) -> float:
    _note(self, "start")
    time.sleep(seconds)
    _note(self, "end")
    return seconds


@app.task(bind=True, autoretry_for=(Unlucky,), default_retry_delay=0.3, max_retries=3)
def flaky(self: Task[..., Any], failures: int) -> int:
    """Fail so many times, and then do not."""
    _note(self, "start")
    if self.request.retries < failures:
        _note(self, "raise")
        raise Unlucky("not yet")
    _note(self, "end")
    return failures


@app.task(bind=True)
def doomed(self: Task[..., Any]) -> None:
    _note(self, "start")
    _note(self, "raise")
    raise Unlucky("for good")


def _note(task: Task[..., Any], what: str) -> None:
    request = task.request
    line = {
        "job": request.id,
        "what": what,
        "at": time.time_ns() // 1000,
        "pid": os.getpid(),
        "worker": str(request.hostname).partition(".")[0],
        "retries": request.retries,
    }
    path = os.path.join(os.environ[FOLDER], f"{os.getpid()}.runs")  # noqa: PTH118 - as cheap as it gets
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)
