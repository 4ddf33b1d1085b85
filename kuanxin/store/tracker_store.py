"""The model's memory of a conversation: one row with its recent events, so that turn 300 costs what turn 5 cost.

Rasa rebuilds every event of a conversation in each turn and each policy walks over all of them. What happened before
the last turns counts only through what it left behind: values of slots and the open form. Older events are therefore
folded into exactly that. The full history is our own transcript (kuanxin.conversations).
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from kuanxin import metrics
from kuanxin.store.engine import make_engine, reading
from kuanxin.store.tables_conversations import trackers
from kuanxin.store.tracker_understanding import certainty_of, understanding_of
from kuanxin.store.understood import keep_understanding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rasa.core.brokers.broker import EventBroker
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import Event
    from sqlalchemy.engine import Engine

log = logging.getLogger(__name__)

KEPT_TURNS = 8


class TrackerUnavailable(Exception):
    """The memory of a conversation cannot be read or written at the moment."""


class TrackerChanged(Exception):
    """Another process went on with this conversation in the meantime (several workers need a shared lock store)."""


class BoundedTrackerStore(TrackerStore):
    """Configured in endpoints.yml by its path. Uses Kuanxin's database unless an engine is given."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        engine: Engine | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        self._engine = engine or make_engine()

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        row = await asyncio.to_thread(self._read, sender_id)
        if row is None:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, json.loads(row.events), self.domain.slots)
        tracker.stored_version, tracker.stored_events = row.version, len(tracker.events)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Writes what `fold` leaves. Raises TrackerChanged rather than overwrite what it has not seen.

        Rasa reads a conversation that cannot be read as a new one: without this check its form would be lost.

        A turn that broke leaves the memory as it was: said again, the same word finds the same question (a form that
        Rasa has ended would take "yes" for small talk). What was understood of the message is kept for colleagues.
        """
        if not tracker.events:
            return
        understood = understanding_of(tracker)
        metrics.understood(certainty_of(tracker))
        if _broke(tracker):
            if understood:
                await asyncio.to_thread(self._write_understanding, understood)
            await self.stream_events(tracker)
            return
        events = json.dumps([event.as_dict() for event in fold(tracker)], ensure_ascii=False)
        seen = getattr(tracker, "stored_version", 0)
        await asyncio.to_thread(self._write, tracker.sender_id, events, seen, understood)
        await self.stream_events(tracker)
        tracker.stored_version, tracker.stored_events = seen + 1, len(tracker.events)

    async def stream_events(self, tracker: DialogueStateTracker) -> None:
        """What the turn added, once it is kept. Rasa would read the conversation once more to find out what is new."""
        if self.event_broker is None:
            return
        origin = {"sender_id": tracker.sender_id, "channel": tracker.get_latest_input_channel()}
        for event in _new_events(tracker):
            self.event_broker.publish({**origin, **event.as_dict()})

    async def keys(self) -> Iterable[str]:
        def read() -> list[str]:
            with reading(self._engine) as connection:
                return list(connection.execute(select(trackers.c.conversation_id)).scalars())

        return await asyncio.to_thread(read)

    def _read(self, sender_id: str) -> Any:
        try:
            with reading(self._engine) as connection:
                return connection.execute(select(trackers).where(trackers.c.conversation_id == sender_id)).first()
        except SQLAlchemyError as fault:
            raise TrackerUnavailable(type(fault).__name__) from None  # its text would quote the conversation

    def _write_understanding(self, understanding: dict[str, Any]) -> None:
        try:
            with self._engine.begin() as connection:
                keep_understanding(connection, understanding)
        except SQLAlchemyError as fault:
            raise TrackerUnavailable(type(fault).__name__) from None

    def _write(self, sender_id: str, events: str, seen: int, understanding: dict[str, Any] | None) -> None:
        this = (trackers.c.conversation_id == sender_id) & (trackers.c.version == seen)
        try:
            with self._engine.begin() as connection:
                if seen:
                    changed = update(trackers).where(this).values(version=seen + 1, events=events)
                    written = connection.execute(changed).rowcount
                else:
                    known = select(trackers.c.version).where(trackers.c.conversation_id == sender_id)
                    written = connection.execute(known).first() is None
                    if written:
                        row = {"conversation_id": sender_id, "version": 1, "events": events}
                        connection.execute(insert(trackers), row)
                if written and understanding:
                    keep_understanding(connection, understanding)
        except SQLAlchemyError as fault:
            raise TrackerUnavailable(type(fault).__name__) from None
        if not written:
            raise TrackerChanged


def _broke(tracker: DialogueStateTracker) -> bool:
    """Whether the message of this turn got no answer. Every turn answers; Rasa swallows the failure of an action."""
    new = _new_events(tracker)
    said = [n for n, event in enumerate(new) if isinstance(event, UserUttered)]
    return bool(said) and not any(isinstance(event, BotUttered) for event in new[said[-1] :])


def _new_events(tracker: DialogueStateTracker) -> list[Event]:
    return list(tracker.events)[getattr(tracker, "stored_events", 0) :]


def fold(tracker: DialogueStateTracker, turns: int = KEPT_TURNS) -> list[Event]:
    """The events that lead to the same state and the same predictions: the last turns, and what they rest on.

    Cuts right before the assistant began to listen to the first message that is kept: there nothing is half done. What
    the assistant said is left out; policies and actions do not look at it.
    """
    events = [event for event in tracker.events if not isinstance(event, BotUttered)]
    begin = _begin_of_kept(events, turns)
    return events if begin == 0 else [*_state_before(tracker, events[:begin]), *events[begin:]]


def _begin_of_kept(events: list[Event], turns: int) -> int:
    """The index of the `action_listen` that awaits the first message to keep; 0 where everything is kept."""
    said = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(said) <= turns:
        return 0
    for index in range(said[-turns], 0, -1):
        event = events[index]
        if isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME:
            return index
    return 0


def _state_before(tracker: DialogueStateTracker, events: list[Event]) -> list[Event]:
    """Slots and the open form as they stood after these events, as events of their own."""
    earlier = tracker.init_copy()
    for event in events:
        earlier.update(event)
    at = events[-1].timestamp
    state: list[Event] = [
        SlotSet(name, slot.value, at) for name, slot in earlier.slots.items() if slot.value != slot.initial_value
    ]
    if earlier.active_loop_name:
        state.append(ActiveLoop(earlier.active_loop_name, at))
        if earlier.is_active_loop_rejected:
            state.append(ActionExecutionRejected(earlier.active_loop_name, timestamp=at))
    return state
