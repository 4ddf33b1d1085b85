"""Room for sealed values (kuanxin.store.sealing). `python -m kuanxin.store seal` seals what stands already."""

import sqlalchemy as sa
from alembic import op

revision = "0008_sealed"
down_revision = "0006_desk"
branch_labels = None
depends_on = None

COLUMNS = (("borrowers", "phone", 32), ("loans", "card_tail", 4))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # the length of a declaration limits nothing on SQLite
        for table, column, length in COLUMNS:
            op.alter_column(table, column, type_=sa.Text(), existing_type=sa.String(length))


def downgrade() -> None:
    """Refused by PostgreSQL while sealed values stand there."""
    if op.get_bind().dialect.name == "postgresql":
        for table, column, length in COLUMNS:
            op.alter_column(table, column, type_=sa.String(length), existing_type=sa.Text())
