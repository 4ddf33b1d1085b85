"""Erases conversations whose time has come: words, what was understood, notes, buttons, the model's memory.

What stays: a pause of reminders that somebody asked for (it outlives the words), and the empty conversation that it
hangs on. Loans, arrangements and consents belong to the loan book and are not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select, update

from kuanxin.store.conversations_repository import take_conversation
from kuanxin.store.tables_channels import channel_deliveries
from kuanxin.store.tables_conversations import (
    agreements,
    conversations,
    handovers,
    inbound,
    issued_buttons,
    notes,
    ratings,
    reminder_holds,
    reminders,
    tags,
    tickets,
    trackers,
    transcript,
    unclear_messages,
    understood,
)
from kuanxin.store.tables_identity import sign_in_tickets, sign_ins
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from datetime import datetime


_OF_A_CONVERSATION = (
    *(understood, transcript, inbound, issued_buttons, handovers, tickets, ratings, unclear_messages),
    *(notes, tags, agreements, trackers, sign_in_tickets, sign_ins, channel_deliveries),
)


class SqlErasure(Transactions):
    def due(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Conversations that ended before; none under a legal hold, in somebody's hands, or waiting for a decision."""
        c = conversations.c
        query = (
            select(c.id)
            .where(c.last_at < before, ~c.legal_hold, c.holder == "bot", ~c.safety_hold)
            .where(exists().where(transcript.c.conversation_id == c.id))
            .where(~exists().where(tickets.c.conversation_id == c.id, tickets.c.closed_at.is_(None)))
            .where(~exists().where(agreements.c.conversation_id == c.id, agreements.c.state == "requested"))
            .order_by(c.last_at)
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(connection.execute(query).scalars())

    def erase(self, conversation_id: str) -> None:
        """All of it in one transaction; a legal hold that came meanwhile is respected."""
        with self._writing() as connection:
            if take_conversation(connection, conversation_id).legal_hold:
                return
            for table in _OF_A_CONVERSATION:
                connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
            this = conversations.c.id == conversation_id
            held = [
                select(table).where(table.c.conversation_id == conversation_id) for table in (reminder_holds, reminders)
            ]
            if any(connection.execute(query).first() for query in held):
                bare = {"attention": 0, "said": 0, "rating": None, "lowest_confidence": None, "unfinished": False}
                flags = dict.fromkeys(("fallback", "hardship", "complaint", "handed_over"), False)
                connection.execute(update(conversations).where(this).values(**bare, **flags))
            else:
                connection.execute(delete(conversations).where(this))
