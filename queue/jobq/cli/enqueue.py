"""`jobq enqueue`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jobq.cli.params import duration, duration_or_instant, instant, json_list, json_object
from jobq.cli.session import pass_session
from jobq.cli.shell import Failure, examples, json_option, print_json

if TYPE_CHECKING:
    from jobq.app import App
    from jobq.cli.session import Session
    from jobq.job import NewJob


@click.command(
    short_help="Enqueue a job by name.",
    epilog=examples(
        "jobq enqueue tasks.add '[1, 2]'",
        """jobq enqueue tasks.report --kwargs '{"day": "friday"}' --queue slow --countdown 5m""",
        "jobq enqueue --plain package.module.function",
    ),
)
@click.argument("name", metavar="NAME")
@click.argument("args", metavar="[ARGS_JSON]", type=json_list, required=False)
@click.option("--kwargs", type=json_object, metavar="JSON", help="Arguments by name.")
@click.option("--plain", is_flag=True, help="NAME is the import path of a function, not a task.")
@click.option("--queue", metavar="QUEUE", help="The queue  [default: the task's].")
@click.option("--priority", type=int, metavar="0-9", help="0 is first  [default: 5].")
@click.option("--countdown", type=duration, metavar="S", help="Not before so long from now.")
@click.option("--eta", type=instant, metavar="TIME", help="Not before this date and time (ISO 8601).")
@click.option(
    "--expires", type=duration_or_instant, metavar="S|TIME", help="Cancel it if it has not started by then."
)
@click.option("--retries", type=click.IntRange(min=0), metavar="N", help="Retries allowed.")
@click.option("--time-limit", type=duration, metavar="S", help="Kill it after so long.")
@click.option("--soft-time-limit", type=duration, metavar="S", help="Interrupt it after so long.")
@click.option("--ignore-result", is_flag=True, default=None, help="Keep no result.")
@click.option("--id", "task_id", metavar="ID", help="The job's id  [default: a random one].")
@json_option
@pass_session
def enqueue(
    session: Session,
    /,
    *,
    name: str,
    args: list[Any] | None,
    kwargs: dict[str, Any] | None,
    plain: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Enqueue a job of task NAME, with arguments from a JSON list, and print its id.

    With -A the name must be one of the app's tasks, and their options and routes are respected.
    """
    make = _plain_job if plain else _task_job
    job = make(session, name, args or [], kwargs or {}, options)
    if not session.store.enqueue([job])[0]:
        raise Failure(f'a job with the id "{job.id}" exists already; nothing was enqueued')
    if as_json:
        print_json({"id": job.id, "queue": job.queue})
    else:
        click.echo(job.id)


def _task_job(
    session: Session, name: str, args: list[Any], kwargs: dict[str, Any], options: dict[str, Any]
) -> NewJob:
    app: App = session.app
    if session.app_spec is not None:
        app.find_task(name)
    return app.new_job(name, args, kwargs, options)


def _plain_job(
    session: Session, name: str, args: list[Any], kwargs: dict[str, Any], options: dict[str, Any]
) -> NewJob:
    from jobq.message import new_job, parse_options
    from jobq.plain import check_import_path

    app: App = session.app
    return new_job(
        check_import_path(name),
        args,
        kwargs,
        parse_options(options, app.tz),
        plain=True,
        max_bytes=app.conf.task_max_bytes,
        default_queue=app.conf.task_default_queue,
    )
