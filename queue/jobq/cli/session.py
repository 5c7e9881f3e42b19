"""Which app and which store the commands of one call work with."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jobq.app import App
    from jobq.store import Store


@dataclass
class Session:
    """`store_url` is what --store says, `app_spec` what -A says; None where they were not given.

    The store is that of --store, else the app's own, else JOBQ_STORE, else `store` of ./beat.toml, else the
    embedded default: producers that import the same app find the same store.
    """

    store_url: str | None = field(repr=False)
    app_spec: str | None
    _app: App | None = field(default=None, repr=False)
    _store: Store | None = field(default=None, repr=False)

    @property
    def app(self) -> App:
        if self._app is None:
            self._app = self._load()
        return self._app

    def _load(self) -> App:
        if self.app_spec is None:
            from jobq.app import App

            return App(store=self.store_url)
        from jobq.cli.loading import load_app

        return load_app(self.app_spec, self.store_url)

    def take_app_of_file(self) -> None:
        """Without -A, the app that ./beat.toml names, on the store that is stated beside it: those of beatd."""
        from jobq.app import default_app, stated_store_url

        if self.app_spec is None:
            self.app_spec = default_app(os.environ)
            if self.app_spec is not None:
                self.store_url = self.store_url or stated_store_url(os.environ)

    @property
    def store(self) -> Store:
        """The store alone: with --store the app is not imported for it."""
        if self._store is None:
            if self.store_url is None:
                self._store = self.app.store
            else:
                from jobq.stores import open_store

                self._store = open_store(self.store_url)
        return self._store

    @property
    def existing_store(self) -> Store:
        """For commands that look, or work on what is there."""
        from jobq.stores import refuse_missing

        refuse_missing(self.app.store_url if self.store_url is None else self.store_url)
        return self.store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()


pass_session = click.make_pass_decorator(Session)
