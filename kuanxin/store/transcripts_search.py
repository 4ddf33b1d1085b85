"""The list of conversations: filters, search inside Chinese words, pages by keyset. Fast on PostgreSQL at a million.

A search first walks the newest conversations that the filters leave, which finds common words at once; where that
does not fill a page the word is rare, and the index over neighbouring characters finds it everywhere. On SQLite, for
smaller books, the second step reads what was written.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, exists, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from kuanxin.conversations.model import Attention
from kuanxin.conversations.review import Page, Summary
from kuanxin.store.base import Moment
from kuanxin.store.tables_conversations import agreements, conversations, tags, transcript, understood
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

    from kuanxin.conversations.review import Filters

WALKED = 2000  # conversations that a search reads before it asks the index
c = conversations.c


class SqlTranscripts(Transactions):
    def page(self, filters: Filters, cursor: str | None = None, limit: int = 25) -> Page:
        """Raises ValueError for a cursor that is none, ConversationsUnavailable."""
        keys = _keys(filters)
        where = _where(filters)
        if cursor:
            where.append(_after(filters, cursor))
        order = [key.asc() if filters.order == "oldest" else key.desc() for key in keys]
        with self._reading() as connection:
            if filters.text:
                ids = self._found(connection, filters.text, where, order, limit + 1)
            else:
                ids = list(connection.execute(select(c.id).where(*where).order_by(*order).limit(limit + 1)).scalars())
            rows = _rows(connection, ids[:limit])
        following = _cursor(filters, rows[-1]) if len(ids) > limit else None
        return Page(rows, following)

    def _found(self, connection: Connection, text: str, where: list[Any], order: list[Any], limit: int) -> list[str]:
        newest = select(c.id).where(*where).order_by(*order).limit(WALKED).subquery()
        walked = connection.execute(select(func.count()).select_from(newest)).scalar_one()
        near = select(c.id).where(c.id.in_(select(newest.c.id)), _says(text)).order_by(*order).limit(limit)
        found = list(connection.execute(near).scalars())
        if len(found) == limit or walked < WALKED:
            return found
        rest = _says(text)
        if connection.dialect.name == "postgresql" and len(text) > 1:
            rest = c.id.in_(select(_hits(text).c.conversation_id))
        return list(connection.execute(select(c.id).where(*where, rest).order_by(*order).limit(limit)).scalars())


def _keys(filters: Filters) -> list[Any]:
    return [c.attention, c.last_at, c.id] if filters.order == "attention" else [c.last_at, c.id]


def _where(filters: Filters) -> list[Any]:
    found: list[Any] = []
    if filters.needs_me:
        found += [c.attention > 0]
    if filters.since:
        found.append(c.last_at >= filters.since)
    if filters.until:
        found.append(c.last_at < filters.until)
    for name in ("channel", "holder", "borrower_id"):
        if (wanted := getattr(filters, name)) is not None:
            found.append(c[name] == wanted)
    for name in ("fallback", "handed_over", "hardship", "complaint", "unfinished"):
        if (wanted := getattr(filters, name)) is not None:
            found.append(c[name] if wanted else ~c[name])
    if filters.reviewed is not None:
        found.append(c.reviewed_at.isnot(None) if filters.reviewed else c.reviewed_at.is_(None))
    if filters.confidence_below is not None:
        found.append(c.lowest_confidence < filters.confidence_below)
    if filters.said_at_least is not None:
        found.append(c.said >= filters.said_at_least)
    if filters.said_at_most is not None:
        found.append(c.said <= filters.said_at_most)
    if filters.rating_at_most is not None:
        found.append(c.rating <= filters.rating_at_most)
    if filters.intent:
        found.append(exists().where(understood.c.conversation_id == c.id, understood.c.intent == filters.intent))
    if filters.tag:
        found.append(exists().where(tags.c.conversation_id == c.id, tags.c.tag == filters.tag))
    if filters.arrangement_kind or filters.arrangement_state:
        agreed = [agreements.c.conversation_id == c.id]
        if filters.arrangement_kind:
            agreed.append(agreements.c.kind == filters.arrangement_kind)
        if filters.arrangement_state:
            agreed.append(agreements.c.state == filters.arrangement_state)
        found.append(exists().where(*agreed))
    return found


def _says(text: str) -> Any:
    """Somebody (not the assistant) wrote this in the conversation, letters of either case."""
    return exists().where(transcript.c.conversation_id == c.id, *_written(text))


def _written(text: str) -> tuple[Any, ...]:
    return transcript.c.author != "assistant", transcript.c.text.ilike(f"%{_escaped(text)}%", escape="\\")


def _hits(text: str) -> Any:
    grams = sorted({text[n : n + 2].lower() for n in range(len(text) - 1)})
    asked = func.kuanxin_bigrams(transcript.c.text, type_=ARRAY(Text)).contains(cast(grams, ARRAY(Text)))
    return (
        select(transcript.c.conversation_id)
        .where(asked, *_written(text))
        .distinct()
        .cte("hits")
        .prefix_with("MATERIALIZED")
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _after(filters: Filters, cursor: str) -> Any:
    keys = _keys(filters)
    try:
        values: list[Any] = json.loads(cursor)
        *weight, last_at, id = values
        moment = datetime.fromisoformat(last_at)
        if len(values) != len(keys) or moment.tzinfo is None or not isinstance(id, str):
            raise ValueError
        bound = tuple_(*(literal(int(w)) for w in weight), literal(moment, Moment), literal(id))
    except (ValueError, TypeError):
        raise ValueError("not a cursor of this list") from None
    return tuple_(*keys) > bound if filters.order == "oldest" else tuple_(*keys) < bound


def _cursor(filters: Filters, row: Summary) -> str:
    key = [row.last_at.isoformat(), row.id]
    return json.dumps([int(row.attention), *key] if filters.order == "attention" else key)


def _rows(connection: Connection, ids: list[str]) -> tuple[Summary, ...]:
    if not ids:
        return ()
    t = transcript.c
    last_words = (
        select(t.text)
        .where(t.conversation_id == c.id, t.author == "borrower")
        .order_by(t.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(select(conversations, last_words.label("last_words")).where(c.id.in_(ids))).all()
    tagged: dict[str, list[str]] = {}
    for row in connection.execute(select(tags).where(tags.c.conversation_id.in_(ids)).order_by(tags.c.tag)):
        tagged.setdefault(row.conversation_id, []).append(row.tag)
    by_id = {row.id: summary(row, row.last_words or "", tuple(tagged.get(row.id, ()))) for row in rows}
    return tuple(by_id[id] for id in ids if id in by_id)


def summary(row: Row, last_words: str = "", tagged: tuple[str, ...] = ()) -> Summary:
    own = {"last_at", "attention", "last_words", "tags"}
    names = [name for name in Summary.__dataclass_fields__ if name not in own]
    return Summary(
        **{name: getattr(row, name) for name in names},
        last_at=row.last_at or row.opened_at,
        attention=Attention(row.attention),
        last_words=last_words,
        tags=tagged,
    )
