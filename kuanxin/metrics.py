"""Figures for Prometheus. Every server counts for itself and shows them on a port of its own (KUANXIN_METRICS_PORT).

Labels have few values, fixed in the code: never an id, a name, an amount.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics import MetricWrapperBase

FIGURES_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own, for a server of several processes
FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

READY = Gauge("kuanxin_ready", "1: the server does its work; 0: it starts", ["server"])
TURNS = Histogram(
    "kuanxin_turn_seconds",
    "From a message to its answer; outcome: answered, asked_back, handed_over, to_colleague, failed",
    ["channel", "outcome"],
    buckets=FAST,
)
UNDERSTOOD = Counter("kuanxin_understood", "Typed messages: sure, likely, asked_back", ["certainty"])
LOCK_WAITS = Histogram(
    "kuanxin_lock_wait_seconds",
    "What a turn waits for the one before it in its conversation: in this process, or over all (Redis)",
    ["lock"],
    buckets=FAST,
)
ACTION_CALLS = Histogram(
    "kuanxin_action_call_seconds", "Calls to the action server: answered, failed", ["outcome"], buckets=FAST
)
LOAN_BOOK_CALLS = Histogram(
    "kuanxin_loan_book_call_seconds",
    "Calls to the bank's loan system with their repetitions: answered, failed, left_alone (the breaker is open)",
    ["outcome"],
    buckets=FAST,
)
LOAN_BOOK_BREAKER = Gauge("kuanxin_loan_book_breaker_open", "1: the loan system is left alone after failures")
DESK_REQUESTS = Histogram(
    "kuanxin_desk_request_seconds",
    "Requests to the desk; view: its name in desk/urls.py, none where there is no such page",
    ["method", "view", "status"],
    buckets=FAST,
)
NOTICES = Counter("kuanxin_notices", "What became of notices that were due, by state", ["state"])

for counted, values in (
    (UNDERSTOOD, ("sure", "likely", "asked_back")),
    (LOCK_WAITS, ("process", "redis")),
    (ACTION_CALLS, ("answered", "failed")),
    (LOAN_BOOK_CALLS, ("answered", "failed", "left_alone")),
    (NOTICES, ("sent", "failed", "unclear")),
):
    for value in values:
        counted.labels(value)  # there from the start: what never happened is 0, not missing

_heard: ContextVar[list[str]] = ContextVar("heard")


@contextmanager
def certainty() -> Iterator[list[str]]:
    """Gets what `understood` is told inside the block, also by tasks that it starts."""
    token = _heard.set(heard := [])
    try:
        yield heard
    finally:
        _heard.reset(token)


def understood(how: str) -> None:
    """How a message was understood: sure, likely, or asked_back."""
    if (heard := _heard.get(None)) is not None:
        heard.append(how)


@contextmanager
def timed(calls: MetricWrapperBase, **expected: type[Exception]) -> Iterator[None]:
    """Observes how long the block took; an exception names its outcome (`left_alone=NotCalled`), or it `failed`."""
    began, outcome = time.perf_counter(), "answered"
    try:
        yield
    except Exception as error:
        outcome = next((name for name, kind in expected.items() if isinstance(error, kind)), "failed")
        raise
    finally:
        calls.labels(outcome).observe(time.perf_counter() - began)
