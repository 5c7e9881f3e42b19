"""`jobq info`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from jobq.cli.params import duration
from jobq.cli.session import pass_session
from jobq.cli.shell import examples, json_option, print_json

if TYPE_CHECKING:
    from rich.console import ConsoleRenderable

    from jobq.cli.session import Session

_SHORTEST = 0.1


@click.command(
    short_help="Queues and workers at a glance.",
    epilog=examples("jobq info", "jobq info high low --interval 1", "jobq info --json"),
)
@click.argument("queues", metavar="[QUEUE ...]", nargs=-1)
@click.option("-i", "--interval", type=duration, metavar="S", help="Look again every so often, until Ctrl-C.")
@json_option
@pass_session
@click.pass_context
def info(
    ctx: click.Context, session: Session, queues: tuple[str, ...], interval: float | None, as_json: bool
) -> None:
    """Show how many jobs the QUEUEs hold, and the workers that serve them; without any, all of them."""
    from jobq.cli.overview import overview

    if interval is None:
        seen = overview(session.existing_store, queues)
        if as_json:
            print_json(seen.as_object())
        else:
            from jobq.cli.tables import display

            display(seen.as_text())
        return
    if as_json:
        ctx.fail("--json prints one document; leave --interval out")
    _watch(session, queues, max(interval, _SHORTEST))


def _watch(session: Session, queues: tuple[str, ...], interval: float) -> None:
    """Show it again and again in the same place. An outage of the store is shown, and waited out."""
    from rich.live import Live

    from jobq.cli.overview import overview
    from jobq.cli.tables import console, display
    from jobq.errors import StoreUnavailable

    screen = console()
    with Live(console=screen, auto_refresh=False) as live:
        while True:
            try:
                shown: ConsoleRenderable | str = overview(session.existing_store, queues).as_text()
            except StoreUnavailable as error:
                shown = str(error)
            if screen.is_terminal:
                live.update(shown, refresh=True)
            else:
                display(shown)
            time.sleep(interval)
