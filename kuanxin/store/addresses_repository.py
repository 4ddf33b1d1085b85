"""Addresses in our own database: `kuanxin.identity.addresses.Addresses` on SQLite or PostgreSQL."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.identity.addresses import Address
from kuanxin.store.engine import reading
from kuanxin.store.leases import clock, free
from kuanxin.store.tables_channels import channel_addresses as table
from kuanxin.store.tables_conversations import issued_buttons

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine, Row


class SqlAddresses:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]

    def arrive(self, channel: str, address: str, now: datetime) -> Address:
        this = _this(channel, address)
        with self._engine.begin() as connection:
            row = {"channel": channel, "address": address, "conversation_id": new_conversation()}
            keep = self._insert(table).on_conflict_do_nothing(index_elements=["channel", "address"])
            connection.execute(keep, row)
            connection.execute(update(table).where(this).values(heard_at=clock(self._engine)))
            found = connection.execute(select(table).where(this).with_for_update()).one()
            if found.bound_until is not None and found.bound_until <= now:
                begin_anew(connection, this)
                found = connection.execute(select(table).where(this)).one()
            return _address(found)

    def find(self, channel: str, address: str) -> Address | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(table).where(_this(channel, address))).first()
        return _address(row) if row else None

    def bindings(self, borrower_id: str | None = None) -> tuple[tuple[Address, datetime], ...]:
        bound = select(table).where(table.c.borrower_id.is_not(None)).order_by(table.c.borrower_id, table.c.channel)
        if borrower_id is not None:
            bound = bound.where(table.c.borrower_id == borrower_id)
        with reading(self._engine) as connection:
            return tuple((_address(row), row.bound_until) for row in connection.execute(bound))

    def release(self, borrower_id: str, channel: str | None = None) -> int:
        with self._engine.begin() as connection:
            return release(connection, borrower_id, channel)

    def shown(self, address: Address, choices: tuple[str, ...]) -> None:
        self._show(address, choices, choices, time.time())

    def not_shown(self, address: Address, choices: tuple[str, ...]) -> None:
        self._show(address, (), choices, None)

    def grant(self, address: Address, quota: int) -> None:
        self._change(address, quota=quota)

    def begin_sending(self, address: Address, seconds: float) -> bool:
        now = clock(self._engine)
        nobodys = _this(address.channel, address.address) & free(table.c.sending_until, now)
        with self._engine.begin() as connection:
            return bool(connection.execute(update(table).where(nobodys).values(sending_until=now + seconds)).rowcount)

    def end_sending(self, address: Address, pause: float = 0.0) -> None:
        self._change(address, sending_until=clock(self._engine) + pause if pause else 0.0)

    def _show(self, address: Address, numbered: tuple[str, ...], buttons: tuple[str, ...], at: float | None) -> None:
        these = issued_buttons.c.id.in_(buttons)
        choices = json.dumps(numbered) if numbered else None
        with self._engine.begin() as connection:
            connection.execute(update(table).where(_this(address.channel, address.address)).values(choices=choices))
            if buttons:
                connection.execute(update(issued_buttons).where(these).values(shown_at=at))

    def _change(self, address: Address, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(table).where(_this(address.channel, address.address)).values(**values))


def new_conversation() -> str:
    return f"v-{uuid.uuid4().hex}"


def release(connection: Connection, borrower_id: str, channel: str | None = None) -> int:
    bound = table.c.borrower_id == borrower_id
    if channel is not None:
        bound &= table.c.channel == channel
    rows = connection.execute(select(table.c.channel, table.c.address).where(bound)).all()
    for row in rows:
        begin_anew(connection, _this(row.channel, row.address))
    return len(rows)


def begin_anew(connection: Connection, which: Any) -> None:
    """The address is nobody's again, in a new conversation: the old one shows what it must not."""
    nobody = {"borrower_id": None, "bound_at": None, "bound_until": None, "choices": None}
    connection.execute(update(table).where(which).values(conversation_id=new_conversation(), **nobody))


def _this(channel: str, address: str) -> Any:
    return (table.c.channel == channel) & (table.c.address == address)


def _address(row: Row) -> Address:
    return Address(
        channel=row.channel,
        address=row.address,
        conversation_id=row.conversation_id,
        borrower_id=row.borrower_id,
        bound_at=row.bound_at,
        choices=tuple(json.loads(row.choices)) if row.choices else (),
        quota=row.quota,
    )
