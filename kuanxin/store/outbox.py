"""The outbox of notices: rows written with their cause, claimed by workers, and what became of each.

The functions that take a connection write into the caller's transaction: a notice stands if and only if its cause
does. `Outbox` has the steps of a worker, each one transaction. A claim is a random word with an end in real time; every
later step of the worker names it, so whoever lost its claim writes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kuanxin.conversations.model import ReminderHold
from kuanxin.notices.causes import Wish, of_question
from kuanxin.notices.policy import Person
from kuanxin.store.agreement_states import note_states
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import reading
from kuanxin.store.tables_conversations import conversations, reminder_holds, reminders, transcript
from kuanxin.store.tables_notices import contact_wishes, notices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.engine import Connection, Engine, Row

    from kuanxin.notices.causes import Cause

CLAIM_SECONDS = 120.0  # more than any carrier takes to answer
PORTION = 1000  # ids in one query
OPEN = ("waiting", "sending")
WENT_OUT = ("sending", "sent", "delivered", "undelivered", "unclear")
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Entry:
    """A notice in the outbox."""

    id: str
    key: str
    kind: str
    borrower_id: str
    about: dict[str, str]
    not_before: datetime
    expires_at: datetime
    state: str
    claim: str
    way: str
    attempts: int
    tried_at: datetime | None
    why: str = ""
    text: str = ""
    receipt: str = ""


def enqueue(connection: Connection, causes: Sequence[Cause], now: datetime) -> int:
    """Writes a notice for each cause that has none yet. How many are new."""
    if not causes:
        return 0
    rows = {
        cause.id: {
            "id": cause.id,
            "key": cause.key,
            "kind": cause.kind.value,
            "borrower_id": cause.borrower_id,
            "about": json.dumps(cause.about, ensure_ascii=False),
            "counts": int(cause.counts),
            "made_at": now,
            "not_before": cause.not_before,
            "expires_at": cause.expires,
        }
        for cause in causes
    }
    known = set(connection.execute(select(notices.c.id).where(notices.c.id.in_(list(rows)))).scalars())
    new = [row for one, row in rows.items() if one not in known]
    if new:
        statement = _INSERT[connection.dialect.name](notices).on_conflict_do_nothing(index_elements=["id"])
        connection.execute(statement, new)
    return len(new)


def people(connection: Connection, ids: Sequence[str], now: datetime) -> dict[str, Person]:
    """What the tables say about these borrowers: holds, days written to, their own hours and way."""
    holds: dict[str, list[ReminderHold]] = {one: [] for one in ids}
    for row in connection.execute(
        select(reminder_holds, conversations.c.borrower_id, conversations.c.signed_in_at)
        .join(conversations, conversations.c.id == reminder_holds.c.conversation_id)
        .where(or_(reminder_holds.c.subject.in_(ids), conversations.c.borrower_id.in_(ids)))
    ):
        if row.reason == "third_party" and row.signed_in_at and row.signed_in_at > row.since:
            continue  # the borrower is back
        for one in {row.subject, row.borrower_id} & holds.keys():
            holds[one].append(ReminderHold(row.reason, row.since, row.until))
    with_people = select(conversations).where(
        conversations.c.borrower_id.in_(ids),
        or_(conversations.c.holder.in_(("waiting", "human")), conversations.c.safety_hold),
    )
    for row in connection.execute(with_people):
        reasons = ["human"] * (row.holder != "bot") + ["self_harm"] * row.safety_hold
        holds[row.borrower_id] += [ReminderHold(reason, now, None) for reason in reasons]
    written: dict[str, list[date]] = {one: [] for one in ids}
    for row in connection.execute(
        select(notices.c.borrower_id, notices.c.tried_at).where(
            notices.c.borrower_id.in_(ids),
            notices.c.counts == 1,
            notices.c.state.in_(WENT_OUT),
            notices.c.tried_at > now - timedelta(days=8),
        )
    ):
        written[row.borrower_id].append(row.tried_at.astimezone(SHANGHAI).date())
    wishes = {
        row.borrower_id: row
        for row in connection.execute(select(contact_wishes).where(contact_wishes.c.borrower_id.in_(ids)))
    }
    found = {}
    for one in ids:
        wish = wishes.get(one)
        own = {"opens": wish.opens, "closes": wish.closes, "way": wish.way} if wish else {}
        found[one] = Person(one, tuple(holds[one]), tuple(written[one]), **own)
    return found


def last_said(connection: Connection, conversation_id: str) -> int:
    number = connection.execute(
        select(func.max(transcript.c.number)).where(
            transcript.c.conversation_id == conversation_id, transcript.c.author == "borrower"
        )
    ).scalar()
    return number or 0


class Outbox:
    """`secret` hides phone numbers in the table; `seconds` is the real time, which claims are counted in."""

    def __init__(self, engine: Engine, secret: str, seconds: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._secret = secret
        self._seconds = seconds

    def add(self, causes: Sequence[Cause], now: datetime) -> int:
        """Notices whose cause is not written by us. How many are new."""
        with self._engine.begin() as connection:
            return enqueue(connection, causes, now)

    def send_link(self, borrower_id: str, conversation_id: str, message_id: str, now: datetime) -> None:
        """Somebody asked by SMS: a link into the conversation, once for each message."""
        self.add([of_question(borrower_id, conversation_id, message_id, now)], now)

    def standing(self, ids: Sequence[str]) -> set[str]:
        """Which of these notices are in the outbox, whatever became of them."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(ids), PORTION):
                some = ids[start : start + PORTION]
                found.update(connection.execute(select(notices.c.id).where(notices.c.id.in_(some))).scalars())
        return found

    def people(self, ids: Sequence[str], now: datetime) -> dict[str, Person]:
        """What is known about these borrowers before anything is sent to them."""
        with reading(self._engine) as connection:
            return people(connection, ids, now)

    def note_states(self, states: Mapping[str, str]) -> None:
        """What became of arrangements, beside the conversations in which they were agreed."""
        if states:
            with self._engine.begin() as connection:
                note_states(connection, states)

    def wishes(self, ids: Sequence[str]) -> list[Wish]:
        """The reminders that these borrowers set."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(reminders).where(reminders.c.borrower_id.in_(ids))).all()
        return [Wish(row.borrower_id, row.about, row.on, row.days_before, row.asked_at) for row in rows]

    def last_said(self, conversation_id: str) -> int:
        """The number of the last entry that the borrower wrote in a conversation; 0 where there is none."""
        with reading(self._engine) as connection:
            return last_said(connection, conversation_id)

    def claim(self, now: datetime, most: int) -> list[Entry]:
        """Takes what is due, for a while: nobody else gets it meanwhile. Of two workers neither waits for the other."""
        word, until = secrets.token_hex(16), self._seconds() + CLAIM_SECONDS
        due = (
            select(notices.c.id)
            .where(notices.c.state.in_(OPEN), notices.c.not_before <= now, notices.c.claimed_until < self._seconds())
            .order_by(notices.c.not_before, notices.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)  # SQLite knows no row locks and needs none: one writer at a time
        )
        with self._engine.begin() as connection:
            ids = list(connection.execute(due).scalars())
            if ids:
                taken = {"claim": word, "claimed_until": until}
                connection.execute(update(notices).where(notices.c.id.in_(ids)).values(**taken))
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(notices).where(notices.c.claim == word).order_by(notices.c.not_before, notices.c.id)
            )
            return [_entry(row) for row in rows]

    def due(self, now: datetime, most: int) -> list[Entry]:
        """What a worker would find now; nothing is claimed."""
        due = notices.c.state.in_(OPEN) & (notices.c.not_before <= now)
        with reading(self._engine) as connection:
            ordered = select(notices).where(due).order_by(notices.c.not_before, notices.c.id).limit(most)
            return [_entry(row) for row in connection.execute(ordered)]

    def overdue(self, now: datetime) -> tuple[int, datetime | None]:
        """How many notices are due and not settled, and since when the oldest."""
        due = notices.c.state.in_(OPEN) & (notices.c.not_before <= now)
        with reading(self._engine) as connection:
            row = connection.execute(select(func.count(), func.min(notices.c.not_before)).where(due)).one()
        return row[0], row[1]

    def prepare(self, entry: Entry, now: datetime, decide: Callable[[Person], dict[str, Any] | None]) -> bool:
        """The last step before the carrier: `decide` sees what is known about the borrower at this moment and gives the
        columns to write. True: the row is `sending` and the worker may send.

        The borrower's row is locked meanwhile, so that two notices never both see room for one. `sending` counts
        from here on, whatever happens to the worker.
        """
        with self._engine.begin() as connection:
            row = {"borrower_id": entry.borrower_id}
            connection.execute(
                _INSERT[connection.dialect.name](contact_wishes).on_conflict_do_nothing(index_elements=["borrower_id"]),
                row,
            )
            connection.execute(
                select(contact_wishes).where(contact_wishes.c.borrower_id == entry.borrower_id).with_for_update()
            )
            values = decide(people(connection, [entry.borrower_id], now)[entry.borrower_id])
            held = self._seconds() < _claimed_until(connection, entry) - CLAIM_SECONDS / 2  # time to send is left
            if values is None or not held:
                return False
            return bool(_change(connection, entry, **values)) and values["state"] == "sending"

    def settle(self, entry: Entry, **values: Any) -> None:
        """What came of it. A receipt that arrived meanwhile is not overwritten."""
        with self._engine.begin() as connection:
            _change(connection, entry, **values)

    def look_again(self, entry: Entry, seconds: float) -> None:
        """Leaves the row alone for some (real) seconds."""
        with self._engine.begin() as connection:
            _change(connection, entry, claim="", claimed_until=self._seconds() + seconds)

    def receive(self, delivered: bool, why: str, now: datetime, id: str = "", receipt: str = "") -> bool:
        """A delivery receipt, by our id or the carrier's number. Twice is once; False where nothing is known of it."""
        this = notices.c.id == id if id else and_(notices.c.receipt == receipt, notices.c.receipt != "")
        values = {"state": "delivered" if delivered else "undelivered", "why": "" if delivered else why[:200]}
        with self._engine.begin() as connection:
            known = connection.execute(select(notices.c.id).where(this)).first()
            went_out = notices.c.state.in_(("sending", "sent", "unclear"))
            connection.execute(update(notices).where(this, went_out).values(ended_at=now, **values))
        return known is not None

    def wish(self, borrower_id: str, way: str, opens: Any, closes: Any) -> None:
        """How a borrower wants to be written to; replaces what stood there."""
        row = {"way": way, "opens": opens, "closes": closes}
        statement = _INSERT[self._engine.dialect.name](contact_wishes).values(borrower_id=borrower_id, **row)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["borrower_id"], set_=row))

    def reached_at(self, phone: str) -> list[str]:
        """The borrowers to whom something went at this number, however it is written."""
        this = notices.c.reached == self.mark(phone)
        with reading(self._engine) as connection:
            rows = connection.execute(select(notices.c.borrower_id).where(this).distinct())
            return sorted(rows.scalars())

    def mark(self, phone: str) -> str:
        """What stands for a number in the table; the last eleven digits decide."""
        digits = "".join(c for c in phone if c.isascii() and c.isdigit())[-11:]
        return hmac.new(self._secret.encode(), digits.encode(), hashlib.sha256).hexdigest()

    def counts(self) -> dict[tuple[str, str], int]:
        """How many notices of a kind are in a state."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(notices.c.kind, notices.c.state, func.count()).group_by(notices.c.kind, notices.c.state)
            )
            return {(kind, state): number for kind, state, number in rows}

    def of(self, borrower_id: str) -> list[Entry]:
        """Everything about one borrower, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(notices).where(notices.c.borrower_id == borrower_id).order_by(notices.c.made_at, notices.c.id)
            )
            return [_entry(row) for row in rows]


def _claimed_until(connection: Connection, entry: Entry) -> float:
    this = and_(notices.c.id == entry.id, notices.c.claim == entry.claim)
    return connection.execute(select(notices.c.claimed_until).where(this)).scalar() or 0.0


def _change(connection: Connection, entry: Entry, **values: Any) -> int:
    mine = and_(notices.c.id == entry.id, notices.c.claim == entry.claim, notices.c.state.in_(OPEN))
    changed: int = connection.execute(update(notices).where(mine).values(**values)).rowcount
    return changed


def _entry(row: Row) -> Entry:
    return Entry(
        id=row.id,
        key=row.key,
        kind=row.kind,
        borrower_id=row.borrower_id,
        about=json.loads(row.about),
        not_before=row.not_before,
        expires_at=row.expires_at,
        state=row.state,
        claim=row.claim,
        way=row.way,
        attempts=row.attempts,
        tried_at=row.tried_at,
        why=row.why,
        text=row.text,
        receipt=row.receipt,
    )
