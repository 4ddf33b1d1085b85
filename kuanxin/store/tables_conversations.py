"""The tables of conversations: who holds them, transcripts, what was asked of people, the model's short memory.

Texts are redacted before they come here. A transcript only grows. It is searched and therefore not sealed
(kuanxin.store.sealing); what nobody searches is.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    text,
)

from kuanxin.store.base import Moment, metadata
from kuanxin.store.sealing import Sealed

FLAGS = ("fallback", "hardship", "complaint", "handed_over")  # rare ones: each is found through an index of its own

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("borrower_id", String(64), index=True),
    Column("signed_in_at", Moment),
    Column("holder", String(8), nullable=False, server_default="bot"),
    Column("safety_hold", Boolean, nullable=False, server_default=false()),
    Column("third_party", Boolean, nullable=False, server_default=false()),
    Column("disclosed", Boolean, nullable=False, server_default=false()),
    Column("last_number", Integer, nullable=False, server_default="0"),  # of the transcript
    # what colleagues look for, kept beside so that a list of a million needs no other table
    Column("last_at", Moment),  # of the last entry; of the opening while there is none
    Column("said", Integer, nullable=False, server_default="0"),  # messages of the borrower
    Column("attention", SmallInteger, nullable=False, server_default="0"),  # kuanxin.conversations.staff.Attention
    Column("fallback", Boolean, nullable=False, server_default=false()),
    Column("hardship", Boolean, nullable=False, server_default=false()),
    Column("complaint", Boolean, nullable=False, server_default=false()),
    Column("handed_over", Boolean, nullable=False, server_default=false()),
    Column("unfinished", Boolean, nullable=False, server_default=false()),  # it ended with a question of the assistant
    Column("lowest_confidence", Float),
    Column("rating", SmallInteger),
    Column("reviewed_at", Moment),
    Column("reviewed_by", String(64)),
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("typing_until", Float),  # a colleague is typing; seconds since 1970, real time
    CheckConstraint("holder IN ('bot', 'waiting', 'human')", name="holder"),
    Index("ix_conversations_last_at_id", "last_at", "id"),
    Index("ix_conversations_opened_at", "opened_at"),
    Index("ix_conversations_attention_last_at_id", "attention", "last_at", "id"),
    *(
        Index(
            f"ix_conversations_{flag}",
            "last_at",
            "id",
            sqlite_where=text(flag),
            postgresql_where=text(flag),
        )
        for flag in FLAGS
    ),
)

transcript = Table(
    "transcript",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("author", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("card", Text),  # JSON
    Column("buttons", Text),  # JSON: what was shown, [{id, title}]
    Column("message_id", String(64)),  # of the borrower's message, on it and on the replies to it
    Column("verified", Boolean, nullable=False, server_default=false()),
    Column("staff", String(64)),  # the colleague who wrote it
    CheckConstraint("author IN ('borrower', 'assistant', 'staff')", name="author"),
    Index("ix_transcript_conversation_id_message_id", "conversation_id", "message_id"),
)

inbound = Table(
    "inbound",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("message_id", String(64), primary_key=True),
    Column("lease_until", Float, nullable=False),  # seconds since 1970, real time
    Column("answered", Boolean, nullable=False, server_default=false()),
)

issued_buttons = Table(
    "issued_buttons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("intent", String(64), nullable=False),
    Column("entities", Text, nullable=False),  # JSON
    Column("shown_at", Float),  # when a platform had taken it; seconds since 1970, real time
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("urgency", String(8), nullable=False),
    Column("summary", Sealed, nullable=False),
    Column("waiting_since", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("claimed_by", String(64)),
    Column("claimed_at", Moment),
    Column("first_reply_at", Moment),
    Column("outcome", Sealed),  # what the colleague wrote at the end
    CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name="urgency"),
    # one open request a conversation, whatever happens at the same time
    Index(
        "uq_handovers_open",
        "conversation_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(32), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Sealed, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(64)),
    Column("outcome", Sealed),
    CheckConstraint(
        "kind IN ('payment', 'dispute', 'complaint', 'scam', 'waiver', 'certificate', 'other')", name="kind"
    ),
)

reminder_holds = Table(
    "reminder_holds",
    metadata,
    Column("subject", String(80), primary_key=True),  # the borrower, or the conversation while nobody signed in
    Column("reason", String(16), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    CheckConstraint(
        "reason IN ('opt_out', 'dispute', 'hardship', 'promise', 'self_harm', 'human', 'third_party')", name="reason"
    ),
)

reminders = Table(
    "reminders",
    metadata,
    Column("borrower_id", String(64), primary_key=True),
    Column("about", String(128), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("on", Date, nullable=False, index=True),
    Column("days_before", Integer, nullable=False),
    Column("asked_at", Moment, nullable=False),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("score", Integer, nullable=False),
    Column("words", Sealed, nullable=False),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
)

unclear_messages = Table(
    "unclear_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("parse", Text, nullable=False),  # JSON: what the model made of it
)

understood = Table(  # what was made of a message; written with the model's memory (kuanxin.store.understood)
    "understood",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("message_id", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("intent", String(64), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("runner_up", String(64)),
    Column("runner_up_confidence", Float),
    Column("fallback", Boolean, nullable=False, server_default=false()),
    Column("actions", Text, nullable=False),  # JSON: [{name, policy, confidence}] in their order
    Column("entities", Text, nullable=False),  # JSON: [{entity, value, start, end}]
    Column("slots", Text, nullable=False),  # JSON: what the turn set
    Column("form", String(64)),  # still open after the turn
    Column("model", String(64), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Index("ix_understood_intent_conversation_id", "intent", "conversation_id"),
    Index("ix_understood_at", "at"),
)

agreements = Table(  # which arrangement was agreed where; what became of it is derived from the loan
    "agreements",
    metadata,
    Column("id", String(128), primary_key=True),  # of the arrangement
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("borrower_id", String(64), nullable=False, index=True),
    Column("loan_id", String(64), nullable=False),
    Column("quote_hash", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # as it was when somebody last looked
    Column("total", BigInteger, nullable=False),  # fen, all payments of the plan
    Column("agreed_at", Moment, nullable=False, index=True),
    Column("told_at", Moment),  # the borrower heard of the decision
    Index("ix_agreements_state_agreed_at", "state", "agreed_at"),
)

tags = Table(
    "conversation_tags",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("tag", String(32), primary_key=True),
    Index("ix_conversation_tags_tag", "tag", "conversation_id"),
)

notes = Table(  # of colleagues; borrowers never see them
    "conversation_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("staff", String(64), nullable=False),
    Column("text", Sealed, nullable=False),
)

trackers = Table(
    "trackers",
    metadata,
    Column("conversation_id", String(80), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("events", Sealed, nullable=False),  # JSON: the recent events, see kuanxin.store.tracker_store
)
