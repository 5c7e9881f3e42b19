"""The app: tasks by name, settings, and the way to the store."""

from __future__ import annotations

import fnmatch
import importlib
import os
import sys
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, overload
from weakref import WeakSet
from zoneinfo import ZoneInfo

from jobq.canvas import Signature, listed
from jobq.conf import Conf, is_meaningless, settings_of
from jobq.context import current_request
from jobq.errors import ConfigError, NotRegistered
from jobq.message import new_job, parse_options
from jobq.results import AsyncResult, EagerResult
from jobq.stores import MOST_REPLICAS, open_store, scheme_of, with_wait_replicas
from jobq.suggest import did_you_mean, nearest
from jobq.task import Task
from jobq.variables import fill_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jobq.job import NewJob
    from jobq.store import Store

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_STORE = "sqlite:///beat.db"


_apps: WeakSet[App] = WeakSet()


def _forget_stores() -> None:
    """A forked process makes connections of its own."""
    for app in list(_apps):
        app._store = None  # noqa: SLF001 - the apps of this module


os.register_at_fork(after_in_child=_forget_stores)


class Hook:
    """A moment in an app's life that functions can be connected to; each is called as `f(app)`."""

    def __init__(self) -> None:
        self._functions: list[Callable[..., Any]] = []

    def connect(self, function: Callable[..., R], **_: Any) -> Callable[..., R]:
        self._functions.append(function)
        return function

    def send(self, app: App) -> None:
        for function in self._functions:
            function(app)


