"""Everything that is kept about one borrower, for the rights of access and of erasure (PIPL arts. 45 and 47).

What is shown and what is erased come from the same list of tables, so that neither forgets one. The loan book
is no part of it: its rows are the bank's accounts, kept as long as the law asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select

from kuanxin.store.erasure import OF_A_CONVERSATION, empty_conversations, empty_notices, of_addresses
from kuanxin.store.tables_book import quotes
from kuanxin.store.tables_channels import channel_addresses, channel_values
from kuanxin.store.tables_conversations import agreements, conversations, reminder_holds, reminders, tickets
from kuanxin.store.tables_identity import sign_ins
from kuanxin.store.tables_notices import contact_wishes, notices
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement


class ErasureRefused(Exception):
    """Something about this borrower may not go yet. Says what; nothing was erased."""


@dataclass(frozen=True)
class Erased:
    """What went: rows of each table, ids of the conversations and notices; never what stood in them."""

    rows: dict[str, int] = field(default_factory=dict)
    conversations: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class SqlPerson(Transactions):
    def conversations_of(self, borrower_id: str) -> tuple[str, ...]:
        """Every conversation that this borrower ever signed in to, in whatever channel."""
        with self._reading() as connection:
            return _conversations_of(connection, borrower_id)

    def everything(self, borrower_id: str) -> dict[str, list[dict[str, Any]]]:
        """The rows about a borrower by table, as they stand; tables without any are left out. The loans themselves
        come from the loan book. Codes that channels work with for some minutes are not shown: they would let in.
        """
        with self._reading() as connection:
            those = {quotes: quotes.c.borrower_id == borrower_id, **_rows_of(connection, borrower_id)}
            del those[channel_values]
            found = {table.name: connection.execute(select(table).where(its)).all() for table, its in those.items()}
        return {name: [dict(row._mapping) for row in rows] for name, rows in found.items() if rows}

    def erase(self, borrower_id: str, *, owes: bool, now: datetime) -> Erased:
        """Erases what is kept about a borrower outside the loan book, in one transaction.

        `owes`: a loan is open, so that the borrower may still be written to. Then what protects stays: pauses of
        reminders, the wishes about hours and ways, and of each notice that it was one and when (it counts towards the
        most a week), without any text. Raises ErasureRefused while a conversation is under a legal hold, a
        colleague or an alert holds it, or a ticket or a request is open.
        """
        with self._writing() as connection:
            ids = _conversations_of(connection, borrower_id)
            c = conversations.c
            taken = connection.execute(select(conversations).where(c.id.in_(ids)).with_for_update()).all()
            _refuse(connection, ids, taken)
            those = _rows_of(connection, borrower_id)
            sent = connection.execute(select(notices.c.id).where(notices.c.borrower_id == borrower_id)).scalars().all()
            rows: dict[str, int] = {}
            if owes:
                rows[notices.name] = empty_notices(connection, those.pop(notices), now)
                del those[contact_wishes]
                held = select(reminder_holds.c.conversation_id).where(those.pop(reminder_holds))
                empty_conversations(connection, c.id.in_(held))
                those[conversations] &= c.id.not_in(held)
            for table, its in those.items():
                rows[table.name] = connection.execute(delete(table).where(its)).rowcount
            return Erased({name: number for name, number in rows.items() if number}, ids, tuple(sent))


def _conversations_of(connection: Connection, borrower_id: str) -> tuple[str, ...]:
    """Its own, the ones signed in to, and those in which an address spoke that is bound to the borrower."""
    queries = (
        select(conversations.c.id).where(
            or_(conversations.c.borrower_id == borrower_id, conversations.c.id == f"b-{borrower_id}")
        ),
        select(sign_ins.c.conversation_id).where(sign_ins.c.borrower_id == borrower_id),
        select(channel_addresses.c.conversation_id).where(channel_addresses.c.borrower_id == borrower_id),
        select(agreements.c.conversation_id).where(agreements.c.borrower_id == borrower_id),
    )
    return tuple(sorted({id for query in queries for id in connection.execute(query).scalars()}))


def _rows_of(connection: Connection, borrower_id: str) -> dict[Table, ColumnElement[bool]]:
    """Which rows of which table are about a borrower, in an order in which they can be deleted."""
    ids = _conversations_of(connection, borrower_id)
    its = or_(channel_addresses.c.borrower_id == borrower_id, channel_addresses.c.conversation_id.in_(ids))
    addresses = connection.execute(select(channel_addresses.c.channel, channel_addresses.c.address).where(its)).all()
    return {
        **{table: table.c.conversation_id.in_(ids) for table in OF_A_CONVERSATION},
        **of_addresses([(row.channel, row.address) for row in addresses]),
        channel_addresses: its,
        reminders: or_(reminders.c.borrower_id == borrower_id, reminders.c.conversation_id.in_(ids)),
        reminder_holds: or_(
            reminder_holds.c.subject.in_([borrower_id, *ids]), reminder_holds.c.conversation_id.in_(ids)
        ),
        contact_wishes: contact_wishes.c.borrower_id == borrower_id,
        notices: notices.c.borrower_id == borrower_id,
        conversations: conversations.c.id.in_(ids),
    }


def _refuse(connection: Connection, ids: tuple[str, ...], taken: list[Any]) -> None:
    why = [f"{row.id} is under a legal hold" for row in taken if row.legal_hold]
    why += [f"{row.id} waits for a colleague or is with one" for row in taken if row.holder != "bot"]
    why += [f"an alert about danger is open in {row.id}" for row in taken if row.safety_hold]
    open_tickets = (tickets.c.conversation_id.in_(ids)) & tickets.c.closed_at.is_(None)
    why += [f"ticket {n} is open" for n in connection.execute(select(tickets.c.number).where(open_tickets)).scalars()]
    undecided = (agreements.c.conversation_id.in_(ids)) & (agreements.c.state == "requested")
    why += [f"request {n} is undecided" for n in connection.execute(select(agreements.c.id).where(undecided)).scalars()]
    if why:
        raise ErasureRefused("; ".join(why))
