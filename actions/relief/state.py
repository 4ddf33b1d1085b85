"""What the relief form knows while a message is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actions.turn import Turn
    from kuanxin.conversations.replies import Reply

REQUESTED = "requested_slot"
FORM = "relief_form"
# what a wish is called in the slot `relief`, and the slot that it needs besides the loan
WISHES = {
    "request_extension": "later_date",
    "request_instalment_plan": "plan",
    "request_due_date_change": "due_day",
    "request_fee_waiver": "waiver",
    "ask_partial_payment": "part_amount",
    "request_early_settlement": "settlement",
}
NEEDS = {"later_date": "later_date", "plan": "plan", "due_day": "due_day", "part_amount": "part_amount"}
# rules that no other date, amount or number of rows would satisfy
FINAL_RULES = {"product", "settled", "days_past_due", "replaces", "at_most"}
# these end the form: what they need comes first, and nobody is asked again for an amount after them
LEAVING = {
    "request_human",
    "express_distress",
    "third_party_contact",
    "stop",
    "goodbye",
    "dispute_debt",
    "stop_reminders",
}
EMPTY: dict[str, Any] = dict.fromkeys(
    ("relief", "later_date", "plan", "due_day", "part_amount", "quote", "offers", "consent")
)


@dataclass
class Negotiation:
    """The form's slots while one message is read."""

    turn: Turn
    slots: dict[str, Any]
    replies: list[Reply]

    def __getitem__(self, name: str) -> Any:
        return self.slots.get(name, self.turn.slots.get(name))

    def put(self, **values: Any) -> None:
        self.slots.update(values)

    def say(self, reply: Reply) -> None:
        self.replies.append(reply)

    @property
    def missing(self) -> str | None:
        """The next slot to ask for."""
        if not self["loan"]:
            return "loan"
        need = NEEDS.get(self["relief"])
        if need and not self["quote"]:
            return need
        return None if self["consent"] else "consent"
