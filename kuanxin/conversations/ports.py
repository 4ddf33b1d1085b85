"""What conversations need from outside: a place to keep them, and a way to call a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from kuanxin.conversations.model import (
        Author,
        Conversation,
        Entry,
        Handover,
        IssuedButton,
        Recorded,
        Reminder,
        ReminderHold,
        Ticket,
        Urgency,
    )
    from kuanxin.conversations.review import (
        Agreement,
        Filters,
        Head,
        Note,
        OpenTicket,
        Page,
        Summary,
        Unclear,
        Understanding,
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
        """Appends to the transcript, issues the ids of buttons, and marks the message `message_id` as answered.

        Of two answers of the assistant to one message the first stays: it is what the second call returns.
        """

    def button(self, conversation_id: str, button_id: str) -> IssuedButton | None: ...

    def first_shown(self, conversation_id: str, entities: dict[str, Any]) -> float | None:
        """When a platform first had a button with these entities."""

    def last_shown(self, conversation_id: str) -> float | None:
        """When a platform last had a button."""

    def entries(self, conversation_id: str, after: int, limit: int) -> tuple[Entry, ...]:
        """Entries with a number above `after`, oldest first."""

    def latest(self, conversation_id: str, limit: int) -> tuple[Entry, ...]:
        """The last entries, oldest first."""

    def heads(self, conversation_ids: Sequence[str]) -> dict[str, Head]:
        """How far these conversations are; one that does not exist is left out."""

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


class StaffStore(Protocol):
    """What colleagues do with conversations. Each method is one transaction; all raise ConversationsUnavailable.

    The exceptions named below stand in kuanxin.conversations.review.
    """

    def open_request(self, conversation_id: str) -> Handover | None: ...

    def claim(self, conversation_id: str, staff: str, now: datetime, override: bool) -> None:
        """Takes the open request for a person; makes one where there is none. Raises AlreadyClaimed."""

    def transfer(self, conversation_id: str, staff: str, to: str | None, now: datetime) -> None:
        """To a colleague, or back into the queue. Raises NotHolding."""

    def reply(self, conversation_id: str, staff: str, text: str, token: str, now: datetime) -> Entry:
        """Once for each token. Raises NotHolding."""

    def tell(
        self, conversation_id: str, token: str, now: datetime, reply: dict[str, Any], staff: str, notice: bool = True
    ) -> Entry:
        """Wherever the conversation stands; once for each token. `notice`: the phone is told that a colleague wrote."""

    def give_back(
        self, conversation_id: str, staff: str, outcome: str, seen: int, farewell: str, now: datetime
    ) -> None:
        """The assistant answers again. Raises NotHolding, BorrowerWroteMeanwhile (an entry above `seen`)."""

    def typing(self, conversation_id: str, staff: str, seconds: float) -> None:
        """Raises NotHolding."""

    def summary(self, conversation_id: str) -> Summary | None: ...

    def understandings(self, conversation_id: str) -> tuple[Understanding, ...]: ...

    def notes(self, conversation_id: str) -> tuple[Note, ...]: ...

    def add_note(self, conversation_id: str, staff: str, text: str, now: datetime) -> None: ...

    def set_tags(self, conversation_id: str, wanted: Sequence[str]) -> None: ...

    def known_tags(self, limit: int = 100) -> tuple[str, ...]: ...

    def review(self, conversation_id: str, staff: str, now: datetime) -> None:
        """Somebody looked at it: it asks for attention no more, until something new happens."""

    def set_legal_hold(self, conversation_id: str, held: bool) -> None: ...

    def keep_agreement(self, agreement: Agreement) -> None:
        """Once for each arrangement."""

    def agreements_of(self, conversation_id: str) -> tuple[Agreement, ...]: ...

    def agreement(self, id: str) -> Agreement | None: ...

    def agreements_in(self, state: str) -> tuple[Agreement, ...]: ...

    def note_state(self, id: str, state: str, told_at: datetime) -> None:
        """The answer to a request was told."""

    def note_states(self, states: Mapping[str, str]) -> int:
        """What became of arrangements, by their id, as the loan book says; how many had changed."""

    def end_decision_request(self, conversation_id: str, now: datetime) -> None: ...

    def open_tickets(self, kinds: Sequence[str], limit: int) -> tuple[OpenTicket, ...]: ...

    def ticket(self, number: str) -> OpenTicket | None: ...

    def close_ticket(self, number: str, staff: str, outcome: str, now: datetime) -> None:
        """Raises AlreadyClosed."""

    def unclear(self, below: float, before: datetime | None, limit: int) -> tuple[Unclear, ...]:
        """Typed messages that were not understood or with less certainty than `below`, newest first."""

    def counts(self) -> dict[str, int]:
        """How much waits: waiting, held, requested, tickets, unreviewed."""


class Transcripts(Protocol):
    def page(self, filters: Filters, cursor: str | None = None, limit: int = 25) -> Page:
        """Raises ValueError for a cursor that is none, ConversationsUnavailable."""


class Alerts(Protocol):
    def urgent(self, conversation_id: str, now: datetime) -> None:
        """Calls a person at once: somebody in this conversation may be in danger. Never raises."""
