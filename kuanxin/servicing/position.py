"""Where a loan stands on a day: live rows, what was paid on each, money held as credit.

A position only moves forward: money is received, days pass, an arrangement closes rows and adds others. Every method
gives a new position. `kuanxin.servicing.state` replays a loan's payments and events into one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from kuanxin.servicing.allocation import allocate
from kuanxin.servicing.interest import interest, penalty
from kuanxin.servicing.model import Allocation, Amounts, Fen, Loan, Terms
from kuanxin.servicing.money import EXACT, round_fen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

NOTHING = Amounts()


class LiveRow(NamedTuple):
    """One row of the schedule in force. A named tuple: a large book makes millions of them.

    What is owed on it on a day is its principal, the interest of its own period (accruing on `balance` from `since` to
    `until`), what it carries from before, interest that runs on its own principal after `running_from`, and penalty
    interest on its unpaid principal since `penalty_from`.
    """

    key: str  # never used twice in the life of a loan
    number: int
    due_date: date
    principal: Fen
    interest: Fen
    since: date
    until: date
    balance: Fen
    payable_from: date  # money that arrives before this day is held as credit
    penalty_from: date
    fees: Fen = 0
    carried: Amounts = NOTHING  # interest, penalty and fees that stand as they are and bear nothing
    running_from: date | None = None  # an extension: contract interest on the unpaid principal up to the due date
    grace: bool = True  # whether the grace days of the contract still lie ahead
    paid: Amounts = NOTHING
    repaid: tuple[tuple[date, Fen], ...] = ()  # principal, by the day it was paid

    @property
    def unpaid_principal(self) -> Fen:
        return self.principal - self.paid.principal

    @property
    def cleared(self) -> bool:
        """Whether it can be seen without counting days that nothing is owed on it, now or ever."""
        paid, carried = self.paid, self.carried
        return (
            paid.principal == self.principal
            and paid.interest == carried.interest + self.interest
            and paid.penalty == carried.penalty
            and paid.fees == carried.fees + self.fees
            and self.running_from is None
            and not self.repaid_late
        )

    @property
    def repaid_late(self) -> tuple[tuple[date, Fen], ...]:
        return tuple((day, fen) for day, fen in self.repaid if day > self.penalty_from)


@dataclass(frozen=True)
class KeptRow:
    """What was paid on a row before an arrangement closed it: old rows keep it."""

    number: int
    due_date: date
    paid: Amounts


@dataclass(frozen=True)
class Change:
    """What an arrangement does to the schedule: rows closed, rows added.

    `opening` is what was owed on the closed rows (interest to that day), so that a replay sees whether the change still
    meets the loan that it was agreed for.
    """

    closes: tuple[str, ...] = ()
    opening: Amounts = NOTHING
    adds: tuple[LiveRow, ...] = ()


@dataclass(frozen=True)
class Item:
    """One payment to come, with the row it is for."""

    row: LiveRow
    on: date
    amounts: Amounts


@dataclass(frozen=True)
class Position:
    terms: Terms
    day: date
    anchor_day: int
    rows: tuple[LiveRow, ...]  # in the order in which money fills them, paid ones included
    kept: tuple[KeptRow, ...] = ()
    credit: Fen = 0  # received and not yet used: the next rows take it on their day

    @cached_property
    def terms_without_grace(self) -> Terms:
        if not self.terms.grace_days and not self.terms.holidays_grace:
            return self.terms
        return replace(self.terms, grace_days=0, holidays_grace=False)

    # -- what is owed ---------------------------------------------------------------------------------------------

    def accrued(self, row: LiveRow, on: date) -> Amounts:
        """Owed on a row and not paid, with interest to exactly this day (not before the position's own day)."""
        if row.cleared:
            return NOTHING
        own = row.interest
        if on < row.until:
            own = 0 if on <= row.since else min(own, self._rounded(self._interest(row.balance, row.since, on)))
        running = penal = 0
        if row.running_from is not None:
            running = self._rounded(self._over_time(row, on, row.running_from, row.due_date))
        if on > row.penalty_from:
            penal = self._rounded(self._penalty(row, on))
        carried, paid = row.carried, row.paid
        return Amounts(
            row.unpaid_principal,
            carried.interest + own + running - paid.interest,
            carried.penalty + penal - paid.penalty,
            carried.fees + row.fees - paid.fees,
        )

    def to_the_day(self, row: LiveRow, on: date) -> Amounts:
        """What settles a row on a day: interest to that day, and no fee that is not yet due."""
        owed = self.accrued(row, on)
        return replace(owed, fees=owed.fees - row.fees) if row.fees and on < row.due_date else owed

    def open(self, row: LiveRow, on: date) -> Amounts:
        """What is to pay on a row: on its due day, or on `on` where that is later."""
        return self.accrued(row, max(on, row.due_date))

    @cached_property
    def open_rows(self) -> tuple[LiveRow, ...]:
        """Rows on which anything is to pay, oldest first."""
        return tuple(row for row in self.rows if not row.cleared and self.open(row, self.day).total)

    def due_rows(self, on: date | None = None) -> tuple[LiveRow, ...]:
        """Unpaid rows due up to and including a day (the position's own)."""
        last = on or self.day
        return tuple(row for row in self.open_rows if row.due_date <= last)

    def owed(self, rows: Iterable[LiveRow], on: date) -> Amounts:
        return sum((self.open(row, on) for row in rows), NOTHING)

    def outstanding(self, on: date | None = None) -> Amounts:
        """What settles everything on a day: interest to that day, fees of rows due by then, credit used."""
        owed = [self.to_the_day(row, on or self.day) for row in self.rows if not row.cleared]
        if not self.credit:
            return sum(owed, NOTHING)
        used, _ = allocate(self.credit, owed, self.terms.repayment_order, Allocation.BY_INSTALMENT)
        return sum(owed, NOTHING) - sum(used, NOTHING)

    def payments(self, when: Callable[[LiveRow], date]) -> tuple[Item, ...]:
        """The payments to come if each open row is paid on the day that `when` gives; credit is used first."""
        then = self.credit_used
        items = [Item(row, day, then.open(row, day)) for row in then.rows for day in (when(row),)]
        items.sort(key=lambda item: (item.on, item.row.due_date, item.row.number))
        return tuple(item for item in items if item.amounts.total)

    @cached_property
    def credit_used(self) -> Position:
        """The same position seen ahead: the rows to come have taken the credit, each on its own day."""
        return self.bring_to(max(row.payable_from for row in self.rows)) if self.credit and self.rows else self

    # -- what happens ---------------------------------------------------------------------------------------------

    def bring_to(self, day: date) -> Position:
        """The days pass: rows that become payable take the credit on their own day."""
        moved = self
        if self.credit:
            for due in sorted({max(row.payable_from, self.day) for row in self.rows if row.payable_from <= day}):
                moved = moved._pay(moved.credit, due)
        return replace(moved, day=max(day, self.day))

    def receive(self, amount: Fen, day: date) -> Position:
        """Money arrives: it pays the rows that are payable, in the order of the contract; the rest is credit."""
        moved = self.bring_to(day) if self.credit else self
        return moved._pay(moved.credit + amount, max(day, self.day))

    def change(self, change: Change) -> Position:
        """An arrangement takes effect."""
        closing = [row for row in self.rows if row.key in change.closes]
        staying = [row for row in self.rows if row.key not in change.closes]
        kept = tuple(KeptRow(row.number, row.due_date, row.paid) for row in closing if row.paid.total)
        return replace(self, rows=in_order([*staying, *change.adds]), kept=self.kept + kept)

    def opening(self, keys: Iterable[str]) -> Amounts | None:
        """What is owed today on these rows; None where one of them is not there any more."""
        rows = {row.key: row for row in self.rows}
        wanted = [rows.get(key) for key in keys]
        return sum((self.accrued(row, self.day) for row in wanted if row), NOTHING) if all(wanted) else None

    def next_number(self, closing: Iterable[LiveRow]) -> int:
        """The first number for new rows: after every row that stays or keeps a payment."""
        closed = {row.key for row in closing}
        numbers = [row.number for row in self.rows if row.key not in closed or row.paid.total]
        return max([*numbers, *(row.number for row in self.kept)], default=0) + 1

    def _pay(self, amount: Fen, day: date) -> Position:
        payable = [row for row in takewhile(lambda row: row.payable_from <= day, self.rows) if not row.cleared]
        owed = [self.accrued(row, day) for row in payable]
        parts, left = allocate(amount, owed, self.terms.repayment_order, self.terms.allocation)
        paid = {
            row.key: row._replace(
                paid=row.paid + part,
                repaid=(*row.repaid, (day, part.principal)) if part.principal else row.repaid,
            )
            for row, part in zip(payable, parts, strict=True)
            if part.total
        }
        rows = tuple([paid.get(row.key, row) for row in self.rows])
        return Position(self.terms, day, self.anchor_day, rows, self.kept, left)

    # -- figures --------------------------------------------------------------------------------------------------

    def _over_time(self, row: LiveRow, on: date, start: date, end: date) -> Decimal:
        """Contract interest between two days on what was unpaid of a row's principal, as it was paid off."""
        total = Decimal(0)
        for day, fen in (*row.repaid, (on, row.unpaid_principal)):
            total = EXACT.add(total, self._interest(fen, start, max(start, min(day, end))))
        return total

    def _penalty(self, row: LiveRow, on: date) -> Decimal:
        """Penalty interest on what is unpaid of a row, and on what was paid late up to its day."""
        terms = self.terms if row.grace else self.terms_without_grace
        total = penalty(row.unpaid_principal, terms, row.penalty_from, on)
        for day, fen in row.repaid_late:
            total = EXACT.add(total, penalty(fen, terms, row.penalty_from, day))
        return total

    def _interest(self, principal: Fen, start: date, end: date) -> Decimal:
        return interest(principal, self.terms, start, end, anchor_day=self.anchor_day)

    def _rounded(self, value: Decimal) -> Fen:
        return round_fen(value, self.terms.rounding) if value else 0


def in_order(rows: Iterable[LiveRow]) -> tuple[LiveRow, ...]:
    """Oldest claim first: the order in which payments fill rows."""
    return tuple(sorted(rows, key=lambda row: (row.payable_from, row.due_date, row.number)))


def lent(loan: Loan) -> Position:
    """The position on the day of lending: the rows of the contract, nothing paid."""
    rows = []
    balance = loan.principal
    since = loan.disbursed_on
    for row in sorted(loan.instalments, key=lambda row: (row.due_date, row.number)):
        rows.append(
            LiveRow(
                key=f"c/{row.number}",
                number=row.number,
                due_date=row.due_date,
                principal=row.principal,
                interest=row.interest,
                since=since,
                until=row.due_date,
                balance=balance,
                payable_from=row.due_date,
                penalty_from=row.due_date,
                fees=row.fees,
            )
        )
        balance -= row.principal
        since = row.due_date
    anchor = max((row.due_date.day for row in loan.instalments), default=loan.disbursed_on.day)
    return Position(loan.terms, loan.disbursed_on, anchor, tuple(rows))
