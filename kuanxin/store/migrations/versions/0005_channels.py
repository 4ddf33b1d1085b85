"""Addresses of people in other channels, what came in from there, how far they were told, what workers share."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0005_channels"
down_revision = "0004_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_addresses",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(128), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("borrower_id", sa.String(64)),
        sa.Column("bound_at", Moment()),
        sa.Column("bound_until", Moment()),
        sa.Column("choices", sa.Text()),
        sa.Column("quota", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heard_at", sa.Float(), server_default="0", nullable=False),
        sa.Column("sending_until", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_channel_addresses")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_channel_addresses_conversation_id")),
        sa.UniqueConstraint("channel", "borrower_id", name=op.f("uq_channel_addresses_channel_borrower_id")),
    )
    op.create_index(op.f("ix_channel_addresses_heard_at"), "channel_addresses", ["heard_at"])
    op.create_table(
        "channel_inbox",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("address", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("button", sa.String(32)),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "message_id", name=op.f("pk_channel_inbox")),
    )
    op.create_index(op.f("ix_channel_inbox_done"), "channel_inbox", ["done"])
    op.create_table(
        "channel_deliveries",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(128), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", "conversation_id", name=op.f("pk_channel_deliveries")),
    )
    op.create_table(
        "channel_values",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("expires_at", sa.Float()),
        sa.Column("lock_owner", sa.String(32)),
        sa.Column("lock_until", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel_values")),
    )
    op.create_index(op.f("ix_channel_values_expires_at"), "channel_values", ["expires_at"])


def downgrade() -> None:
    for table in ("channel_values", "channel_deliveries", "channel_inbox", "channel_addresses"):
        op.drop_table(table)
