"""A circuit breaker: after a row of failures a service is left alone for a while, then tried by one call.

Our own few lines, because the libraries looked at either hold a lock while the call runs, so that one slow answer makes
every borrower wait (pybreaker 1.4), or send all waiting calls at once when they try again (circuitbreaker 2.1).
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Open(Exception):
    """The service is left alone at the moment; it was not called."""


class Breaker:
    """`with breaker.guard(): …` counts what comes out as an exception. Safe for threads; calls run side by side."""

    def __init__(self, failures: int = 5, pause: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens after `failures` in a row, for `pause` seconds."""
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._closed_again_at: float | None = None  # None: closed
        self._trying = False

    @property
    def open(self) -> bool:
        """Whether the service is left alone, or tried by one call, at the moment."""
        return self._closed_again_at is not None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Raises Open without running the body where the service is to be left alone."""
        trial = self._enter()
        try:
            yield
        except BaseException:
            self._leave(trial, failed=True)
            raise
        self._leave(trial, failed=False)

    def _enter(self) -> bool:
        with self._lock:
            if self._closed_again_at is None:
                return False
            if self._trying or self._clock() < self._closed_again_at:
                raise Open
            self._trying = True
            return True

    def _leave(self, trial: bool, *, failed: bool) -> None:
        with self._lock:
            if trial:
                self._trying = False
            if failed:
                self._in_a_row += 1
                if trial or self._in_a_row >= self._limit:
                    self._closed_again_at = self._clock() + self._pause
            elif trial or self._closed_again_at is None:  # a straggler from before says nothing about now
                self._in_a_row = 0
                self._closed_again_at = None
