"""`jobq purge`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from jobq.cli.session import pass_session
from jobq.cli.shell import Failure

if TYPE_CHECKING:
    from jobq.cli.session import Session


@click.command(short_help="Forget the waiting jobs of a queue.")
@click.argument("queue", metavar="QUEUE")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
@click.pass_context
def purge(ctx: click.Context, session: Session, queue: str, yes: bool) -> None:
    """Forget all jobs of QUEUE that have not started, the scheduled ones too.

    It asks first; where nobody can answer, it takes --yes.
    """
    from jobq.job import State
    from jobq.suggest import nearest

    if not yes and not sys.stdin.isatty():
        ctx.fail("nobody can be asked here: say --yes to forget the jobs")
    store = session.existing_store
    queues = store.queues()
    if queue not in queues and (match := nearest(queue, queues)) is not None:
        raise Failure(f'there is no queue "{queue}"; did you mean "{match}"?')
    counts = queues.get(queue, {})
    waiting = (
        f"{counts.get(State.AVAILABLE, 0)} available and {counts.get(State.SCHEDULED, 0)} scheduled jobs"
    )
    if not yes and not click.confirm(f'Queue "{queue}" holds {waiting}. Forget them all?'):
        click.echo("Nothing was forgotten.", err=True)
        ctx.exit(1)
    gone = store.purge(queue)
    click.echo(f'forgot {gone} job{"" if gone == 1 else "s"} of queue "{queue}"')
