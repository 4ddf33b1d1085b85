"""The tables of notices: the outbox, and how a borrower wishes to be written to.

A row of the outbox stays: what was sent, when and why not is the record of it; erasure empties it, or removes it with
its borrower. No phone number stands there.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, String, Table, Text, Time

from kuanxin.store.base import Moment, metadata
from kuanxin.store.sealing import Sealed

STATES = ("waiting", "sending", "sent", "delivered", "undelivered", "unclear", "failed", "withdrawn")

notices = Table(
    "notices",
    metadata,
    Column("id", String(32), primary_key=True),  # made of `key`: the same cause is the same notice, whoever finds it
    Column("key", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("borrower_id", String(64), nullable=False),
    Column("about", Text, nullable=False),  # JSON: loan, event, conversation, …
    Column("counts", Integer, nullable=False),  # 1: towards the most a day and in seven days
    Column("made_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", String(16), nullable=False, server_default="waiting"),
    Column("why", Text, nullable=False, server_default=""),  # of an end that is not "sent"
    # a worker's claim: who else finds it held until then leaves it alone
    Column("claim", String(32), nullable=False, server_default=""),
    Column("claimed_until", Float, nullable=False, server_default="0"),  # seconds since 1970, real time
    # of the last attempt
    Column("way", String(16), nullable=False, server_default=""),  # sms, wechat, …
    Column("reached", String(64), nullable=False, server_default=""),  # a keyed hash of the number, to know replies by
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("tried_at", Moment),
    Column("text", Sealed, nullable=False, server_default=""),  # as it went out, a secret link left out
    Column("parts", Integer, nullable=False, server_default="0"),  # SMS that it took
    Column("receipt", String(128), nullable=False, server_default=""),  # the carrier's own number
    Column("ended_at", Moment),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
    Index("ix_notices_state_not_before", "state", "not_before"),
    Index("ix_notices_borrower_id_tried_at", "borrower_id", "tried_at"),
    Index("ix_notices_receipt", "receipt"),
    Index("ix_notices_reached", "reached"),
)

contact_wishes = Table(
    "contact_wishes",
    metadata,
    Column("borrower_id", String(64), primary_key=True),
    Column("way", String(16), nullable=False, server_default=""),
    Column("opens", Time),
    Column("closes", Time),
)
