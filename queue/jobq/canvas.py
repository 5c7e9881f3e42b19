"""Signatures: a call that has not been made yet, to be passed on, linked and enqueued."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError
from jobq.message import Link, parse_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobq.app import App
    from jobq.results import AsyncResult


class Signature:
    """A task's name, arguments and options. `immutable`: a parent's result is not put before the arguments."""

    def __init__(
        self,
        task: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        immutable: bool = False,
        app: App | None = None,
    ) -> None:
        self.task = task
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        self.options = dict(options or {})
        self.immutable = immutable
        self._app = app

    def set(self, **options: Any) -> Signature:
        """This signature with more options; returns itself, as Celery's does."""
        self.options.update(options)
        return self

    def clone(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> Signature:
        """A copy, `args` before its own arguments."""
        return Signature(
            self.task,
            (*args, *self.args),
            {**self.kwargs, **(kwargs or {})},
            {**self.options, **options},
            immutable=self.immutable,
            app=self._app,
        )

    def link(self, callback: Signature) -> Signature:
        """Enqueue `callback` with the result when this has completed. Returns the callback."""
        self.options["link"] = (*self.options.get("link", ()), callback)
        return callback

    def link_error(self, callback: Signature) -> Signature:
        """Enqueue `callback` with the job's id when this has failed. Returns the callback."""
        self.options["link_error"] = (*self.options.get("link_error", ()), callback)
        return callback

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        return self.apply_async(args, kwargs)

    def apply_async(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        call = self.clone(args, kwargs, **options)
        return self.app.send_task(call.task, call.args, call.kwargs, **call.options)

    @property
    def app(self) -> App:
        if self._app is None:
            raise ConfigError(
                f"the signature of {self.task} belongs to no app; make it with app.signature or task.s"
            )
        return self._app

    def to_link(self) -> Link:
        options = self.options
        if self._app is not None:
            options = self._app.options_for(self.task, options)
        return Link(
            task=self.task,
            args=self.args,
            kwargs=self.kwargs,
            options=parse_options(options, self._app.tz if self._app else UTC),
            immutable=self.immutable,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and self._value() == other._value()

    __hash__ = None  # type: ignore[assignment] # options are a dict, as Celery's

    def _value(self) -> tuple[Any, ...]:
        return (self.task, self.args, self.kwargs, self.options, self.immutable)

    def __repr__(self) -> str:
        shown = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.task}({', '.join(shown)})"


def signature(
    task: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    immutable: bool = False,
    app: App | None = None,
) -> Signature:
    """A signature by the task's name; `app` is needed only to enqueue it directly."""
    return Signature(task, args, kwargs, options, immutable=immutable, app=app)
