"""`jobq failed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobq.cli.session import pass_session
from jobq.cli.shell import Failure, Group, examples, json_option, print_json

if TYPE_CHECKING:
    from jobq.cli.session import Session
    from jobq.job import JobRecord

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Show at most N jobs.",
)


@click.group(
    cls=Group,
    short_help="Look at failed jobs.",
    invoke_without_command=True,
    epilog=examples(
        "jobq failed                  the latest first",
        "jobq failed show ID          with its traceback",
        "jobq requeue ID              run it again",
    ),
)
@limit_option
@json_option
@click.pass_context
def failed(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List failed jobs, or show one. They are kept for 30 days."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_failed, limit=limit, as_json=as_json)


@failed.command("list")
@limit_option
@json_option
@pass_session
def list_failed(session: Session, limit: int, as_json: bool) -> None:
    """List failed jobs, the latest first."""
    from jobq.cli import jobs

    records = session.existing_store.failed(limit)
    if as_json:
        print_json([jobs.as_object(record) for record in records])
    elif records:
        _print_table(records, session.existing_store.now())
    else:
        click.echo("No job has failed.")


@failed.command("show")
@click.argument("job_id", metavar="ID")
@json_option
@pass_session
def show(session: Session, job_id: str, as_json: bool) -> None:
    """Show failed job ID with its traceback."""
    from jobq.cli import jobs
    from jobq.cli.tables import print_fields
    from jobq.job import State
    from jobq.log import harmless

    record = session.existing_store.get([job_id])[0]
    if record is None:
        raise Failure(f"there is no job {job_id}, or its record is no longer kept")
    if record.state is not State.FAILED:
        raise Failure(f"job {job_id} has not failed: it is {record.state.value}")
    if as_json:
        print_json(jobs.as_object(record))
        return
    print_fields(jobs.as_fields(record))
    if jobs.traceback_of(record):
        click.echo("\n" + harmless(jobs.traceback_of(record).rstrip(), "\n"))


def _print_table(records: list[JobRecord], now: int) -> None:
    from jobq.cli import jobs
    from jobq.cli.tables import display, table
    from jobq.cli.times import relative

    rows = []
    for record in records:
        message = jobs.message_of(record)
        task = "?" if message is None else message.task
        rows.append(
            [
                record.id,
                task,
                record.queue,
                relative(record.ended_at, now),
                _first_line(jobs.error_line(record)),
            ]
        )
    display(table(["ID", "TASK", "QUEUE", "FAILED", "ERROR"], rows, whole=["ID", "FAILED"]))


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "")
