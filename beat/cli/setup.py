"""From options, a configuration file and an app to a service that can run. Everything that can be wrong is found
here, before anything is started."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beat.cli.locate import DEFAULT_CONFIG
from beat.config import LEASE_TTL_BOUNDS, BeatSettings, Config, WorkerSettings, load_config
from beat.leadership import Leadership, check_trust
from beat.sdnotify import Notifier
from beat.service import Service
from beat.sources import Sources, gather, unregistered
from beat.stores import open_beat_store
from beat.toml_source import read_toml
from beat.workers import Workers
from jobq import log as logs
from jobq.app import App
from jobq.cli.loading import load_app, look_here_first
from jobq.cli.starting import look_at
from jobq.errors import ConfigError
from jobq.log import event
from jobq.stores import open_store
from jobq.worker.options import WorkerOptions, check_lease, default_name

log = logging.getLogger(__name__)


@dataclass
class Setup:
    """All that a run of beatd needs."""

    config: Config | None
    app: App
    app_given: bool
    settings: BeatSettings
    worker: WorkerSettings
    children: int
    sources: Sources

    @property
    def problems(self) -> list[str]:
        """What `--check` refuses and a start only warns of: entries whose task the app does not know.

        The workers of another app may know it, and then nothing is wrong but the check.
        """
        found = unregistered(self.sources, self.app if self.app_given else None)
        if not found or self.config is None:
            return list(found.values())
        source = read_toml(self.config.path)
        return [
            str(source.problem(("beat_schedule", name, "task"), sentence))
            if ("beat_schedule", name, "task") in source.lines
            else sentence
            for name, sentence in found.items()
        ]

    def warn(self) -> None:
        """Say at the start what will come to nothing."""
        for sentence in self.problems:
            event(log, logging.WARNING, "task_unknown", sentence)
        if self.config is None and not self.app_given:
            event(
                log,
                logging.WARNING,
                "nothing_given",
                f"there is no {DEFAULT_CONFIG} here and no --app was given",
            )
        if self.children and not self.app_given:
            event(
                log, logging.WARNING, "no_app", "workers without an app run plain functions only; give --app"
            )

    @property
    def shown_store(self) -> str:
        return open_beat_store(self.app.store_url).url

    def reload(self) -> Sources:
        """The sources as they are written now. The app's code is not imported again: that takes a restart."""
        config = None if self.config is None else load_config(self.config.path, os.environ)
        _warn_of_restart(self.config, config)
        return gather(config, self.app if self.app_given else None)

    def run(self) -> int:
        self.warn()
        look_at(self.app.store_url, open_beat_store)
        if self.children:
            look_here_first()
            look_at(self.app.store_url, open_store)
        settings = self.settings
        store = open_beat_store(self.app.store_url, settings.history)
        node = settings.node or default_name()
        workers = None
        if self.children:
            workers = Workers(self.app, self._worker_options(node))
        service = Service(
            store,
            Leadership(store, node, settings.lease_ttl),
            self.reload,
            Notifier(os.environ),
            workers=workers,
            max_loop_interval=settings.max_loop_interval,
        )
        pidfile = Path(settings.pidfile) if settings.pidfile else None
        if pidfile is not None:
            pidfile.write_text(f"{os.getpid()}\n")
        try:
            return service.run(self.sources)
        finally:
            if pidfile is not None:
                pidfile.unlink(missing_ok=True)

    def _worker_options(self, node: str) -> WorkerOptions:
        settings = self.worker
        return WorkerOptions(
            queues=settings.queues,
            concurrency=self.children,
            pool=settings.pool,
            name=f"{node}-worker",
            lease_ttl=settings.lease_ttl,
            shutdown_timeout=settings.shutdown_timeout,
            max_tasks_per_child=settings.max_tasks_per_child,
            max_memory_per_child=settings.max_memory_per_child,
        )


def prepare(
    *,
    config: Path | None,
    store: str | None,
    app: str | None,
    worker: int | None,
    node: str | None,
    lease_ttl: float | None,
    log_level: str | None,
    log_format: str | None,
    pidfile: str | None,
) -> Setup:
    """Read and check everything. An option goes before the file, the file before the app. `ConfigError`s."""
    if config is None and DEFAULT_CONFIG.is_file():
        config = DEFAULT_CONFIG
    read = None if config is None else load_config(config, os.environ)
    settings = _settings(
        BeatSettings() if read is None else read.beat,
        node=node,
        lease_ttl=lease_ttl,
        log_level=log_level,
        log_format=log_format,
        pidfile=pidfile,
    )
    logs.setup(settings.log_level, settings.log_format)
    url = store or (read.store if read is not None else None)
    spec = app or (read.app if read is not None else None)
    loaded = load_app(spec, url) if spec else App(store=url)
    if read is None:
        settings = _with_app(settings, loaded, keep_lease_ttl=lease_ttl is not None)
    worker_settings = _worker_of(loaded) if read is None else read.worker
    children = worker_settings.concurrency if worker is None else worker
    check_trust(settings.lease_ttl, loaded.store_url)
    if children:
        check_lease(worker_settings.lease_ttl, loaded.store_url)
    if worker_settings.allowed_imports is not None:
        loaded.conf.worker_allowed_imports = worker_settings.allowed_imports
    return Setup(
        config=read,
        app=loaded,
        app_given=spec is not None,
        settings=settings,
        worker=worker_settings,
        children=children,
        sources=gather(read, loaded if spec else None),
    )


def _with_app(settings: BeatSettings, app: App, *, keep_lease_ttl: bool) -> BeatSettings:
    """Without a file, the app's own settings hold."""
    longest = replace(settings, max_loop_interval=app.conf.beat_max_loop_interval)
    return longest if keep_lease_ttl else replace(longest, lease_ttl=app.conf.beat_lease_ttl)


def _worker_of(app: App) -> WorkerSettings:
    """Without a file, the app's own settings hold."""
    conf = app.conf
    return WorkerSettings(
        queues=(conf.task_default_queue,),
        lease_ttl=conf.worker_lease_ttl,
        max_tasks_per_child=conf.worker_max_tasks_per_child,
        max_memory_per_child=conf.worker_max_memory_per_child,
    )


def _settings(settings: BeatSettings, **options: Any) -> BeatSettings:
    """The file's settings, with the options that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    shortest, longest = LEASE_TTL_BOUNDS
    if not shortest <= given.get("lease_ttl", shortest) <= longest:
        raise ConfigError(
            f"--lease-ttl is {given['lease_ttl']:g} seconds; expected {shortest:g} to {longest:g} seconds"
        )
    return replace(settings, **given)


def _warn_of_restart(running: Config | None, written: Config | None) -> None:
    """A reload is about entries and the zone; say so where something else was changed."""
    changed = [
        name
        for name in ("store", "app", "beat", "worker")
        if getattr(running, name, None) != getattr(written, name, None)
    ]
    if changed:
        keys = ", ".join(f"[{name}]" if name in ("beat", "worker") else name for name in changed)
        event(
            log, logging.WARNING, "restart_needed", f"what was changed in {keys} takes effect with a restart"
        )
