"""The simulation finds what it is there to find: each of these bugs breaks a promise within some hundreds of seeds.

Each takes one safeguard out of the program, on either store, and must be caught by the sentence that speaks of it.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from unittest.mock import patch

import clocked_stores
import pytest
from msgspec.structs import replace as with_fields
from simulate import arena

import beat.leadership
import beat.stores.sqlite_steps as steps
import beat.ticker
import jobq.stores.sqlite
import jobq.stores.sqlite_steps
from beat.misfire import plan
from beat.store import Verdict
from jobq.instants import SECOND
from jobq.job import State
from jobq.testing.faults import Net
from jobq.worker.holding import Holding

MOST = 500


@contextmanager
def lua(*changes):
    """Scripts of the Redis store with some text replaced."""
    plain = clocked_stores.with_time

    def changed(source):
        for old, new in changes:
            source = source.replace(old, new)
        return plain(source)

    for old, _ in changes:
        assert any(old in source for _, source in all_scripts()), f"no script says {old}"
    with patch.object(clocked_stores, "with_time", changed):
        yield


def all_scripts():
    from beat.stores.redis import _BEAT_SCRIPTS, _TICK_SCRIPTS
    from jobq.stores.redis_scripts import load_script

    yield load_script("jobq.stores", "fetch")
    for name in _BEAT_SCRIPTS:
        yield load_script("beat.stores", name, ("ticks",) if name in _TICK_SCRIPTS else ())


@contextmanager
def no_term_check():
    with (
        patch.object(steps, "holds", lambda *_: True),
        lua(("if tonumber(held[1]) ~= term or tonumber(held[2]) <= now then return -1 end", "")),
    ):
        yield


@contextmanager
def no_revision_check():
    accept = steps.accept

    def accept_any(known, firings, now):
        seen = [
            with_fields(one, revision=known[one.name].revision) if one.name in known else one
            for one in firings
        ]
        return accept(known, seen, now)

    with (
        patch.object(steps, "accept", accept_any),
        lua((" and whole(entry[2]) == firing[3]", "")),
    ):
        yield


@contextmanager
def no_comparison():
    """Neither the next fire time nor the revision."""
    accept = steps.accept

    def accept_any(known, firings, now):
        seen = []
        for one in firings:
            entry = known.get(one.name)
            seen.append(
                with_fields(one, revision=entry.revision, seen_fire=entry.next_fire) if entry else one
            )
        return accept(known, seen, now)

    with (
        patch.object(steps, "accept", accept_any),
        lua(("tonumber(entry[1]) == firing[2] and whole(entry[2]) == firing[3]", "entry[1]")),
    ):
        yield


@contextmanager
def complete_in_two_steps():
    """The end first, what follows from it after that."""
    seen_by = Net.seen_by

    class Split:
        def __init__(self, remote):
            self.remote = remote

        def __getattr__(self, name):
            return getattr(self.remote, name)

        def complete(self, outcomes):
            answers = self.remote.complete([with_fields(outcome, follow=()) for outcome in outcomes])
            following = [
                job for outcome, ok in zip(outcomes, answers, strict=True) if ok for job in outcome.follow
            ]
            if following:
                self.remote.enqueue(following)
            return answers

    with patch.object(Net, "seen_by", lambda net, process: Split(seen_by(net, process))):
        yield


@contextmanager
def no_lease_extension():
    def forget(holding, **_):
        holding._next_extension = holding._runtime.monotonic() + holding._every

    with patch.object(Holding, "_extend", forget):
        yield


@contextmanager
def no_trust_margin():
    with patch.object(beat.leadership, "MARGIN", 0.0):
        yield


@contextmanager
def no_grace():
    """A lease is over when it has run out."""

    def whole(lease):
        return lease, 0

    with (
        patch.object(jobq.stores.sqlite, "lease_parts", whole),
        patch.object(jobq.stores.sqlite_steps, "lease_parts", whole),
        lua(("return lease - third, math.max(third, math.min(lease, 1000000))", "return lease, 0")),
    ):
        yield


@contextmanager
def no_end_of_a_lease():
    """What a worker takes is its own, as where a queue is popped and nothing is written down."""
    for_ever = 10 * 365 * 86400 * SECOND

    def whole(lease):
        return min(lease, 1) * for_ever, 0

    with (
        patch.object(jobq.stores.sqlite, "lease_parts", whole),
        patch.object(jobq.stores.sqlite_steps, "lease_parts", whole),
        patch.object(jobq.stores.sqlite_steps, "CUT", "SELECT ?, ?"),
        lua(
            ("return lease - third, math.max(third, math.min(lease, 1000000))", f"return {for_ever}, 0"),
            ("if last_given() <= now then return end", "do return end"),
        ),
    ):
        yield


@contextmanager
def no_time_check():
    """A tick is dealt with although the clock was set back since it was due."""
    accept = steps.accept
    with (
        patch.object(steps, "accept", lambda known, firings, _: accept(known, firings, 1 << 62)),
        lua(("math.max(last[1], last[4]) <= now", "true")),
    ):
        yield


@contextmanager
def no_cut_of_a_term():
    with (
        patch.object(steps, "HELD", "SELECT node, term, until FROM leader WHERE ?"),
        lua(("if ends > longest then", "if false then")),
    ):
        yield


@contextmanager
def no_countdown():
    with (
        patch.object(jobq.stores.sqlite_steps, "_start", lambda *_: (State.AVAILABLE, 0)),
        lua(("if due > now then", "if false then")),
    ):
        yield


@contextmanager
def ends_mixed_up():
    """What has completed is recorded as failed."""
    seen_by = Net.seen_by

    class Mixed:
        def __init__(self, remote):
            self.remote = remote

        def __getattr__(self, name):
            return getattr(self.remote, name)

        def complete(self, outcomes):
            ends = {State.COMPLETED: State.FAILED}
            return self.remote.complete(
                [with_fields(o, state=ends.get(o.state, o.state), keep=60) for o in outcomes]
            )

    with patch.object(Net, "seen_by", lambda net, process: Mixed(seen_by(net, process))):
        yield


@contextmanager
def nothing_is_caught_up_with():
    """Of an entry whose catch-up is not "all", every tick is skipped."""

    def skip_all(evaluated, first, now):
        ticks, next_fire = plan(evaluated, first, now)
        if evaluated.entry.catchup != "all":
            ticks = tuple(
                with_fields(tick, verdict=Verdict.SKIPPED, reason="no reason", job=None) for tick in ticks
            )
        return ticks, next_fire

    with patch.object(beat.ticker, "plan", skip_all):
        yield


@contextmanager
def no_start_check():
    """Jobs are started however long ago their lease was given."""
    add = Holding.add
    with patch.object(Holding, "add", lambda self, claims, _: add(self, claims, float("inf"))):
        yield


AGAIN = r"and again by \w+ without a reason"
# What was taken out, the sentence that tells it, and the seeds that told it last, on SQLite and on Redis. Those are tried
# first, to be quick; when they tell nothing any more, all are.
BUGS = {
    "the term check": (no_term_check, r"fired under term \d+, which was over", (29, 29)),
    "the revision check": (no_revision_check, r"was enqueued as of version", (144, 144)),
    "any comparison": (no_comparison, r"has \d outcomes|was lost", (106, 106)),
    "the atomicity of complete": (complete_in_two_steps, r"linked to it was never inserted", (5, 5)),
    "the lease extension": (no_lease_extension, AGAIN, (1, 1)),
    "the trust margin": (no_trust_margin, r"could not trust its lease", (33, 33)),
    "the grace of a lease": (no_grace, AGAIN, (107, 107)),
    "the time check": (no_time_check, r"was dealt with early", (43, 43)),
    "the cut of a term": (no_cut_of_a_term, r"was lost|s late", (117, 117)),
    "countdowns": (no_countdown, r"before its time", (2, 2)),
    "how a job ended": (ends_mixed_up, r"nothing was wrong with it", (1, 1)),
    "catching up": (nothing_is_caught_up_with, r"was skipped \(no reason\)", (1, 1)),
    "the end of a lease": (no_end_of_a_lease, r"is running for ever", (2, 2)),
    "the check before a start": (no_start_check, rf"after it had ended|{AGAIN}", (1, 1)),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "redis"])
@pytest.mark.parametrize("bug", BUGS)
def test_without_a_safeguard_a_promise_is_broken(kind, bug, request, record_property):
    plant, told, known = BUGS[bug]
    first = known[kind == "redis"]
    if kind == "redis":
        request.getfixturevalue("redis_server")
    logging.disable(logging.CRITICAL)
    try:
        with plant(), arena(kind) as place:
            for seed in (first, *range(1, MOST + 1)):
                if any(re.search(told, sentence) for sentence in place.run(seed).broken):
                    record_property("seed", seed)
                    return
    finally:
        logging.disable(logging.NOTSET)
    pytest.fail(f"without {bug} no promise was broken in {MOST} seeds")
