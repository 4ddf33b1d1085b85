"""Calls to another system over HTTP that always end in time: deadlines, bounded retries, a circuit breaker."""

from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from kuanxin.gateways.breaker import Breaker, Open

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_TRY_AGAIN = {429, 500, 502, 503, 504}


class Unreachable(Exception):
    """No usable answer. The text holds no personal data and no token."""


class NotCalled(Unreachable):
    """The service is left alone after repeated failures: it was not called at all."""


@dataclass(frozen=True)
class Limits:
    """How long a call may take, in seconds. `whole` bounds all attempts and pauses together."""

    connect: float = 1.0
    read: float = 3.0
    whole: float = 6.0
    attempts: int = 3
    first_pause: float = 0.2
    most_bytes: int = 8_000_000


@dataclass(frozen=True)
class Answer:
    """What the other system said; `data` is its JSON, None where the body is empty."""

    status: int
    data: Any


class Caller:
    """Calls one system. Every call must be safe to repeat: reading, putting, or writing under an idempotency key."""

    def __init__(
        self,
        base_url: str,
        token: str,
        session: requests.Session | None = None,
        limits: Limits | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._session = session or _session()
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._limits = limits or Limits()
        self._breaker = breaker or Breaker()

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises Unreachable where there was no usable answer within the limits."""
        deadline = time.monotonic() + self._limits.whole
        for attempt in range(1, self._limits.attempts + 1):
            pause = self._limits.first_pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
            try:
                with self._breaker.guard():
                    return self._once(method, path, body, headers or {}, deadline)
            except Open:
                raise NotCalled("left alone after repeated failures") from None
            except _Refused as fault:
                raise Unreachable(str(fault)) from fault
            except _Failed as fault:
                log.warning("%s attempt %d: %s", method, attempt, fault)
                pause = max(pause, fault.wait)
                if attempt == self._limits.attempts or time.monotonic() + pause >= deadline:
                    raise Unreachable(str(fault)) from fault
                time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, method: str, path: str, body: object, headers: Mapping[str, str], deadline: float) -> Answer:
        limits = self._limits
        try:
            with self._session.request(
                method,
                self._base + path,
                json=body,
                headers={**self._headers, **headers},
                timeout=(limits.connect, max(0.01, min(limits.read, deadline - time.monotonic()))),
                allow_redirects=False,  # a redirect would carry the token to another host
                stream=True,
            ) as response:
                if response.status_code in _TRY_AGAIN:
                    raise _Failed(f"answered {response.status_code}", _retry_after(response))
                if not (200 <= response.status_code < 300 or 400 <= response.status_code < 500):
                    raise _Refused(f"answered {response.status_code}")
                return Answer(response.status_code, _json(self._read(response, deadline)))
        except (requests.RequestException, HTTPError, OSError) as fault:
            raise _Failed(type(fault).__name__) from None

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The body, by the deadline: an answer that drips byte by byte never meets the read timeout."""
        body = b""
        while part := response.raw.read1(65_536, decode_content=True):
            body += part
            if time.monotonic() > deadline:
                raise _Failed("answered too slowly")
            if len(body) > self._limits.most_bytes:
                raise _Refused("answered too much")
        return body


class _Failed(Exception):
    """Worth another attempt, after at least `wait` seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _Refused(Exception):
    """Another attempt would give the same."""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        raise _Refused("answered something that is not JSON") from None


def _retry_after(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _session() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=32))
    return session
