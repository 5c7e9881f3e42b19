"""`beat`: look at the entries and at who fires them. What a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from beat.cli.entries import list_entries, next_fires
from beat.cli.history import history
from beat.cli.locate import Located
from beat.cli.reload import reload
from beat.cli.status import status
from jobq.cli.shell import Program, debug_option, examples, store_given


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "beat list                                  what fires when",
        "beat next nightly -n 3                     the next fire times of an entry",
        "beat status                                who leads, and what is late",
        "beat history nightly --json                what became of its ticks",
        "beat --config /etc/beatd/beat.toml reload  read the file again",
    ),
)
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    metavar="F",
    help="The file whose store to look at  [default: ./beat.toml if there is one].",
)
@click.option(
    "--store",
    metavar="URL",
    callback=store_given,
    help="The store itself  [default: that of the file, or JOBQ_STORE].",
)
@debug_option
@click.version_option(package_name="beatd", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context, config: Path | None, store: str | None, debug: bool) -> None:  # noqa: ARG001 - read by Program
    """Look at a beat: its entries, their fire times, and the beats that fire them."""
    if config is not None and store is not None:
        ctx.fail("--config and --store both say where the store is; give one")
    ctx.obj = Located(config, store)
    ctx.call_on_close(ctx.obj.close)


for command in (list_entries, next_fires, status, history, reload):
    program.add_command(command)


def main() -> None:
    program(prog_name="beat")
