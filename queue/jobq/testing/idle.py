"""A worker without a process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jobq.instants import SECOND
from jobq.worker.execute import Executor

if TYPE_CHECKING:
    from jobq.app import App

_LEASE = 3600 * SECOND


def run_until_idle(app: App) -> int:
    """Run the jobs of the app's store in this process, one after another; how many runs that were.

    All queues are served, and what jobs enqueue, retry and are linked to is run too, until nothing is available
    or due. What is due later stays scheduled. Hard time limits are not enforced.
    """
    app.finalize()
    store, runs = app.store, 0
    executor = Executor(app, f"run_until_idle-{threading.get_ident()}")
    try:
        while (fetched := store.fetch(sorted(store.queues()), 1, _LEASE, executor.hostname)).claims:
            for claim in fetched.claims:
                store.complete([executor.run(claim, fetched.now)])
                runs += 1
    finally:
        executor.close()
    return runs
