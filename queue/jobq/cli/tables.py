"""Tables and the console that they are printed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jobq.log import harmless, in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.table import Table

_PIPE_WIDTH = 250
"""A pipe has no width to fit: lines stay whole for grep and awk."""


def console() -> Console:
    import os
    import sys

    from rich.console import Console

    fixed = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _PIPE_WIDTH
    return Console(width=fixed, highlight=False, markup=False, emoji=False, soft_wrap=False)


def display(renderable: Any) -> None:
    """Print it; into a pipe without the blanks that fill a line."""
    target = console()
    if target.is_terminal:
        target.print(renderable)
        return
    with target.capture() as captured:
        target.print(renderable)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    """A table without lines. Cells too wide for the terminal fold, except those of the columns `whole`; the
    columns `right` align right."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        made.add_column(
            heading,
            overflow="fold",
            justify="right" if heading in right else "left",
            no_wrap=heading in whole,
        )
    for row in rows:
        made.add_row(*(Text(in_one_line(cell)) for cell in row))
    return made


def print_fields(fields: Sequence[tuple[str, Any]]) -> None:
    """One `name  value` line a field; those without a value are left out."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields:
        if value not in (None, ""):
            grid.add_row(name, value if not isinstance(value, str) else Text(harmless(value, "\n")))
    display(grid)
