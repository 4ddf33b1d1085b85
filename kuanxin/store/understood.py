"""What was made of a message, read from the tracker after the turn: intent, runner-up, entities, slots, actions, model.

Written together with the model's memory (kuanxin.store.tracker_store): there after each turn, and nothing to forget.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.store.tables_conversations import conversations, understood

if TYPE_CHECKING:
    from rasa.shared.core.events import Event
    from rasa.shared.core.trackers import DialogueStateTracker
    from sqlalchemy.engine import Connection

FALLBACKS = {"nlu_fallback"}
FALLBACK_ACTIONS = {"action_unclear", "action_default_fallback"}
PASSING_SLOTS = {"requested_slot"}


def understanding_of(tracker: DialogueStateTracker) -> dict[str, Any] | None:
    """The row of the last message; None where it did not come through a channel of ours."""
    events: list[Event] = list(tracker.events)
    last = next((n for n in range(len(events) - 1, -1, -1) if isinstance(events[n], UserUttered)), None)
    if last is None:
        return None
    said: Any = events[last]
    stamp = said.metadata or {}
    if "conversation" not in stamp:
        return None
    ranking = [r for r in said.parse_data.get("intent_ranking") or () if r["name"] not in FALLBACKS]
    intent = said.intent or {}
    others = [r for r in ranking if r["name"] != intent.get("name")]
    runner_up = others[0] if others else {}
    after = events[last + 1 :]
    actions = [
        {"name": event.action_name, "policy": event.policy, "confidence": event.confidence}
        for event in after
        if isinstance(event, ActionExecuted) and event.action_name not in (None, ACTION_LISTEN_NAME)
    ]
    fallback = intent.get("name") in FALLBACKS or any(a["name"] in FALLBACK_ACTIONS for a in actions)
    slots = {event.key: event.value for event in after if isinstance(event, SlotSet) and event.key not in PASSING_SLOTS}
    return {
        "conversation_id": stamp["conversation"],
        "message_id": stamp["message_id"],
        "at": datetime.fromisoformat(stamp["now"]),
        "intent": intent.get("name") or "",
        "confidence": intent.get("confidence") or 0.0,
        "runner_up": runner_up.get("name"),
        "runner_up_confidence": runner_up.get("confidence"),
        "fallback": fallback,
        "actions": _json(actions),
        "entities": _json([_entity(entity) for entity in said.entities]),
        "slots": _json(slots),
        "form": tracker.active_loop_name,
        "model": str(said.metadata.get("model_id") or getattr(tracker, "model_id", None) or ""),
        "policy_version": stamp.get("policy") or "",
    }


def keep_understanding(connection: Connection, row: dict[str, Any]) -> None:
    """Once for each message; the conversation's own summary of it goes along."""
    known = select(conversations.c.id).where(conversations.c.id == row["conversation_id"])
    if connection.execute(known).first() is None:
        return  # a tracker without a conversation of ours: nothing to look at later
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    once = insert(understood).on_conflict_do_nothing(index_elements=["conversation_id", "message_id"])
    if not connection.execute(once, row).rowcount:
        return
    lowest = conversations.c.lowest_confidence
    lower = or_(lowest.is_(None), lowest > row["confidence"])
    connection.execute(
        update(conversations)
        .where(conversations.c.id == row["conversation_id"])
        .values(
            lowest_confidence=case((lower, row["confidence"]), else_=lowest),
            unfinished=row["form"] is not None or row["fallback"],
        )
    )


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    return {name: entity.get(name) for name in ("entity", "value", "start", "end")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
