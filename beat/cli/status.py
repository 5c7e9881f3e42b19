"""`beat status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from beat.cli.locate import pass_beat
from jobq.cli.overview import told_totals
from jobq.cli.shell import examples, json_option, print_json

if TYPE_CHECKING:
    from beat.cli.locate import Located
    from beat.control import Beat, Leader
    from beat.store import StoredEntry
    from jobq.job import State

_OVERDUE_SHOWN = 10


@click.command(short_help="Who leads, and what is due.", epilog=examples("beat status", "beat status --json"))
@json_option
@pass_beat
@click.pass_context
def status(ctx: click.Context, located: Located, as_json: bool) -> None:
    """Show who leads and who follows, what is due next or overdue, and what the queues hold.

    Exits with 1 if nobody leads.
    """
    seen = _look(located.beat)
    if as_json:
        print_json(seen.as_object())
    else:
        seen.show()
    ctx.exit(0 if seen.leader is not None else 1)


@dataclass(frozen=True, slots=True)
class _Status:
    """`following` and `overdue` are entries with a fire time: the first one to come, and all that has passed."""

    store: str
    now: int
    leader: Leader | None
    nodes: list[str]
    entries: int
    following: StoredEntry | None
    overdue: list[StoredEntry]
    queues: dict[str, dict[State, int]]
    totals: dict[str, int]

    def as_object(self) -> dict[str, Any]:
        from jobq.instants import SECOND, iso, to_micros

        leader = self.leader
        return {
            "store": self.store,
            "now": iso(self.now),
            "leader": leader
            and {
                "node": leader.node,
                "term": leader.term,
                "until": iso(to_micros(leader.until)),
                "lease_left": leader.left.total_seconds(),
            },
            "nodes": [{"node": node, "role": self._role(node)} for node in self.nodes],
            "entries": self.entries,
            "next": self.following
            and {"entry": self.following.name, "fire_time": iso(self.following.next_fire)},
            "overdue": [
                {"entry": e.name, "fire_time": iso(e.next_fire), "late": (self.now - e.next_fire) / SECOND}
                for e in self.overdue
            ],
            "queues": [
                {"name": name, **{state.value: number for state, number in counts.items()}}
                for name, counts in self.queues.items()
            ],
            "totals": self.totals,
        }

    def show(self) -> None:
        from jobq.cli.tables import print_fields
        from jobq.cli.times import clock, coarse, relative

        leader, following = self.leader, self.following
        print_fields(
            [
                ("leader", "nobody" if leader is None else leader.node),
                ("term", leader and str(leader.term)),
                ("lease", leader and f"{leader.left.total_seconds():.1f}s left"),
                (
                    "followers",
                    ", ".join(node for node in self.nodes if self._role(node) == "follower") or "none",
                ),
                ("entries", str(self.entries)),
                (
                    "next",
                    following
                    and f"{following.name} {relative(following.next_fire, self.now)}, at {clock(following.next_fire)}",
                ),
                ("overdue", str(len(self.overdue)) if self.overdue else "none"),
                *(
                    ("", f"{e.name}, {coarse(self.now - e.next_fire)} late")
                    for e in self.overdue[:_OVERDUE_SHOWN]
                ),
                ("queues", self._queue_line()),
                ("jobs", told_totals(self.totals)),
            ]
        )

    def _role(self, node: str) -> str:
        return "leader" if self.leader is not None and node == self.leader.node else "follower"

    def _queue_line(self) -> str:
        sums: dict[str, int] = {}
        for counts in self.queues.values():
            for state, number in counts.items():
                sums[state.value] = sums.get(state.value, 0) + number
        return ", ".join(f"{number} {state}" for state, number in sums.items()) or "none"


def _look(beat: Beat) -> _Status:
    store = beat.store
    entries = store.entries()
    leader, nodes = beat.leader(), store.nodes()
    now = store.now()
    waiting = sorted((e for e in entries if e.next_fire), key=lambda e: e.next_fire)
    return _Status(
        store=store.url,
        now=now,
        leader=leader,
        nodes=nodes,
        entries=len(entries),
        following=next((e for e in waiting if e.next_fire > now), None),
        overdue=[e for e in waiting if e.next_fire <= now],
        queues=store.queues(),
        totals=store.totals(),
    )
