"""Who leads, and for how long a leader may believe it.

Each beat is a follower or the leader. Leadership is a lease in the store with a term, a number that only grows.

    follower --elect won--> leader --renewed in time--> leader
        ^                     |
        +--- lost, in doubt, --+
             resigned

Invariants:

1. At any moment of the store's clock at most one term holds the lease: `elect` gives a new one only when the old
   has run out, judged by the store's clock, in one atomic step.
2. A leader acts only while it trusts its lease: until `asked + ttl - margin` on its own monotonic clock, where
   `asked` is when it *sent* the request that was granted. The store counts `ttl` from a later moment, when the
   request arrived, so trust ends before the lease does, by at least the margin; clocks need agree on nothing but
   the length of some seconds.
3. Being wrong about 2 harms nobody. A process that is paused between the check and the deed acts late under an
   old term, and every deed (`fire`) is checked against the term again by the store. Election saves wasted work;
   it is not what keeps a tick from being enqueued twice.

What each failure does:

the leader is killed       its lease runs out; a follower, asleep until then, takes the next term: within `ttl`
the leader is paused       the same; when it wakes, trust has run out, so it follows, and asks anew
the store is away          trust runs out, it follows; it asks again until the store is back. It never exits
an answer is lost          a renewal that took effect but was not heard of counts as none: trust runs out early.
                           An election that was won but not heard of is a lease that nobody uses: it runs out
the loop is stuck          it renews from the loop, so it loses the lease: somebody whose loop works takes over
it is stopped in good form it resigns: the lease ends at once, and the followers are woken

The caller owns the loop; nothing here sleeps, starts a thread or reads any clock but the one it was given.
"""

from __future__ import annotations

import logging
from math import ceil
from typing import TYPE_CHECKING

from jobq.errors import ConfigError
from jobq.log import event
from jobq.runtime import Runtime
from jobq.stores import longest_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from beat.store import BeatStore, Lease

log = logging.getLogger(__name__)

MARGIN = 0.1
"""The part of `ttl` for which a lease is held but not trusted any more."""


def check_trust(ttl: float, url: str) -> None:
    """`ConfigError` for a lease of which nothing may be left to trust when the replicas of the store have it."""
    wait_ms, trusted = longest_wait(url), ttl * (1 - MARGIN)
    if wait_ms >= trusted * 1000:
        raise ConfigError(
            f"lease_ttl of the beat is {ttl:g} s, and the store's URL lets replicas take {wait_ms} ms (wait_ms): a lease "
            f"could be over before it is known to be held; expected a lease_ttl above {ceil(wait_ms / (1 - MARGIN)) / 1000:g} s, "
            f"or a wait_ms below {trusted * 1000:.0f}"
        )


class Leadership:
    """One beat's place in the election. `ttl` in seconds; `clock` is monotonic."""

    def __init__(
        self, store: BeatStore, node: str, ttl: float, clock: Callable[[], float] = Runtime.monotonic
    ) -> None:
        self._store = store
        self._node = node
        self._ttl = ttl
        self._clock = clock
        self._term = 0
        self._wins = 0
        self._trusted_until = 0.0
        self._next_request = 0.0
        self._known_leader = ""

    @property
    def term(self) -> int:
        """The term under which to act, 0 while following."""
        return self._term

    @property
    def wins(self) -> int:
        """Elections won. A store that has lost what it held may give the same term again."""
        return self._wins

    @property
    def leads(self) -> bool:
        """Whether the lease is held and still trusted."""
        return self._term > 0 and self._clock() < self._trusted_until

    def until_next(self) -> float:
        """Seconds until `keep` has something to do."""
        return max(0.0, self._next_request - self._clock())

    def hurry(self) -> None:
        """Something was heard: a follower asks again at once. A leader's rhythm stays as it is."""
        if not self._term:
            self._next_request = self._clock()

    def keep(self) -> bool:
        """Renew the lease, or stand for election, if it is time: then True. Raises `StoreUnavailable`."""
        if self._term and not self.leads:
            self.step_down("its lease could not be renewed in time")
        if self._clock() < self._next_request:
            return False
        if self._term:
            self._renew()
        else:
            self._stand()
        return True

    def step_down(self, reason: str) -> None:
        """Follow from now on."""
        if self._term:
            event(log, logging.WARNING, "leader_lost", f"{self._node} follows: {reason}", term=self._term)
        self._term = 0
        self._next_request = self._clock()

    def resign(self) -> None:
        """Give the lease up, so that a follower takes over at once. Raises `StoreUnavailable`."""
        term, self._term = self._term, 0
        self._store.resign(self._node, term)
        if term:
            event(log, logging.INFO, "leader_resigned", f"{self._node} hands over", term=term)

    def _renew(self) -> None:
        asked = self._clock()
        if self._store.renew(self._node, self._term, self._micros):
            self._trust(asked)
        else:
            self.step_down("the store says that its term is over")
            self._stand()

    def _stand(self) -> None:
        asked = self._clock()
        won, lease = self._store.elect(self._node, self._micros)
        if won:
            self._term = lease.term
            self._wins += 1
            self._trust(asked)
            event(log, logging.INFO, "leader_elected", f"{self._node} leads", term=lease.term)
        else:
            self._follow(lease)
        self._known_leader = lease.node

    def _trust(self, asked: float) -> None:
        self._trusted_until = asked + self._ttl * (1 - MARGIN)
        self._next_request = asked + self._ttl / 3

    def _follow(self, lease: Lease) -> None:
        # One millisecond, so that the lease has run out when the question arrives.
        self._next_request = self._clock() + (lease.until - lease.now) / 1_000_000 + 0.001
        if lease.node != self._known_leader:
            event(log, logging.INFO, "leader_followed", f"{self._node} follows {lease.node}", term=lease.term)

    @property
    def _micros(self) -> int:
        return round(self._ttl * 1_000_000)
