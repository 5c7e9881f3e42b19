"""For tests: a clock that moves by hand, signals to wait for, a worker without a process, and a simulated world.

app.conf.task_always_eager = True     # calls run here and now, no store involved

add.delay(1, 2)                       # or: enqueue as ever,
assert run_until_idle(app) == 1       # and run what has become of it

`jobq.testing.simulation` runs whole processes (beats, workers) under a virtual clock and one seeded scheduler, and
`jobq.testing.faults` is what can go wrong between them and their store.
"""

from __future__ import annotations

from jobq.testing.clock import ManualClock
from jobq.testing.idle import run_until_idle
from jobq.testing.moments import Signal

__all__ = ["ManualClock", "Signal", "run_until_idle"]
