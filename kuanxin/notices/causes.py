"""Why a notice is sent: what the state of a loan, an event, a reminder or a reply gives reason for. Pure.

The same cause has the same key whoever finds it and whenever, so it stands in the outbox once. A notice is still
wanted at the moment of sending if its cause is found again then.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from kuanxin.notices.catalogue import NATURES, Kind
from kuanxin.notices.policy import RULES, contact_day
from kuanxin.servicing.model import ArrangementState, PaymentStatus, ReliefKind
from kuanxin.servicing.relief.base import Binding
from kuanxin.servicing.relief.kinds import KINDS
from kuanxin.servicing.state import deadline, end_of, state_of
from kuanxin.servicing.wire import SHANGHAI
from kuanxin.servicing.words import day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kuanxin.notices.catalogue import Timing
    from kuanxin.servicing.model import LoanEvent
    from kuanxin.servicing.quotes import Arrangement
    from kuanxin.servicing.service import Status

CONFIRMED_WITHIN = timedelta(days=1)
DECIDED_WITHIN = timedelta(days=3)
PAID_WITHIN = timedelta(days=3)
STAFF_REPLY_WITHIN = timedelta(hours=12)
TIME_TO_READ = timedelta(minutes=2)  # who has the chat open reads a colleague's answer there
LINK_WITHIN = timedelta(hours=2)


@dataclass(frozen=True)
class Cause:
    """`about` names what the text is made of at the moment of sending: the loan, the event, the conversation, …"""

    kind: Kind
    key: str
    borrower_id: str
    not_before: datetime
    expires: datetime
    about: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the carrier knows the notice by; tells nothing about the borrower."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]

    @property
    def counts(self) -> bool:
        return RULES[NATURES[self.kind].weight].counts


@dataclass(frozen=True)
class Wish:
    """A reminder that the borrower set in chat: `about` says of what, "2026年11月28日还款"."""

    borrower_id: str
    about: str
    on: date
    days_before: int
    asked_at: datetime


# -- loans ------------------------------------------------------------------------------------------------------------


def of_loan(status: Status, timing: Timing) -> Iterator[Cause]:
    """Everything that a loan gives reason for at the moment of its status."""
    yield from _paid(status)
    if status.loan.events:
        yield from _agreed(status)
    yield from _reminding(status, timing)


def of_events(status: Status, events: Iterable[LoanEvent], timing: Timing) -> tuple[Cause, ...]:
    """What newly appended events give reason for; `status` has seen them."""
    new = {event.arrangement_id for event in events}
    return tuple(cause for cause in of_loan(status, timing) if cause.about.get("arrangement") in new)


def _paid(status: Status) -> Iterator[Cause]:
    for payment in status.loan.payments:
        if payment.status is PaymentStatus.POSTED and status.as_of - PAID_WITHIN < payment.paid_at <= status.as_of:
            about = {"payment": payment.id}
            yield _of(status, Kind.PAID, f"paid:{payment.id}", payment.paid_at, payment.paid_at + PAID_WITHIN, about)


def _agreed(status: Status) -> Iterator[Cause]:
    arrangements = {a.id: a for a in state_of(status.loan, status.as_of).arrangements}
    for event in status.loan.events:
        arrangement = arrangements.get(event.arrangement_id)
        if arrangement is None or event.at > status.as_of or arrangement.state is ArrangementState.UNDONE:
            continue
        about = {"arrangement": arrangement.id}
        if event.kind == "committed" and not arrangement.quote.needs_person:
            promise = arrangement.kind is ReliefKind.PROMISE_TO_PAY
            kind = Kind.PROMISE_CONFIRMED if promise else Kind.ARRANGEMENT_CONFIRMED
            within = CONFIRMED_WITHIN
        elif event.kind == "decided":
            kind, within = Kind.DECISION_MADE, DECIDED_WITHIN
            about["approved"] = "yes" if event.data["approved"] else ""
        else:
            continue
        if status.as_of < event.at + within:
            yield _of(status, kind, f"{kind.value}:{event.id}", event.at, event.at + within, about)


def _reminding(status: Status, timing: Timing) -> Iterator[Cause]:
    """Nothing where everything is paid or on its way, or where something agreed is under way."""
    today, agreed = status.as_of.date(), status.arrangement
    if status.settled or status.pending or not status.open_rows:
        return
    if agreed and (agreed.state is ArrangementState.REQUESTED or _is_open_promise(agreed)):
        return
    if agreed and agreed.state is ArrangementState.BROKEN:
        broken = _broken_on(status, agreed)
        about = {"arrangement": agreed.id, "day": (broken - timedelta(days=1)).isoformat()}
        yield from _between(status, Kind.BROKEN_PROMISE, f"broken:{agreed.id}", broken, timing.check_in_within, about)
        if (today - broken).days < timing.quiet_after_broken:
            return
    if status.days_past_due and status.overdue_since:
        yield from _overdue(status, status.overdue_since, timing)
    elif status.next_due:
        yield from _due(status, status.next_due.due_date, timing)


def _overdue(status: Status, since: date, timing: Timing) -> Iterator[Cause]:
    for step in timing.overdue:
        key = f"overdue:{status.loan.id}:{since}:{step}"
        first = since + timedelta(days=step)
        yield from _between(status, Kind.OVERDUE, key, first, timing.overdue_within, {})


def _due(status: Status, due: date, timing: Timing) -> Iterator[Cause]:
    agreed, about = status.arrangement, {"due": due.isoformat()}
    if agreed and agreed.state is ArrangementState.ACTIVE and any(row.due_date == due for row in agreed.quote.rows):
        kind, before, days = Kind.INSTALMENT_DUE, timing.instalment_due, timing.instalment_due + 1
        about["arrangement_due"] = agreed.id
    elif due == status.as_of.date():
        kind, before, days = Kind.DUE_TODAY, 0, 1
    else:
        kind, before, days = Kind.DUE_SOON, timing.due_soon, timing.due_soon
    key = f"{kind.value}:{status.loan.id}:{due}"
    yield from _between(status, kind, key, due - timedelta(days=before), days, about)


def _between(status: Status, kind: Kind, key: str, first: date, days: int, about: dict[str, str]) -> Iterator[Cause]:
    """The cause, where today is one of so many days from the first one on."""
    if 0 <= (status.as_of.date() - first).days < days:
        yield _of(status, kind, key, _start_of(first), end_of(first + timedelta(days=days - 1)), about)


def _of(status: Status, kind: Kind, key: str, first: datetime, end: datetime, about: dict[str, str]) -> Cause:
    return Cause(kind, key, status.loan.borrower_id, first, end, {"loan": status.loan.id, **about})


def _is_open_promise(agreed: Arrangement) -> bool:
    return agreed.state is ArrangementState.ACTIVE and KINDS[agreed.kind].binding is Binding.PROMISE


def _broken_on(status: Status, agreed: Arrangement) -> date:
    """The day after the one that was missed."""
    missed = deadline(agreed.quote)
    if KINDS[agreed.kind].binding is Binding.PLAN and status.overdue_since:
        missed = status.overdue_since
    return missed + timedelta(days=1)


# -- what borrowers and colleagues do in a conversation -------------------------------------------------------------


def of_wish(wish: Wish) -> Cause:
    """A reminder is due on the day that was asked for, or on the last day before it that is no public holiday."""
    first = max(_start_of(contact_day(wish.on)), wish.asked_at)
    key = f"reminder:{wish.borrower_id}:{wish.about}:{wish.on}"
    about = {"wish": wish.about, "on": wish.on.isoformat()}
    return Cause(Kind.REMINDER, key, wish.borrower_id, first, end_of(wish.on + timedelta(days=wish.days_before)), about)


def day_of_wish(wish: Wish, statuses: Iterable[Status]) -> date | None:
    """The day that a reminder is about, while something is still to be paid on it; None where nothing is."""
    days: set[date] = set()
    for status in statuses:
        days |= {row.due_date for row in status.open_rows}
        if status.arrangement and status.arrangement.state is ArrangementState.ACTIVE:
            days |= {row.due_date for row in status.arrangement.quote.rows}
    return next((on for on in sorted(days) if wish.about.startswith(day(on))), None)


def of_staff_reply(borrower_id: str, conversation_id: str, last_said: int, now: datetime) -> Cause:
    """One for everything that colleagues answer to what the borrower said last (`last_said`: its number)."""
    key = f"staff_replied:{conversation_id}:{last_said}"
    about = {"conversation": conversation_id, "last_said": str(last_said)}
    return Cause(Kind.STAFF_REPLIED, key, borrower_id, now + TIME_TO_READ, now + STAFF_REPLY_WITHIN, about)


def of_question(borrower_id: str, conversation_id: str, message_id: str, now: datetime) -> Cause:
    """Somebody asked by SMS: a link into the conversation, where the answer stands."""
    key = f"sign_in_link:{conversation_id}:{message_id}"
    return Cause(Kind.SIGN_IN_LINK, key, borrower_id, now, now + LINK_WITHIN, {"conversation": conversation_id})


def first_of_all(causes: Iterable[Cause]) -> Cause | None:
    """The one that counts most of those that count towards the most a day."""
    order = list(Kind)
    return min(causes, key=lambda cause: (order.index(cause.kind), cause.key), default=None)


def _start_of(on: date) -> datetime:
    return datetime.combine(on, time(), SHANGHAI)
