"""What was made of a message, read from the tracker after the turn: intents, entities, slots, actions, model."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered

if TYPE_CHECKING:
    from rasa.shared.core.events import Event
    from rasa.shared.core.trackers import DialogueStateTracker

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


def certainty_of(tracker: DialogueStateTracker) -> str:
    """Whether the last message was understood for sure, was likely what was answered, or was asked back."""
    for event in reversed(tracker.events):
        if isinstance(event, ActionExecuted) and event.action_name in FALLBACK_ACTIONS:
            return "asked_back"
        if isinstance(event, UserUttered):
            sure = "perhaps" not in event.parse_data and (event.intent or {}).get("name") not in FALLBACKS
            return "sure" if sure else "likely"
    return "sure"


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    return {name: entity.get(name) for name in ("entity", "value", "start", "end")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
