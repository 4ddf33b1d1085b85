"""An address is bound to a borrower: what it said until then goes on in the borrower's own conversation.

Everything happens in the transaction that uses the ticket up. What counts is kept: who holds the conversation, an open
request for a person, safety and other holds, tickets, notes, buttons that are still on the screen, and what was said,
so that a colleague reads one conversation. Where the borrower's conversation has a form open, that form stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from kuanxin.conversations.model import URGENCIES
from kuanxin.store.addresses_repository import release
from kuanxin.store.tables_channels import channel_addresses, channel_deliveries
from kuanxin.store.tables_conversations import (
    FLAGS,
    agreements,
    conversations,
    handovers,
    issued_buttons,
    notes,
    reminder_holds,
    tickets,
    transcript,
    understood,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

HOLDERS = ("bot", "waiting", "human")


def bind_address(
    connection: Connection, conversation_id: str, borrower_id: str, at: datetime, until: datetime, now: datetime
) -> str | None:
    """The borrower's conversation, where the given one is that of an address; None where it is not."""
    this = channel_addresses.c.conversation_id == conversation_id
    address = connection.execute(select(channel_addresses).where(this).with_for_update()).first()
    if address is None:
        return None
    release(connection, borrower_id, address.channel)
    bound = {"borrower_id": borrower_id, "bound_at": at, "bound_until": until}
    connection.execute(update(channel_addresses).where(this).values(**bound))
    own = f"b-{borrower_id}"
    _join(connection, conversation_id, own, address.channel, borrower_id, now)
    last = connection.execute(select(conversations.c.last_number).where(conversations.c.id == own)).scalar_one()
    key = {"channel": address.channel, "address": address.address, "conversation_id": own}
    told = (channel_deliveries.c[name] == value for name, value in key.items())
    if not connection.execute(update(channel_deliveries).where(*told).values(number=last, part=0)).rowcount:
        connection.execute(insert(channel_deliveries), {**key, "number": last})
    return own


def _join(connection: Connection, from_id: str, to_id: str, channel: str, borrower_id: str, now: datetime) -> None:
    earlier = connection.execute(select(conversations).where(conversations.c.id == from_id)).first()
    own = select(conversations).where(conversations.c.id == to_id).with_for_update()
    if connection.execute(own).first() is None:
        row = {"id": to_id, "channel": channel, "borrower_id": borrower_id, "opened_at": now, "last_at": now}
        connection.execute(insert(conversations), row)
    if earlier is None:  # the link came from somewhere else: nothing was said there yet
        return
    known = connection.execute(own).one()
    _move_request(connection, from_id, to_id, now)
    for table in (tickets, issued_buttons, reminder_holds, notes, understood, agreements):
        connection.execute(update(table).where(table.c.conversation_id == from_id).values(conversation_id=to_id))
    said = connection.execute(
        select(transcript).where(transcript.c.conversation_id == from_id).order_by(transcript.c.number)
    ).all()
    copies = [
        {**row._mapping, "conversation_id": to_id, "number": number}
        for number, row in enumerate(said, known.last_number + 1)
    ]
    if copies:
        connection.execute(insert(transcript), copies)
    connection.execute(
        update(conversations)
        .where(conversations.c.id == to_id)
        .values(
            holder=max(earlier.holder, known.holder, key=HOLDERS.index),
            safety_hold=earlier.safety_hold or known.safety_hold,
            disclosed=earlier.disclosed or known.disclosed,
            legal_hold=earlier.legal_hold or known.legal_hold,
            last_number=known.last_number + len(copies),
            last_at=max(earlier.last_at, known.last_at),
            said=known.said + earlier.said,
            attention=max(earlier.attention, known.attention),
            **{flag: getattr(earlier, flag) or getattr(known, flag) for flag in FLAGS},
        )
    )
    # nobody waits in the earlier one any more
    over = {"holder": "bot", "safety_hold": False, "attention": 0}
    connection.execute(update(conversations).where(conversations.c.id == from_id).values(**over))


def _move_request(connection: Connection, from_id: str, to_id: str, now: datetime) -> None:
    """The open request for a person; where both have one, the more urgent one stands."""

    def open_in(conversation_id: str) -> Row | None:
        still = (handovers.c.conversation_id == conversation_id) & handovers.c.ended_at.is_(None)
        return connection.execute(select(handovers).where(still)).first()

    earlier, known = open_in(from_id), open_in(to_id)
    if earlier is None:
        return
    if known is not None:
        chosen = max(earlier, known, key=lambda request: URGENCIES.index(request.urgency))
        stands = {
            "reason": chosen.reason,
            "urgency": chosen.urgency,
            "summary": chosen.summary,
            "waiting_since": min(earlier.waiting_since, known.waiting_since),
            "claimed_by": earlier.claimed_by or known.claimed_by,
            "claimed_at": earlier.claimed_at if earlier.claimed_by else known.claimed_at,
        }
        connection.execute(update(handovers).where(handovers.c.id == known.id).values(ended_at=now))
        connection.execute(update(handovers).where(handovers.c.id == earlier.id).values(**stands))
    moved = update(handovers).where(handovers.c.id == earlier.id).values(conversation_id=to_id)
    connection.execute(moved)
