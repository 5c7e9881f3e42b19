"""A signal ends a wait that was declared interruptible, and cuts nothing else in two."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from jobq.interrupts import Interrupts


@pytest.fixture
def interrupts():
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    yield Interrupts(before)
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number=signal.SIGUSR1):
    os.kill(os.getpid(), number)


def test_a_wait_without_a_signal_gives_its_answer(interrupts):
    assert interrupts.during(lambda: 7) == 7
    assert interrupts.pending == []


def test_a_signal_ends_a_wait_that_would_never_end(interrupts):
    threading.Timer(0.01, send).start()
    assert interrupts.during(threading.Event().wait) is None
    assert interrupts.pending == [signal.SIGUSR1]


def test_after_a_signal_nothing_is_waited_for(interrupts):
    send()
    assert interrupts.during(lambda: pytest.fail("it waited")) is None


def test_outside_a_wait_a_signal_is_only_noted(interrupts):
    send(signal.SIGUSR2)
    send(signal.SIGUSR1)
    assert interrupts.pending == [signal.SIGUSR2, signal.SIGUSR1]


def test_a_second_signal_during_the_same_wait_does_no_harm(interrupts):
    def wait():
        try:
            send()
        finally:
            send()

    assert interrupts.during(wait) is None
    assert len(interrupts.pending) == 2


def test_what_a_wait_raises_passes_through_and_leaves_it_disarmed(interrupts):
    with pytest.raises(ZeroDivisionError):
        interrupts.during(lambda: 1 / 0)
    send()
    assert interrupts.pending == [signal.SIGUSR1]
