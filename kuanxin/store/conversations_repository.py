"""Conversations in our own database: `kuanxin.conversations.ports.ConversationStore` on SQLite or PostgreSQL.

Plain blocking calls: give each a thread of its own. Whoever writes for a conversation takes its row first, so that
entries, requests and tickets come one after the other.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from kuanxin.conversations.model import (
    URGENCIES,
    Conversation,
    ConversationNotFound,
    ConversationsUnavailable,
    Entry,
    Handover,
    Head,
    IssuedButton,
    Recorded,
    Reminder,
    ReminderHold,
    Ticket,
)
from kuanxin.store.engine import reading
from kuanxin.store.tables_conversations import (
    conversations,
    handovers,
    inbound,
    issued_buttons,
    ratings,
    reminder_holds,
    reminders,
    tickets,
    transcript,
    unclear_messages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy.engine import Connection, Engine, Row

    from kuanxin.conversations.model import Author, Urgency

log = logging.getLogger(__name__)

MOST_AT_ONCE = 500  # ids in one statement: SQLite takes 999 parameters


class SqlConversations:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]

    def open(self, conversation_id: str, channel: str, borrower_id: str | None, now: datetime) -> Conversation:
        if (found := self.get(conversation_id)) is not None:
            return found
        row = {"id": conversation_id, "channel": channel, "borrower_id": borrower_id, "opened_at": now}
        with self._writing() as connection:
            connection.execute(self._insert(conversations).on_conflict_do_nothing(index_elements=["id"]), row)
            return _conversation(_take(connection, conversation_id))

    def get(self, conversation_id: str) -> Conversation | None:
        with self._reading() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()
        return _conversation(row) if row else None

    def change(self, conversation_id: str, **values: Any) -> None:
        with self._writing() as connection:
            _change(connection, conversation_id, **values)

    def signed_in(self, conversation_id: str, borrower_id: str, at: datetime) -> None:
        with self._writing() as connection:
            known = _take(connection, conversation_id).signed_in_at
            if known is None or known < at:
                _change(connection, conversation_id, borrower_id=borrower_id, signed_in_at=at, third_party=False)

    def claim(
        self, conversation_id: str, message_id: str, text: str, now: datetime, verified: bool, lease: float
    ) -> Recorded:
        this = and_(inbound.c.conversation_id == conversation_id, inbound.c.message_id == message_id)
        with self._writing() as connection:
            _take(connection, conversation_id)
            known = connection.execute(select(inbound).where(this)).first()
            if known is None:
                row = {"conversation_id": conversation_id, "message_id": message_id, "lease_until": time.time() + lease}
                connection.execute(insert(inbound), row)
                entry = {"author": "borrower", "text": text, "message_id": message_id, "verified": verified}
                _append(connection, conversation_id, now, [entry])
                return Recorded(new=True)
            if known.answered:
                return Recorded(new=False, entries=_replies_to(connection, conversation_id, message_id))
            if known.lease_until > time.time():
                return Recorded(new=False, pending=True)
            connection.execute(update(inbound).where(this).values(lease_until=time.time() + lease))
            return Recorded(new=True)

    def append(
        self,
        conversation_id: str,
        author: Author,
        replies: Sequence[dict[str, Any]],
        now: datetime,
        message_id: str | None,
        verified: bool,
        disclosed: bool,
    ) -> tuple[Entry, ...]:
        with self._writing() as connection:
            _take(connection, conversation_id)
            rows, buttons = [], []
            for reply in replies:
                issued = [
                    {
                        "id": secrets.token_urlsafe(12),
                        "conversation_id": conversation_id,
                        "title": button["title"],
                        "intent": button["intent"],
                        "entities": _json(button.get("entities") or {}),
                    }
                    for button in reply.get("buttons") or ()
                ]
                buttons += issued
                shown = [{"id": button["id"], "title": button["title"]} for button in issued]
                rows.append(
                    {
                        "author": author,
                        "text": reply.get("text") or "",
                        "card": _json(reply["card"]) if reply.get("card") else None,
                        "buttons": _json(shown) if shown else None,
                        "message_id": message_id,
                        "verified": verified,
                    }
                )
            if buttons:
                connection.execute(insert(issued_buttons), buttons)
            entries = _append(connection, conversation_id, now, rows)
            if message_id is not None:
                this = and_(inbound.c.conversation_id == conversation_id, inbound.c.message_id == message_id)
                connection.execute(update(inbound).where(this).values(answered=True))
            if disclosed:
                _change(connection, conversation_id, disclosed=True)
            return entries

    def button(self, conversation_id: str, button_id: str) -> IssuedButton | None:
        with self._reading() as connection:
            row = connection.execute(
                select(issued_buttons).where(
                    issued_buttons.c.id == button_id, issued_buttons.c.conversation_id == conversation_id
                )
            ).first()
        return IssuedButton(row.id, row.title, row.intent, json.loads(row.entities)) if row else None

    def entries(self, conversation_id: str, after: int, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(transcript)
                .where(transcript.c.conversation_id == conversation_id, transcript.c.number > after)
                .order_by(transcript.c.number)
                .limit(limit)
            )
            return tuple(map(_entry, rows))

    def latest(self, conversation_id: str, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(transcript)
                .where(transcript.c.conversation_id == conversation_id)
                .order_by(transcript.c.number.desc())
                .limit(limit)
            ).all()
        return tuple(map(_entry, reversed(rows)))

    def heads(self, conversation_ids: Sequence[str]) -> dict[str, Head]:
        wanted = select(conversations.c.id, conversations.c.last_number, conversations.c.holder)
        found = {}
        with self._reading() as connection:
            for start in range(0, len(conversation_ids), MOST_AT_ONCE):
                some = conversation_ids[start : start + MOST_AT_ONCE]
                for row in connection.execute(wanted.where(conversations.c.id.in_(some))):
                    found[row.id] = Head(row.last_number, row.holder)
        return found

    def open_handover(
        self, conversation_id: str, reason: str, urgency: Urgency, summary: str, now: datetime
    ) -> Handover:
        with self._writing() as connection:
            holder = _take(connection, conversation_id).holder
            this = and_(handovers.c.conversation_id == conversation_id, handovers.c.ended_at.is_(None))
            known = connection.execute(select(handovers).where(this)).first()
            if known is None:
                row = {"reason": reason, "urgency": urgency, "summary": summary, "waiting_since": now}
                connection.execute(insert(handovers), {"conversation_id": conversation_id, **row})
            elif URGENCIES.index(urgency) > URGENCIES.index(known.urgency):
                raised = {"reason": reason, "urgency": urgency, "summary": summary}
                connection.execute(update(handovers).where(this).values(**raised))
            if holder == "bot":
                _change(connection, conversation_id, holder="waiting")
            return _handover(connection.execute(select(handovers).where(this)).one())

    def end_handover(self, conversation_id: str, now: datetime) -> None:
        with self._writing() as connection:
            _change(connection, conversation_id, holder="bot")
            this = and_(handovers.c.conversation_id == conversation_id, handovers.c.ended_at.is_(None))
            connection.execute(update(handovers).where(this).values(ended_at=now))

    def waiting(self) -> tuple[Handover, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(handovers).where(handovers.c.ended_at.is_(None)).order_by(handovers.c.waiting_since)
            )
            return tuple(map(_handover, rows))

    def open_ticket(self, conversation_id: str, kind: str, subject: str, text: str, now: datetime) -> Ticket:
        with self._writing() as connection:
            _take(connection, conversation_id)
            this = and_(
                tickets.c.conversation_id == conversation_id,
                tickets.c.kind == kind,
                tickets.c.subject == subject,
                tickets.c.closed_at.is_(None),
            )
            if (known := connection.execute(select(tickets).where(this)).first()) is not None:
                return _ticket(known)
            row = {"number": secrets.token_hex(16), "kind": kind, "subject": subject, "text": text, "opened_at": now}
            key = connection.execute(insert(tickets), {"conversation_id": conversation_id, **row}).inserted_primary_key
            by_key = tickets.c.id == key[0]
            connection.execute(update(tickets).where(by_key).values(number=f"KX{now:%y%m%d}{key[0]:04d}"))
            return _ticket(connection.execute(select(tickets).where(by_key)).one())

    def tickets(self, conversation_id: str) -> tuple[Ticket, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(tickets).where(tickets.c.conversation_id == conversation_id).order_by(tickets.c.id)
            )
            return tuple(map(_ticket, rows))

    def hold(self, conversation_id: str, reason: str, since: datetime, until: datetime | None) -> None:
        with self._writing() as connection:
            subject = _take(connection, conversation_id).borrower_id or conversation_id
            this = and_(reminder_holds.c.subject == subject, reminder_holds.c.reason == reason)
            row = {"conversation_id": conversation_id, "since": since, "until": until}
            if (known := connection.execute(select(reminder_holds).where(this)).first()) is None:
                connection.execute(insert(reminder_holds), {"subject": subject, "reason": reason, **row})
                return
            if until is not None and (known.until is None or known.until > until):
                row["until"] = known.until
            connection.execute(update(reminder_holds).where(this).values(**row))

    def end_hold(self, subject: str, reason: str, at: datetime) -> None:
        with self._writing() as connection:
            connection.execute(
                update(reminder_holds)
                .where(_held_for(subject), reminder_holds.c.reason == reason)
                .where(or_(reminder_holds.c.until.is_(None), reminder_holds.c.until > at))
                .values(until=at)
            )

    def holds(self, subject: str) -> tuple[ReminderHold, ...]:
        with self._reading() as connection:
            rows = connection.execute(select(reminder_holds).where(_held_for(subject)).order_by(reminder_holds.c.since))
            return tuple(ReminderHold(row.reason, row.since, row.until) for row in rows)

    def keep_reminder(
        self, conversation_id: str, borrower_id: str, on: date, days_before: int, about: str, now: datetime
    ) -> Reminder:
        row = {"conversation_id": conversation_id, "on": on, "days_before": days_before, "asked_at": now}
        statement = self._insert(reminders).values(borrower_id=borrower_id, about=about, **row)
        with self._writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["borrower_id", "about"], set_=row))
        return Reminder(borrower_id, on, days_before, about)

    def reminders(self, borrower_id: str) -> tuple[Reminder, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(reminders).where(reminders.c.borrower_id == borrower_id).order_by(reminders.c.on)
            )
            return tuple(Reminder(row.borrower_id, row.on, row.days_before, row.about) for row in rows)

    def keep_rating(self, conversation_id: str, score: int, words: str, now: datetime) -> None:
        row = {"conversation_id": conversation_id, "at": now, "score": score, "words": words}
        with self._writing() as connection:
            _take(connection, conversation_id)
            connection.execute(insert(ratings), row)

    def keep_unclear(self, conversation_id: str, text: str, parse: dict[str, Any], now: datetime) -> None:
        row = {"conversation_id": conversation_id, "at": now, "text": text, "parse": _json(parse)}
        with self._writing() as connection:
            connection.execute(insert(unclear_messages), row)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), self._engine.begin() as connection:
            yield connection


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as fault:
        # the statement and its parameters hold what people said: only the kind of fault is logged
        log.error("conversations: %s (%s)", type(fault).__name__, type(getattr(fault, "orig", None)).__name__)
        raise ConversationsUnavailable(type(fault).__name__) from None


def _take(connection: Connection, conversation_id: str) -> Row:
    """The row of a conversation, locked until the transaction ends."""
    row = connection.execute(
        select(conversations).where(conversations.c.id == conversation_id).with_for_update()
    ).first()
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row


def _change(connection: Connection, conversation_id: str, **values: Any) -> None:
    changed = connection.execute(
        update(conversations).where(conversations.c.id == conversation_id).values(**values)
    ).rowcount
    if not changed:
        raise ConversationNotFound(conversation_id)


def _append(
    connection: Connection, conversation_id: str, now: datetime, rows: list[dict[str, Any]]
) -> tuple[Entry, ...]:
    if not rows:
        return ()
    this = conversations.c.id == conversation_id
    connection.execute(update(conversations).where(this).values(last_number=conversations.c.last_number + len(rows)))
    last = connection.execute(select(conversations.c.last_number).where(this)).scalar_one()
    numbered = [
        {"conversation_id": conversation_id, "number": number, "at": now, **row}
        for number, row in enumerate(rows, last - len(rows) + 1)
    ]
    connection.execute(insert(transcript), numbered)
    return _replies(connection, conversation_id, transcript.c.number > last - len(rows))


def _replies_to(connection: Connection, conversation_id: str, message_id: str) -> tuple[Entry, ...]:
    answers = and_(transcript.c.message_id == message_id, transcript.c.author != "borrower")
    return _replies(connection, conversation_id, answers)


def _replies(connection: Connection, conversation_id: str, which: Any) -> tuple[Entry, ...]:
    rows = connection.execute(
        select(transcript).where(transcript.c.conversation_id == conversation_id, which).order_by(transcript.c.number)
    )
    return tuple(map(_entry, rows))


def _held_for(subject: str) -> Any:
    """The holds of a borrower (also those asked for before signing in) or of one conversation."""
    signed_in = select(conversations.c.id).where(conversations.c.borrower_id == subject)
    return or_(
        reminder_holds.c.subject == subject,
        reminder_holds.c.conversation_id == subject,
        reminder_holds.c.conversation_id.in_(signed_in),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _conversation(row: Row) -> Conversation:
    return Conversation(
        id=row.id,
        channel=row.channel,
        opened_at=row.opened_at,
        borrower_id=row.borrower_id,
        signed_in_at=row.signed_in_at,
        holder=row.holder,
        safety_hold=row.safety_hold,
        third_party=row.third_party,
        disclosed=row.disclosed,
    )


def _entry(row: Row) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        author=row.author,
        text=row.text,
        card=json.loads(row.card) if row.card else None,
        buttons=tuple(json.loads(row.buttons)) if row.buttons else (),
        verified=row.verified,
        message_id=row.message_id,
    )


def _handover(row: Row) -> Handover:
    return Handover(row.id, row.conversation_id, row.reason, row.urgency, row.summary, row.waiting_since)


def _ticket(row: Row) -> Ticket:
    return Ticket(row.number, row.conversation_id, row.kind, row.subject, row.text, row.opened_at)
