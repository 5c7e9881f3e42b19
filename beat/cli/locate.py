"""Which store the commands of one call look at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from beat.control import Beat

DEFAULT_CONFIG = Path("beat.toml")


@dataclass
class Located:
    """What --config and --store say. Without either, ./beat.toml is the file if there is one."""

    config: Path | None
    store: str | None = field(repr=False)
    _beat: Beat | None = field(default=None, repr=False)

    @property
    def beat(self) -> Beat:
        if self._beat is None:
            from beat.control import Beat
            from jobq.stores import refuse_missing

            url = self.url()
            refuse_missing(url)
            self._beat = Beat(url)
        return self._beat

    def close(self) -> None:
        if self._beat is not None:
            self._beat.close()

    def url(self) -> str:
        if self.store is not None:
            return self.store
        return _as_beatd_finds_it(self.path)

    @property
    def path(self) -> Path | None:
        """The configuration file that was named, or is there."""
        if self.config is None and self.store is None and DEFAULT_CONFIG.is_file():
            return DEFAULT_CONFIG
        return self.config


def _as_beatd_finds_it(path: Path | None) -> str:
    """The store of the file, else of the app, else JOBQ_STORE, else the embedded default."""
    from jobq.app import default_store_url

    stated = os.environ.get("JOBQ_APP")
    if path is not None:
        from beat.config import load_config, stated_store

        # What is wrong elsewhere in the file keeps nobody from looking at what runs.
        store = stated_store(path, os.environ)
        if store is not None:
            return store
        stated = stated or load_config(path, os.environ).app
    if stated:
        from jobq.cli.loading import load_app

        return load_app(stated).store_url
    return default_store_url(os.environ)


pass_beat = click.make_pass_decorator(Located)
