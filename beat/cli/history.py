"""`beat history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from beat.cli.locate import pass_beat
from jobq.cli.shell import examples, json_option, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from beat.cli.locate import Located
    from beat.control import HistoryEntry


@click.command(
    short_help="What became of an entry's ticks.",
    epilog=examples("beat history nightly", "beat history nightly --limit 500 --json"),
)
@click.argument("name", metavar="NAME")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="How many records.",
)
@json_option
@pass_beat
def history(located: Located, name: str, limit: int, as_json: bool) -> None:
    """List the latest ticks of entry NAME: enqueued, how late and as which job, or skipped and why."""
    records = located.beat.history(name, limit)
    if as_json:
        print_json([_object(record) for record in records])
    elif records:
        from jobq.cli.tables import display, table

        tz = _zone(located, name)
        display(
            table(
                ["FIRE TIME", "VERDICT", "LATE", "JOB OR REASON"],
                [_row(r, tz) for r in records],
                right=["LATE"],
            )
        )
    else:
        click.echo(f'Entry "{name}" has not fired yet.')


def _object(record: HistoryEntry) -> dict[str, Any]:
    return {
        "fire_time": _iso(record.fire_time),
        "verdict": record.verdict,
        "reason": record.reason or None,
        "until": None if record.until is None else _iso(record.until),
        "recorded_at": _iso(record.recorded_at),
        "job_id": record.job_id,
    }


def _row(record: HistoryEntry, tz: Any) -> list[str]:
    from jobq.cli.times import coarse
    from jobq.instants import to_micros

    shown = f"{record.fire_time.astimezone(tz):%Y-%m-%d %H:%M:%S %Z}"
    if record.until is not None and record.until != record.fire_time:
        shown += f"\nto {record.until.astimezone(tz):%Y-%m-%d %H:%M:%S %Z}"
    late = to_micros(record.recorded_at) - to_micros(record.fire_time)
    return [
        shown,
        record.verdict,
        coarse(late) if late >= 0 else f"-{coarse(late)}",
        record.job_id or record.reason,
    ]


def _zone(located: Located, name: str) -> Any:
    """The entry's zone; UTC for one that has been removed and left its history."""
    from datetime import UTC

    from beat.control import UnknownEntry

    try:
        return located.beat.get(name).tz
    except UnknownEntry:
        return UTC


def _iso(instant: datetime) -> str:
    from jobq.instants import iso, to_micros

    return iso(to_micros(instant))
