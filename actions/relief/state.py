"""What the relief form knows while a message is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from actions.turn import to_date, to_fen
from kuanxin.servicing.affordability import Budget

if TYPE_CHECKING:
    from datetime import date

    from actions.turn import Turn
    from kuanxin.conversations.replies import Reply
    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.status import Status

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
# what a message may tell before it is clear which loan it is about
TERMS = {"date", "duration", "amount", "count", "day_of_month"}
MONTHLY = ("income", "expense", "debt")  # what an amount may be besides an offer
A_MONTH = {"asks": "monthly"}  # told: what can be paid a month was asked for before any plan was wanted
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
    ("relief", "later_date", "plan", "due_day", "part_amount", "quote", "offers", "consent", "told")
)


ANY = re.compile(r"随便|都行|都可以|无所谓|你看着|你定")
UNSURE = re.compile(r"不知道|说不准|不好说|不确定|不清楚|没数|算不[出清来]")


def terms_of(turn: Turn) -> dict[str, Any]:
    """The dates, amounts and counts of a message. A payday stands under that name too, and what somebody earns, spends
    and owes elsewhere under names of their own, in yuan, added up.

    What is known goes before what is not (8号发工资 改到发工资后), the later before the earlier.
    """
    found: dict[str, Any] = {}
    for entity in sorted(turn.entities, key=lambda e: e.get("value") is not None):
        name, value = entity["entity"], entity.get("value")
        if name == "amount" and entity.get("of") in MONTHLY:
            found[entity["of"]] = str(Decimal(found.get(entity["of"], 0)) + Decimal(value))
        elif name in TERMS:
            found[name] = value
            if entity.get("payday"):
                found["payday"] = value
    return found


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

    def entity(self, name: str) -> Any:
        """From this message, else from the one that came before the loan was chosen."""
        value = self.turn.entity(name)
        return (self["told"] or {}).get(name) if value is None else value

    @property
    def status(self) -> Status:
        """Of the loan that was chosen, which is an open one."""
        return next(status for status in self.turn.open_loans if status.loan.id == self["loan"])

    @property
    def terms(self) -> dict[str, Any]:
        return terms_of(self.turn)

    @property
    def known(self) -> dict[str, Any]:
        """The terms of this message over those of the one before it."""
        return {**(self["told"] or {}), **self.terms}

    def budget(self) -> Budget:
        """What this message and the one before it tell of a month."""
        told = self.known
        income, expense, debt, amount = (to_fen(told.get(name)) for name in (*MONTHLY, "amount"))
        return Budget(amount, income, expense or 0, debt or 0, self.due_day()[1])

    def amount(self) -> Fen | None:
        """What is offered; not what is earned or spent."""
        return to_fen(self.known.get("amount"))

    def date(self) -> date | None:
        return to_date(self.entity("date"))

    def due_day(self) -> tuple[int | None, int | None]:
        """The day of the month that was named for paying, and the one on which wages come (15号发工资)."""
        told = self.terms or self["told"] or {}
        payday, named = to_date(told.get("payday")), to_date(told.get("date"))
        day = told.get("day_of_month") or (named.day if named else None)
        if payday and day is not None and int(day) == payday.day:  # 15号发工资 想15号以后扣
            day = None
        return (None if day is None else int(day)), (payday.day if payday else None)

    @property
    def missing(self) -> str | None:
        """The next slot to ask for."""
        if not self["loan"]:
            return "loan"
        need = NEEDS.get(self["relief"])
        if need and not self["quote"]:
            return need
        return None if self["consent"] else "consent"
