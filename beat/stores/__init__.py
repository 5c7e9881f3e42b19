"""The stores of the beat: those of the queue, with leadership, entries and `fire`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobq.stores import SQLITE_SCHEMES, scheme_of

if TYPE_CHECKING:
    from beat.store import BeatStore

KEEP_HISTORY = 1000


def open_beat_store(url: str, keep_history: int = KEEP_HISTORY) -> BeatStore:
    """The store of a URL as the beat uses it; see `jobq.stores.open_store`. `keep_history` is records an entry."""
    if scheme_of(url) in SQLITE_SCHEMES:
        from beat.stores.sqlite import SQLiteBeatStore

        return SQLiteBeatStore(url, keep_history)
    from beat.stores.redis import RedisBeatStore

    return RedisBeatStore(url, keep_history)
