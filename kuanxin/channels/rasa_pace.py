"""Three of Rasa's functions do the same work again at every call, for most of a turn's time; here they do it once.

- `RemoteAction._validate_action_result` checks the answer of the action server against a fixed schema, and each time
  checks first whether that schema is itself well-formed: about nine tenths of a turn with rules only.
- `Event.resolve_by_type` walks over all kinds of events for every event that is read from the tracker store.
- `EndpointConfig.session` opens a new connection for each of the two to five calls that a turn makes to the action
  server.

What they decide stays the same (tests/channels/test_rasa_pace.py holds both versions side by side), but that no
redirect is followed with what the turn is about.
"""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.shared.core.events import Event
from rasa.utils.endpoints import EndpointConfig

from kuanxin.metrics import ACTION_CALLS

# Sanic, the action server's, closes what was silent for five seconds: not to be caught in the act, we let go earlier
IDLE_SECONDS = 2
_connectors: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.TCPConnector] = WeakKeyDictionary()


def remember() -> None:
    """For this process; doing it again changes nothing."""
    if not hasattr(Event.resolve_by_type, "cache_info"):
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(Event.resolve_by_type))
        RemoteAction._validate_action_result = staticmethod(_valid_answer)
        EndpointConfig.session = _session


def _valid_answer(answer: Any) -> bool:
    """Raises jsonschema.ValidationError."""
    _validator().validate(answer)
    return True


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = RemoteAction.action_response_format_spec()
    return validator_for(schema)(schema)


def _session(endpoint: EndpointConfig) -> aiohttp.ClientSession:
    """A session as Rasa makes it, over connections that outlive it; it follows no redirect."""
    basic = endpoint.basic_auth
    auth = aiohttp.BasicAuth(basic["username"], basic["password"]) if basic else None
    loop = asyncio.get_running_loop()
    if loop not in _connectors:
        _connectors[loop] = aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS)
    return aiohttp.ClientSession(
        connector=_connectors[loop],
        connector_owner=False,
        headers=endpoint.headers,
        auth=auth,
        timeout=aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT),
        trace_configs=[_traced()],
    )


@lru_cache(maxsize=1)
def _traced() -> aiohttp.TraceConfig:
    """How long the action server takes, and how often there is no answer of it: to be sent on is none."""
    trace = aiohttp.TraceConfig()

    async def begin(_session: Any, call: Any, _sent: Any) -> None:
        call.began = time.perf_counter()

    async def answered(_session: Any, call: Any, end: aiohttp.TraceRequestEndParams) -> None:
        # 400: a form leaves the message to the rules
        outcome = "answered" if end.response.status in (200, 400) else "failed"
        ACTION_CALLS.labels(outcome).observe(time.perf_counter() - call.began)

    async def broke(_session: Any, call: Any, _end: Any) -> None:
        ACTION_CALLS.labels("failed").observe(time.perf_counter() - call.began)

    async def sent_on(_session: Any, _call: Any, to: aiohttp.TraceRequestRedirectParams) -> None:
        to.response.close()
        raise aiohttp.TooManyRedirects(to.response.request_info, (to.response,))

    trace.on_request_start.append(begin)
    trace.on_request_redirect.append(sent_on)
    trace.on_request_end.append(answered)
    trace.on_request_exception.append(broke)
    return trace
