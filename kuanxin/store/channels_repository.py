"""Inbox, deliveries and shared values in our own database: `kuanxin.conversations.channels` on SQLite or PostgreSQL."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.conversations.channels import Received, Told
from kuanxin.conversations.redaction import redact
from kuanxin.store.engine import reading
from kuanxin.store.leases import clock, free
from kuanxin.store.tables_channels import channel_addresses as addresses
from kuanxin.store.tables_channels import channel_deliveries as deliveries
from kuanxin.store.tables_channels import channel_inbox as inbox
from kuanxin.store.tables_channels import channel_values as values
from kuanxin.store.tables_conversations import conversations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Engine

BEHIND_SECONDS = 48 * 3600.0  # who wrote longer ago is told with their next message; WeChat takes nothing before it
INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class SqlInbox:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, received: Received, lease: float) -> bool:
        row = {
            "channel": received.channel,
            "message_id": received.message_id,
            "address": received.address,
            "kind": received.kind,
            "text": None if received.text is None else redact(received.text)[0],
            "button": received.button,
            "sent_at": received.sent_at,
            "lease_until": clock(self._engine) + lease,
        }
        once = INSERT[self._engine.dialect.name](inbox).on_conflict_do_nothing(index_elements=["channel", "message_id"])
        with self._engine.begin() as connection:
            return bool(connection.execute(once.values(row)).rowcount)

    def unfinished(self, channel: str, lease: float) -> tuple[Received, ...]:
        now = clock(self._engine)
        left = (inbox.c.channel == channel) & inbox.c.done.is_(False) & free(inbox.c.lease_until, now)
        with reading(self._engine) as connection:
            found = connection.execute(select(inbox).where(left)).all()
        mine = []
        for row in found:
            this = (inbox.c.channel == channel) & (inbox.c.message_id == row.message_id)
            with self._engine.begin() as connection:
                still = this & inbox.c.done.is_(False) & free(inbox.c.lease_until, now)
                if connection.execute(update(inbox).where(still).values(lease_until=now + lease)).rowcount:
                    mine.append(
                        Received(channel, row.address, row.message_id, row.kind, row.text, row.button, row.sent_at)
                    )
        return tuple(mine)

    def done(self, received: Received) -> None:
        """What was said stands in the transcript; here only the id is kept, so that it never happens again."""
        this = (inbox.c.channel == received.channel) & (inbox.c.message_id == received.message_id)
        with self._engine.begin() as connection:
            connection.execute(update(inbox).where(this).values(done=True, text=None))

    def ours(self, channel: str, address: str, message_ids: Iterable[str]) -> frozenset[str]:
        these = (inbox.c.channel == channel) & (inbox.c.address == address) & inbox.c.message_id.in_(list(message_ids))
        with reading(self._engine) as connection:
            return frozenset(connection.execute(select(inbox.c.message_id).where(these)).scalars())


class SqlDeliveries:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def told(self, channel: str, address: str, conversation_id: str) -> Told:
        this = _of(channel, address) & (deliveries.c.conversation_id == conversation_id)
        with reading(self._engine) as connection:
            row = connection.execute(select(deliveries.c.number, deliveries.c.part).where(this)).first()
        return Told(row.number, row.part) if row else Told()

    def tell(self, channel: str, address: str, told: Mapping[str, Told]) -> None:
        key = ["channel", "address", "conversation_id"]
        with self._engine.begin() as connection:
            for conversation_id, upto in told.items():
                row = {"channel": channel, "address": address, "conversation_id": conversation_id}
                far = {"number": upto.number, "part": upto.part}
                statement = INSERT[self._engine.dialect.name](deliveries).values(**row, **far)
                connection.execute(statement.on_conflict_do_update(index_elements=key, set_=far))

    def behind(self, channel: str) -> tuple[str, ...]:
        now = clock(self._engine)
        own = "b-" + addresses.c.borrower_id
        taking_part = or_(conversations.c.id == addresses.c.conversation_id, conversations.c.id == own)
        told = and_(
            deliveries.c.channel == addresses.c.channel,
            deliveries.c.address == addresses.c.address,
            deliveries.c.conversation_id == conversations.c.id,
        )
        news = (
            select(addresses.c.address)
            .join(conversations, taking_part)
            .outerjoin(deliveries, told)
            .where(addresses.c.channel == channel, addresses.c.quota > 0, free(addresses.c.sending_until, now))
            .where(addresses.c.heard_at > now - BEHIND_SECONDS)
            .where(conversations.c.last_number > func.coalesce(deliveries.c.number, 0))
            .distinct()
        )
        with reading(self._engine) as connection:
            return tuple(connection.execute(news).scalars())


class SqlSharedValues:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, name: str) -> str | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(values).where(values.c.name == name)).first()
        if row is None or (row.expires_at is not None and row.expires_at <= time.time()):
            return None
        return row.value

    def put(self, name: str, value: str, seconds: float | None = None) -> None:
        row = {"value": value, "expires_at": None if seconds is None else time.time() + seconds}
        statement = INSERT[self._engine.dialect.name](values).values(name=name, **row)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
            over = (values.c.expires_at < time.time()) & (values.c.lock_until < time.time())
            connection.execute(delete(values).where(over))

    def lock(self, name: str, seconds: float) -> str | None:
        key, now = secrets.token_hex(16), clock(self._engine)
        with self._engine.begin() as connection:
            row = {"name": name, "lock_until": 0.0}
            known = INSERT[self._engine.dialect.name](values).on_conflict_do_nothing(index_elements=["name"])
            connection.execute(known, row)
            nobodys = (values.c.name == name) & free(values.c.lock_until, now)
            taken = update(values).where(nobodys).values(lock_owner=key, lock_until=now + seconds)
            return key if connection.execute(taken).rowcount else None

    def unlock(self, name: str, key: str) -> None:
        mine = (values.c.name == name) & (values.c.lock_owner == key)
        with self._engine.begin() as connection:
            connection.execute(update(values).where(mine).values(lock_until=0.0))


def _of(channel: str, address: str) -> Any:
    return (deliveries.c.channel == channel) & (deliveries.c.address == address)
