"""The circuit breaker, with a clock that the test turns."""

from __future__ import annotations

import pytest

from kuanxin.gateways.breaker import Breaker, Open


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def call(breaker: Breaker, *, fails: bool = False) -> None:
    with breaker.guard():
        if fails:
            raise ConnectionError


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            call(breaker, fails=True)


def test_opens_after_failures_in_a_row_only(clock):
    breaker = Breaker(3, 20, clock)
    fail(breaker, 2)
    call(breaker)
    fail(breaker, 2)
    call(breaker)
    fail(breaker, 3)
    with pytest.raises(Open):
        call(breaker)


def test_one_call_tries_again_and_closes_it(clock):
    breaker = Breaker(1, 20, clock)
    fail(breaker, 1)
    clock.now = 19.9
    with pytest.raises(Open):
        call(breaker)
    clock.now = 20
    with breaker.guard(), pytest.raises(Open):
        call(breaker)  # a second call while the first tries
    call(breaker)
    call(breaker)


def test_a_failed_trial_opens_it_for_another_pause(clock):
    breaker = Breaker(3, 20, clock)
    fail(breaker, 3)
    clock.now = 20
    fail(breaker, 1)
    clock.now = 39.9
    with pytest.raises(Open):
        call(breaker)
    clock.now = 40
    call(breaker)


def test_a_late_success_from_before_does_not_close_it(clock):
    breaker = Breaker(1, 20, clock)
    with breaker.guard():
        fail(breaker, 1)
    with pytest.raises(Open):
        call(breaker)
