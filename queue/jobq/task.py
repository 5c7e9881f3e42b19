"""A task: a function that an app knows by name, still callable as the function that it is."""

from __future__ import annotations

import asyncio
import functools
import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from jobq.canvas import Signature
from jobq.conf import is_meaningless
from jobq.context import Request, current_request
from jobq.errors import ConfigError, MaxRetriesExceeded, Retry
from jobq.message import check_due, parse_options, read_instant, read_seconds
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobq.app import App
    from jobq.results import AsyncResult, EagerResult

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: dict[str, Any] = {
    "bind": False,
    "queue": None,
    "priority": None,
    "max_retries": 3,
    "default_retry_delay": 180.0,
    "autoretry_for": (),
    "retry_backoff": False,
    "retry_backoff_max": 600.0,
    "retry_jitter": True,
    "soft_time_limit": None,
    "time_limit": None,
    "ignore_result": None,
    "expires": None,
}
_LATER = ("rate_limit", "unique")
_JOB_OPTIONS = ("queue", "priority", "soft_time_limit", "time_limit", "ignore_result", "expires")


class Task(Generic[P, R]):
    """Options as of `@app.task`, as attributes: `max_retries` (None: no limit), delays and limits in seconds."""

    bind: bool
    max_retries: int | None
    default_retry_delay: float
    autoretry_for: tuple[type[BaseException], ...]
    retry_backoff: bool | float
    retry_backoff_max: float
    retry_jitter: bool
    soft_time_limit: float | None
    time_limit: float | None
    ignore_result: bool | None

    def __init__(self, app: App, function: Callable[..., Any], name: str, options: Mapping[str, Any]) -> None:
        try:
            read = {**_OPTIONS, **_read(options)}
        except ConfigError as error:
            raise ConfigError(f"task {name}: {error}") from None
        self.app = app
        self.name = name
        self.function = function
        for option, value in read.items():
            setattr(self, option, value)
        self.job_options = {o: options[o] for o in _JOB_OPTIONS if options.get(o) is not None}
        self.is_coroutine = inspect.iscoroutinefunction(function)
        functools.update_wrapper(self, function)

    # `/`: a function may have a parameter called self, and a message may give it by name.
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = self.function(self, *args, **kwargs) if self.bind else self.function(*args, **kwargs)
        return result

    def __repr__(self) -> str:
        return f"<task {self.name}>"

    @property
    def request(self) -> Request:
        return current_request.get()

    # -- enqueue

    def delay(self, /, *args: P.args, **kwargs: P.kwargs) -> AsyncResult:
        return self.app.send_task(self.name, args, kwargs)

    def apply_async(
        self, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        """Enqueue with options; see `jobq.message.parse_options` for their names and units."""
        return self.app.send_task(self.name, args or (), kwargs or {}, **options)

    async def adelay(self, /, *args: P.args, **kwargs: P.kwargs) -> AsyncResult:
        return await asyncio.to_thread(self.app.send_task, self.name, args, kwargs)

    async def aapply_async(
        self, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        return await asyncio.to_thread(self.apply_async, args, kwargs, **options)

    def apply(
        self, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> EagerResult:
        """Run here and now, as a worker would, retries included."""
        return self.app.run_eagerly(self.name, args or (), kwargs or {}, options)

    # -- signatures

    def s(self, /, *args: Any, **kwargs: Any) -> Signature:
        return Signature(self.name, args, kwargs, app=self.app)

    def si(self, /, *args: Any, **kwargs: Any) -> Signature:
        return Signature(self.name, args, kwargs, immutable=True, app=self.app)

    def signature(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        immutable: bool = False,
        **options: Any,
    ) -> Signature:
        return Signature(self.name, args, kwargs, options, immutable=immutable, app=self.app)

    # -- inside a running task

    def retry(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        exc: BaseException | None = None,
        *,
        countdown: float | timedelta | None = None,
        eta: datetime | None = None,
        max_retries: int | None = None,
    ) -> Retry:
        """Raise `Retry`, which ends this attempt; `raise self.retry(...)` reads best.

        `countdown` in seconds, else `default_retry_delay`. When no retry is left, `exc` is raised, or else
        `MaxRetriesExceeded`; called outside of a job, `exc` too.
        """
        request = self.request
        if request.called_directly and exc is not None:
            raise exc
        allowed = max_retries if max_retries is not None else self.retries_allowed(request)
        if allowed is not None and request.retries >= allowed:
            raise exc or MaxRetriesExceeded(
                f"{self.name} was retried {request.retries} times, and no more are allowed"
            )
        raise Retry(
            f"retry of {self.name}",
            exc=exc,
            delay=self.default_retry_delay if countdown is None else read_seconds("countdown", countdown),
            due=None if eta is None else check_due(read_instant("eta", eta, self.app.tz)),
            args=None if args is None else tuple(args),
            kwargs=None if kwargs is None else dict(kwargs),
        )

    def retries_allowed(self, request: Request) -> int | None:
        return self.max_retries if request.max_retries is None else request.max_retries


def _read(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, limits and delays in seconds; `ConfigError` for what is none."""
    read: dict[str, Any] = {}
    for option, value in options.items():
        if option in _LATER:
            if value is not None:
                raise ConfigError(f'the option "{option}" is not available in this version')
        elif option not in _OPTIONS and is_meaningless(option):
            continue
        elif option not in _OPTIONS:
            raise ConfigError(f'"{option}" is not an option of a task{did_you_mean(option, _OPTIONS)}')
        else:
            read[option] = _READERS.get(option, _as_given)(option, value)
    parse_options({option: read[option] for option in _JOB_OPTIONS if option in read}, UTC)
    return read


def _as_given(_: str, value: Any) -> Any:
    return value


def _limit(option: str, value: Any) -> float | None:
    return None if value is None else read_seconds(option, value)


def _retries(option: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ConfigError(f"{option} = {value!r} is not a whole number, zero or more, or None for no limit")
    return value


def _backoff(option: str, value: Any) -> bool | float:
    return value if isinstance(value, bool) else read_seconds(option, value)


def _exceptions(option: str, value: Any) -> tuple[type[BaseException], ...]:
    classes = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not all(isinstance(one, type) and issubclass(one, BaseException) for one in classes):
        raise ConfigError(f"{option} = {value!r} is not a tuple of exception classes")
    return classes


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "max_retries": _retries,
    "default_retry_delay": read_seconds,
    "autoretry_for": _exceptions,
    "retry_backoff": _backoff,
    "retry_backoff_max": read_seconds,
    "soft_time_limit": _limit,
    "time_limit": _limit,
}
