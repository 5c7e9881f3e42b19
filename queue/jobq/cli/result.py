"""`jobq result`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobq.cli.params import duration
from jobq.cli.session import pass_session
from jobq.cli.shell import Failure, examples, json_option, print_json

if TYPE_CHECKING:
    from jobq.cli.session import Session


@click.command(
    short_help="What became of a job.",
    epilog=examples(
        "jobq result ID                       exit code 0 if it has completed",
        "jobq result ID --wait 30s --json     wait for its end first",
    ),
)
@click.argument("job_id", metavar="ID")
@click.option("--wait", type=duration, metavar="S", help="Wait so long for the job to end.")
@json_option
@pass_session
@click.pass_context
def result(ctx: click.Context, session: Session, job_id: str, wait: float | None, as_json: bool) -> None:
    """Show the state of job ID, and its result or why it failed.

    Exits with 0 if the job has completed, and with 1 if it failed, has not ended or is not known.
    """
    from jobq.cli import jobs
    from jobq.job import State

    store = session.existing_store
    record = store.wait_ended(job_id, wait) if wait else None
    record = record or store.get([job_id])[0]
    if as_json:
        print_json({"id": job_id, "state": "unknown"} if record is None else jobs.as_object(record))
    elif record is None:
        raise Failure(f"there is no job {job_id}, or its record is no longer kept")
    else:
        from jobq.cli.tables import print_fields
        from jobq.log import harmless

        print_fields(jobs.as_fields(record))
        if jobs.traceback_of(record):
            click.echo("\n" + harmless(jobs.traceback_of(record).rstrip(), "\n"))
    ctx.exit(0 if record is not None and record.state is State.COMPLETED else 1)
