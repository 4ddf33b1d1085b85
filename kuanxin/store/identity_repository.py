"""Sign-in tickets and sign-ins in our own database: `kuanxin.identity.service.SignInStore` on SQLite or PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from kuanxin.identity.service import SignIn, SignInRefused
from kuanxin.store.addresses_repository import release
from kuanxin.store.engine import reading
from kuanxin.store.joining import bind_address
from kuanxin.store.tables_identity import sign_in_tickets, sign_ins

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine


class SqlSignIns:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep_ticket(self, ticket_hash: str, conversation_id: str, expires_at: datetime, now: datetime) -> None:
        """Tickets that are over are cleared away on the way: nothing else needs them."""
        row = {"hash": ticket_hash, "conversation_id": conversation_id, "expires_at": expires_at}
        with self._engine.begin() as connection:
            connection.execute(delete(sign_in_tickets).where(sign_in_tickets.c.expires_at <= now))
            connection.execute(insert(sign_in_tickets), row)

    def redeem(
        self,
        ticket_hash: str,
        borrower_id: str,
        signed_in_at: datetime,
        now: datetime,
        expires_at: datetime,
        bound_until: datetime,
    ) -> SignIn:
        own = None
        with self._engine.begin() as connection:
            conversation_id = _use_up(connection, ticket_hash, now)
            bound = conversation_id and _bind(connection, conversation_id, borrower_id, signed_in_at, expires_at)
            if conversation_id and bound:
                own = bind_address(connection, conversation_id, borrower_id, signed_in_at, bound_until, now)
        if not conversation_id or not bound:  # the ticket stays used up
            raise SignInRefused
        if own is not None:
            return SignIn(own, borrower_id, signed_in_at, bound_until, asked_in=conversation_id)
        return SignIn(conversation_id, borrower_id, signed_in_at, expires_at)

    def sign_in_of(self, conversation_id: str) -> SignIn | None:
        this = (sign_ins.c.conversation_id == conversation_id) & sign_ins.c.revoked_at.is_(None)
        with reading(self._engine) as connection:
            row = connection.execute(select(sign_ins).where(this)).first()
        return SignIn(row.conversation_id, row.borrower_id, row.signed_in_at, row.expires_at) if row else None

    def revoke(self, conversation_id: str, now: datetime) -> None:
        with self._engine.begin() as connection:
            _revoke(connection, conversation_id, now)

    def sign_out(self, conversation_id: str, borrower_id: str | None, now: datetime) -> bool:
        with self._engine.begin() as connection:
            ended = _revoke(connection, conversation_id, now)
            return bool(ended + (release(connection, borrower_id) if borrower_id else 0))


def _revoke(connection: Connection, conversation_id: str, now: datetime) -> int:
    this = (sign_ins.c.conversation_id == conversation_id) & sign_ins.c.revoked_at.is_(None)
    return int(connection.execute(update(sign_ins).where(this).values(revoked_at=now)).rowcount)


def _use_up(connection: Connection, ticket_hash: str, now: datetime) -> str | None:
    """The conversation of a ticket that was good until now: of several who ask at the same time one gets it."""
    this = sign_in_tickets.c.hash == ticket_hash
    good = this & sign_in_tickets.c.used_at.is_(None) & (sign_in_tickets.c.expires_at > now)
    if not connection.execute(update(sign_in_tickets).where(good).values(used_at=now)).rowcount:
        return None
    return connection.execute(select(sign_in_tickets.c.conversation_id).where(this)).scalar_one()


def _bind(
    connection: Connection, conversation_id: str, borrower_id: str, signed_in_at: datetime, expires_at: datetime
) -> bool:
    owner = conversation_id.removeprefix("b-") if conversation_id.startswith("b-") else None
    this = sign_ins.c.conversation_id == conversation_id
    known = connection.execute(select(sign_ins.c.borrower_id).where(this).with_for_update()).scalar()
    if {owner, known} - {None, borrower_id}:
        return False
    row = {"borrower_id": borrower_id, "signed_in_at": signed_in_at, "expires_at": expires_at, "revoked_at": None}
    if known is None:
        connection.execute(insert(sign_ins), {"conversation_id": conversation_id, **row})
    else:
        connection.execute(update(sign_ins).where(this).values(**row))
    return True
