"""One conversation as colleagues read it: lines beside what was understood, the loan as it stood, what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.ports import BookUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.bootstrap import Services
    from kuanxin.conversations.model import Entry
    from kuanxin.conversations.review import Summary, Understanding

MOST_LINES = 1000
MOST_NOTICES = 10
DOUBTFUL = 0.6


@dataclass(frozen=True)
class Line:
    entry: Entry
    understood: Understanding | None = None

    @property
    def problem(self) -> bool:
        """Worth jumping to: not understood, or with little certainty."""
        seen = self.understood
        return seen is not None and (seen.fallback or seen.confidence < DOUBTFUL)


def read(parts: Services, conversation_id: str) -> list[Line]:
    entries = parts.conversations.transcript(conversation_id, limit=MOST_LINES)
    made = {seen.message_id: seen for seen in parts.staff.store.understandings(conversation_id)}
    return [Line(e, made.get(e.message_id or "") if e.author == "borrower" else None) for e in entries]


def loans_of(parts: Services, summary: Summary) -> dict[str, Any]:
    """The borrower and the loans as they stood at the last word; `book_down` where the book does not answer."""
    if summary.borrower_id is None:
        return {"borrower": None, "statuses": ()}
    try:
        return {
            "borrower": parts.book.borrower(summary.borrower_id),
            "statuses": parts.servicing.statuses(summary.borrower_id, summary.last_at),
            "arrangements": [
                (arrangement, consent_of(parts, summary.borrower_id, arrangement))
                for arrangement in parts.servicing.arrangements(summary.borrower_id, parts.clock.now())
            ],
        }
    except BookUnavailable:
        return {"borrower": None, "statuses": (), "book_down": True}


def refresh_agreements(parts: Services, conversations: Sequence[str]) -> bool:
    """Notes what became by now of what was agreed in these conversations; whether anything had changed."""
    open_still = [one for id in conversations for one in parts.staff.store.agreements_of(id) if one.state == "active"]
    states = {}
    try:
        for borrower_id in {one.borrower_id for one in open_still}:
            found = parts.servicing.arrangements(borrower_id, parts.clock.now())
            states |= {one.id: one.state.value for one in found}
    except BookUnavailable:
        return False  # what was noted last is shown
    return bool(parts.staff.store.note_states(states))


def consent_of(parts: Services, borrower_id: str, arrangement: Any) -> str:
    """The words with which the borrower agreed."""
    for event in parts.book.loan(borrower_id, arrangement.loan_id).events:
        if event.kind == "committed" and event.arrangement_id == arrangement.id:
            return str(event.data.get("consent") or "")
    return ""


def beside(parts: Services, summary: Summary) -> dict[str, Any]:
    """What stands beside the conversation: notes, tickets, agreements made in it, holds and reminders."""
    store, conversations = parts.staff.store, parts.conversations
    subject = summary.borrower_id or summary.id
    return {
        "notes": store.notes(summary.id),
        "tickets": conversations.tickets(summary.id),
        "agreed_here": {agreement.id for agreement in store.agreements_of(summary.id)},
        "holds": conversations.reminder_holds(subject, parts.clock.now()),
        "notices": parts.outbox.of(summary.borrower_id)[-MOST_NOTICES:] if summary.borrower_id else (),
        "reminders": conversations.reminders(summary.borrower_id) if summary.borrower_id else (),
    }
