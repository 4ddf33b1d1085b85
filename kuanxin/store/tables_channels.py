"""The tables of channels: who writes from where, what came in, how far each address was told, what workers share."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, String, Table, Text, UniqueConstraint, false

from kuanxin.store.base import Moment, metadata

channel_addresses = Table(
    "channel_addresses",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("address", String(128), primary_key=True),  # as the platform names a person
    Column("conversation_id", String(80), nullable=False, unique=True),  # while it is bound to nobody
    Column("borrower_id", String(64)),
    Column("bound_at", Moment),  # when the bank saw the borrower sign in
    Column("bound_until", Moment),
    Column("choices", Text),  # JSON: the ids of the buttons that were shown last, in their order
    Column("quota", Integer, nullable=False, server_default="0"),  # messages that the platform still takes
    Column("heard_at", Float, nullable=False, server_default="0", index=True),  # seconds since 1970, real time
    Column("sending_until", Float, nullable=False, server_default="0"),
    UniqueConstraint("channel", "borrower_id"),  # one address of a channel for each borrower
)

channel_inbox = Table(
    "channel_inbox",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("message_id", String(64), primary_key=True),
    Column("address", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text),  # redacted
    Column("button", String(32)),
    Column("sent_at", Float),  # as the platform says, by our clock; seconds since 1970
    Column("lease_until", Float, nullable=False),  # seconds since 1970, real time
    Column("done", Boolean, nullable=False, server_default=false(), index=True),
)

channel_deliveries = Table(
    "channel_deliveries",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("address", String(128), primary_key=True),
    Column("conversation_id", String(80), primary_key=True),
    Column("number", Integer, nullable=False),  # of the last transcript entry that was delivered
    Column("part", Integer, nullable=False, server_default="0"),  # of the next one, where it needs several messages
)

channel_values = Table(
    "channel_values",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("value", Text),
    Column("expires_at", Float, index=True),  # seconds since 1970, real time
    Column("lock_owner", String(32)),
    Column("lock_until", Float, nullable=False, server_default="0"),
)
