"""Erases conversations whose time has come: words, what was understood, notes, buttons, the model's memory, the address
that nobody is bound to; and the texts of notices that are as old.

What stays: a pause of reminders that somebody asked for (it outlives the words), and the empty conversation that it
hangs on; of a notice that it was one. Loans, arrangements and consents belong to the loan book and are not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, or_, select, update

from kuanxin.store.conversations_repository import take_conversation
from kuanxin.store.outbox import OPEN
from kuanxin.store.tables_channels import channel_addresses, channel_deliveries, channel_inbox, channel_values
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
from kuanxin.store.tables_notices import notices
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement


OF_A_CONVERSATION = (
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
            for table in OF_A_CONVERSATION:
                connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
            this = conversations.c.id == conversation_id
            lone = (channel_addresses.c.conversation_id == conversation_id) & channel_addresses.c.borrower_id.is_(None)
            addresses = connection.execute(select(channel_addresses.c.channel, channel_addresses.c.address).where(lone))
            for table, its in of_addresses([(row.channel, row.address) for row in addresses]).items():
                connection.execute(delete(table).where(its))
            connection.execute(delete(channel_addresses).where(lone))
            held = [
                select(table).where(table.c.conversation_id == conversation_id) for table in (reminder_holds, reminders)
            ]
            if any(connection.execute(query).first() for query in held):
                empty_conversations(connection, this)
            else:
                connection.execute(delete(conversations).where(this))

    def empty_notices(self, before: datetime, now: datetime) -> int:
        """Notices that were over before lose their texts, except where a legal hold is on the borrower. How many."""
        old = (notices.c.expires_at < before) & notices.c.state.not_in(OPEN) & (notices.c.key != "")
        held = exists().where(conversations.c.borrower_id == notices.c.borrower_id, conversations.c.legal_hold)
        with self._writing() as connection:
            return empty_notices(connection, old & ~held, now)


def of_addresses(addresses: Sequence[tuple[str, str]]) -> dict[Table, ColumnElement[bool]]:
    """What channels keep under the addresses (channel, address) of a person: messages, and codes for some minutes."""
    inbox, name = channel_inbox.c, channel_values.c.name
    return {
        channel_inbox: or_(
            False, *(and_(inbox.channel == channel, inbox.address == one) for channel, one in addresses)
        ),
        channel_values: or_(False, *(name.endswith(one, autoescape=True) for _, one in addresses)),
    }


def empty_conversations(connection: Connection, those: ColumnElement[bool]) -> None:
    """Nothing is left of them but that they were there."""
    bare = {"attention": 0, "said": 0, "rating": None, "lowest_confidence": None, "unfinished": False}
    flags = dict.fromkeys(("fallback", "hardship", "complaint", "handed_over"), False)
    connection.execute(update(conversations).where(those).values(**bare, **flags))


def empty_notices(connection: Connection, those: ColumnElement[bool], now: datetime) -> int:
    """Nothing is left of them but of which kind they were, when, and whether they went out. How many.

    One that waits is withdrawn. What a worker may be sending just now counts as sent: whether it was is not asked.
    """
    state = case(
        (notices.c.state == "waiting", "withdrawn"), (notices.c.state == "sending", "unclear"), else_=notices.c.state
    )
    ended = case((notices.c.state.in_(OPEN), now), else_=notices.c.ended_at)
    empty = {"text": "", "about": "{}", "key": "", "reached": "", "receipt": "", "why": "", "claim": ""}
    values = {"state": state, "ended_at": ended, **empty}
    return int(connection.execute(update(notices).where(those).values(**values)).rowcount)
