"""Whatever a message is, there is an outcome, it can be stored, and it says why."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from fuzzing import rounds
from hypothesis import given
from hypothesis import strategies as st
from message_mutations import ECHO, cases, may_run

from jobq import App
from jobq.instants import SECOND
from jobq.job import Claim, Failure, Outcome, State
from jobq.message import decode_message
from jobq.worker.execute import Executor

if TYPE_CHECKING:
    import random
    from pathlib import Path

NOW = 1_800_000_000 * SECOND


def stored(outcome: Outcome) -> Outcome:
    """It can be stored as it is."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome) == outcome
    if outcome.state is State.SCHEDULED:
        decode_message(outcome.message)
    return outcome


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of the app of the process tests, in a folder with a module of its name."""
    module = ECHO.partition(".")[0]
    (tmp_path / f"{module}.py").write_text(
        "def plain(value): return value\ndef echo(value=None): return value\n"
    )
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    app = App(module, store="sqlite:///never-opened.db")
    app.task(lambda value=None: value, name=ECHO)
    with contextlib.closing(Executor(app)) as executor:
        yield executor
    sys.modules.pop(module, None)


def test_any_mutation_ends_with_its_reason(executor, rng: random.Random, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    ran = 0
    for case in cases(rng, rounds(600), f"touch {sign}"):
        outcome = stored(executor.run(Claim(case.id, "q", 1, case.data, NOW), NOW))
        if outcome.state is State.FAILED:
            reason = msgspec.json.decode(outcome.payload, type=Failure)
            assert reason.type, case
            assert reason.message or reason.traceback, case
        else:
            ran += 1
            assert not case.doomed, case
            assert may_run(case.data), case
    assert not sign.exists()
    assert ran


FIELDS = {
    "task": st.sampled_from(["t", "co", "retry", "builtins.len", "", "a.b", "no.such"]) | st.text(max_size=5),
    "args": st.lists(st.integers() | st.text(max_size=3), max_size=2),
    "kwargs": st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
    "plain": st.booleans(),
    "retries": st.integers(),
    "max_retries": st.none() | st.integers(),
    "expires_at": st.none() | st.integers(),
    "expires_in": st.none() | st.integers(),
    "soft_time_limit": st.none()
    | st.floats(allow_nan=False, allow_infinity=False, min_value=100)
    | st.just(-1),
    "time_limit": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "link": st.lists(
        st.fixed_dictionaries(
            {"task": st.text(max_size=3)}, optional={"options": st.builds(dict, priority=st.integers())}
        )
    ),
    "link_error": st.lists(st.fixed_dictionaries({"task": st.text(max_size=3)}), max_size=2),
    "headers": st.dictionaries(st.text(max_size=3), st.integers(), max_size=1),
}


@given(st.fixed_dictionaries({}, optional=FIELDS))
def test_any_message_has_an_outcome_that_can_be_stored(fields):
    app = App("tasks", store="sqlite:///never-opened.db")
    app.task(lambda *args: list(args), name="t")
    app.task(name="retry", autoretry_for=Exception, max_retries=None)(lambda: 1 / 0)

    @app.task(name="co")
    async def co():
        await asyncio.sleep(0)

    with contextlib.closing(Executor(app)) as executor:
        message = msgspec.json.encode(fields)
        stored(executor.run(Claim("j", "q", 1, message, NOW), NOW))
