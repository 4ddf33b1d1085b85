"""Collects what the assistant says in one turn. Rasa's own channels cut a reply into parts; this one keeps it whole."""

from __future__ import annotations

import json
import re
from typing import Any

from rasa.core.channels.channel import OutputChannel

_PAYLOAD = re.compile(r"/(\w+)(\{.*\})?", re.DOTALL)


class Collected(OutputChannel):
    """Replies {text, card, buttons: [{title, intent, entities}]} in the order in which they were said."""

    def __init__(self) -> None:
        self.replies: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        return "kuanxin"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        reply = {
            "text": message.get("text") or "",
            "card": (message.get("custom") or {}).get("card"),
            "buttons": [_button(button) for button in message.get("buttons") or ()],
        }
        if any(reply.values()):
            self.replies.append(reply)


def _button(button: dict[str, Any]) -> dict[str, Any]:
    intent, entities = _PAYLOAD.fullmatch(button["payload"]).groups()
    return {"title": button["title"], "intent": intent, "entities": json.loads(entities or "{}")}
