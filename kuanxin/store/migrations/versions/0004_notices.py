"""Notices: the outbox, and how borrowers wish to be written to."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0004_notices"
down_revision = "0003_ratings"
branch_labels = None
depends_on = None

STATES = ("waiting", "sending", "sent", "delivered", "undelivered", "unclear", "failed", "withdrawn")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("counts", sa.Integer(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("state", sa.String(16), server_default="waiting", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("claim", sa.String(32), server_default="", nullable=False),
        sa.Column("claimed_until", sa.Float(), server_default="0", nullable=False),
        sa.Column("way", sa.String(16), server_default="", nullable=False),
        sa.Column("reached", sa.String(64), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried_at", Moment()),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipt", sa.String(128), server_default="", nullable=False),
        sa.Column("ended_at", Moment()),
        sa.CheckConstraint(
            f"state IN ({', '.join(repr(state) for state in STATES)})", name=op.f("ck_notices_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_state_not_before", "notices", ["state", "not_before"])
    op.create_index("ix_notices_borrower_id_tried_at", "notices", ["borrower_id", "tried_at"])
    op.create_index("ix_notices_receipt", "notices", ["receipt"])
    op.create_index("ix_notices_reached", "notices", ["reached"])
    op.create_table(
        "contact_wishes",
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("way", sa.String(16), server_default="", nullable=False),
        sa.Column("opens", sa.Time()),
        sa.Column("closes", sa.Time()),
        sa.PrimaryKeyConstraint("borrower_id", name=op.f("pk_contact_wishes")),
    )


def downgrade() -> None:
    op.drop_table("contact_wishes")
    op.drop_table("notices")
