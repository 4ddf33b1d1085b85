"""Models that we trained, which one answers, and the trainings."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0007_models"
down_revision = "0006_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("fits", sa.String(12), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("made_by", sa.String(150), nullable=False),
        sa.Column("lessons", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_models")),
        sa.UniqueConstraint("name", name=op.f("uq_models_name")),
    )
    op.create_table(
        "model_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.String(150), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("loaded_at", Moment()),
        sa.Column("failure", sa.Text()),
        sa.ForeignKeyConstraint(["sha256"], ["models.sha256"], name=op.f("fk_model_changes_sha256_models")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_changes")),
    )
    op.create_table(
        "model_trainings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("running", sa.Boolean()),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("by", sa.String(150), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("beat_at", sa.Float(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.Column("failure", sa.Text()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("measured", sa.Text()),
        sa.ForeignKeyConstraint(["sha256"], ["models.sha256"], name=op.f("fk_model_trainings_sha256_models")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_trainings")),
        sa.UniqueConstraint("running", name=op.f("uq_model_trainings_running")),
    )


def downgrade() -> None:
    for table in ("model_trainings", "model_changes", "models"):
        op.drop_table(table)
