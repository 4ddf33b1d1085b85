"""Schedules: equal principal (等额本金) and equal instalment (等额本息) on every day basis; the last row absorbs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import add_months, year_fraction
from kuanxin.servicing.interest import interest
from kuanxin.servicing.model import Fen, Instalment, Method, Terms
from kuanxin.servicing.money import EXACT, round_fen, split_evenly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


def due_dates(first_due: date, rows: int, *, anchor_day: int | None = None, every_months: int = 1) -> tuple[date, ...]:
    """Monthly (or every few months) due dates. Month ends keep the anchor: the day of `first_due` unless given."""
    anchor = anchor_day or first_due.day
    return (first_due, *(add_months(first_due, every_months * n, anchor) for n in range(1, rows)))


def generate(
    principal: Fen,
    terms: Terms,
    disbursed_on: date,
    rows: int,
    first_due: date,
    *,
    anchor_day: int | None = None,
    every_months: int = 1,
    instalment: Fen | None = None,
    multiple: Fen = 1,
    interest_only: int = 0,
) -> tuple[Instalment, ...]:
    """The schedule of a loan with monthly due dates. See `generate_on` for what each term means."""
    if rows < 1:
        raise ValueError("a schedule has at least one row")
    dates = due_dates(first_due, rows, anchor_day=anchor_day, every_months=every_months)
    return generate_on(
        principal,
        terms,
        disbursed_on,
        dates,
        anchor_day=anchor_day or first_due.day,
        instalment=instalment,
        multiple=multiple,
        interest_only=interest_only,
    )


def generate_on(
    principal: Fen,
    terms: Terms,
    start: date,
    dates: Sequence[date],
    *,
    anchor_day: int | None = None,
    instalment: Fen | None = None,
    multiple: Fen = 1,
    interest_only: int = 0,
) -> tuple[Instalment, ...]:
    """The schedule of `principal` lent on `start` with the given due dates, numbered from 1.

    Each row bears the interest of its own days on the balance before it, rounded by the terms. The principal rows sum
    to `principal`; no amount is negative.

    - equal principal: `principal` split evenly (in multiples of `multiple` fen), the last row takes what remains.
    - equal instalment: the annuity over these very periods, or `instalment` where one is given (a schedule whose dates
      moved keeps its instalment); the last row pays the balance.
    - `interest_only`: so many rows at the beginning repay no principal (先息后本).

    Raises ValueError for a negative principal, for due dates that do not rise from `start`, and where no row repays.
    """
    if principal < 0:
        raise ValueError("the principal must not be negative")
    if any(later <= earlier for earlier, later in zip((start, *dates), dates, strict=False)):
        raise ValueError("due dates must rise and lie after the start")
    if not 0 <= interest_only < len(dates):
        raise ValueError("at least one row must repay principal")
    starts = (start, *dates[:-1])
    repaying = len(dates) - interest_only
    if terms.method is Method.EQUAL_INSTALMENT and instalment is None:
        periods = list(zip(starts, dates, strict=True))[interest_only:]
        instalment = round_fen(annuity(principal, terms, periods, anchor_day), terms.rounding)
        instalment = round_fen(EXACT.divide(Decimal(instalment), Decimal(multiple)), terms.rounding) * multiple
    shares = split_evenly(principal, repaying, terms.rounding, multiple)
    rows = []
    balance = principal
    for index, (since, due) in enumerate(zip(starts, dates, strict=True)):
        bears = round_fen(interest(balance, terms, since, due, anchor_day=anchor_day), terms.rounding)
        if index < interest_only:
            repays = 0
        elif index == len(dates) - 1:
            repays = balance
        elif instalment is None:
            repays = shares[index - interest_only]
        else:
            repays = min(max(instalment - bears, 0), balance)
        balance -= repays
        rows.append(Instalment(index + 1, due, repays, bears))
    return tuple(rows)


def annuity(
    principal: Fen, terms: Terms, periods: Sequence[tuple[date, date]], anchor_day: int | None = None
) -> Decimal:
    """The equal payment at the end of each period that repays `principal` with interest, unrounded.

    With the growth g of each period (1 + rate x its share of a year): principal x (all g multiplied) / (sum over the
    rows of the product of the g after that row). For equal periods this is the familiar P r / (1 - (1 + r)^-n).
    """
    growth = Decimal(1)
    payments = Decimal(0)
    for since, due in reversed(periods):
        payments = EXACT.add(payments, growth)
        fraction = year_fraction(since, due, terms.day_basis, anchor_day)
        growth = EXACT.multiply(growth, EXACT.fma(terms.annual_rate, fraction, Decimal(1)))
    return EXACT.divide(EXACT.multiply(Decimal(principal), growth), payments)
