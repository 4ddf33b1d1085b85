"""Writes notices into the transaction of their cause, for the repositories that write the cause itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from kuanxin.notices.causes import Wish, of_events, of_staff_reply, of_wish
from kuanxin.servicing.state import state_of
from kuanxin.servicing.status import status_of
from kuanxin.store.agreement_states import note_states
from kuanxin.store.outbox import enqueue, last_said
from kuanxin.store.tables_conversations import conversations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from kuanxin.conversations.model import Reminder
    from kuanxin.notices.catalogue import Timing
    from kuanxin.servicing.model import Loan, LoanEvent

PULLED = ("chat", "sms", "web")  # channels where an answer waits until the borrower looks


class OutboxCauses:
    """Writes notices into the transaction of their cause; composed in kuanxin.bootstrap."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    def appended(self, connection: Connection, loan: Loan, events: Sequence[LoanEvent]) -> None:
        """Events were appended to a loan: what was agreed or decided is confirmed, a broken promise is asked about,
        and what became of arrangements is noted where they were agreed."""
        now = max(event.at for event in events)
        note_states(connection, {one.id: one.state.value for one in state_of(loan, now).arrangements})
        enqueue(connection, of_events(status_of(loan, now), events, self._timing), now)

    def staff_replied(self, connection: Connection, conversation_id: str, now: datetime) -> None:
        """A colleague answered. Channels that bring the answer to the phone by themselves need no notice."""
        found = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).one()
        if found.borrower_id and found.channel in PULLED:
            number = last_said(connection, conversation_id)
            enqueue(connection, [of_staff_reply(found.borrower_id, conversation_id, number, now)], now)

    def reminder_set(self, connection: Connection, reminder: Reminder, now: datetime) -> None:
        """A borrower set a reminder, or another day for it: the older one finds that at its time."""
        wish = Wish(reminder.borrower_id, reminder.about, reminder.on, reminder.days_before, now)
        enqueue(connection, [of_wish(wish)], now)
