"""Figures about conversations in a span of days, summed in the database: by day, channel, intent and model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, distinct, extract, func, select

from kuanxin.store.tables_conversations import agreements, conversations, handovers, understood
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine

c, u = conversations.c, understood.c


@dataclass(frozen=True)
class Counted:
    """Conversations that began in the span, under one name (a day, a channel).

    Contained: no person was asked for. `answered`: contained and not left with a question of the assistant open;
    `silent`: contained, but the borrower stopped at such a question.
    """

    name: str
    conversations: int
    handed_over: int
    answered: int
    silent: int
    fallback: int
    hardship: int
    complaint: int
    rated: int
    rating: float | None
    turns: float | None  # messages of the borrower in an answered conversation

    @property
    def contained(self) -> int:
        return self.answered + self.silent


@dataclass(frozen=True)
class Messages:
    """Messages that were understood as one intent, or by one model."""

    name: str
    messages: int
    conversations: int
    fallback: int
    confidence: float


@dataclass(frozen=True)
class Waiting:
    """Requests for a person: how many, and the mean seconds to the claim and to the first reply."""

    requests: int
    to_claim: float | None
    to_first_reply: float | None


class SqlFigures(Transactions):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._sqlite = engine.dialect.name == "sqlite"

    def by_day(self, since: datetime, until: datetime) -> tuple[Counted, ...]:
        return self._counted(self._day(c.opened_at), since, until)

    def by_channel(self, since: datetime, until: datetime) -> tuple[Counted, ...]:
        return self._counted(c.channel, since, until)

    def by_intent(self, since: datetime, until: datetime) -> tuple[Messages, ...]:
        return self._messages(u.intent, since, until)

    def by_model(self, since: datetime, until: datetime) -> tuple[Messages, ...]:
        return self._messages(u.model, since, until)

    def arrangements(self, since: datetime, until: datetime) -> tuple[tuple[str, str, int], ...]:
        """(kind, state, how many) of what was agreed in the span."""
        a = agreements.c
        query = (
            select(a.kind, a.state, func.count())
            .where(a.agreed_at >= since, a.agreed_at < until)
            .group_by(a.kind, a.state)
            .order_by(a.kind, a.state)
        )
        with self._reading() as connection:
            return tuple((row[0], row[1], row[2]) for row in connection.execute(query))

    def waiting(self, since: datetime, until: datetime) -> Waiting:
        h = handovers.c
        query = select(
            func.count(),
            func.avg(self._seconds(h.waiting_since, h.claimed_at)),
            func.avg(self._seconds(h.waiting_since, h.first_reply_at)),
        ).where(h.waiting_since >= since, h.waiting_since < until, h.reason.notin_(("decision", "staff")))
        with self._reading() as connection:
            count, claim, reply = connection.execute(query).one()
        return Waiting(count, _number(claim), _number(reply))

    def unclaimed(self) -> dict[str, tuple[int, datetime]]:
        """Open requests that nobody has taken, for a `colleague` or a `decision`: how many, since when the oldest."""
        h = handovers.c
        whom = case((h.reason == "decision", "decision"), else_="colleague").label("whom")
        query = (
            select(whom, func.count(), func.min(h.waiting_since))
            .where(h.ended_at.is_(None), h.claimed_by.is_(None))
            .group_by("whom")
        )
        with self._reading() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def _counted(self, name: Any, since: datetime, until: datetime) -> tuple[Counted, ...]:
        def times(*where: Any) -> Any:
            return func.coalesce(func.sum(case((and_(*where), 1), else_=0)), 0)

        spoke = c.said > 0
        answered = and_(spoke, ~c.handed_over, ~c.unfinished)
        query = (
            select(
                name.label("name"),
                func.count(),
                times(c.handed_over),
                times(answered),
                times(spoke, ~c.handed_over, c.unfinished),
                times(c.fallback),
                times(c.hardship),
                times(c.complaint),
                func.count(c.rating),
                func.avg(c.rating),
                func.avg(case((answered, c.said))),
            )
            .where(c.opened_at >= since, c.opened_at < until)
            .group_by("name")
            .order_by("name")
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(Counted(str(row[0]), *row[1:9], _number(row[9]), _number(row[10])) for row in rows)

    def _messages(self, name: Any, since: datetime, until: datetime) -> tuple[Messages, ...]:
        query = (
            select(
                name,
                func.count(),
                func.count(distinct(u.conversation_id)),
                func.sum(case((u.fallback, 1), else_=0)),
                func.avg(u.confidence),
            )
            .where(u.at >= since, u.at < until)
            .group_by(name)
            .order_by(func.count().desc(), name)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(Messages(row[0], row[1], row[2], row[3], float(row[4])) for row in rows)

    def _day(self, at: Any) -> Any:
        """The day in Shanghai, which has had no summer time since 1991."""
        if self._sqlite:
            return func.date(at, "+8 hours")
        return func.to_char(func.timezone("Asia/Shanghai", at), "YYYY-MM-DD")

    def _seconds(self, begin: Any, end: Any) -> Any:
        if self._sqlite:
            return (func.julianday(end) - func.julianday(begin)) * 86400
        return extract("epoch", end - begin)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
