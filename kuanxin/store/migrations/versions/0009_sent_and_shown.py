"""When a platform says that a message was sent, and when a question was shown there (kuanxin.conversations.timing)."""

import sqlalchemy as sa
from alembic import op

revision = "0009_sent_and_shown"
down_revision = "0008_sealed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel_inbox", sa.Column("sent_at", sa.Float()))
    op.add_column("issued_buttons", sa.Column("shown_at", sa.Float()))


def downgrade() -> None:
    op.drop_column("issued_buttons", "shown_at")
    op.drop_column("channel_inbox", "sent_at")
