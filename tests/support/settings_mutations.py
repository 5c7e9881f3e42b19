"""Settings of an app as nobody should write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition_mutations import ODD, fields

from jobq.conf import DEFAULTS, MEANINGLESS

if TYPE_CHECKING:
    import random

RIGHT: dict[str, Any] = {
    "timezone": "Europe/Prague",
    "result_expires": "1h",
    "task_default_queue": "mail",
    "task_routes": {"a.*": {"queue": "b"}},
    "task_default_priority": 3,
    "task_time_limit": 30,
    "task_max_bytes": 1000,
    "worker_concurrency": 3,
    "worker_allowed_imports": ["lib.jobs", "*"],
    "imports": ("a", "b"),
    "beat_schedule": {"e": {"task": "t", "schedule": 5}},
    "broker_url": "redis://localhost:6379/0",
}
PLACES: tuple[Any, ...] = (
    "redis://", "sqlite://", "sqlite:///:memory:", "postgres://h", "redis://h:port/x", "redis://[::1", "://", "amqp://guest@localhost//",
)  # fmt: skip


def settings(rng: random.Random) -> dict[Any, Any]:
    """A dict for `config_from_object`: right settings among which one or more may be wrong."""
    given: dict[Any, Any] = {
        name: RIGHT[name] for name in rng.sample(sorted(RIGHT), rng.randrange(len(RIGHT)))
    }
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        name = rng.choice([*DEFAULTS, *DEFAULTS, *sorted(MEANINGLESS)])
        value: Any = rng.choice([*ODD, *PLACES])
        if rng.random() < 0.3:
            name = rng.choice(
                [
                    f"{name}x",
                    name.upper(),
                    f"CELERY_{name.upper()}",
                    name[:-1],
                    "",
                    "x" * 5000,
                    "\x00",
                    5,
                    None,
                    ("a",),
                ]
            )
        if name == "beat_schedule" and rng.random() < 0.7:
            value = {
                rng.choice(["e", "", "a@b", "x" * 300, 5, None, "\n", "é"]): fields(rng) for _ in range(3)
            }
        given[name] = value
    items = list(given.items())
    rng.shuffle(items)
    return dict(items)
