"""A lease is longer than what its store may take to answer, or the worker, or the beat, does not start."""

from __future__ import annotations

import logging

import pytest
from click.testing import CliRunner

from beat.cli.setup import prepare
from beat.leadership import check_trust
from jobq.app import App
from jobq.cli.program import program
from jobq.errors import ConfigError
from jobq.job import Claim
from jobq.outage import Outage
from jobq.runtime import Runtime
from jobq.worker.holding import Holding
from jobq.worker.options import WorkerOptions, check_lease
from jobq.worker.supervisor import run_worker

WAITS = "redis://nobody.invalid?wait_replicas=1"
REFUSED = (
    "lease_ttl of the worker is 3 s, and the store's URL lets replicas take 1000 ms (wait_ms): leases could be too old to "
    "start their jobs by, which would be given back again and again; expected a lease_ttl above 3 s, or a wait_ms of at "
    "most 999"
)


@pytest.mark.parametrize(
    ("lease_ttl", "url"),
    [
        (3.000003, WAITS),
        (3, f"{WAITS}&wait_ms=999"),
        (1, f"{WAITS}&wait_ms=999"),  # a grace is a second at least
        (10, f"{WAITS}&wait_ms=3333"),
        (1, "redis://nobody.invalid?wait_ms=60000"),
        (1, "sqlite:///beat.db"),
    ],
)
def test_a_lease_that_suffices(lease_ttl, url):
    check_lease(lease_ttl, url)


@pytest.mark.parametrize(
    ("lease_ttl", "wait", "words"),
    [
        (1, "&wait_ms=1000", "a lease_ttl above 3 s, or a wait_ms of at most 999"),
        (10, "&wait_ms=3334", "a lease_ttl above 10.002 s, or a wait_ms of at most 3333"),
        (180, "&wait_ms=60000", "a lease_ttl above 180 s, or a wait_ms of at most 59999"),
    ],
)
def test_a_lease_that_does_not(lease_ttl, wait, words):
    with pytest.raises(ConfigError, match=words):
        check_lease(lease_ttl, WAITS + wait)


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_worker_does_not_start_with_it(pool):
    with pytest.raises(ConfigError) as refused:
        run_worker(App(store=WAITS), WorkerOptions(lease_ttl=3, pool=pool))
    assert str(refused.value) == REFUSED


def test_jobq_worker_says_so(monkeypatch):
    monkeypatch.setattr("jobq.cli.starting.look_at", lambda *_: None)
    monkeypatch.setattr("jobq.log.setup", lambda *_: None)
    told = CliRunner().invoke(program, ["--store", WAITS, "worker", "--lease-ttl", "3"])
    assert (told.exit_code, told.stderr) == (2, f"Error: {REFUSED}\n")


def test_beatd_says_so_of_its_own_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("jobq.log.setup", lambda *_: None)
    file = tmp_path / "beat.toml"
    file.write_text(f'store = "{WAITS}"\n[worker]\nlease_ttl = 3\n')
    rest = ("store", "app", "node", "lease_ttl", "log_level", "log_format", "pidfile")
    options = dict.fromkeys(rest)
    assert prepare(config=file, worker=0, **options).children == 0
    with pytest.raises(ConfigError, match="lease_ttl of the beat is 1 s"):
        prepare(config=file, worker=0, **options | {"lease_ttl": 1.0})
    with pytest.raises(ConfigError) as refused:
        prepare(config=file, worker=1, **options)
    assert str(refused.value) == REFUSED


@pytest.mark.parametrize(("lease_ttl", "starts"), [(3.0, False), (3.000003, True)])
def test_where_the_border_is(lease_ttl, starts):
    """Every answer takes its second: that of the fetch, and that of the extension before a job is started."""

    class Clock(Runtime):
        now = 0.0

        def monotonic(self):
            return self.now

    class Slow:
        def extend(self, claims, _):
            clock.now += 1.0
            return [True] * len(claims)

    clock = Clock()
    holding = Holding(Slow(), Outage(logging.getLogger("jobq.test")), lease_ttl, lambda _: None, clock)
    clock.now += 1.0
    holding.add([Claim("a", "default", 1, b"", 0)], 0.0)
    holding.renew()
    assert (holding.next() is not None) is starts


def test_a_beat_is_refused_if_its_lease_may_be_over_before_it_is_known():
    with pytest.raises(ConfigError) as refused:
        check_trust(3, f"{WAITS}&wait_ms=2700")
    assert str(refused.value) == (
        "lease_ttl of the beat is 3 s, and the store's URL lets replicas take 2700 ms (wait_ms): a lease could be over before "
        "it is known to be held; expected a lease_ttl above 3 s, or a wait_ms below 2700"
    )
    check_trust(3, f"{WAITS}&wait_ms=2699")
    check_trust(0.5, "sqlite:///beat.db")
