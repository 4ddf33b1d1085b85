"""What a borrower asks first: what is due and since when, what comes next, what settles everything. Derived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import days_of_grace
from kuanxin.servicing.interest import penalty
from kuanxin.servicing.model import Amounts, Fen, Loan, Payment, PaymentStatus
from kuanxin.servicing.money import EXACT, round_fen
from kuanxin.servicing.position import NOTHING, Position
from kuanxin.servicing.state import state_of
from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from kuanxin.servicing.quotes import Arrangement


@dataclass(frozen=True)
class OpenRow:
    """An instalment with what is still open on it at a moment; money held as credit counts as paid on it."""

    number: int
    due_date: date
    open: Amounts
    paid: Amounts
    days_past_due: int


@dataclass(frozen=True)
class Status:
    """A loan at a moment: what a borrower asks first."""

    loan: Loan
    as_of: datetime
    settled: bool
    due: Amounts  # due up to and including today, penalty interest included
    days_past_due: int  # of the oldest open row; 0 when nothing is overdue
    overdue_since: date | None  # its due date
    next_due: OpenRow | None  # the first open row that is not yet past due (today counts as not yet past due)
    open_rows: tuple[OpenRow, ...]
    outstanding: Amounts  # everything that is open today, principal not yet due included, interest to today
    penalty_per_day: Fen  # what another day overdue adds (rounded as the terms say)
    pending: tuple[Payment, ...]  # received but not posted
    arrangement: Arrangement | None  # the one in force
    credit: Fen = 0  # paid early, counted on the next rows

    @property
    def next_open(self) -> Amounts:
        """All that is open for the day of `next_due`: what was put off may come to the day of another row."""
        rows = (row.open for row in self.open_rows if self.next_due and row.due_date == self.next_due.due_date)
        return sum(rows, NOTHING)


def status_of(loan: Loan, now: datetime) -> Status:
    """The status of a loan at `now` (aware). Pure: a broken promise shows here without having been recorded."""
    moment = now.astimezone(SHANGHAI)
    today = moment.date()
    state = state_of(loan, moment)
    rows = _open_rows(state.position)
    due = sum((row.open for row in rows if row.due_date <= today), NOTHING)
    overdue = [row for row in rows if row.days_past_due]
    return Status(
        loan=loan,
        as_of=moment,
        settled=not rows,
        due=due,
        days_past_due=max((row.days_past_due for row in overdue), default=0),
        overdue_since=min((row.due_date for row in overdue), default=None),
        next_due=next((row for row in rows if row.due_date >= today), None),
        open_rows=rows,
        outstanding=state.position.outstanding(),
        penalty_per_day=_penalty_per_day(state.position),
        pending=tuple(payment for payment in loan.payments if payment.status is PaymentStatus.PENDING),
        arrangement=state.in_force,
        credit=state.position.credit,
    )


def _open_rows(position: Position) -> tuple[OpenRow, ...]:
    today, then = position.day, position.credit_used
    found = (
        OpenRow(row.number, row.due_date, then.open(row, today), row.paid, max((today - row.due_date).days, 0))
        for row in sorted(then.rows, key=lambda row: (row.due_date, row.number))
        if not row.cleared
    )
    return tuple(row for row in found if row.open.total)


def _penalty_per_day(position: Position) -> Fen:
    today, terms = position.day, position.terms_without_grace
    total = Decimal(0)
    for row in position.rows:
        grace = days_of_grace(position.terms, row.penalty_from) if row.grace else 0
        if row.unpaid_principal and (today - row.penalty_from).days >= grace:
            total = EXACT.add(total, penalty(row.unpaid_principal, terms, today, today + timedelta(days=1)))
    return round_fen(total, position.terms.rounding)
