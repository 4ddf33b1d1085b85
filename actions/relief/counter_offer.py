"""A plan that a colleague offered instead of the one asked for, answered in words instead of by its button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.relief.state import EMPTY, WISHES

if TYPE_CHECKING:
    from actions.turn import Turn

LAST_ENTRIES = 8


def standing_offer(turn: Turn) -> dict[str, Any] | None:
    """The form's slots for the plan that a plain yes or no means: nothing else was offered since. None without one."""
    if turn.borrower is None or turn.third_party:
        return None
    conversations = turn.services.conversations
    for entry in reversed(conversations.transcript(turn.conversation, limit=LAST_ENTRIES)):
        if not entry.buttons:
            continue
        for shown in entry.buttons if entry.author == "staff" else ():
            button = conversations.button(turn.conversation, shown["id"])
            if button is None or button.intent not in WISHES or "offer" not in button.entities:
                continue
            quote = turn.services.servicing.book.quote(turn.borrower, button.entities["offer"])
            if quote is not None:
                wish = {"relief": WISHES[button.intent], "loan": quote.loan_id, "quote": quote.hash}
                return {**EMPTY, **wish, "shown": None}
        return None
    return None
