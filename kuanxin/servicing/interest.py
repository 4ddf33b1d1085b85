"""Interest and penalty interest, unrounded: who states a figure rounds it, once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import days_between, days_of_grace, share_of_year, without, year_fraction
from kuanxin.servicing.model import DayBasis, Fen, Terms
from kuanxin.servicing.money import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    Interval = tuple[date, date]


def interest(
    principal: Fen,
    terms: Terms,
    start: date,
    end: date,
    *,
    anchor_day: int | None = None,
    free: Iterable[Interval] = (),
) -> Decimal:
    """Contract interest in fen on `principal` from `start` (counted) to `end` (not counted), on the loan's day basis.

    `free` are intervals [from, to) that bear no interest: an interest pause. `anchor_day` is the due day of the
    schedule (matters at month ends on 30/360). Raises ValueError where `end` is before `start`.
    """
    if not free:
        return _on(principal, terms.annual_rate, year_fraction(start, end, terms.day_basis, anchor_day))
    parts = [(principal, part) for part in without((start, end), free)]
    return interest_on_parts(parts, terms, (start, end), anchor_day=anchor_day)


def interest_on_parts(
    parts: Sequence[tuple[Fen, Interval]], terms: Terms, period: Interval, *, anchor_day: int | None = None
) -> Decimal:
    """Contract interest in fen of one interest period during which the principal changed: (principal, [from, to))."""
    total = Decimal(0)
    for principal, part in parts:
        share = share_of_year(period, part, terms.day_basis, anchor_day)
        total = EXACT.add(total, _on(principal, terms.annual_rate, share))
    return total


def penalty_rate(terms: Terms) -> Decimal:
    """The yearly rate on overdue principal: contract rate x (1 + uplift)."""
    return EXACT.multiply(terms.annual_rate, EXACT.add(Decimal(1), terms.penalty_uplift))


def penalty(principal: Fen, terms: Terms, due_date: date, as_of: date) -> Decimal:
    """Penalty interest (罚息) in fen on the overdue principal of one row, as of a day.

    principal x daily rate x (1 + uplift) x days since the due date. It replaces ordinary interest on that principal;
    the uplift (30-50 %) is the extra over it (银发〔2003〕251号, 三). Within the days of grace it is zero; after them
    it counts from the due date. Not compounded: penalty interest itself bears none.
    """
    return _overdue(principal, penalty_rate(terms), terms, due_date, as_of)


def penalty_extra(principal: Fen, terms: Terms, due_date: date, as_of: date) -> Decimal:
    """The part of `penalty` that paying on time would have avoided: rate x uplift, beyond ordinary interest."""
    return _overdue(principal, EXACT.multiply(terms.annual_rate, terms.penalty_uplift), terms, due_date, as_of)


def _overdue(principal: Fen, annual_rate: Decimal, terms: Terms, due_date: date, as_of: date) -> Decimal:
    days = days_between(due_date, as_of)
    if days <= days_of_grace(terms, due_date):
        return Decimal(0)
    if terms.day_basis is DayBasis.THIRTY_360:
        # a month of 30 days has no meaning for a delay of days: every day overdue is a 360th
        return _on(principal, annual_rate, EXACT.divide(Decimal(days), Decimal(360)))
    return _on(principal, annual_rate, year_fraction(due_date, as_of, terms.day_basis))


def _on(principal: Fen, annual_rate: Decimal, years: Decimal) -> Decimal:
    return EXACT.multiply(EXACT.multiply(Decimal(principal), annual_rate), years)
