"""`jobq` and its commands."""

from __future__ import annotations

import click

from jobq.cli.enqueue import enqueue
from jobq.cli.failed import failed
from jobq.cli.info import info
from jobq.cli.purge import purge
from jobq.cli.requeue import requeue
from jobq.cli.result import result
from jobq.cli.session import Session
from jobq.cli.shell import Program, debug_option, examples, store_given
from jobq.cli.worker import worker


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "jobq -A tasks:app worker --concurrency 4     run the jobs of an app",
        "jobq worker high default --burst             run what is there, then leave",
        "jobq info --interval 1                       watch the queues",
        "jobq enqueue tasks.add '[1, 2]'              enqueue by name",
        "jobq failed show ID                          why it failed",
    ),
)
@click.option(
    "--store",
    metavar="URL",
    callback=store_given,
    help="The store; else the app's, JOBQ_STORE, ./beat.toml, sqlite:///beat.db.",
)
@click.option(
    "-A", "--app", "app_spec", metavar="MOD[:APP]", envvar="JOBQ_APP", help="The app [env: JOBQ_APP]."
)
@debug_option
@click.version_option(package_name="beatd", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context, store: str | None, app_spec: str | None, debug: bool) -> None:  # noqa: ARG001 - read by Program
    """Work on queues: run workers, look at jobs, enqueue and requeue them."""
    session = Session(store or None, app_spec or None)
    ctx.obj = session
    ctx.call_on_close(session.close)


for command in (worker, info, result, failed, requeue, enqueue, purge):
    program.add_command(command)
