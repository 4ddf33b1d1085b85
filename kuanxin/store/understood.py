"""Keeps what was made of a message, in one transaction with the model's memory (kuanxin.store.tracker_store)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.store.tables_conversations import conversations, understood

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def keep_understanding(connection: Connection, row: dict[str, Any]) -> None:
    """Once for each message; the conversation's own summary of it goes along."""
    known = select(conversations.c.id).where(conversations.c.id == row["conversation_id"])
    if connection.execute(known).first() is None:
        return  # a tracker without a conversation of ours: nothing to look at later
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    once = insert(understood).on_conflict_do_nothing(index_elements=["conversation_id", "message_id"])
    if not connection.execute(once, row).rowcount:
        return
    lowest = conversations.c.lowest_confidence
    lower = or_(lowest.is_(None), lowest > row["confidence"])
    connection.execute(
        update(conversations)
        .where(conversations.c.id == row["conversation_id"])
        .values(
            lowest_confidence=case((lower, row["confidence"]), else_=lowest),
            unfinished=row["form"] is not None or row["fallback"],
        )
    )
