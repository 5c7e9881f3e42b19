"""`beat reload`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from beat.cli.locate import pass_beat
from jobq.cli.shell import Failure

if TYPE_CHECKING:
    from beat.cli.locate import Located


@click.command(short_help="Ask the beats to read their files again.")
@pass_beat
def reload(located: Located) -> None:
    """Ask every beat on this store to read its configuration file again.

    Exits with 1 if no beat is present, and with 2 if the file here has a mistake: then what runs goes on as it does.
    """
    if located.path is not None:
        from beat.config import load_config

        load_config(located.path, os.environ)  # what is wrong is better said here than in a log
    store = located.beat.store
    store.request_reload()
    nodes = store.nodes()
    if not nodes:
        raise Failure("no beat is present on this store: nobody will read its configuration again")
    click.echo(f"asked {len(nodes)} beat{'' if len(nodes) == 1 else 's'} to reload: {', '.join(nodes)}")
