"""Interest and penalty interest, unrounded: who states a figure rounds it, once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import days_between, year_fraction
from kuanxin.servicing.model import DayBasis, Fen, Terms
from kuanxin.servicing.money import EXACT

if TYPE_CHECKING:
    from datetime import date


def interest(principal: Fen, terms: Terms, start: date, end: date, *, anchor_day: int | None = None) -> Decimal:
    """Contract interest in fen on `principal` from `start` (counted) to `end` (not counted), on the loan's day basis.

    Raises ValueError where `end` is before `start`.
    """
    fraction = year_fraction(start, end, terms.day_basis, anchor_day)
    return EXACT.multiply(EXACT.multiply(Decimal(principal), terms.annual_rate), fraction)


def penalty_rate(terms: Terms) -> Decimal:
    """The yearly rate on overdue principal: contract rate x (1 + uplift)."""
    return EXACT.multiply(terms.annual_rate, EXACT.add(Decimal(1), terms.penalty_uplift))


def penalty(principal: Fen, terms: Terms, due_date: date, as_of: date) -> Decimal:
    """Penalty interest (罚息) in fen on the overdue principal of one row, as of a day.

    principal x daily rate x (1 + uplift) x days since the due date. It replaces ordinary interest on that principal;
    the uplift (30-50 %) is the extra over it (银发〔2003〕251号, 三). Within the grace days it is zero; after them it
    counts from the due date. Not compounded: penalty interest itself bears none.
    """
    days = days_between(due_date, as_of)
    if days <= max(terms.grace_days, 0):
        return Decimal(0)
    uplifted = EXACT.multiply(Decimal(principal), penalty_rate(terms))
    if terms.day_basis is DayBasis.THIRTY_360:
        # a month of 30 days has no meaning for a delay of days: every day overdue is a 360th
        return EXACT.divide(EXACT.multiply(uplifted, Decimal(days)), Decimal(360))
    return EXACT.multiply(uplifted, year_fraction(due_date, as_of, terms.day_basis))
