"""What conversations need from outside: a place to keep them, and a way to call a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from kuanxin.conversations.model import (
        Author,
        Conversation,
        Entry,
        Handover,
        Head,
        IssuedButton,
        Recorded,
        Reminder,
        ReminderHold,
        Ticket,
        Urgency,
    )


class ConversationStore(Protocol):
    """Keeps conversations. Each method is one transaction; all raise ConversationsUnavailable.

    Methods that write for a conversation raise ConversationNotFound where there is none.
    """

    def open(self, conversation_id: str, channel: str, borrower_id: str | None, now: datetime) -> Conversation:
        """The conversation, made where it does not exist."""

    def get(self, conversation_id: str) -> Conversation | None: ...

    def change(self, conversation_id: str, **values: Any) -> None:
        """Sets fields of a conversation."""

    def signed_in(self, conversation_id: str, borrower_id: str, at: datetime) -> None:
        """Notes a sign-in and ends `third_party` with it; one that is not later than the known one changes nothing."""

    def claim(
        self, conversation_id: str, message_id: str, text: str, now: datetime, verified: bool, lease: float
    ) -> Recorded:
        """Records a message once, by conversation and message id.

        An unanswered one whose `lease` (seconds of real time) ran out was lost in a crash: it is given out once more.
        """

    def append(
        self,
        conversation_id: str,
        author: Author,
        replies: Sequence[dict[str, Any]],
        now: datetime,
        message_id: str | None,
        verified: bool,
        disclosed: bool,
    ) -> tuple[Entry, ...]:
        """Appends to the transcript, issues the ids of buttons, and marks the message `message_id` as answered."""

    def button(self, conversation_id: str, button_id: str) -> IssuedButton | None: ...

    def entries(self, conversation_id: str, after: int, limit: int) -> tuple[Entry, ...]:
        """Entries with a number above `after`, oldest first."""

    def latest(self, conversation_id: str, limit: int) -> tuple[Entry, ...]:
        """The last entries, oldest first."""

    def heads(self, conversation_ids: Sequence[str]) -> dict[str, Head]:
        """Where these conversations stand; unknown ones are left out."""

    def open_handover(
        self, conversation_id: str, reason: str, urgency: Urgency, summary: str, now: datetime
    ) -> Handover:
        """The open request for a person; a second one only raises its urgency."""

    def end_handover(self, conversation_id: str, now: datetime) -> None: ...

    def waiting(self) -> tuple[Handover, ...]:
        """All open requests for a person."""

    def open_ticket(self, conversation_id: str, kind: str, subject: str, text: str, now: datetime) -> Ticket: ...

    def tickets(self, conversation_id: str) -> tuple[Ticket, ...]: ...

    def hold(self, conversation_id: str, reason: str, since: datetime, until: datetime | None) -> None:
        """One hold for each reason and borrower (or conversation, before a sign-in); a second one lengthens it."""

    def end_hold(self, subject: str, reason: str, at: datetime) -> None: ...

    def holds(self, subject: str) -> tuple[ReminderHold, ...]:
        """All holds of a borrower id or conversation id, ended ones too."""

    def keep_reminder(
        self, conversation_id: str, borrower_id: str, on: date, days_before: int, about: str, now: datetime
    ) -> Reminder: ...

    def reminders(self, borrower_id: str) -> tuple[Reminder, ...]: ...

    def keep_rating(self, conversation_id: str, score: int, words: str, now: datetime) -> None: ...

    def keep_unclear(self, conversation_id: str, text: str, parse: dict[str, Any], now: datetime) -> None: ...


class Alerts(Protocol):
    def urgent(self, conversation_id: str, now: datetime) -> None:
        """Calls a person at once: somebody in this conversation may be in danger. Never raises."""
