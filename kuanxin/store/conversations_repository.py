"""Conversations in our own database: `kuanxin.conversations.ports.ConversationStore` on SQLite or PostgreSQL.

Plain blocking calls: give each a thread of its own. Whoever writes for a conversation takes its row first, so that
entries, requests and tickets come one after the other.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import and_, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.conversations.model import (
    URGENCIES,
    Attention,
    Conversation,
    ConversationNotFound,
    Entry,
    Handover,
    IssuedButton,
    Recorded,
    Reminder,
    ReminderHold,
    Ticket,
)
from kuanxin.conversations.review import Head
from kuanxin.store.leases import clock, free
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
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.engine import Connection, Engine, Row

    from kuanxin.conversations.model import Author, Urgency

log = logging.getLogger(__name__)

MOST_AT_ONCE = 500  # ids in one statement: SQLite takes 999 parameters
LOW_RATING = 2
_WEIGHT = {"safety": Attention.DANGER, "complaint": Attention.COMPLAINT}  # of a request for a person


class Listener(Protocol):
    """Is told of what happens, inside the transaction that writes it."""

    def staff_replied(self, connection: Connection, conversation_id: str, now: datetime) -> None: ...

    def reminder_set(self, connection: Connection, reminder: Reminder, now: datetime) -> None: ...


class SqlConversations(Transactions):
    def __init__(self, engine: Engine, listener: Listener | None = None) -> None:
        super().__init__(engine)
        self._listener = listener
        self._insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]

    def open(self, conversation_id: str, channel: str, borrower_id: str | None, now: datetime) -> Conversation:
        if (found := self.get(conversation_id)) is not None:
            return found
        row = {"id": conversation_id, "channel": channel, "borrower_id": borrower_id, "opened_at": now, "last_at": now}
        with self._writing() as connection:
            connection.execute(self._insert(conversations).on_conflict_do_nothing(index_elements=["id"]), row)
            return _conversation(take_conversation(connection, conversation_id))

    def get(self, conversation_id: str) -> Conversation | None:
        with self._reading() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()
        return _conversation(row) if row else None

    def change(self, conversation_id: str, **values: Any) -> None:
        with self._writing() as connection:
            change_conversation(connection, conversation_id, **values)
            if values.get("safety_hold"):
                _flag(connection, conversation_id, Attention.DANGER)

    def signed_in(self, conversation_id: str, borrower_id: str, at: datetime) -> None:
        with self._writing() as connection:
            known = take_conversation(connection, conversation_id).signed_in_at
            if known is None or known < at:
                change_conversation(
                    connection, conversation_id, borrower_id=borrower_id, signed_in_at=at, third_party=False
                )

    def claim(
        self, conversation_id: str, message_id: str, text: str, now: datetime, verified: bool, lease: float
    ) -> Recorded:
        this = and_(inbound.c.conversation_id == conversation_id, inbound.c.message_id == message_id)
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            now_there = clock(self._engine)
            lost = free(inbound.c.lease_until, now_there).label("lost")
            known = connection.execute(select(inbound.c.answered, lost).where(this)).first()
            if known is None:
                row = {"conversation_id": conversation_id, "message_id": message_id, "lease_until": now_there + lease}
                connection.execute(insert(inbound).values(row))
                entry = {"author": "borrower", "text": text, "message_id": message_id, "verified": verified}
                append_entries(connection, conversation_id, now, [entry])
                change_conversation(connection, conversation_id, said=conversations.c.said + 1)
                return Recorded(new=True)
            if known.answered:
                return Recorded(new=False, entries=_replies_to(connection, conversation_id, message_id))
            if not known.lost:
                return Recorded(new=False, pending=True)
            connection.execute(update(inbound).where(this).values(lease_until=now_there + lease))
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
        this = and_(inbound.c.conversation_id == conversation_id, inbound.c.message_id == message_id)
        with self._writing() as connection:
            holder = take_conversation(connection, conversation_id).holder
            if author == "assistant" and message_id:
                if connection.execute(select(inbound.c.answered).where(this)).scalar():
                    return _replies_to(connection, conversation_id, message_id)  # by another worker, whose lease it was
                if holder == "human":
                    replies = ()  # a colleague took over while the model was thinking
            said = {"author": author, "message_id": message_id, "verified": verified}
            rows = [{**shown(connection, conversation_id, reply), **said} for reply in replies]
            entries = append_entries(connection, conversation_id, now, rows)
            if message_id is not None:
                connection.execute(update(inbound).where(this).values(answered=True))
            if disclosed:
                change_conversation(connection, conversation_id, disclosed=True)
            # words of a colleague with an id of their own were written, and read, on a platform
            if author == "staff" and message_id is None and entries and self._listener:
                self._listener.staff_replied(connection, conversation_id, now)
            return entries

    def button(self, conversation_id: str, button_id: str) -> IssuedButton | None:
        with self._reading() as connection:
            row = connection.execute(
                select(issued_buttons).where(
                    issued_buttons.c.id == button_id, issued_buttons.c.conversation_id == conversation_id
                )
            ).first()
        return IssuedButton(row.id, row.title, row.intent, json.loads(row.entities), row.shown_at) if row else None

    def first_shown(self, conversation_id: str, entities: dict[str, Any]) -> float | None:
        c = issued_buttons.c
        with self._reading() as connection:
            return connection.execute(
                select(func.min(c.shown_at)).where(c.conversation_id == conversation_id, c.entities == _json(entities))
            ).scalar_one()

    def last_shown(self, conversation_id: str) -> float | None:
        c = issued_buttons.c
        with self._reading() as connection:
            return connection.execute(
                select(func.max(c.shown_at)).where(c.conversation_id == conversation_id)
            ).scalar_one()

    def entries(self, conversation_id: str, after: int, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(transcript)
                .where(transcript.c.conversation_id == conversation_id, transcript.c.number > after)
                .order_by(transcript.c.number)
                .limit(limit)
            )
            return tuple(map(entry_of, rows))

    def heads(self, conversation_ids: Sequence[str]) -> dict[str, Head]:
        c, now = conversations.c, time.time()
        wanted = select(c.id, c.last_number, c.holder, c.typing_until)
        found = {}
        with self._reading() as connection:
            for start in range(0, len(conversation_ids), MOST_AT_ONCE):
                some = conversation_ids[start : start + MOST_AT_ONCE]
                for row in connection.execute(wanted.where(c.id.in_(some))):
                    found[row.id] = Head(row.last_number, row.holder, (row.typing_until or 0) > now)
        return found

    def latest(self, conversation_id: str, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(transcript)
                .where(transcript.c.conversation_id == conversation_id)
                .order_by(transcript.c.number.desc())
                .limit(limit)
            ).all()
        return tuple(map(entry_of, reversed(rows)))

    def open_handover(
        self, conversation_id: str, reason: str, urgency: Urgency, summary: str, now: datetime
    ) -> Handover:
        with self._writing() as connection:
            holder = take_conversation(connection, conversation_id).holder
            this = and_(handovers.c.conversation_id == conversation_id, handovers.c.ended_at.is_(None))
            known = connection.execute(select(handovers).where(this)).first()
            if known is None:
                row = {"reason": reason, "urgency": urgency, "summary": summary, "waiting_since": now}
                connection.execute(insert(handovers), {"conversation_id": conversation_id, **row})
            elif URGENCIES.index(urgency) > URGENCIES.index(known.urgency):
                raised = {"reason": reason, "urgency": urgency, "summary": summary}
                connection.execute(update(handovers).where(this).values(**raised))
            if holder == "bot":
                change_conversation(connection, conversation_id, holder="waiting")
            _flag(connection, conversation_id, _WEIGHT.get(reason, Attention.HUMAN), handed_over=True)
            return handover_of(connection.execute(select(handovers).where(this)).one())

    def end_handover(self, conversation_id: str, now: datetime) -> None:
        with self._writing() as connection:
            change_conversation(connection, conversation_id, holder="bot")
            this = and_(handovers.c.conversation_id == conversation_id, handovers.c.ended_at.is_(None))
            connection.execute(update(handovers).where(this).values(ended_at=now))

    def waiting(self) -> tuple[Handover, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(handovers, conversations.c.hardship)
                .join(conversations, conversations.c.id == handovers.c.conversation_id)
                .where(handovers.c.ended_at.is_(None))
                .order_by(handovers.c.waiting_since)
            ).all()
            return tuple(replace(handover_of(row), hardship=row.hardship) for row in rows)

    def open_ticket(self, conversation_id: str, kind: str, subject: str, text: str, now: datetime) -> Ticket:
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
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
            if kind == "complaint":
                _flag(connection, conversation_id, Attention.COMPLAINT, complaint=True)
            return _ticket(connection.execute(select(tickets).where(by_key)).one())

    def tickets(self, conversation_id: str) -> tuple[Ticket, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(tickets).where(tickets.c.conversation_id == conversation_id).order_by(tickets.c.id)
            )
            return tuple(map(_ticket, rows))

    def hold(self, conversation_id: str, reason: str, since: datetime, until: datetime | None) -> None:
        with self._writing() as connection:
            subject = take_conversation(connection, conversation_id).borrower_id or conversation_id
            if reason == "hardship":
                _flag(connection, conversation_id, Attention.HARDSHIP, hardship=True)
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
            reminder = Reminder(borrower_id, on, days_before, about)
            if self._listener:
                self._listener.reminder_set(connection, reminder, now)
        return reminder

    def reminders(self, borrower_id: str) -> tuple[Reminder, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(reminders).where(reminders.c.borrower_id == borrower_id).order_by(reminders.c.on)
            )
            return tuple(Reminder(row.borrower_id, row.on, row.days_before, row.about) for row in rows)

    def keep_rating(self, conversation_id: str, score: int, words: str, now: datetime) -> None:
        row = {"conversation_id": conversation_id, "at": now, "score": score, "words": words}
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            connection.execute(insert(ratings), row)
            change_conversation(connection, conversation_id, rating=score)
            if score <= LOW_RATING:
                _flag(connection, conversation_id, Attention.UNCLEAR)

    def keep_unclear(self, conversation_id: str, text: str, parse: dict[str, Any], now: datetime) -> None:
        row = {"conversation_id": conversation_id, "at": now, "text": text, "parse": _json(parse)}
        with self._writing() as connection:
            connection.execute(insert(unclear_messages), row)
            _flag(connection, conversation_id, Attention.UNCLEAR, fallback=True)


def take_conversation(connection: Connection, conversation_id: str) -> Row:
    """The row of a conversation, locked until the transaction ends."""
    row = connection.execute(
        select(conversations).where(conversations.c.id == conversation_id).with_for_update()
    ).first()
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row


def change_conversation(connection: Connection, conversation_id: str, **values: Any) -> None:
    changed = connection.execute(
        update(conversations).where(conversations.c.id == conversation_id).values(**values)
    ).rowcount
    if not changed:
        raise ConversationNotFound(conversation_id)


def _flag(connection: Connection, conversation_id: str, attention: Attention, **values: Any) -> None:
    """Something that colleagues should look at; an earlier review no longer covers it."""
    known = conversations.c.attention
    raised = case((known < int(attention), int(attention)), else_=known)
    change_conversation(connection, conversation_id, attention=raised, reviewed_at=None, reviewed_by=None, **values)


def shown(connection: Connection, conversation_id: str, reply: dict[str, Any]) -> dict[str, Any]:
    """A reply {text, card, buttons: [{title, intent, entities}]} as the transcript keeps it; issues its buttons."""
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
    if issued:
        connection.execute(insert(issued_buttons), issued)
    buttons = [{"id": button["id"], "title": button["title"]} for button in issued]
    return {
        "text": reply.get("text") or "",
        "card": _json(reply["card"]) if reply.get("card") else None,
        "buttons": _json(buttons) if buttons else None,
    }


def append_entries(
    connection: Connection, conversation_id: str, now: datetime, rows: list[dict[str, Any]]
) -> tuple[Entry, ...]:
    if not rows:
        return ()
    this = conversations.c.id == conversation_id
    number = conversations.c.last_number + len(rows)
    connection.execute(update(conversations).where(this).values(last_number=number, last_at=now))
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
    return tuple(map(entry_of, rows))


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


def entry_of(row: Row) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        author=row.author,
        text=row.text,
        card=json.loads(row.card) if row.card else None,
        buttons=tuple(json.loads(row.buttons)) if row.buttons else (),
        verified=row.verified,
        message_id=row.message_id,
        staff=row.staff,
    )


def handover_of(row: Row) -> Handover:
    return Handover(
        row.id,
        row.conversation_id,
        row.reason,
        row.urgency,
        row.summary,
        row.waiting_since,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        first_reply_at=row.first_reply_at,
    )


def _ticket(row: Row) -> Ticket:
    return Ticket(row.number, row.conversation_id, row.kind, row.subject, row.text, row.opened_at)
