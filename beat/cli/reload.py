"""`beat reload`."""

from __future__ import annotations

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

    Exits with 1 if no beat is present. A file with a mistake in it changes nothing; the beat's log says so.
    """
    store = located.beat.store
    store.request_reload()
    nodes = store.nodes()
    if not nodes:
        raise Failure("no beat is present on this store: nobody will read its configuration again")
    click.echo(f"asked {len(nodes)} beat{'' if len(nodes) == 1 else 's'} to reload: {', '.join(nodes)}")
