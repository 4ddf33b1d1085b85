"""What is leased comes free when its worker is gone, whatever the clocks do meanwhile."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from kuanxin.conversations.channels import Received
from kuanxin.store.addresses_repository import SqlAddresses
from kuanxin.store.base import SHANGHAI
from kuanxin.store.channels_repository import SqlInbox, SqlSharedValues
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.tables_channels import channel_addresses, channel_inbox, channel_values
from kuanxin.store.tables_conversations import inbound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

NOW = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)
A_DAY = 86_400.0


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


def a_message(engine: Engine) -> Callable[[], bool]:
    conversations = SqlConversations(engine)
    conversations.open("b-B001", "chat", "B001", NOW)
    return lambda: conversations.claim("b-B001", "m1", "你好", NOW, True, 40.0).new


def a_received(engine: Engine) -> Callable[[], bool]:
    inbox, received = SqlInbox(engine), Received("wechat", "o1", "m1", "text", "你好", None)
    return lambda: inbox.keep(received, 90.0) or bool(inbox.unfinished("wechat", 90.0))


def a_delivery(engine: Engine) -> Callable[[], bool]:
    addresses = SqlAddresses(engine)
    address = addresses.arrive("wechat", "o1", NOW)
    return lambda: addresses.begin_sending(address, 60.0)


def a_lock(engine: Engine) -> Callable[[], bool]:
    values = SqlSharedValues(engine)
    return lambda: bool(values.lock("token", 10.0))


LEASES = (
    (a_message, inbound, "lease_until"),
    (a_received, channel_inbox, "lease_until"),
    (a_delivery, channel_addresses, "sending_until"),
    (a_lock, channel_values, "lock_until"),
)


@pytest.mark.parametrize(("lease", "table", "column"), LEASES, ids=[made.__name__ for made, _, _ in LEASES])
def test_a_lease_ends(engine: Engine, lease: Callable, table, column: str) -> None:
    take = lease(engine)
    assert take()
    assert not take()
    for aside in (-1.0, A_DAY):  # it ran out; it was written a day before the clock was set back
        with engine.begin() as connection:
            connection.execute(update(table).values(**{column: time.time() + aside}))
        assert take()
        assert not take()


def test_workers_go_by_the_clock_of_their_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(postgres_url)
    migrate(engine)
    for lease, _, _ in LEASES:
        take = lease(engine)
        assert take()
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: 1.8e9 + A_DAY)
            assert not take(), lease.__name__
    engine.dispose()
