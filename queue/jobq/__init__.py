"""The queue core: apps, tasks, jobs, stores and workers."""

from jobq.app import App
from jobq.canvas import Signature, signature
from jobq.errors import Ignore, Reject, Retry
from jobq.queue import Job, Queue
from jobq.results import AsyncResult
from jobq.task import Task

__all__ = [
    "App",
    "AsyncResult",
    "Ignore",
    "Job",
    "Queue",
    "Reject",
    "Retry",
    "Signature",
    "Task",
    "signature",
]
