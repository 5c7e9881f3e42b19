"""What there is to do: some dozens of entries, and producers that remember what was acknowledged."""

from __future__ import annotations

import json
import random
import threading
from contextlib import closing
from typing import Any, NamedTuple

from chaos.evidence import SECOND, Sent
from jobq import App
from jobq.errors import StoreUnavailable

HISTORY = 1_000_000
"""Records kept of each entry: all."""


class Plan(NamedTuple):
    """An entry of the load. `step` in seconds; a cron line's fire times are the multiples of it since the epoch."""

    name: str
    step: float
    task: str
    args: tuple[Any, ...] = ()
    cron: str = ""
    catchup: str = "all"
    broken: bool = False

    def as_toml(self) -> str:
        when = {"cron": self.cron} if self.cron else {"every": self.step}
        values = {"task": f"chaos.tasks.{self.task}", "args": self.args, "catchup": self.catchup, **when}
        lines = (f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        return f"[beat_schedule.{self.name}]\n{''.join(lines)}"


def plans() -> list[Plan]:
    """Thirty-odd ticks a second, and work for two of the five children with what the producers send."""
    return [
        *(Plan(f"quick-{n}", 0.2, "work") for n in range(2)),
        *(
            Plan(f"half-{n}", 0.5, "work", (0.01,), catchup=c)
            for n, c in enumerate(("all", "latest", "skip"))
        ),
        *(Plan(f"second-{n}", 1.0, "work", (0.01 * n,)) for n in range(6)),
        *(Plan(f"cron-{n}", 1.0, "work", (), "* * * * * *") for n in range(4)),
        Plan("cron-latest", 1.0, "work", (), "* * * * * *", "latest"),
        Plan("cron-skip", 1.0, "work", (), "* * * * * *", "skip"),
        Plan("cron-even", 2.0, "work", (0.1,), "*/2 * * * * *"),
        Plan("cron-fives", 5.0, "work", (0.2,), "*/5 * * * * *"),
        *(Plan(f"slow-{n}", 3.0 + n, "work", (0.5 + 0.5 * n,)) for n in range(3)),  # some above a lease
        Plan("very-slow", 5.0, "work", (2.0,)),
        Plan("flaky", 1.5, "flaky", (1,)),
        Plan("flakier", 2.5, "flaky", (2,)),
        Plan("doomed", 4.0, "doomed"),
        *(Plan(f"victim-{n}", 1.0, "work", broken=True) for n in range(3)),
    ]


def configuration(entries: list[Plan]) -> str:
    return f"[beat]\nhistory = {HISTORY}\n" + "\n".join(plan.as_toml() for plan in entries)


class Producer(threading.Thread):
    """Sends jobs until it is told to stop. `sent` is complete once it has ended; `error` is why it ended early."""

    def __init__(self, name: str, store_url: str, seed: str, pause: float = 1.0) -> None:
        super().__init__(name=name, daemon=True)
        self.sent: list[Sent] = []
        self.error: BaseException | None = None
        self._rng = random.Random(seed)
        self._url = store_url
        self._pause = pause
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        app = App("producer", store=self._url)
        with closing(app.store):
            try:
                while not self._stopping.wait(self._rng.expovariate(1 / self._pause)):
                    self._send(app, f"{self.name}-{len(self.sent)}")
            except BaseException as error:  # noqa: BLE001 - whatever it is, the run has failed
                self.error = error

    def _send(self, app: App, name: str) -> None:
        task, args = self._rng.choice(
            [
                ("work", (self._rng.uniform(0, 0.2),)),
                ("work", (self._rng.uniform(1, 2),)),
                ("flaky", (1,)),
                ("doomed", ()),
                ("work", ()),
            ]
        )
        options: dict[str, Any] = {"task_id": name}
        follower = self._rng.random() < 0.3
        if follower:
            options["link"] = app.signature("chaos.tasks.work", immutable=True, task_id=f"{name}-next")
        acknowledged = False
        for _ in range(self._rng.choice((1, 3))):  # some try again, and some do not
            try:
                app.send_task(f"chaos.tasks.{task}", args, **options)
            except StoreUnavailable:
                continue
            acknowledged = True
            break
        self.sent.append(Sent(name, acknowledged))
        if follower:
            self.sent.append(Sent(f"{name}-next", acknowledged, parent=name))


def step_of(plan: Plan) -> int:
    return round(plan.step * SECOND)
