"""A schedule whose interest follows the principal that was really outstanding, day by day.

Some contracts work so: principal that is overdue goes on bearing ordinary interest in the period it is overdue in, and
a payment in advance saves interest at once. (The default product charges penalty interest on overdue principal instead;
see `interest.penalty`.) The instalment stays as agreed, the last row absorbs, interest is never charged on interest.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from kuanxin.servicing.allocation import allocate
from kuanxin.servicing.interest import interest_on_parts
from kuanxin.servicing.model import Allocation, Amounts, Component, Fen, Instalment, Method, Terms
from kuanxin.servicing.money import EXACT, round_fen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    Interval = tuple[date, date]

_INTEREST_FIRST = (Component.INTEREST, Component.PRINCIPAL)


@dataclass(frozen=True)
class Recalculated:
    """A schedule as of a day."""

    rows: tuple[Instalment, ...]
    interest_paid: Fen
    principal_open: Fen  # all principal not yet paid, due or not
    interest_open: Fen  # interest of rows that fell due, not yet paid
    interest_accrued: Fen  # of the period that `as_of` lies in, not yet due and not yet paid

    @property
    def interest_payable(self) -> Fen:
        """What interest has been earned up to the day and is not paid."""
        return self.interest_open + self.interest_accrued

    @property
    def interest_to_come(self) -> Fen:
        """All unpaid interest of the schedule, earned or not, if it now runs as planned."""
        return sum(row.interest for row in self.rows) - self.interest_paid


class SettlementInterest(str, Enum):
    """Until when interest is owed when a loan is repaid early."""

    TO_THE_DAY = "to_the_day"
    TO_THE_DUE_DATE = "to_the_due_date"  # the whole running period


def recalculate(
    rows: Sequence[Instalment],
    terms: Terms,
    disbursed_on: date,
    payments: Sequence[tuple[date, Fen]],
    as_of: date,
    *,
    anchor_day: int | None = None,
) -> Recalculated:
    """The schedule as of a day, after payments on days up to it (later ones are ignored).

    Until `as_of` interest is on what was outstanding; from then on it is taken that what is overdue is paid at once and
    the rest as agreed. A payment goes to the oldest row first, interest before principal; what it pays in advance
    covers the interest earned so far and then principal.
    """
    anchor = anchor_day or max(row.due_date.day for row in rows)
    return _Run(rows, terms, disbursed_on, payments, as_of, anchor).result()


def settlement(
    rows: Sequence[Instalment],
    terms: Terms,
    disbursed_on: date,
    payments: Sequence[tuple[date, Fen]],
    on: date,
    rule: SettlementInterest = SettlementInterest.TO_THE_DAY,
    *,
    anchor_day: int | None = None,
) -> Amounts:
    """What repays a loan in full on a day: all principal, interest by the rule, and the fee of the contract."""
    state = recalculate(rows, terms, disbursed_on, payments, on, anchor_day=anchor_day)
    owed = state.interest_payable
    if rule is SettlementInterest.TO_THE_DUE_DATE:
        running = next((row.due_date for row in rows if row.due_date >= on), on)
        paid = [payment for payment in payments if payment[0] <= on]
        owed = recalculate(rows, terms, disbursed_on, paid, running, anchor_day=anchor_day).interest_payable
    fee = round_fen(EXACT.multiply(Decimal(state.principal_open), terms.settlement_fee_rate), terms.rounding)
    return Amounts(principal=state.principal_open, interest=owed, fees=fee)


class _Run:
    """One pass over the periods of a schedule."""

    def __init__(
        self,
        rows: Sequence[Instalment],
        terms: Terms,
        disbursed_on: date,
        payments: Sequence[tuple[date, Fen]],
        as_of: date,
        anchor_day: int,
    ) -> None:
        self._terms, self._as_of, self._anchor_day = terms, as_of, anchor_day
        self._payments = sorted((p for p in payments if p[0] <= as_of), key=lambda p: p[0])
        self._outstanding = sum(row.principal for row in rows)  # what is really owed
        self._unplanned = self._outstanding  # what the rows so far leave
        self._in_advance = 0  # principal paid before its row fell due
        self._interest_paid = 0
        self._open: list[Amounts] = []  # rows that fell due
        self._accrued = 0
        self._rows: list[Instalment] = []
        start = disbursed_on
        for row in rows:
            self._close(row, (start, row.due_date), last=row is rows[-1])
            start = row.due_date
        for _, fen in self._payments:
            self._pay_due(fen)

    def result(self) -> Recalculated:
        open_interest = sum(row.interest for row in self._open)
        return Recalculated(tuple(self._rows), self._interest_paid, self._outstanding, open_interest, self._accrued)

    def _close(self, row: Instalment, period: Interval, *, last: bool) -> None:
        """Runs through one period with the payments in it and fixes its row."""
        start, due = period
        parts: list[tuple[Fen, Interval]] = []
        paid_here = 0
        since = start
        while self._payments and self._payments[0][0] < due:
            day, fen = self._payments.pop(0)
            day = max(day, start)
            parts.append((self._outstanding, (since, day)))
            since = day
            left = self._pay_due(fen)
            earned = min(left, max(self._interest(parts, period) - paid_here, 0))
            paid_here += earned
            self._interest_paid += earned
            ahead = min(left - earned, self._outstanding - sum(r.principal for r in self._open))
            self._in_advance += ahead
            self._outstanding -= ahead
        known_until = min(max(self._as_of, since), due)
        parts.append((self._outstanding, (since, known_until)))
        if start <= self._as_of < due:
            self._accrued = max(self._interest(parts, period) - paid_here, 0)
        parts.append((self._unplanned - self._in_advance, (known_until, due)))
        bears = max(self._interest(parts, period), paid_here)
        repays = self._unplanned if last else min(self._planned(row, bears), self._unplanned)
        self._unplanned -= repays
        self._rows.append(Instalment(row.number, due, repays, bears, row.fees))
        if due <= self._as_of:
            covered = min(self._in_advance, repays)
            self._in_advance -= covered
            self._open.append(Amounts(principal=repays - covered, interest=bears - paid_here))
        else:
            self._in_advance = max(self._in_advance - repays, 0)

    def _planned(self, row: Instalment, bears: Fen) -> Fen:
        if self._terms.method is Method.EQUAL_PRINCIPAL:
            return row.principal
        return max(row.principal + row.interest - bears, 0)

    def _pay_due(self, fen: Fen) -> Fen:
        paid, left = allocate(fen, self._open, _INTEREST_FIRST, Allocation.BY_INSTALMENT)
        self._open = [row - part for row, part in zip(self._open, paid, strict=True)]
        self._outstanding -= sum(part.principal for part in paid)
        self._interest_paid += sum(part.interest for part in paid)
        return left

    def _interest(self, parts: Sequence[tuple[Fen, Interval]], period: Interval) -> Fen:
        exact = interest_on_parts(parts, self._terms, period, anchor_day=self._anchor_day)
        return round_fen(exact, self._terms.rounding)
