"""How borrowers found a conversation."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0003_ratings"
down_revision = "0002_conversations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_score")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_ratings_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
    )
    op.create_index(op.f("ix_ratings_conversation_id"), "ratings", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("ratings")
