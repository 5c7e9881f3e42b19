"""What can go wrong, one class a kind. Each message is a sentence for the person who reads it."""

from __future__ import annotations


class JobqError(Exception):
    """The root of the errors that this package raises on purpose."""


class ConfigError(JobqError, ValueError):
    """A setting, option or definition is wrong; the message says where and what was expected."""


class StoreUnavailable(JobqError):  # noqa: N818 - a state of the world, named as one
    """The store did not answer, or refused for now. Whether a write took effect is not known."""


class StoreRefused(StoreUnavailable):
    """The store refuses until somebody changes something: user, password, permissions or a certificate."""


class NotRegistered(JobqError, LookupError):  # noqa: N818 - Celery's name for it
    """The worker's app has no task of this name."""


class MessageNotUnderstood(JobqError, ValueError):  # noqa: N818 - reads as the sentence it is
    """A message in a queue is not the JSON that this version reads."""


class ImportNotAllowed(JobqError):  # noqa: N818 - reads as the sentence it is
    """A message names a function of a module that the worker may not import from."""


class TooLarge(JobqError, ValueError):  # noqa: N818 - reads as the sentence it is
    """A message, or a result, is larger than its limit."""


class TaskFailed(JobqError):  # noqa: N818 - an outcome, not a fault of this package
    """A job failed with an exception whose class is not known here; the message carries its name and text."""


class TaskRevoked(JobqError):  # noqa: N818 - Celery's TaskRevokedError by its state
    """The job was cancelled, or expired before it could start."""


class MaxRetriesExceeded(JobqError):  # noqa: N818 - Celery's MaxRetriesExceededError without the suffix
    """`Task.retry` was called after the last retry that the task allows."""


class WorkerLost(JobqError):  # noqa: N818 - an outcome, not a fault of this package
    """The workers that ran this job died so often that it is not tried again."""


class Interrupted(JobqError):  # noqa: N818 - an outcome, not a fault of this package
    """The job was broken off because its worker had to leave at once; it runs again."""


class SoftTimeLimitExceeded(JobqError):  # noqa: N818 - Celery's name for it
    """Raised inside a task that has run for its `soft_time_limit`."""


class TimeLimitExceeded(JobqError):  # noqa: N818 - Celery's name for it
    """The job ran for its `time_limit` and its process was killed."""


class ResultTimeout(JobqError, TimeoutError):  # noqa: N818 - a subclass of the built-in TimeoutError
    """`AsyncResult.get` waited for its `timeout` and the job had not ended."""


class Ignore(JobqError):  # noqa: N818 - Celery's name for it
    """Raised by a task: end as completed, keep no result, enqueue nothing that follows."""


class Reject(JobqError):  # noqa: N818 - Celery's name for it
    """Raised by a task: do not retry, send the job to the dead letters (or back, with `requeue=True`)."""

    def __init__(self, reason: object = None, requeue: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.requeue = requeue


class Retry(JobqError):  # noqa: N818 - Celery's name for it
    """Raised by `Task.retry` to end this attempt; the job runs again after `delay` seconds.

    `due` (epoch microseconds) is set instead of `delay` where an eta was given.
    """

    def __init__(
        self,
        message: str = "",
        *,
        exc: BaseException | None = None,
        delay: float = 0.0,
        due: int | None = None,
        args: tuple[object, ...] | None = None,
        kwargs: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.exc = exc
        self.delay = delay
        self.due = due
        self.new_args = args
        self.new_kwargs = kwargs
