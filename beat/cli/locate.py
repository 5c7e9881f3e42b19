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
    """--store, else the store of --config, else JOBQ_STORE, else that of ./beat.toml, else the embedded default."""

    config: Path | None
    store: str | None
    _beat: Beat | None = field(default=None, repr=False)

    @property
    def beat(self) -> Beat:
        if self._beat is None:
            from beat.control import Beat

            self._beat = Beat(self.url())
        return self._beat

    def close(self) -> None:
        if self._beat is not None:
            self._beat.close()

    def url(self) -> str:
        if self.store is not None:
            return self.store
        if self.config is not None:
            return _of_file(self.config)
        if not os.environ.get("JOBQ_STORE") and DEFAULT_CONFIG.is_file():
            return _of_file(DEFAULT_CONFIG)
        from jobq.app import default_store_url

        return default_store_url(os.environ)


def _of_file(path: Path) -> str:
    """The file's store; where it names none, that of its app, as beatd takes it."""
    from beat.config import load_config
    from jobq.app import default_store_url
    from jobq.cli.loading import load_app

    config = load_config(path, os.environ)
    if config.store is not None:
        return config.store
    return load_app(config.app).store_url if config.app is not None else default_store_url(os.environ)


pass_beat = click.make_pass_decorator(Located)
