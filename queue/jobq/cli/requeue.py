"""`jobq requeue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobq.cli.session import pass_session
from jobq.cli.shell import examples

if TYPE_CHECKING:
    from jobq.cli.session import Session
    from jobq.store import Store

_PAGE = 500


@click.command(
    short_help="Run failed jobs again.",
    epilog=examples("jobq requeue ID ID", "jobq requeue --all"),
)
@click.argument("job_ids", metavar="[ID ...]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Requeue every failed job.")
@pass_session
@click.pass_context
def requeue(ctx: click.Context, session: Session, job_ids: tuple[str, ...], everything: bool) -> None:
    """Put failed jobs back into their queues, their retries counted anew.

    Exits with 1 if one of the IDs is not that of a failed job.
    """
    if everything == bool(job_ids):
        ctx.fail("give the ids of failed jobs, or --all" if not everything else "give ids or --all, not both")
    from jobq.log import in_one_line
    from jobq.queue import requeue_failed

    store = session.existing_store
    if everything:
        ids = _all_failed(store)
        done = [
            answer
            for start in range(0, len(ids), _PAGE)
            for answer in requeue_failed(store, ids[start : start + _PAGE])
        ]
        click.echo(f"requeued {sum(done)} job{'' if sum(done) == 1 else 's'}")
        return
    answers = requeue_failed(store, job_ids)
    for job_id, answer in zip(job_ids, answers, strict=True):
        if answer:
            click.echo(f"requeued {in_one_line(job_id)}")
        else:
            click.echo(f"Error: {in_one_line(_why_not(store, job_id))}", err=True)
    ctx.exit(0 if all(answers) else 1)


def _all_failed(store: Store) -> list[str]:
    """Collected before the first is requeued, so that one that fails again at once is not taken twice."""
    ids: dict[str, None] = {}
    offset = 0
    while page := store.failed(_PAGE, offset):
        ids |= dict.fromkeys(record.id for record in page)
        offset += len(page)
    return list(ids)


def _why_not(store: Store, job_id: str) -> str:
    record = store.get([job_id])[0]
    if record is None:
        return f"there is no job {job_id}, or its record is no longer kept"
    return f"job {job_id} has not failed: it is {record.state.value}"
