"""`beat list` and `beat next`."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import click

from beat.cli.locate import pass_beat
from jobq.cli.shell import examples, json_option, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from beat.cli.locate import Located
    from beat.control import Beat, EntryInfo


@click.command("list", short_help="All entries.", epilog=examples("beat list", "beat list --json"))
@json_option
@pass_beat
def list_entries(located: Located, as_json: bool) -> None:
    """List the entries with their schedules, and when they fire next and fired last, each in its own zone."""
    entries = located.beat.entries()
    if as_json:
        print_json([_object(info) for info in entries])
    elif entries:
        from jobq.cli.tables import display, table

        now = located.beat.store.now()
        headings = ["ENTRY", "SCHEDULE", "NEXT", "LAST", "RUNS"]
        rows = [_row(info, now) for info in entries]
        display(table(headings, rows, right=["RUNS"], whole=["NEXT", "LAST", "RUNS"]))
    else:
        click.echo("There are no entries.")


@click.command(
    "next",
    short_help="Next fire times.",
    epilog=examples("beat next", "beat next nightly -n 3", "beat next nightly --json"),
)
@click.argument("name", metavar="[NAME]", required=False)
@click.option(
    "-n", "--count", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="How many."
)
@json_option
@pass_beat
def next_fires(located: Located, name: str | None, count: int, as_json: bool) -> None:
    """List the next fire times of entry NAME, or those of all entries, the first first."""
    beat = located.beat
    names = (
        [name]
        if name is not None
        else [info.name for info in beat.entries() if info.next_fire and not info.problem]
    )
    fires = _merged(beat, names, count)
    if as_json:
        print_json([{"entry": entry, "fire_time": _iso(fire)} for fire, entry in fires])
    elif fires:
        _print_fires(fires, beat.store.now())
    elif name is None:
        click.echo("Nothing will fire.")
    else:
        entry = beat.get(name).entry
        disabled = entry is not None and not entry.enabled
        click.echo(f'Entry "{name}" {"is disabled" if disabled else "will not fire again"}.')


def _merged(beat: Beat, names: list[str], count: int) -> list[tuple[datetime, str]]:
    return heapq.nsmallest(count, ((fire, name) for name in names for fire in beat.next(name, count)))


def _print_fires(fires: list[tuple[datetime, str]], now: int) -> None:
    from jobq.cli.tables import display, table
    from jobq.cli.times import relative
    from jobq.instants import to_micros

    rows = [
        [entry, f"{fire:%a %Y-%m-%d %H:%M:%S %Z}", relative(to_micros(fire), now)] for fire, entry in fires
    ]
    display(table(["ENTRY", "FIRES", ""], rows))


def _object(info: EntryInfo) -> dict[str, Any]:
    entry = info.entry
    shown: dict[str, Any] = {
        "name": info.name,
        "source": info.source,
        "revision": info.revision,
        "created_at": _iso(info.created_at),
        "next_fire": _iso(info.next_fire),
        "last_fire": _iso(info.last_fire),
        "runs": info.runs,
        "problem": info.problem or None,
    }
    if entry is not None:
        shown |= {
            "schedule": entry.schedule.to_dict(),
            "description": info.description,
            "task": entry.task,
            "args": entry.args,
            "kwargs": entry.kwargs,
            "timezone": entry.timezone,
            "enabled": entry.enabled,
        }
    return shown


def _row(info: EntryInfo, now: int) -> list[str]:
    """Cells of two lines, for a table that fits into 80 columns."""
    from jobq.cli.times import clock, relative
    from jobq.instants import to_micros

    entry = info.entry
    last = "" if info.last_fire is None else relative(to_micros(info.last_fire), now)
    if info.next_fire is not None:
        fire = to_micros(info.next_fire)
        following = f"{clock(fire, info.tz)}\n{relative(fire, now)}"
    else:
        following = "disabled" if entry is not None and not entry.enabled else "never"
    if entry is None:
        return [info.name, info.problem, following, last, str(info.runs)]
    shown = info.description.rstrip(".")
    return [f"{info.name}\n{entry.task}", shown, following, last, str(info.runs)]


def _iso(instant: datetime | None) -> str | None:
    from jobq.instants import iso, to_micros

    return None if instant is None else iso(to_micros(instant))
