"""The command `beatd`: options, configuration and app together make a service."""

from __future__ import annotations

from pathlib import Path

import click

from jobq.cli.params import duration
from jobq.cli.shell import LoneCommand, debug_option, examples, store_given
from jobq.errors import ConfigError

_EPILOG = examples(
    "beatd --config beat.toml --check      is it right, and what fires next?",
    "beatd --config beat.toml --worker 2   the beat, and two worker children beside it",
    "beatd --app tasks:app                 the beat_schedule of an app, no file",
)


@click.command(
    cls=LoneCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration  [default: ./beat.toml if there is one].",
)
@click.option(
    "--store", metavar="URL", callback=store_given, help="The store; goes before the file's and the app's."
)
@click.option(
    "-A",
    "--app",
    metavar="MOD:APP",
    envvar="JOBQ_APP",
    help="The app; goes before the file's  [env: JOBQ_APP].",
)
@click.option("--check", is_flag=True, help="Check everything, print the next fire times, and leave.")
@click.option("--worker", type=click.IntRange(min=0), metavar="N", help="Also run N worker children.")
@click.option("--node", metavar="NAME", help="This beat's name among the others  [default: host-pid].")
@click.option(
    "--lease-ttl",
    type=duration,
    metavar="S",
    help="How long a dead leader keeps the others waiting  [default: 3].",
)
@click.option(
    "-l",
    "--log-level",
    "--loglevel",
    "log_level",
    metavar="LEVEL",
    help="debug to critical  [default: info].",
)
@click.option("--log-format", metavar="text|json", help="How log lines look  [default: text].")
@click.option("--pidfile", metavar="FILE", help="Keep the process id here while running.")
@debug_option
@click.version_option(package_name="beatd", message="%(prog)s %(version)s")
@click.pass_context
def beatd(ctx: click.Context, /, check: bool, debug: bool, **options: object) -> None:  # noqa: ARG001 - read by LoneCommand
    """Fire entries when they are due: each tick enqueues one job, whatever dies.

    Several beatds on one store elect a leader; the others follow and take over. SIGHUP reads the configuration
    again, SIGTERM hands over and leaves.
    """
    from beat.cli.setup import prepare

    setup = prepare(**options)  # type: ignore[arg-type] # click has checked their types
    if check:
        if setup.problems:
            raise ConfigError("\n".join(setup.problems))
        from beat.cli.check import checked

        broken: list[str] = []
        for line in checked(setup, broken):
            click.echo(line)
        for sentence in broken:
            click.echo(f"Error: {sentence}", err=True)
        ctx.exit(1 if broken else 0)
    ctx.exit(setup.run())


def main() -> None:
    beatd(prog_name="beatd")


if __name__ == "__main__":
    main()
