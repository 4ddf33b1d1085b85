"""The tables of identity: one-time sign-in tickets (hashes only) and the sign-ins made with them."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from kuanxin.store.base import Moment, metadata

sign_in_tickets = Table(
    "sign_in_tickets",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the ticket: the table gives nobody a way in
    Column("conversation_id", String(80), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("conversation_id", String(80), primary_key=True),
    Column("borrower_id", String(64), nullable=False, index=True),
    Column("signed_in_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)
