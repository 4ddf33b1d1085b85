"""What happens in conversations, for the bank's analytics, through RabbitMQ and without anything personal.

On Rasa's own broker, which publishes beside the turn and reconnects by itself; what it may publish is made here, field
by field (docs/integration/events.md). A turn never waits for RabbitMQ, nor does a server that starts.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rasa.core.brokers.pika import PikaEventBroker

from kuanxin.pseudonym import pseudonym
from kuanxin.settings import read_settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from rasa.utils.endpoints import EndpointConfig

logger = logging.getLogger(__name__)

QUEUE = "kuanxin-events"
KEPT = 50_000  # events that wait while RabbitMQ is away; beyond them the oldest go
AGAIN_SECONDS = 5.0
STOP_SECONDS = 2.0  # in which events under way are still confirmed when the server stops
PASSING_ACTIONS = {"action_listen", "action_session_start"}


class EventsForAnalytics(PikaEventBroker):
    """Configured in endpoints.yml by its path; there is none where KUANXIN_EVENTS_URL is not set."""

    @classmethod
    async def from_endpoint_config(
        cls, broker_config: EndpointConfig | None, event_loop: AbstractEventLoop | None = None
    ) -> EventsForAnalytics | None:
        url = read_settings().events_url.get_secret_value()
        return cls(url) if url else None

    def __init__(self, url: str) -> None:
        """Begins to connect and returns at once. Needs a running event loop."""
        parts = urlsplit(url)
        port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
        address = parts._replace(netloc=f"{parts.hostname}:{port}").geturl()  # Rasa logs it: no password
        super().__init__(
            address,
            parts.username,
            parts.password,
            port,
            [QUEUE],
            exchange_name=QUEUE,
            connection_attempts=1,
            retry_delay_in_seconds=0,
        )
        self._unpublished_events = deque(maxlen=KEPT)
        self._dropped = 0
        self._upkeep = asyncio.create_task(self._keep_up())

    def publish(self, event: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        if message := for_analytics(event):
            super().publish(message, headers)

    def _publish_unpublished_messages(self, *_: Any, **__: Any) -> None:
        """Called when a connection is there again, too. What waits is made for analytics already."""
        for _ in range(len(self._unpublished_events)):
            super().publish(self._unpublished_events.popleft())

    async def close(self) -> None:
        self._upkeep.cancel()
        if self._background_tasks:
            await asyncio.wait(self._background_tasks, timeout=STOP_SECONDS)
        await super().close()

    async def _publish(self, event: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        if self._connected:
            await super()._publish(event, headers)  # what fails comes to the others that wait
            return
        self._dropped += len(self._unpublished_events) == KEPT
        self._unpublished_events.append(event)

    @property
    def _connected(self) -> bool:
        return self._exchange is not None and self._connection.connected.is_set()

    async def _keep_up(self) -> None:
        """Connects (Rasa gives up after a while and then drops events), and tries again what could not be sent."""
        while True:
            if self._exchange is None:
                try:
                    await self.connect()
                except Exception as error:
                    logger.warning("RabbitMQ takes no events yet: %s", type(error).__name__)
                    await super().close()
            if self._connected:
                self._publish_unpublished_messages()
                if self._dropped:
                    logger.error("%d events were dropped while RabbitMQ was away", self._dropped)
                    self._dropped = 0
            await asyncio.sleep(AGAIN_SECONDS)


def for_analytics(event: dict[str, Any]) -> dict[str, Any] | None:
    """The message for an event as the tracker store streams it; None for what is not published.

    What comes without its channel is no turn that was kept: Rasa's stand-in for a database that is away streams, too.
    """
    kind, name = event["event"], event.get("name")
    if "channel" not in event:
        return None
    if kind == "user":
        intent = event["parse_data"].get("intent") or {}
        what = {"event": "message", "intent": intent.get("name"), "confidence": band(intent.get("confidence") or 0.0)}
    elif kind == "action" and name and name not in PASSING_ACTIONS:
        what = {"event": "action", "action": name}
    elif kind == "active_loop":
        what = {"event": "form", "form": name}
    else:
        return None
    time = datetime.fromtimestamp(event["timestamp"], timezone.utc).isoformat(timespec="milliseconds")
    of = {"conversation": pseudonym(event["sender_id"]), "channel": event["channel"]}
    return {"id": uuid.uuid4().hex, "time": time, **of, **what}


def band(confidence: float) -> str:
    """As the desk's filter has it: certain from 80 %, uncertain below 45 %."""
    return "high" if confidence >= 0.8 else "medium" if confidence >= 0.45 else "low"
