"""What the tests of schedules share."""

import pytest
import quickness


@pytest.fixture(scope="session")
def limit():
    """Seconds within which a question is answered, at the pace of this process."""
    return quickness.limit()
