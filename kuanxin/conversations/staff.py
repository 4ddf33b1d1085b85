"""What colleagues do with conversations: take one over, answer, hand on, give back; and what they note beside it.

Exactly one colleague holds a conversation; from the claim to the end the assistant is silent in every channel. Every
call blocks on the database. The time comes from the caller. Raises ConversationNotFound, ConversationsUnavailable and
what kuanxin.conversations.review names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kuanxin.conversations.model import URGENCIES, ConversationNotFound, Handover
from kuanxin.conversations.review import AlreadyClosed

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.conversations.model import Entry
    from kuanxin.conversations.ports import ConversationStore, StaffStore, Transcripts
    from kuanxin.conversations.review import Agreement, Filters, OpenTicket, Page, Summary

TYPING_SECONDS = 6.0
FAREWELL = "同事这边先聊到这里，接下来由我（宽心，AI 助手）继续陪您。有需要随时说“转人工”。"
REASON_ORDER = ("safety", "complaint", "hardship")  # of what waits with the same urgency


class Staff:
    """Composed in kuanxin.bootstrap. `store` and `transcripts` are also read by the desk for what they alone hold."""

    def __init__(self, store: StaffStore, conversations: ConversationStore, transcripts: Transcripts) -> None:
        self.store = store
        self._conversations = conversations
        self._transcripts = transcripts

    def page(self, filters: Filters, cursor: str | None = None, limit: int = 25) -> Page:
        """A page of conversations; `cursor` is the one that the page before named."""
        return self._transcripts.page(filters, cursor, limit)

    def summary(self, conversation_id: str) -> Summary:
        found = self.store.summary(conversation_id)
        if found is None:
            raise ConversationNotFound(conversation_id)
        return found

    # hand-over

    def queue(self) -> tuple[Handover, ...]:
        """Open requests for a person: danger, complaints, hardship, then the longest wait. Decisions wait elsewhere."""
        waiting = (request for request in self._conversations.waiting() if request.reason != "decision")
        return tuple(sorted(waiting, key=_urgency))

    def claim(self, conversation_id: str, staff: str, now: datetime, override: bool = False) -> None:
        """This colleague answers from now on. Raises AlreadyClaimed unless a supervisor overrides."""
        self.store.claim(conversation_id, staff, now, override)

    def transfer(self, conversation_id: str, staff: str, to: str | None, note: str, now: datetime) -> None:
        """Hands on to a colleague, or back into the queue; the note tells them why."""
        self.store.transfer(conversation_id, staff, to, now)
        if note:
            self.store.add_note(conversation_id, staff, note, now)

    def reply(self, conversation_id: str, staff: str, text: str, token: str, now: datetime) -> Entry:
        """Answers the borrower, once for each token (a double click says it once)."""
        return self.store.reply(conversation_id, staff, text, token, now)

    def typing(self, conversation_id: str, staff: str) -> None:
        """The borrower sees for a moment that somebody is writing."""
        self.store.typing(conversation_id, staff, TYPING_SECONDS)

    def give_back(self, conversation_id: str, staff: str, outcome: str, seen: int, now: datetime) -> None:
        """The assistant goes on; `outcome` is the summary for colleagues, `seen` the last entry that was read."""
        self.store.give_back(conversation_id, staff, outcome, seen, FAREWELL, now)
        if outcome:
            self.store.add_note(conversation_id, staff, outcome, now)

    # decisions

    def remember_agreement(self, agreement: Agreement) -> None:
        """Which arrangement was agreed in which conversation: where the answer to a request goes."""
        self.store.keep_agreement(agreement)

    def conclude(self, agreement: Agreement, state: str, reply: dict[str, Any], by: str, now: datetime) -> None:
        """Tells the borrower what was decided, where they asked; once, however often it is called. The decision itself
        is the cause of a notice already."""
        self.store.tell(agreement.conversation_id, f"decided-{agreement.id}"[:64], now, reply, by, notice=False)
        self.store.note_state(agreement.id, state, now)
        self.store.end_decision_request(agreement.conversation_id, now)

    def close_ticket(self, ticket: OpenTicket, staff: str, outcome: str, answer: str, now: datetime) -> None:
        """Closes it and tells the borrower; the colleague who closed it may say the same again after a crash."""
        try:
            self.store.close_ticket(ticket.number, staff, outcome, now)
        except AlreadyClosed as closed:
            if str(closed) != staff:
                raise
        self.store.tell(ticket.conversation_id, f"ticket-{ticket.number}", now, {"text": answer}, staff)
        if ticket.kind in ("dispute", "payment"):
            self._conversations.end_hold(ticket.borrower_id or ticket.conversation_id, "dispute", now)


def _urgency(request: Handover) -> tuple[int, int, datetime, int]:
    reason = "hardship" if request.hardship and request.reason not in REASON_ORDER else request.reason
    weight = REASON_ORDER.index(reason) if reason in REASON_ORDER else len(REASON_ORDER)
    return (-URGENCIES.index(request.urgency), weight, request.waiting_since, request.id)
