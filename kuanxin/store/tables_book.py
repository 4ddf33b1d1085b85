"""The tables of the loan book. Money is integer fen; rates stay exact as text inside `terms`.
What names a person is sealed (kuanxin.store.sealing).

`loan_events` only grows: triggers (see migration 0001_book) refuse to change a row, and to delete one from a real book.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from kuanxin.store.base import Moment, metadata
from kuanxin.store.sealing import Sealed

book_settings = Table(
    "book_settings",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1: one book in a database
    Column("kind", String(8), nullable=False),
    Column("now", Moment),  # a fixed clock, for demo and test books only
    Column("imported_at", Moment, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("kind IN ('real', 'demo', 'test')", name="kind"),
    CheckConstraint("kind <> 'real' OR now IS NULL", name="real_clock"),
)

borrowers = Table(
    "borrowers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Sealed, nullable=False),
    Column("phone", Sealed(32), nullable=False, server_default=""),
    Column("demo", Boolean, nullable=False, server_default=false()),
)

loans = Table(
    "loans",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("borrower_id", ForeignKey("borrowers.id"), nullable=False, index=True),
    Column("product", String(64), nullable=False),
    Column("principal", BigInteger, nullable=False),
    Column("disbursed_on", Date, nullable=False),
    Column("terms", Text, nullable=False),  # JSON: kuanxin.servicing.wire.terms_to_json
    Column("autopay", Boolean, nullable=False, server_default=false()),
    Column("card_tail", Sealed(4), nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="0"),
    CheckConstraint("principal > 0", name="principal"),
)

instalments = Table(
    "instalments",
    metadata,
    Column("loan_id", ForeignKey("loans.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("due_date", Date, nullable=False, index=True),
    Column("principal", BigInteger, nullable=False),
    Column("interest", BigInteger, nullable=False),
    Column("fees", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("principal >= 0 AND interest >= 0 AND fees >= 0", name="amounts"),
)

payments = Table(
    "payments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("loan_id", ForeignKey("loans.id"), nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),
    Column("paid_at", Moment, nullable=False),
    Column("status", String(16), nullable=False),
    Column("method", Text, nullable=False, server_default=""),
    Column("failure", Text, nullable=False, server_default=""),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("status IN ('posted', 'pending', 'failed')", name="status"),
)

loan_events = Table(
    "loan_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(128), nullable=False),
    Column("loan_id", ForeignKey("loans.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("arrangement_id", String(128), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("quote_hash", String(128), nullable=False),
    Column("data", Text, nullable=False),  # JSON
    UniqueConstraint("id"),
    Index("ix_loan_events_loan_id_seq", "loan_id", "seq"),
)

quotes = Table(
    "quotes",
    metadata,
    Column("hash", String(128), primary_key=True),
    Column("borrower_id", ForeignKey("borrowers.id"), primary_key=True),
    Column("loan_id", ForeignKey("loans.id"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("body", Text, nullable=False),  # JSON: kuanxin.servicing.quotes.quote_to_json
)
