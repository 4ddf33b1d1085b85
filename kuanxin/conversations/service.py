"""Conversations as channels, actions and desk use them: who holds one, what was said, what was asked of people.

Every call blocks on the database: channels and actions call from a thread. The time comes from the caller (aware,
Asia/Shanghai). Raises ConversationNotFound and ConversationsUnavailable (kuanxin.conversations.model).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.conversations.model import (
    HOLD_REASONS,
    TICKET_KINDS,
    URGENCIES,
    Conversation,
    ConversationNotFound,
    Entry,
    Handover,
    IssuedButton,
    Recorded,
    Reminder,
    ReminderHold,
    Ticket,
)
from kuanxin.conversations.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kuanxin.conversations.model import Author, Urgency
    from kuanxin.conversations.ports import Alerts, ConversationStore
    from kuanxin.conversations.review import Head

SAFETY_PAUSE = timedelta(hours=72)  # the shortest time without reminders after somebody may have been in danger
RECENT_ENTRIES = 20
ANSWER_LEASE_SECONDS = 40.0  # a message not answered after this was lost in a crash and may be given out again


class Conversations:
    """Composed in kuanxin.bootstrap. `staffed` says whether a colleague is there at a moment."""

    def __init__(self, store: ConversationStore, staffed: Callable[[datetime], bool], alerts: Alerts) -> None:
        self._store = store
        self._staffed = staffed
        self._alerts = alerts

    # who speaks, who holds it

    def open(self, conversation_id: str, channel: str, borrower_id: str | None, now: datetime) -> Conversation:
        """The conversation, made where it does not exist yet."""
        return self._store.open(conversation_id, channel, borrower_id, now)

    def get(self, conversation_id: str) -> Conversation:
        found = self._store.get(conversation_id)
        if found is None:
            raise ConversationNotFound(conversation_id)
        return found

    def signed_in(self, conversation_id: str, borrower_id: str, at: datetime) -> None:
        """The bank saw the borrower sign in at this moment: a new sign-in ends `third_party`."""
        self._store.signed_in(conversation_id, borrower_id, at)

    def mark_third_party(self, conversation_id: str, now: datetime) -> None:
        """The writer is not the borrower: no loan facts in this conversation until a new sign-in."""
        self._store.change(conversation_id, third_party=True)

    def take_over(self, conversation_id: str) -> None:
        """A colleague answers from now on; the model is not asked any more."""
        self._store.change(conversation_id, holder="human")

    def give_back(self, conversation_id: str, now: datetime) -> None:
        """The colleague is done: the request is closed and the assistant answers again."""
        self._store.end_handover(conversation_id, now)

    # what was said

    def record_inbound(
        self, conversation_id: str, message_id: str, text: str, now: datetime, verified: bool = False
    ) -> Recorded:
        """Records what the borrower said, once for each message id; the text is redacted.

        `verified`: said while signed in. A repetition brings the replies that the message had.
        """
        clean, _ = redact(text)
        return self._store.claim(conversation_id, message_id, clean, now, verified, ANSWER_LEASE_SECONDS)

    def record_replies(
        self,
        conversation_id: str,
        replies: Sequence[dict[str, Any]],
        now: datetime,
        message_id: str | None = None,
        author: Author = "assistant",
        verified: bool = False,
        disclosed: bool = False,
    ) -> tuple[Entry, ...]:
        """Appends replies {text, card, buttons: [{title, intent, entities}]}; their buttons get ids in the result.

        With `message_id` that message counts as answered, also by no reply at all; words of a colleague with one were
        written where the borrower reads them, so no notice says that they came. `disclosed`: they told that an AI
        assistant speaks.
        """
        return self._store.append(conversation_id, author, replies, now, message_id, verified, disclosed)

    def record_reply(self, conversation_id: str, reply: dict[str, Any], now: datetime) -> Entry:
        """One reply that answers no message in particular."""
        return self.record_replies(conversation_id, [reply], now)[0]

    def button(self, conversation_id: str, button_id: str) -> IssuedButton | None:
        """What a button means; None where this conversation was never shown it."""
        return self._store.button(conversation_id, button_id)

    def first_shown(self, conversation_id: str, entities: dict[str, Any]) -> float | None:
        """Seconds since 1970 at which a platform first had a button with these entities; None where none ever had."""
        return self._store.first_shown(conversation_id, entities)

    def last_shown(self, conversation_id: str) -> float | None:
        """Seconds since 1970 at which a platform last had a button."""
        return self._store.last_shown(conversation_id)

    def last_question(self, conversation_id: str, verified: bool) -> dict[str, Any]:
        """What was last said with choices below it, as a reply that can be recorded again: these get ids of their own.

        Empty where nothing was asked. Without `verified` what was said while signed in is left out.
        """
        entries = self._store.latest(conversation_id, RECENT_ENTRIES)
        last = next((e for e in reversed(entries) if e.buttons and (verified or not e.verified)), None)
        if last is None:
            return {}
        issued = [self._store.button(conversation_id, button["id"]) for button in last.buttons]
        buttons = [{"title": b.title, "intent": b.intent, "entities": b.entities} for b in issued if b]
        return {"text": last.text, "card": last.card, "buttons": buttons}

    def transcript(self, conversation_id: str, after: int | None = None, limit: int = 50) -> tuple[Entry, ...]:
        """Entries after the number `after`, oldest first; without it the last ones."""
        if after is None:
            return self._store.latest(conversation_id, limit)
        return self._store.entries(conversation_id, after, limit)

    def heads(self, conversation_ids: Sequence[str]) -> dict[str, Head]:
        """Where these conversations stand, unknown ones left out: one question for all that a server has open."""
        return self._store.heads(conversation_ids) if conversation_ids else {}

    def remember_unclear(self, conversation_id: str, text: str, parse: dict[str, Any], now: datetime) -> None:
        """Keeps a message that was not understood, for those who improve the model."""
        self._store.keep_unclear(conversation_id, redact(text)[0], parse, now)

    def rate(self, conversation_id: str, score: int, words: str, now: datetime) -> None:
        """How the borrower found the conversation: 1 (not at all) to 5; every rating is kept, the last one counts."""
        self._store.keep_rating(conversation_id, score, redact(words)[0], now)

    # what is asked of people

    def hand_over(self, conversation_id: str, reason: str, urgency: Urgency, summary: str, now: datetime) -> Handover:
        """Asks for a person. While a request is open, the same one comes back (more urgent where asked so)."""
        if urgency not in URGENCIES:
            raise ValueError(f"urgency {urgency!r}, expected one of {', '.join(URGENCIES)}")
        handover = self._store.open_handover(conversation_id, reason, urgency, redact(summary)[0], now)
        return replace(handover, staffed=self._staffed(now))

    def waiting(self) -> tuple[Handover, ...]:
        """Everybody who waits for a person, the most urgent first, then the longest wait."""
        return tuple(sorted(self._store.waiting(), key=lambda h: (-URGENCIES.index(h.urgency), h.waiting_since, h.id)))

    def open_ticket(self, conversation_id: str, kind: str, subject: str, text: str, now: datetime) -> Ticket:
        """Something for the back office, with a number. The same kind and subject, still open, is the same ticket."""
        if kind not in TICKET_KINDS:
            raise ValueError(f"ticket of kind {kind!r}, expected one of {', '.join(sorted(TICKET_KINDS))}")
        return self._store.open_ticket(conversation_id, kind, subject, redact(text)[0], now)

    def tickets(self, conversation_id: str) -> tuple[Ticket, ...]:
        return self._store.tickets(conversation_id)

    # reminders and safety

    def hold_reminders(
        self, conversation_id: str, reason: str, now: datetime, until: datetime | date | None = None
    ) -> None:
        """Nothing proactive goes to this borrower: to the end of the day or up to the moment `until`, or until a person
        (for opt_out: the borrower) ends it."""
        if reason not in HOLD_REASONS:
            raise ValueError(f"hold for {reason!r}, expected one of {', '.join(sorted(HOLD_REASONS))}")
        if until is not None and not isinstance(until, datetime):
            until = datetime.combine(until + timedelta(days=1), time(), now.tzinfo)
        self._store.hold(conversation_id, reason, now, until)

    def reminder_holds(self, subject: str, now: datetime | None = None) -> tuple[ReminderHold, ...]:
        """The holds of a borrower or a conversation; with `now` only those that still last."""
        holds = self._store.holds(subject)
        return tuple(h for h in holds if now is None or h.until is None or h.until > now)

    def set_reminder(
        self, conversation_id: str, borrower_id: str, on: date, days_before: int, about: str, now: datetime
    ) -> Reminder:
        """A reminder that the borrower asked for; a second one about the same thing replaces it. Who asks for one wants
        messages again: an earlier opt_out ends."""
        self._store.end_hold(borrower_id, "opt_out", now)
        return self._store.keep_reminder(conversation_id, borrower_id, on, days_before, about, now)

    def reminders(self, borrower_id: str) -> tuple[Reminder, ...]:
        return self._store.reminders(borrower_id)

    def start_safety_hold(self, conversation_id: str, now: datetime) -> None:
        """Somebody may be in danger: no talk of money, no reminders, a person is called at once.

        Lasts until a person clears it; reminders stay away for at least 72 hours.
        """
        if not self.get(conversation_id).safety_hold:
            self._alerts.urgent(conversation_id, now)  # first: a second alert is better than none
        self._store.change(conversation_id, safety_hold=True)
        self._store.hold(conversation_id, "self_harm", now, None)
        self._store.open_handover(conversation_id, "safety", "urgent", "可能有危险，请先关心人，不谈还款", now)

    def clear_safety_hold(self, conversation_id: str, now: datetime) -> None:
        """A person judged that the danger is over. Reminders stay away until 72 hours after the last sign of it."""
        conversation = self.get(conversation_id)
        for hold in self._store.holds(conversation_id):
            if hold.reason == "self_harm":
                self._store.end_hold(conversation_id, "self_harm", max(now, hold.since + SAFETY_PAUSE))
        if conversation.safety_hold:
            self._store.change(conversation_id, safety_hold=False)
