"""The loan book: borrowers, loans, schedules, payments, events that only grow, quotes."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0001_book"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "book_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("now", Moment()),
        sa.Column("imported_at", Moment(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_book_settings_one_row")),
        sa.CheckConstraint("kind IN ('real', 'demo', 'test')", name=op.f("ck_book_settings_kind")),
        sa.CheckConstraint("kind <> 'real' OR now IS NULL", name=op.f("ck_book_settings_real_clock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_settings")),
    )
    op.create_table(
        "borrowers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(32), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrowers")),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("principal", sa.BigInteger(), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("autopay", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("card_tail", sa.String(4), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("principal > 0", name=op.f("ck_loans_principal")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrowers.id"], name=op.f("fk_loans_borrower_id_borrowers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
    )
    op.create_index(op.f("ix_loans_borrower_id"), "loans", ["borrower_id"])
    op.create_table(
        "instalments",
        sa.Column("loan_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("principal", sa.BigInteger(), nullable=False),
        sa.Column("interest", sa.BigInteger(), nullable=False),
        sa.Column("fees", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "principal >= 0 AND interest >= 0 AND fees >= 0", name=op.f("ck_instalments_amounts")
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_instalments_loan_id_loans")),
        sa.PrimaryKeyConstraint("loan_id", "number", name=op.f("pk_instalments")),
    )
    op.create_index(op.f("ix_instalments_due_date"), "instalments", ["due_date"])
    op.create_table(
        "payments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("loan_id", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", Moment(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("status IN ('posted', 'pending', 'failed')", name=op.f("ck_payments_status")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_payments_loan_id_loans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_loan_id"), "payments", ["loan_id"])
    op.create_table(
        "loan_events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("loan_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("arrangement_id", sa.String(128), nullable=False),
        sa.Column("policy_version", sa.String(64), nullable=False),
        sa.Column("quote_hash", sa.String(128), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_events_loan_id_loans")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_loan_events")),
        sa.UniqueConstraint("id", name=op.f("uq_loan_events_id")),
    )
    op.create_index("ix_loan_events_loan_id_seq", "loan_events", ["loan_id", "seq"])
    op.create_table(
        "quotes",
        sa.Column("hash", sa.String(128), nullable=False),
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("loan_id", sa.String(64), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrowers.id"], name=op.f("fk_quotes_borrower_id_borrowers")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_quotes_loan_id_loans")),
        sa.PrimaryKeyConstraint("hash", "borrower_id", name=op.f("pk_quotes")),
    )
    op.create_index(op.f("ix_quotes_loan_id"), "quotes", ["loan_id"])
    op.create_index(op.f("ix_quotes_expires_at"), "quotes", ["expires_at"])
    _refuse_changes_to_events(op.get_bind().dialect.name)


def _refuse_changes_to_events(dialect: str) -> None:
    """An event is never changed, whoever asks; it is deleted only together with a whole demo or test book."""
    if dialect == "postgresql":
        op.execute(
            """
            CREATE FUNCTION loan_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP <> 'DELETE' OR NOT EXISTS (SELECT 1 FROM book_settings WHERE kind IN ('demo', 'test')) THEN
                    RAISE EXCEPTION 'loan_events only grows';
                END IF;
                RETURN OLD;
            END $$
            """
        )
        op.execute(
            "CREATE TRIGGER loan_events_only_grow BEFORE UPDATE OR DELETE ON loan_events "
            "FOR EACH ROW EXECUTE FUNCTION loan_events_only_grow()"
        )
        op.execute(
            "CREATE TRIGGER loan_events_no_truncate BEFORE TRUNCATE ON loan_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION loan_events_only_grow()"
        )
        return
    op.execute(
        "CREATE TRIGGER loan_events_no_update BEFORE UPDATE ON loan_events "
        "BEGIN SELECT RAISE(ABORT, 'loan_events only grows'); END"
    )
    op.execute(
        "CREATE TRIGGER loan_events_no_delete BEFORE DELETE ON loan_events "
        "WHEN NOT EXISTS (SELECT 1 FROM book_settings WHERE kind IN ('demo', 'test')) "
        "BEGIN SELECT RAISE(ABORT, 'loan_events only grows'); END"
    )


def downgrade() -> None:
    for table in ("quotes", "loan_events", "payments", "instalments", "loans", "borrowers", "book_settings"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION loan_events_only_grow()")
