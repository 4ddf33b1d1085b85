"""A loan at a moment, derived: its payments and arrangements replayed over the contract schedule.

Nothing of a state is stored. A payment that is posted late counts on the day it was made; an arrangement counts from
the moment of its quote; one that by its kind is void when it is not kept is left out of a second replay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ArrangementState, LoanEvent, PaymentStatus
from kuanxin.servicing.position import NOTHING, Position, lent
from kuanxin.servicing.quotes import Arrangement, Quote, quote_from_json
from kuanxin.servicing.relief.base import Binding, prefix
from kuanxin.servicing.relief.kinds import KINDS
from kuanxin.servicing.relief.record import change_from_json
from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kuanxin.servicing.model import Fen, Loan
    from kuanxin.servicing.position import Change, LiveRow

_OPEN = (ArrangementState.ACTIVE, ArrangementState.REQUESTED)


@dataclass(frozen=True)
class State:
    """Where a loan stands: its position, and every arrangement in the order of consent with what became of it."""

    position: Position
    arrangements: tuple[Arrangement, ...]
    missed: tuple[tuple[str, date], ...] = ()  # (arrangement, due date) of plans whose instalment is past due

    @cached_property
    def in_force(self) -> Arrangement | None:
        """The last arrangement that is running or waits for a decision; a broken one while something is overdue."""
        for arrangement in reversed(self.arrangements):
            if arrangement.state in _OPEN or (arrangement.state is ArrangementState.BROKEN and self._overdue):
                return arrangement
        return None

    @property
    def _overdue(self) -> bool:
        return any(row.due_date < self.position.day for row in self.position.open_rows)


def state_of(loan: Loan, now: datetime) -> State:
    """The loan at `now` (aware). Payments and events after `now` are not yet seen."""
    moment = now.astimezone(SHANGHAI)
    agreed = _agreed(loan, moment)
    void: frozenset[str] = frozenset()
    while True:
        replay = _Replay(loan, moment, agreed, void)
        replay.run()
        if not replay.not_kept:
            break
        void |= replay.not_kept
    states = {**replay.states, **dict.fromkeys(void, ArrangementState.BROKEN)}
    arrangements = tuple(replace(one.arrangement, state=states[one.arrangement.id]) for one in agreed)
    return State(replay.position, arrangements, tuple(replay.missed))


def due_transitions(loan: Loan, now: datetime) -> tuple[LoanEvent, ...]:
    """Events to append so that the record says what the state already shows: kept, broken, an instalment missed.

    The ids are the same at every call, so each is written once, whoever asks.
    """
    state = state_of(loan, now)
    missed: dict[str, list[date]] = {}
    for arrangement_id, due in state.missed:
        missed.setdefault(arrangement_id, []).append(due)
    events = []
    known = {event.id for event in loan.events}
    for arrangement in state.arrangements:
        what = arrangement.state
        if what is ArrangementState.KEPT:
            events.append(_event(loan, arrangement, "kept", now, ""))
        elif what is ArrangementState.BROKEN:
            for on in dict.fromkeys(missed.get(arrangement.id) or [deadline(arrangement.quote)]):
                events.append(_event(loan, arrangement, "broken", now, on.isoformat()))
    return tuple(event for event in events if event.id not in known)


def deadline(quote: Quote) -> date:
    """The day by which a promise or a condition is to be kept; the last payment of a plan."""
    on = quote.facts.get("deadline")
    return date.fromisoformat(str(on)) if on else quote.rows[-1].due_date


def end_of(on: date) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), SHANGHAI)


def _event(loan: Loan, arrangement: Arrangement, kind: str, now: datetime, on: str) -> LoanEvent:
    name = ":".join(part for part in (loan.id, arrangement.id, kind, on) if part)
    quote = arrangement.quote
    data: dict[str, object] = {"on": on} if on else {}
    return LoanEvent(name, loan.id, kind, now, arrangement.id, quote.policy_version, quote.hash, data)


@dataclass
class _Agreed:
    """One arrangement as its events tell it, before the replay says what became of it."""

    arrangement: Arrangement  # its state is that of the events: requested, refused, undone, or active

    @cached_property
    def binding(self) -> Binding:
        return KINDS[self.arrangement.kind].binding

    @property
    def quote(self) -> Quote:
        return self.arrangement.quote

    @property
    def keys(self) -> str:
        """How the keys of its rows begin."""
        return prefix(self.quote.loan_version)

    def change(self, position: Position) -> Change:
        """The change as agreed; where a payment turned up that was made before the quote, the same request anew."""
        facts: dict[str, Any] = self.quote.facts
        change = change_from_json(facts["change"])
        if position.opening(change.closes) == change.opening:
            return change
        made: Change = KINDS[self.quote.kind].change(position, self.quote.request, facts["params"], self.keys)
        return made


def _agreed(loan: Loan, now: datetime) -> list[_Agreed]:
    found: dict[str, _Agreed] = {}
    for event in loan.events:
        if event.at > now:
            continue
        if event.kind == "committed":
            data: Any = event.data
            quote = quote_from_json(data["quote"])
            state = ArrangementState.REQUESTED if quote.needs_person else ArrangementState.ACTIVE
            arrangement = Arrangement(event.arrangement_id, loan.id, quote.kind, state, event.at, quote)
            found[event.arrangement_id] = _Agreed(arrangement)
        elif event.kind in ("decided", "undone"):
            one = found[event.arrangement_id]
            state = ArrangementState.UNDONE
            if event.kind == "decided":
                state = ArrangementState.ACTIVE if event.data["approved"] else ArrangementState.REFUSED
            one.arrangement = replace(one.arrangement, state=state)
    return list(found.values())


class _Replay:
    """One pass over the life of a loan, with the arrangements in `void` left out."""

    def __init__(self, loan: Loan, now: datetime, agreed: list[_Agreed], void: frozenset[str]) -> None:
        self.loan = loan
        self.now = now
        self.position = lent(loan)
        self.received: Fen = 0
        self.states = {one.arrangement.id: one.arrangement.state for one in agreed}
        self.not_kept: set[str] = set()
        self.missed: list[tuple[str, date]] = []
        self._running: dict[str, tuple[_Agreed, Fen]] = {}  # with what had been received when it began
        self._agreed = agreed
        self._effective = [
            one for one in agreed if one.arrangement.state is ArrangementState.ACTIVE and one.arrangement.id not in void
        ]

    def run(self) -> None:
        for moment, _, happens, what in sorted(self._timeline(), key=lambda item: item[:2]):
            happens(what, moment.date())
        self.position = self.position.bring_to(self.now.date())
        for one, since in self._running.values():
            self.states[one.arrangement.id] = self._running_state(one, since)
        for n, one in enumerate(self._agreed):
            later = (other for other in self._agreed[n + 1 :] if other in self._effective)
            requested = one.arrangement.state is ArrangementState.REQUESTED
            if requested and any(other.binding is not Binding.PROMISE for other in later):
                self.states[one.arrangement.id] = ArrangementState.REPLACED

    def _timeline(self) -> Iterable[tuple[datetime, int, Callable[[Any, date], None], Any]]:
        """Deadlines first at a moment (they end the day before), then payments, then arrangements."""
        for payment in self.loan.payments:
            if payment.status is PaymentStatus.POSTED and payment.paid_at <= self.now:
                yield payment.paid_at.astimezone(SHANGHAI), 1, self._receive, payment.amount
        for one in self._effective:
            yield one.quote.as_of.astimezone(SHANGHAI), 2, self._begin, one
            if one.binding is not Binding.PLAN and (end := end_of(deadline(one.quote))) <= self.now:
                yield end, 0, self._judge, one

    def _receive(self, amount: Fen, on: date) -> None:
        self.position = self.position.receive(amount, on)
        self.received += amount

    def _begin(self, one: _Agreed, on: date) -> None:
        self.position = self.position.bring_to(on)
        change = one.change(self.position)
        for other, since in list(self._running.values()):
            if other.binding is Binding.PROMISE:
                kept = self._reached(other, since)
                self._end(other, ArrangementState.KEPT if kept else ArrangementState.REPLACED)
            elif other.binding is Binding.CONDITION and any(row.key in change.closes for row in self._own(other)):
                self._end(other, ArrangementState.REPLACED)
        self.position = self.position.change(change)
        self._running[one.arrangement.id] = (one, self.received)

    def _judge(self, one: _Agreed, after: date) -> None:
        """The day of a promise or a condition has ended, the day before `after`."""
        if one.arrangement.id not in self._running:
            return
        _, since = self._running[one.arrangement.id]
        on = after - timedelta(days=1)
        self.position = self.position.bring_to(on)
        # what was received and is not yet posted counts for the borrower until it fails
        awaited = sum(
            payment.amount
            for payment in self.loan.payments
            if payment.status is PaymentStatus.PENDING and payment.paid_at < end_of(on)
        )
        if one.binding is Binding.PROMISE:
            owed = sum((self.position.open(row, on) for row in self.position.due_rows(on)), NOTHING).total
            missing = 0 if not owed else self._amount(one) - (self.received - since)
        else:
            missing = self._unpaid(one, on)
        if missing <= 0:
            self._end(one, ArrangementState.KEPT)
        elif missing > awaited:
            self._end(one, ArrangementState.BROKEN)
            if one.binding is Binding.CONDITION:
                self.not_kept.add(one.arrangement.id)

    def _running_state(self, one: _Agreed, since: Fen) -> ArrangementState:
        if one.binding is Binding.PROMISE:
            return ArrangementState.KEPT if self._reached(one, since) else ArrangementState.ACTIVE
        own = self._own(one)
        if one.binding is Binding.CONDITION:
            paid = own and not self._unpaid(one, self.position.day)
            return ArrangementState.KEPT if paid else ArrangementState.ACTIVE
        today = self.position.day
        late = [row for row in own if row.due_date < today and self.position.open(row, today).total]
        awaited = sum(p.amount for p in self.loan.payments if p.status is PaymentStatus.PENDING)
        if sum((self.position.open(row, today) for row in late), NOTHING).total > awaited:
            self.missed += [(one.arrangement.id, row.due_date) for row in late]
            return ArrangementState.BROKEN
        if not own:
            return ArrangementState.REPLACED
        unpaid = any(self.position.open(row, today).total for row in own)
        return ArrangementState.ACTIVE if unpaid else ArrangementState.KEPT

    def _end(self, one: _Agreed, state: ArrangementState) -> None:
        del self._running[one.arrangement.id]
        self.states[one.arrangement.id] = state

    def _own(self, one: _Agreed) -> list[LiveRow]:
        return [row for row in self.position.rows if row.key.startswith(one.keys)]

    def _unpaid(self, one: _Agreed, on: date) -> Fen:
        """What is open on the rows of an arrangement; where it added none, on everything due."""
        rows = self._own(one) or self.position.due_rows(on)
        return sum((self.position.open(row, on) for row in rows), NOTHING).total

    def _reached(self, one: _Agreed, since: Fen) -> bool:
        return self.received - since >= self._amount(one)

    def _amount(self, one: _Agreed) -> Fen:
        amount: Any = one.quote.facts["amount"]
        return int(amount)
