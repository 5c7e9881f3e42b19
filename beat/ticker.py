"""The ticker: ask what is due, decide, fire; and do it again.

The leader keeps no schedule that the store does not have. It asks the store for the entries that are due, in
batches, decides on each from its definition alone (`misfire.plan`), and hands the decisions to the one atomic
step `fire`, which takes them only if everything is still as it was seen. So nothing has to be loaded when the
leadership changes, and a decision that came too late is refused, never doubled. Definitions are kept parsed from
one tick to the next under their revision, which changes with every change of theirs.

An entry whose definition can't be read, or whose schedule fails, harms only itself: its tick is recorded as
skipped with the reason, and it waits until it is defined anew, or until a beat that can read it syncs (at its start,
or a reload).
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from beat.entry import Entry
from beat.misfire import plan
from beat.store import KNOWN, Firing, Tick, Verdict
from jobq.instants import iso
from jobq.log import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from beat.entry import Evaluated
    from beat.store import BeatStore, Due, DueEntry, Enqueued

log = logging.getLogger(__name__)

BATCH = 500
"""Entries asked for at once."""

MOST_TICKS = 1000
"""Ticks in one step, so that it takes the store some milliseconds at the most."""

MOST_KEPT = 50_000
"""Definitions kept parsed."""


class Pass(NamedTuple):
    """What one pass did. `next_at` (0: nothing in sight) and `now` are epoch microseconds of the store."""

    fired: int
    next_at: int
    now: int


class Ticker:
    def __init__(self, store: BeatStore) -> None:
        self._store = store
        self._parsed: OrderedDict[str, tuple[int, Evaluated | str]] = OrderedDict()

    def forget(self) -> None:
        """Parse every definition anew: revisions say nothing about a store that has lost what it held."""
        self._parsed.clear()

    def run_once(self, term: int, trusted: Callable[[], bool] = lambda: True) -> Pass:
        """Deal with one batch of what is due. `NotLeader` if the term is over, `StoreUnavailable` as it comes.

        Before each step it asks whether the lease is still `trusted`, for the store may have taken its time over the
        one before; if not, the rest is left to whoever leads next.
        """
        due = self._store.due(BATCH)
        if not due.entries:
            return Pass(0, due.next_at, due.now)
        fired = 0
        for firings in _steps(self._decide(due)):
            if not trusted():
                break
            done = self._store.fire(term, firings)
            for firing, enqueued in zip(firings, done, strict=True):
                if enqueued is not None:
                    fired += 1
                    _tell(firing, enqueued)
        return Pass(fired, due.now, due.now)

    def _decide(self, due: Due) -> Iterator[Firing]:
        self._load(due.entries)
        for name, first, revision in due.entries:
            known = self._parsed.get(name)
            if known is None or known[0] != revision:
                continue  # changed or removed since it was asked for: the next pass sees it as it is
            yield self._decision(name, first, revision, known[1], due.now)

    def _decision(self, name: str, first: int, revision: int, evaluated: Evaluated | str, now: int) -> Firing:
        if not isinstance(evaluated, str):
            try:
                ticks, next_fire = plan(evaluated, first, now)
                return Firing(name, first, revision, next_fire, ticks)
            except Exception as error:  # noqa: BLE001 - whatever a schedule does wrong, the others must fire
                evaluated = f"its schedule or arguments failed: {type(error).__name__}: {error}"
        event(log, logging.ERROR, "entry_broken", f"entry {name} is not fired: {evaluated}", entry=name)
        return Firing(name, first, revision, 0, (Tick(first, Verdict.SKIPPED, evaluated),))

    def _load(self, wanted: Sequence[DueEntry]) -> None:
        """Have the definitions of these entries at hand, at the revisions that the store now has."""
        missing = []
        for name, _, revision in wanted:
            known = self._parsed.get(name)
            if known is None or known[0] != revision:
                missing.append(name)
            else:
                self._parsed.move_to_end(name)
        for stored in self._store.entries(names=missing) if missing else ():
            try:
                parsed: Evaluated | str = Entry.from_definition(stored.name, stored.definition).evaluated(
                    stored.anchor
                )
            except Exception as error:  # noqa: BLE001 - one bad entry harms only itself
                parsed = str(error)
            self._parsed[stored.name] = (stored.revision, parsed)
            self._parsed.move_to_end(stored.name)
        while len(self._parsed) > MOST_KEPT:
            self._parsed.popitem(last=False)


def _steps(firings: Iterable[Firing]) -> Iterator[list[Firing]]:
    """The firings in batches of at most MOST_TICKS ticks (or one firing)."""
    step: list[Firing] = []
    ticks = 0
    for firing in firings:
        if step and ticks + len(firing.ticks) > MOST_TICKS:
            yield step
            step, ticks = [], 0
        step.append(firing)
        ticks += len(firing.ticks)
    if step:
        yield step


def _tell(firing: Firing, enqueued: Enqueued) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    for tick, inserted in zip(firing.ticks, enqueued, strict=True):
        if tick.job is not None and inserted:
            event(
                log,
                logging.INFO,
                "entry_fired",
                f"{firing.name} fired: {tick.job.id}",
                entry=firing.name,
                fire_time=tick.fire_time,
                job=tick.job.id,
            )
        else:
            reason = tick.reason if tick.verdict is Verdict.SKIPPED else KNOWN
            event(
                log,
                logging.WARNING,
                "tick_skipped",
                f"{firing.name} at {iso(tick.fire_time)}{f' to {iso(tick.until)}' if tick.until else ''}: {reason}",
                entry=firing.name,
                fire_time=tick.fire_time,
                reason=reason,
            )
    if not firing.next_fire and firing.ticks[-1].job is not None:
        event(log, logging.INFO, "entry_ended", f"{firing.name} will not fire again", entry=firing.name)
