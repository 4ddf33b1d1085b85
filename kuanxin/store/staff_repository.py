"""What colleagues do with conversations, each one transaction: claim, reply, transfer, give back, note, review, close.

Whoever writes for a conversation takes its row first, so two colleagues at once come one after the other.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.conversations.review import (
    Agreement,
    AlreadyClaimed,
    AlreadyClosed,
    BorrowerWroteMeanwhile,
    Note,
    NotHolding,
    OpenTicket,
    Unclear,
    Understanding,
)
from kuanxin.store.agreement_states import note_states
from kuanxin.store.conversations_repository import (
    append_entries,
    change_conversation,
    entry_of,
    handover_of,
    shown,
    take_conversation,
)
from kuanxin.store.tables_conversations import (
    agreements,
    conversations,
    handovers,
    notes,
    tags,
    tickets,
    transcript,
    understood,
)
from kuanxin.store.transactions import Transactions
from kuanxin.store.transcripts_search import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine, Row

    from kuanxin.conversations.model import Entry, Handover
    from kuanxin.conversations.review import Summary
    from kuanxin.store.conversations_repository import Listener


class SqlStaff(Transactions):
    def __init__(self, engine: Engine, listener: Listener | None = None) -> None:
        super().__init__(engine)
        self._listener = listener
        self._insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]

    # who holds a conversation

    def open_request(self, conversation_id: str) -> Handover | None:
        with self._reading() as connection:
            row = _open_request(connection, conversation_id)
        return handover_of(row) if row else None

    def claim(self, conversation_id: str, staff: str, now: datetime, override: bool) -> None:
        """Takes the open request; makes one where there is none. Raises AlreadyClaimed."""
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            held = {"claimed_by": staff, "claimed_at": now}
            known = _open_request(connection, conversation_id)
            if known is None:
                row = {"reason": "staff", "urgency": "normal", "summary": "", "waiting_since": now, **held}
                connection.execute(insert(handovers), {"conversation_id": conversation_id, **row})
                change_conversation(connection, conversation_id, holder="human", handed_over=True)
                return
            free = handovers.c.id == known.id
            if not override:
                free = and_(free, or_(handovers.c.claimed_by.is_(None), handovers.c.claimed_by == staff))
            if not connection.execute(update(handovers).where(free).values(**held)).rowcount:
                raise AlreadyClaimed(known.claimed_by)
            change_conversation(connection, conversation_id, holder="human")

    def transfer(self, conversation_id: str, staff: str, to: str | None, now: datetime) -> None:
        """To a colleague, or back into the queue (None): the assistant stays silent. Raises NotHolding."""
        with self._writing() as connection:
            _held_by(connection, conversation_id, staff)
            moved = {"claimed_by": to, "claimed_at": now if to else None}
            connection.execute(update(handovers).where(_open(conversation_id)).values(**moved))

    def reply(self, conversation_id: str, staff: str, text: str, token: str, now: datetime) -> Entry:
        """Once for each token. Raises NotHolding."""
        with self._writing() as connection:
            held = _held_by(connection, conversation_id, staff)
            said = self._append_once(connection, conversation_id, token, now, {"text": text}, staff)
            if held.first_reply_at is None:
                connection.execute(update(handovers).where(_open(conversation_id)).values(first_reply_at=now))
            change_conversation(connection, conversation_id, typing_until=None)
            return said

    def tell(
        self, conversation_id: str, token: str, now: datetime, reply: dict[str, Any], staff: str, notice: bool = True
    ) -> Entry:
        """An answer of the house (a decision) wherever the conversation stands; once for each token."""
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            return self._append_once(connection, conversation_id, token, now, reply, staff, notice)

    def give_back(
        self, conversation_id: str, staff: str, outcome: str, seen: int, farewell: str, now: datetime
    ) -> None:
        """The assistant answers again. Raises NotHolding, BorrowerWroteMeanwhile."""
        with self._writing() as connection:
            _held_by(connection, conversation_id, staff)
            newer = select(transcript.c.number).where(
                transcript.c.conversation_id == conversation_id,
                transcript.c.number > seen,
                transcript.c.author == "borrower",
            )
            if connection.execute(newer).first():
                raise BorrowerWroteMeanwhile
            ended = {"ended_at": now, "outcome": outcome}
            connection.execute(update(handovers).where(_open(conversation_id)).values(**ended))
            append_entries(connection, conversation_id, now, [{"author": "assistant", "text": farewell}])
            change_conversation(connection, conversation_id, holder="bot", typing_until=None)

    def typing(self, conversation_id: str, staff: str, seconds: float) -> None:
        """Raises NotHolding."""
        with self._writing() as connection:
            _held_by(connection, conversation_id, staff)
            change_conversation(connection, conversation_id, typing_until=time.time() + seconds)

    # what colleagues know about it

    def summary(self, conversation_id: str) -> Summary | None:
        with self._reading() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()
            this = tags.c.conversation_id == conversation_id
            tagged = connection.execute(select(tags.c.tag).where(this).order_by(tags.c.tag)).scalars().all()
        return summary(row, tagged=tuple(tagged)) if row else None

    def understandings(self, conversation_id: str) -> tuple[Understanding, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                select(understood).where(understood.c.conversation_id == conversation_id).order_by(understood.c.at)
            ).all()
        return tuple(map(_understanding, rows))

    def notes(self, conversation_id: str) -> tuple[Note, ...]:
        this = notes.c.conversation_id == conversation_id
        with self._reading() as connection:
            rows = connection.execute(select(notes).where(this).order_by(notes.c.id)).all()
        return tuple(Note(row.at, row.staff, row.text) for row in rows)

    def add_note(self, conversation_id: str, staff: str, text: str, now: datetime) -> None:
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            row = {"conversation_id": conversation_id, "at": now, "staff": staff, "text": text}
            connection.execute(insert(notes), row)

    def set_tags(self, conversation_id: str, wanted: Sequence[str]) -> None:
        with self._writing() as connection:
            take_conversation(connection, conversation_id)
            connection.execute(delete(tags).where(tags.c.conversation_id == conversation_id))
            if rows := [{"conversation_id": conversation_id, "tag": tag} for tag in dict.fromkeys(wanted)]:
                connection.execute(insert(tags), rows)

    def known_tags(self, limit: int = 100) -> tuple[str, ...]:
        with self._reading() as connection:
            return tuple(connection.execute(select(tags.c.tag).distinct().order_by(tags.c.tag).limit(limit)).scalars())

    def review(self, conversation_id: str, staff: str, now: datetime) -> None:
        with self._writing() as connection:
            change_conversation(connection, conversation_id, attention=0, reviewed_at=now, reviewed_by=staff)

    def set_legal_hold(self, conversation_id: str, held: bool) -> None:
        with self._writing() as connection:
            change_conversation(connection, conversation_id, legal_hold=held)

    # arrangements and tickets that wait for people

    def keep_agreement(self, agreement: Agreement) -> None:
        row = dict(agreement.__dict__)
        with self._writing() as connection:
            connection.execute(self._insert(agreements).on_conflict_do_nothing(index_elements=["id"]), row)

    def agreements_of(self, conversation_id: str) -> tuple[Agreement, ...]:
        return self._agreements(agreements.c.conversation_id == conversation_id)

    def agreement(self, id: str) -> Agreement | None:
        return next(iter(self._agreements(agreements.c.id == id)), None)

    def agreements_in(self, state: str) -> tuple[Agreement, ...]:
        return self._agreements(agreements.c.state == state)

    def _agreements(self, which: Any) -> tuple[Agreement, ...]:
        with self._reading() as connection:
            rows = connection.execute(select(agreements).where(which).order_by(agreements.c.agreed_at)).all()
        return tuple(Agreement(**row._mapping) for row in rows)

    def note_state(self, id: str, state: str, told_at: datetime) -> None:
        with self._writing() as connection:
            connection.execute(update(agreements).where(agreements.c.id == id).values(state=state, told_at=told_at))

    def note_states(self, states: Mapping[str, str]) -> int:
        with self._writing() as connection:
            return note_states(connection, states)

    def end_decision_request(self, conversation_id: str, now: datetime) -> None:
        """A request for a person that only waited for a decision nobody has to answer any more."""
        with self._writing() as connection:
            holder = take_conversation(connection, conversation_id).holder
            this = and_(_open(conversation_id), handovers.c.reason == "decision", handovers.c.claimed_by.is_(None))
            ended = connection.execute(update(handovers).where(this).values(ended_at=now, outcome="decided")).rowcount
            if ended and holder == "waiting":
                change_conversation(connection, conversation_id, holder="bot")

    def open_tickets(self, kinds: Sequence[str], limit: int) -> tuple[OpenTicket, ...]:
        return self._tickets(and_(tickets.c.closed_at.is_(None), tickets.c.kind.in_(kinds)), limit)

    def ticket(self, number: str) -> OpenTicket | None:
        return next(iter(self._tickets(tickets.c.number == number, 1)), None)

    def close_ticket(self, number: str, staff: str, outcome: str, now: datetime) -> None:
        """Raises AlreadyClosed."""
        with self._writing() as connection:
            this = and_(tickets.c.number == number, tickets.c.closed_at.is_(None))
            closed = {"closed_at": now, "closed_by": staff, "outcome": outcome}
            if not connection.execute(update(tickets).where(this).values(**closed)).rowcount:
                by = connection.execute(select(tickets.c.closed_by).where(tickets.c.number == number)).scalar()
                raise AlreadyClosed(by or "")

    def _tickets(self, which: Any, limit: int) -> tuple[OpenTicket, ...]:
        joined = tickets.join(conversations, conversations.c.id == tickets.c.conversation_id)
        query = select(tickets, conversations.c.borrower_id).select_from(joined).where(which)
        names = OpenTicket.__dataclass_fields__
        with self._reading() as connection:
            rows = connection.execute(query.order_by(tickets.c.opened_at).limit(limit)).all()
        return tuple(OpenTicket(**{name: row._mapping[name] for name in names}) for row in rows)

    # messages to learn from

    def unclear(self, below: float, before: datetime | None, limit: int) -> tuple[Unclear, ...]:
        """Typed messages that were not understood or with less certainty than `below`, newest first."""
        u, t = understood.c, transcript.c
        said = and_(t.conversation_id == u.conversation_id, t.message_id == u.message_id, t.author == "borrower")
        query = (
            select(understood, t.text)
            .select_from(understood.join(transcript, said))
            .where(or_(u.fallback, u.confidence < below))
            .order_by(u.at.desc(), u.conversation_id, u.message_id)
            .limit(limit)
        )
        if before is not None:
            query = query.where(u.at < before)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        names = Unclear.__dataclass_fields__
        return tuple(Unclear(**{name: row._mapping[name] for name in names}) for row in rows)

    def counts(self) -> dict[str, int]:
        """How much waits: by what the first page and the menu show."""
        c = conversations.c
        with self._reading() as connection:

            def count(of: Any, *where: Any) -> int:
                return int(connection.execute(select(func.count()).select_from(of).where(*where)).scalar_one())

            still_open = handovers.c.ended_at.is_(None)
            return {
                "waiting": count(
                    handovers, still_open, handovers.c.claimed_by.is_(None), handovers.c.reason != "decision"
                ),
                "held": count(handovers, still_open, handovers.c.claimed_by.isnot(None)),
                "requested": count(agreements, agreements.c.state == "requested"),
                "tickets": count(tickets, tickets.c.closed_at.is_(None)),
                "unreviewed": count(select(c.id).where(c.attention > 0).limit(1000).subquery()),
            }

    def _append_once(
        self,
        connection: Connection,
        conversation_id: str,
        token: str,
        now: datetime,
        reply: dict[str, Any],
        staff: str,
        notice: bool = True,
    ) -> Entry:
        t = transcript.c
        this = and_(t.conversation_id == conversation_id, t.message_id == token, t.author == "staff")
        number = connection.execute(select(t.number).where(this)).scalar()
        if number is not None:
            return _entry_at(connection, conversation_id, number)
        who = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).one()
        verified = who.borrower_id is not None and not who.third_party  # colleagues may speak of the loan
        said = {"author": "staff", "message_id": token, "verified": verified, "staff": staff}
        rows = [{**shown(connection, conversation_id, reply), **said}]
        entry = append_entries(connection, conversation_id, now, rows)[0]
        if self._listener and notice:
            self._listener.staff_replied(connection, conversation_id, now)
        return entry


def _open(conversation_id: str) -> Any:
    return and_(handovers.c.conversation_id == conversation_id, handovers.c.ended_at.is_(None))


def _open_request(connection: Connection, conversation_id: str) -> Row | None:
    return connection.execute(select(handovers).where(_open(conversation_id))).first()


def _held_by(connection: Connection, conversation_id: str, staff: str) -> Row:
    take_conversation(connection, conversation_id)
    known = _open_request(connection, conversation_id)
    if known is None or known.claimed_by != staff:
        raise NotHolding(conversation_id)
    return known


def _entry_at(connection: Connection, conversation_id: str, number: int) -> Entry:
    this = and_(transcript.c.conversation_id == conversation_id, transcript.c.number == number)
    return entry_of(connection.execute(select(transcript).where(this)).one())


def _understanding(row: Row) -> Understanding:
    values = {name: getattr(row, name) for name in Understanding.__dataclass_fields__}
    for name in ("actions", "entities"):
        values[name] = tuple(json.loads(values[name]))
    return Understanding(**{**values, "slots": json.loads(row.slots)})