class App:
    """`App("tasks", store="redis://localhost:6379/0")`. `broker` is another name for `store`.

    Without either: JOBQ_STORE, else `store` of ./beat.toml, else sqlite:///beat.db in the working directory.
    `backend` may be given as Celery users do, if it is the store: results live where the jobs do.
    """

    def __init__(
        self,
        main: str | None = None,
        *,
        store: str | None = None,
        broker: str | None = None,
        backend: str | None = None,
        include: Sequence[str] = (),
        **conf: Any,
    ) -> None:
        self.main = main
        self.module: str | None = None
        """The module that a command line was told to load it from."""
        self.tasks: dict[str, Task[..., Any]] = {}
        self.periodic_tasks: dict[str, dict[str, Any]] = {}
        self.on_after_configure = Hook()
        self.on_after_finalize = Hook()
        self.conf = Conf(**conf)
        if store is not None and broker is not None and store != broker:
            raise ConfigError("store and broker are two names of one thing, and differ here; give one")
        url = store or broker
        if url is not None:
            scheme_of(url)
            self.conf.broker_url = url
        if backend is not None:
            self.conf.result_backend = backend
        if include:
            self.conf.include = tuple(include)
        self._finalized = False
        self._store: Store | None = None
        _apps.add(self)
        self._check_backend()

    def __repr__(self) -> str:
        return f"<App {self.main or '__main__'}>"

    # -- configuration

    def config_from_object(self, source: str | object, namespace: str | None = None) -> None:
        """Settings from a module's name, an object or a dict; with a namespace, its names that start with it."""
        source = importlib.import_module(source) if isinstance(source, str) else source
        checked = self.conf.checked(settings_of(source, namespace))
        self._check_backend(checked)
        self.conf.take(checked)

    def _check_backend(self, new: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Whether the backend is the store, with these settings taken."""
        backend, store = new.get("result_backend", self.conf.result_backend), new.get("broker_url")
        if backend and backend != (store or self.store_url):
            raise ConfigError(
                "backend is another place than the store: a job and its result are kept together, so leave the "
                "backend out"
            )

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.conf.timezone)

    def finalize(self) -> None:
        """Import the modules of `imports` and `include`, then run what waits for the app to be complete. Once."""
        if self._finalized:
            return
        self._finalized = True
        for module in (*self.conf.imports, *self.conf.include):
            importlib.import_module(module)
        self.on_after_configure.send(self)
        self.on_after_finalize.send(self)

    # -- the store

    @property
    def store(self) -> Store:
        if self._store is None:
            self._check_backend()
            self._store = open_store(self.store_url)
        return self._store

    @property
    def store_url(self) -> str:
        return str(self.conf.broker_url or default_store_url(os.environ))

    # -- tasks

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self, /, *, name: str | None = None, **options: Any
    ) -> Callable[[Callable[..., R]], Task[..., R]]: ...

    def task(self, function: Any = None, /, *, name: str | None = None, **options: Any) -> Any:
        """Register a function, with `@app.task` or `@app.task(queue=..., max_retries=...)`."""

        def register(function: Callable[..., Any]) -> Task[..., Any]:
            task: Task[..., Any] = Task(self, function, name or self._name_of(function), options)
            self.tasks[task.name] = task
            return task

        return register if function is None else register(function)

    def _name_of(self, function: Callable[..., Any]) -> str:
        module = function.__module__
        if module == "__main__":
            module = self.main or Path(getattr(sys.modules["__main__"], "__file__", "__main__")).stem
        return f"{module}.{function.__name__}"

    def find_task(self, name: str) -> Task[..., Any]:
        task = self.tasks.get(name)
        if task is None:
            raise NotRegistered(f'no task "{name}" is registered{did_you_mean(name, self.tasks)}')
        return task

    def add_periodic_task(
        self,
        schedule: Any,
        sig: Signature | Task[..., Any] | str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> str:
        """Add an entry for the beat; its name, which is the signature's text where none is given.

        `options` are job options and the entry's policies. A name given twice replaces the first entry.
        """
        call = sig if isinstance(sig, Signature) else Signature(getattr(sig, "name", str(sig)))
        call = call.clone(args, kwargs)
        entry_name = name or repr(call)
        self.periodic_tasks[entry_name] = {
            "task": call.task,
            "schedule": schedule,
            "args": call.args,
            "kwargs": call.kwargs,
            **call.options,
            **options,
        }
        return entry_name

    # -- enqueue

    def send_task(
        self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        """Enqueue by name; the task need not be registered here."""
        return self.enqueue_many([Signature(name, args, kwargs, options)])[0]

    def enqueue_many(
        self, calls: Iterable[Signature | Task[..., Any] | str | tuple[Any, ...]]
    ) -> list[AsyncResult]:
        """Enqueue signatures, or tuples of (task or name, args, kwargs, options), in one round trip."""
        signatures = [call if isinstance(call, Signature) else _signature_of(call) for call in calls]
        results: list[AsyncResult] = []
        jobs: list[NewJob] = []
        for s in signatures:
            if self.conf.task_always_eager and s.task in self.tasks:
                results.append(self.run_eagerly(s.task, s.args, s.kwargs, s.options))
                continue
            options = self.options_for(s.task, s.options)
            jobs.append(self._new_job(s.task, s.args, s.kwargs, options))
            results.append(AsyncResult(jobs[-1].id, self, ignored=bool(options.get("ignore_result"))))
        if jobs:
            self.store.enqueue(jobs)
        return results

    def new_job(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> NewJob:
        """The job of a call, not yet enqueued. A call made inside a job has that job as its parent."""
        return self._new_job(name, args, kwargs, self.options_for(name, options))

    def _new_job(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> NewJob:
        parent = current_request.get()
        return new_job(
            name,
            args,
            kwargs,
            parse_options(options, self.tz),
            max_bytes=self.conf.task_max_bytes,
            default_queue=self.conf.task_default_queue,
            parent_id=parent.id,
            root_id=parent.root_id or parent.id,
        )

    def options_for(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The call's options over the task's own, over its route, over the app's defaults.

        The app's time limits are not among them: those are the worker's own.
        """
        task = self.tasks.get(name)
        conf = self.conf
        defaults = {
            "priority": conf.task_default_priority,
            "ignore_result": conf.task_ignore_result or None,
        }
        given = {o: value for o, value in options.items() if value is not None and not is_meaningless(o)}
        for links in given.keys() & {"link", "link_error"}:
            given[links] = [s.bound_to(self) if isinstance(s, Signature) else s for s in listed(given[links])]
        return {**defaults, **_route(conf.task_routes, name), **(task.job_options if task else {}), **given}

    def run_eagerly(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> EagerResult:
        from jobq.worker.execute import run_here

        result = run_here(self, self.new_job(name, args or (), kwargs or {}, options))
        if self.conf.task_eager_propagates:
            result.get()
        return result

    # -- look

    def AsyncResult(self, id: str) -> AsyncResult:  # noqa: A002, N802 - Celery's names
        return AsyncResult(id, self)

    def signature(
        self,
        task: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        immutable: bool = False,
        **options: Any,
    ) -> Signature:
        return Signature(task, args, kwargs, options, immutable=immutable, app=self)


def default_store_url(environ: Mapping[str, str]) -> str:
    """JOBQ_STORE, else `store` of ./beat.toml, else the embedded default."""
    return stated_store_url(environ) or DEFAULT_STORE


def stated_store_url(environ: Mapping[str, str]) -> str | None:
    """JOBQ_STORE, else `store` of ./beat.toml; what beatd would refuse about that is refused here too."""
    if environ.get("JOBQ_STORE"):
        return environ["JOBQ_STORE"]
    document = _beside("its store")
    stated, replicas = document.get("store"), document.get("wait_replicas")
    if stated is None:
        _refuse_near_misses(document)
        return None
    if not isinstance(stated, str) or not stated:
        raise ConfigError("store of ./beat.toml is no text; expected a URL such as redis://localhost:6379/0")
    url = fill_in(stated, environ, _refuse_store)
    if replicas is None:
        return url
    if isinstance(replicas, bool) or not isinstance(replicas, int) or not 1 <= replicas <= MOST_REPLICAS:
        raise ConfigError(
            f"wait_replicas of ./beat.toml is not a whole number; expected one from 1 to {MOST_REPLICAS}"
        )
    return with_wait_replicas(url, replicas)


def default_app(environ: Mapping[str, str]) -> str | None:
    """`app` of ./beat.toml."""
    stated = _beside("its app").get("app")
    return fill_in(stated, environ, _refuse_app) if isinstance(stated, str) else None


def _beside(wanted: str) -> dict[str, Any]:
    """./beat.toml as it is written; nothing if there is none."""
    config = Path("beat.toml")
    if not config.is_file():
        return {}
    try:
        return tomllib.loads(config.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"./beat.toml was read for {wanted}, but is not TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"./beat.toml can't be read for {wanted}: {error.strerror}") from error


def _refuse_near_misses(document: Mapping[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, str) and nearest(key, ["store"]):
            raise ConfigError(f'"{key}" of ./beat.toml is not a setting; did you mean "store"?')
    if document.get("wait_replicas") is not None:
        raise ConfigError("wait_replicas of ./beat.toml is said of its store, and it names none")


def _refuse_store(sentence: str) -> NoReturn:
    raise ConfigError(f"store of ./beat.toml: {sentence}")


def _refuse_app(sentence: str) -> NoReturn:
    raise ConfigError(f"app of ./beat.toml: {sentence}")


def _route(routes: Mapping[str, Any], name: str) -> dict[str, Any]:
    for pattern, route in routes.items():
        if fnmatch.fnmatchcase(name, pattern):
            return {"queue": route} if isinstance(route, str) else dict(route)
    return {}


def _signature_of(call: Task[..., Any] | str | tuple[Any, ...]) -> Signature:
    defaults: tuple[Any, ...] = ((), {}, {})
    parts = call if isinstance(call, tuple) else (call,)
    task, args, kwargs, options = (*parts, *defaults[len(parts) - 1 :])
    return Signature(getattr(task, "name", task), args, kwargs, options)
