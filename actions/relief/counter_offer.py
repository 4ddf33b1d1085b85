"""A plan that a colleague offered instead of the one asked for, answered in words instead of by its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.relief.state import EMPTY, FORM, WISHES
from actions.turn import Answer
from kuanxin.conversations.replies import Button

if TYPE_CHECKING:
    from actions.turn import Turn

LAST_ENTRIES = 8


def standing_offer(turn: Turn) -> Button | None:
    """The button of the plan that a plain yes or no is about: a colleague offered it, and nothing was offered since."""
    if turn.borrower is None or turn.third_party:
        return None
    conversations = turn.services.conversations
    entries = conversations.transcript(turn.conversation, limit=LAST_ENTRIES)
    last = next((entry for entry in reversed(entries) if entry.buttons), None)
    if last is None or last.author != "staff":
        return None
    for shown in last.buttons:
        issued = conversations.button(turn.conversation, shown["id"])
        if issued is not None and issued.intent in WISHES and "offer" in issued.entities:
            return Button(issued.title, issued.intent, issued.entities)
    return None


def opened(turn: Turn, offer: Button) -> Answer | None:
    """The form with this plan: consent is given to exactly what it shows. None where the book no longer has it."""
    quote = turn.services.servicing.book.quote(turn.must_be_borrower(), offer.entities["offer"])
    if quote is None:
        return None
    plan = {"relief": WISHES[offer.intent], "loan": quote.loan_id, "quote": quote.hash, "shown": None}
    return Answer(slots={**EMPTY, **plan}, followup=FORM)
