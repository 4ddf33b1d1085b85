"""What the desk needs: what was understood, agreements by conversation, claims, notes, tags, and search inside words."""

import sqlalchemy as sa
from alembic import op

from kuanxin.store.base import Moment

revision = "0006_desk"
down_revision = "0005_channels"
branch_labels = None
depends_on = None

FLAGS = ("fallback", "hardship", "complaint", "handed_over")
CONVERSATIONS = (
    lambda: sa.Column("last_at", Moment()),
    lambda: sa.Column("said", sa.Integer(), server_default="0", nullable=False),
    lambda: sa.Column("attention", sa.SmallInteger(), server_default="0", nullable=False),
    *(
        lambda flag=flag: sa.Column(flag, sa.Boolean(), server_default=sa.false(), nullable=False)
        for flag in (*FLAGS, "unfinished", "legal_hold")
    ),
    lambda: sa.Column("lowest_confidence", sa.Float()),
    lambda: sa.Column("rating", sa.SmallInteger()),
    lambda: sa.Column("reviewed_at", Moment()),
    lambda: sa.Column("reviewed_by", sa.String(64)),
    lambda: sa.Column("typing_until", sa.Float()),
)
MORE = {
    "transcript": (lambda: sa.Column("staff", sa.String(64)),),
    "handovers": (
        lambda: sa.Column("claimed_by", sa.String(64)),
        lambda: sa.Column("claimed_at", Moment()),
        lambda: sa.Column("first_reply_at", Moment()),
        lambda: sa.Column("outcome", sa.Text()),
    ),
    "tickets": (lambda: sa.Column("closed_by", sa.String(64)), lambda: sa.Column("outcome", sa.Text())),
}
# Two neighbouring characters are what is looked up: Chinese has no gaps between words, and needs no locale for this.
BIGRAMS = """
CREATE FUNCTION kuanxin_bigrams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array(SELECT DISTINCT substr(lower(said), n, 2) FROM generate_series(1, length(said) - 1) AS n)
$$
"""


def upgrade() -> None:
    for make in CONVERSATIONS:
        op.add_column("conversations", make())
    for table, columns in MORE.items():
        for make in columns:
            op.add_column(table, make())
    op.execute(
        "UPDATE conversations SET last_at = coalesce("
        "(SELECT max(t.at) FROM transcript t WHERE t.conversation_id = conversations.id), opened_at), "
        "said = (SELECT count(*) FROM transcript t WHERE t.conversation_id = conversations.id "
        "AND t.author = 'borrower'), "
        "rating = (SELECT r.score FROM ratings r WHERE r.conversation_id = conversations.id ORDER BY r.id DESC LIMIT 1)"
    )
    for flag, known in {
        "handed_over": "SELECT conversation_id FROM handovers",
        "complaint": "SELECT conversation_id FROM tickets WHERE kind = 'complaint'",
        "hardship": "SELECT conversation_id FROM reminder_holds WHERE reason = 'hardship'",
        "fallback": "SELECT conversation_id FROM unclear_messages",
    }.items():
        op.execute(f"UPDATE conversations SET {flag} = true WHERE id IN ({known})")
    op.create_index("ix_conversations_last_at_id", "conversations", ["last_at", "id"])
    op.create_index("ix_conversations_opened_at", "conversations", ["opened_at"])
    op.create_index("ix_conversations_attention_last_at_id", "conversations", ["attention", "last_at", "id"])
    for flag in FLAGS:
        where = sa.text(flag)
        op.create_index(
            f"ix_conversations_{flag}",
            "conversations",
            ["last_at", "id"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_table(
        "understood",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("intent", sa.String(64), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("runner_up", sa.String(64)),
        sa.Column("runner_up_confidence", sa.Float()),
        sa.Column("fallback", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column("entities", sa.Text(), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.Column("form", sa.String(64)),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("policy_version", sa.String(64), nullable=False),
        _of_conversation("understood"),
        sa.PrimaryKeyConstraint("conversation_id", "message_id", name=op.f("pk_understood")),
    )
    op.create_index("ix_understood_intent_conversation_id", "understood", ["intent", "conversation_id"])
    op.create_index("ix_understood_at", "understood", ["at"])
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("borrower_id", sa.String(64), nullable=False),
        sa.Column("loan_id", sa.String(64), nullable=False),
        sa.Column("quote_hash", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", Moment(), nullable=False),
        sa.Column("told_at", Moment()),
        _of_conversation("agreements"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    for column in ("conversation_id", "borrower_id", "agreed_at"):
        op.create_index(op.f(f"ix_agreements_{column}"), "agreements", [column])
    op.create_index("ix_agreements_state_agreed_at", "agreements", ["state", "agreed_at"])
    op.create_table(
        "conversation_tags",
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("tag", sa.String(32), nullable=False),
        _of_conversation("conversation_tags"),
        sa.PrimaryKeyConstraint("conversation_id", "tag", name=op.f("pk_conversation_tags")),
    )
    op.create_index("ix_conversation_tags_tag", "conversation_tags", ["tag", "conversation_id"])
    op.create_table(
        "conversation_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("staff", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _of_conversation("conversation_notes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_notes")),
    )
    op.create_index(op.f("ix_conversation_notes_conversation_id"), "conversation_notes", ["conversation_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(BIGRAMS)
        op.execute(
            "CREATE INDEX ix_transcript_bigrams ON transcript USING gin (kuanxin_bigrams(text)) "
            "WHERE author <> 'assistant'"
        )


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["conversation_id"], ["conversations.id"], name=op.f(f"fk_{table}_conversation_id_conversations")
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_transcript_bigrams")
        op.execute("DROP FUNCTION kuanxin_bigrams(text)")
    for table in ("conversation_notes", "conversation_tags", "agreements", "understood"):
        op.drop_table(table)
    for name in ("last_at_id", "opened_at", "attention_last_at_id", *FLAGS):
        op.drop_index(f"ix_conversations_{name}", "conversations")
    for table, columns in {"conversations": CONVERSATIONS, **MORE}.items():
        for make in columns:
            op.drop_column(table, make().name)
