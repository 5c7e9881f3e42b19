"""What every test may ask for: a store, a Redis server of its own, a seeded source of chance."""

from __future__ import annotations

import os
import random
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from redis_server import WHAT_TO_INSTALL, RedisServer, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEED_VARIABLE = "BEATD_TEST_SEED"
SEED_KEY = pytest.StashKey[int]()
FIGURE = "figure"
PROGRAM_KEY = pytest.StashKey["Path | None"]()

# No deadline and no database: neither a slow machine nor an earlier run changes what is tried.
settings.register_profile(
    "beatd",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("thorough", settings.get_profile("beatd"), max_examples=5000)
settings.load_profile("beatd")


def _seed() -> int:
    text = os.environ.get(SEED_VARIABLE, "1")
    if text == "random":
        return secrets.randbits(32)
    try:
        return int(text)
    except ValueError:
        raise pytest.UsageError(
            f"{SEED_VARIABLE} is {text!r}; it takes a whole number, or 'random' for a new one."
        ) from None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis the seed before its own plugin reads the option."""
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(_seed())
    given = config.option.hypothesis_seed
    config.stash[SEED_KEY] = int(given) if given != "random" else _seed()
    os.environ[SEED_VARIABLE] = str(
        config.stash[SEED_KEY]
    )  # processes that run tests side by side draw none of their own
    try:
        config.stash[PROGRAM_KEY] = find()
    except RuntimeError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [
        f"seed: {config.stash[SEED_KEY]} ({SEED_VARIABLE}=N repeats another one, {SEED_VARIABLE}=random draws one)",
        f"redis: {config.stash[PROGRAM_KEY] or 'none found'}",
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        (report.nodeid, text)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, text in report.user_properties
        if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
    for test, text in figures:
        terminalreporter.line(f"{test}\n    {text}")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`figure(text)` has a run's summary say what it found; also of tests that run in another process."""
    return lambda text: record_property(FIGURE, text)


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    return pytestconfig.stash[SEED_KEY]


@pytest.fixture
def rng(request: pytest.FixtureRequest, seed: int) -> random.Random:
    """Chance that depends on the seed and on the test alone, not on which tests ran before."""
    return random.Random(f"{seed}:{request.node.nodeid}")


@pytest.fixture(scope="session")
def new_redis_server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RedisServer]]:
    """A factory: `new_redis_server(append_only=True)` is a running server of the test's own, to stop and start at will.

    `options` are lines of its configuration, `kind` another class of server. A missing server skips on a laptop and fails in CI.
    """
    program = pytestconfig.stash[PROGRAM_KEY]
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WHAT_TO_INSTALL)
    servers: list[RedisServer] = []

    def start(kind: type[RedisServer] = RedisServer, **given: Any) -> RedisServer:
        server = kind(program, tmp_path_factory.mktemp("redis"), **given)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(new_redis_server: Callable[..., RedisServer]) -> RedisServer:
    """The server that tests share. It keeps nothing on disk; a test that stops servers makes one for itself."""
    return new_redis_server()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The shared server, emptied."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'beat.db'}"


@pytest.fixture(params=["sqlite", "redis"])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty store of either kind: what a test of this shows must hold for both."""
    return str(request.getfixturevalue(f"{request.param}_url"))
