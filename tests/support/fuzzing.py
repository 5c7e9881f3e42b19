"""How much is tried: a slice in every run of the tests, all of it with `make fuzz`."""

from __future__ import annotations

import os

VARIABLE = "BEATD_TEST_FUZZ"


def rounds(usual: int) -> int:
    """How many mutations a test looks at: what the environment says, else its own number."""
    return int(os.environ.get(VARIABLE) or usual)
