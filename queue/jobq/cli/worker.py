"""`jobq worker`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jobq.cli.params import duration
from jobq.cli.session import pass_session
from jobq.cli.shell import examples

if TYPE_CHECKING:
    from jobq.app import App
    from jobq.cli.session import Session
    from jobq.worker.options import WorkerOptions

# An option's name, and the app's setting that it stands for.
_SETTINGS = {
    "concurrency": "worker_concurrency",
    "pool": "worker_pool",
    "lease_ttl": "worker_lease_ttl",
    "max_tasks_per_child": "worker_max_tasks_per_child",
    "max_memory_per_child": "worker_max_memory_per_child",
}


@click.command(
    short_help="Run jobs.",
    epilog=examples(
        "jobq -A tasks:app worker                         the default queue",
        "jobq -A tasks:app worker high low -c 8           high first, low when high is empty",
        "jobq worker --burst                              plain functions, until the queue is empty",
    ),
)
@click.argument("queues", metavar="[QUEUE ...]", nargs=-1)
@click.option("-Q", "--queues", "listed", metavar="A,B", help="The same as QUEUEs, as Celery writes them.")
@click.option("-c", "--concurrency", type=int, metavar="N", help="Child processes  [default: the app's, 2].")
@click.option("-P", "--pool", metavar="prefork|solo", help="How children run  [default: prefork].")
@click.option("--burst", is_flag=True, help="Leave when the queues are empty.")
@click.option(
    "--max-tasks-per-child", type=click.IntRange(min=1), metavar="N", help="Replace a child after N jobs."
)
@click.option(
    "--max-memory-per-child",
    type=click.IntRange(min=1),
    metavar="KB",
    help="Replace a child that grew larger.",
)
@click.option(
    "--allow-import",
    "allowed",
    multiple=True,
    metavar="MODULE",
    help="Let messages name functions of MODULE; may be repeated  [default: the project's].",
)
@click.option("-n", "--name", metavar="NAME", help="The worker's name  [default: host-pid].")
@click.option(
    "--lease-ttl", type=duration, metavar="S", help="How long a dead child holds its jobs  [default: 10]."
)
@click.option(
    "--shutdown-timeout", type=duration, metavar="S", help="How long jobs may finish  [default: 30]."
)
@click.option(
    "-l",
    "--loglevel",
    "--log-level",
    default="info",
    show_default=True,
    metavar="LEVEL",
    help="debug to critical.",
)
@click.option(
    "--log-format", default="text", show_default=True, metavar="text|json", help="How log lines look."
)
@click.option("--autoscale", metavar="MAX,MIN", hidden=True)
@click.option("--lifeline", type=int, metavar="FD", hidden=True)
@pass_session
@click.pass_context
def worker(
    ctx: click.Context,
    session: Session,
    /,
    *,
    queues: tuple[str, ...],
    listed: str | None,
    allowed: tuple[str, ...],
    autoscale: str | None,
    loglevel: str,
    log_format: str,
    **given: Any,
) -> None:
    """Run the jobs of QUEUEs, served in the order given; without any, those of the app's default queue.

    The app is that of -A or JOBQ_APP, else that of ./beat.toml if it names one.

    The first SIGTERM or Ctrl-C lets running jobs finish; the second gives them back to the queue.
    """
    if autoscale is not None:
        ctx.fail("--autoscale is not available in this version; give a fixed --concurrency")
    from jobq import log
    from jobq.cli.loading import look_here_first
    from jobq.cli.starting import look_at
    from jobq.stores import open_store

    log.setup(loglevel, log_format)
    look_here_first()
    session.take_app_of_file()
    app = session.app
    if allowed:
        app.conf.worker_allowed_imports = allowed
    look_at(app.store_url, open_store)
    if listed is not None:
        queues = (*queues, *(name.strip() for name in listed.split(",")))
    options = worker_options(app, queues, given)
    from jobq.worker.supervisor import run_worker

    ctx.exit(run_worker(app, options))


def worker_options(app: App, queues: tuple[str, ...], given: dict[str, Any]) -> WorkerOptions:
    """What was given, else the app's settings, else the defaults of `WorkerOptions`."""
    from jobq.worker.options import WorkerOptions

    settings = {option: app.conf[setting] for option, setting in _SETTINGS.items()}
    chosen = {option: value for option, value in given.items() if value is not None}
    return WorkerOptions(**{"queues": queues or (app.conf.task_default_queue,), **settings, **chosen})
