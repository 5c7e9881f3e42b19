"""Signatures: a call that has not been made yet, to be passed on, linked and enqueued."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from jobq.errors import ConfigError
from jobq.message import Link, check_arguments, parse_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobq.app import App
    from jobq.results import AsyncResult, EagerResult


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
        args, kwargs = args or (), kwargs or {}
        check_arguments(task, args, kwargs)
        self.task = task
        self.args = tuple(args)
        self.kwargs = dict(kwargs)
        self.options = dict(options or {})
        self.immutable = immutable
        self._app = app

    def set(self, immutable: bool | None = None, **options: Any) -> Signature:
        """This signature with more options; returns itself, as Celery's does."""
        if immutable is not None:
            self.immutable = immutable
        self.options.update(options)
        return self

    def clone(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> Signature:
        """A copy, `args` before its own arguments; an immutable one keeps to its own."""
        return Signature(
            self.task,
            self.args if self.immutable else (*(args or ()), *self.args),
            self.kwargs if self.immutable else {**self.kwargs, **(kwargs or {})},
            {**self.options, **options},
            immutable=self.immutable,
            app=self._app,
        )

    def link(self, callback: Signature) -> Signature:
        """Enqueue `callback` with the result when this has completed. Returns the callback."""
        self.options["link"] = (*listed(self.options.get("link")), callback)
        return callback

    def link_error(self, callback: Signature) -> Signature:
        """Enqueue `callback` with the job's id when this has failed. Returns the callback."""
        self.options["link_error"] = (*listed(self.options.get("link_error")), callback)
        return callback

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        return self.apply_async(args, kwargs)

    def apply_async(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        call = self.clone(args, kwargs, **options)
        return self.app.send_task(call.task, call.args, call.kwargs, **call.options)

    def apply(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> EagerResult:
        """Run here and now, as a worker would, retries included."""
        call = self.clone(args, kwargs, **options)
        return self.app.run_eagerly(call.task, call.args, call.kwargs, call.options)

    def bound_to(self, app: App) -> Signature:
        """This signature, or where it belongs to no app, a copy that belongs to `app`."""
        if self._app is not None:
            return self
        return Signature(self.task, self.args, self.kwargs, self.options, immutable=self.immutable, app=app)

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
    **more: Any,
) -> Signature:
    """A signature by the task's name; `app` is needed only to enqueue it directly. `more` are options too."""
    return Signature(task, args, kwargs, {**(options or {}), **more}, immutable=immutable, app=app)


def listed(signatures: Any) -> tuple[Any, ...]:
    """One signature, several, or None, as a tuple."""
    if signatures is None:
        return ()
    return tuple(signatures) if isinstance(signatures, list | tuple) else (signatures,)
