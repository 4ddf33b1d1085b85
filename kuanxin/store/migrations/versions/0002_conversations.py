"""Conversations: who holds them, transcripts, requests for people, the model's short memory; sign-ins by link."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0002_conversations"
down_revision = "0001_book"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("borrower_id", sa.String(64)),
        sa.Column("signed_in_at", Moment()),
        sa.Column("holder", sa.String(8), server_default="bot", nullable=False),
        sa.Column("safety_hold", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("third_party", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("disclosed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_number", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("holder IN ('bot', 'waiting', 'human')", name=op.f("ck_conversations_holder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(op.f("ix_conversations_borrower_id"), "conversations", ["borrower_id"])
    op.create_table(
        "transcript",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("author", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("card", sa.Text()),
        sa.Column("buttons", sa.Text()),
        sa.Column("message_id", sa.String(64)),
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("author IN ('borrower', 'assistant', 'staff')", name=op.f("ck_transcript_author")),
        _of_conversation("transcript"),
        sa.PrimaryKeyConstraint("conversation_id", "number", name=op.f("pk_transcript")),
    )
    op.create_index("ix_transcript_conversation_id_message_id", "transcript", ["conversation_id", "message_id"])
    op.create_table(
        "inbound",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("answered", sa.Boolean(), server_default=sa.false(), nullable=False),
        _of_conversation("inbound"),
        sa.PrimaryKeyConstraint("conversation_id", "message_id", name=op.f("pk_inbound")),
    )
    op.create_table(
        "issued_buttons",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(64), nullable=False),
        sa.Column("entities", sa.Text(), nullable=False),
        _of_conversation("issued_buttons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_buttons")),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("urgency", sa.String(8), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("waiting_since", Moment(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name=op.f("ck_handovers_urgency")),
        _of_conversation("handovers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_handovers_open",
        "handovers",
        ["conversation_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment()),
        sa.CheckConstraint(
            "kind IN ('payment', 'dispute', 'complaint', 'scam', 'waiver', 'certificate', 'other')",
            name=op.f("ck_tickets_kind"),
        ),
        _of_conversation("tickets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_table(
        "reminder_holds",
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment()),
        sa.CheckConstraint(
            "reason IN ('opt_out', 'dispute', 'hardship', 'promise', 'self_harm', 'human', 'third_party')",
            name=op.f("ck_reminder_holds_reason"),
        ),
        _of_conversation("reminder_holds"),
        sa.PrimaryKeyConstraint("subject", "reason", name=op.f("pk_reminder_holds")),
    )
    op.create_table(
        "reminders",
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        _of_conversation("reminders"),
        sa.PrimaryKeyConstraint("borrower_id", "about", name=op.f("pk_reminders")),
    )
    op.create_index(op.f("ix_reminders_on"), "reminders", ["on"])
    op.create_table(
        "unclear_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("parse", sa.Text(), nullable=False),
        _of_conversation("unclear_messages"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unclear_messages")),
    )
    for table in ("issued_buttons", "tickets", "reminder_holds", "reminders", "unclear_messages"):
        op.create_index(op.f(f"ix_{table}_conversation_id"), table, ["conversation_id"])
    op.create_table(
        "trackers",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_trackers")),
    )
    op.create_table(
        "sign_in_tickets",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment()),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sign_in_tickets")),
    )
    op.create_index(op.f("ix_sign_in_tickets_conversation_id"), "sign_in_tickets", ["conversation_id"])
    op.create_index(op.f("ix_sign_in_tickets_expires_at"), "sign_in_tickets", ["expires_at"])
    op.create_table(
        "sign_ins",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("signed_in_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment()),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_borrower_id"), "sign_ins", ["borrower_id"])


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["conversation_id"], ["conversations.id"], name=op.f(f"fk_{table}_conversation_id_conversations")
    )


def downgrade() -> None:
    for table in (
        "sign_ins",
        "sign_in_tickets",
        "trackers",
        "unclear_messages",
        "reminders",
        "reminder_holds",
        "tickets",
        "handovers",
        "issued_buttons",
        "inbound",
        "transcript",
        "conversations",
    ):
        op.drop_table(table)
