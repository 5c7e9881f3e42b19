"""What is looked at before a program that runs for long is started."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from jobq.errors import StoreRefused, StoreUnavailable
from jobq.log import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobq.store import Store

log = logging.getLogger(__name__)


def look_at(url: str, open_store: Callable[[str], Store]) -> None:
    """Warn of a store that is unfit. `StoreRefused` now is a mistake to be told; once we run, it is sat out.

    A store that is away is waited for by whoever is started; it tries the permissions itself when the store comes.
    """
    with contextlib.closing(open_store(url)) as store:
        try:
            found = store.examine()
        except StoreRefused:
            raise
        except StoreUnavailable:
            return
    for sentence in found:
        event(log, logging.WARNING, "store_unfit", sentence)
