"""Schedules: equal principal (等额本金) and equal instalment (等额本息) on every day basis; the last row absorbs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import MONTHLY, Every, share_of_year, without
from kuanxin.servicing.interest import interest
from kuanxin.servicing.model import Fen, Instalment, Method, Terms
from kuanxin.servicing.money import EXACT, round_fen, split_evenly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    Interval = tuple[date, date]


def due_dates(first_due: date, rows: int, *, anchor_day: int | None = None, every: Every = MONTHLY) -> tuple[date, ...]:
    """The due dates of a schedule. Month ends keep the anchor, which is the day of `first_due` unless given."""
    anchor = anchor_day or first_due.day
    return (first_due, *(every.after(first_due, n, anchor) for n in range(1, rows)))


def generate(
    principal: Fen,
    terms: Terms,
    disbursed_on: date,
    rows: int,
    first_due: date,
    *,
    anchor_day: int | None = None,
    every: Every = MONTHLY,
    instalment: Fen | None = None,
    multiple: Fen = 1,
    interest_only: int = 0,
    free: Sequence[Interval] = (),
) -> tuple[Instalment, ...]:
    """The schedule of a loan with regular due dates. See `generate_on` for what each term means."""
    if rows < 1:
        raise ValueError("a schedule has at least one row")
    return generate_on(
        principal,
        terms,
        disbursed_on,
        due_dates(first_due, rows, anchor_day=anchor_day, every=every),
        anchor_day=anchor_day or first_due.day,
        instalment=instalment,
        multiple=multiple,
        interest_only=interest_only,
        free=free,
    )


def generate_on(
    principal: Fen,
    terms: Terms,
    start: date,
    dates: Sequence[date],
    *,
    anchor_day: int | None = None,
    instalment: Fen | None = None,
    shares: Sequence[Fen] | None = None,
    multiple: Fen = 1,
    interest_only: int = 0,
    carried: Fen = 0,
    free: Sequence[Interval] = (),
) -> tuple[Instalment, ...]:
    """The schedule of `principal` lent on `start` with the given due dates, numbered from 1.

    Each row bears the interest of its own days on the balance before it, rounded by the terms. The principal rows sum
    to `principal`; no amount is negative.

    - equal principal: `principal` split evenly (in multiples of `multiple` fen), the last row takes what remains; or
      `shares`, where the principal of each row is already agreed.
    - equal instalment: the annuity over these very periods, or `instalment` where one is already agreed (a schedule
      whose dates moved keeps its instalment); the last row pays the balance.
    - `interest_only`: so many rows at the beginning repay no principal (先息后本).
    - `carried`: interest earned before `start`, due with the first row; it bears none itself.
    - `free`: intervals [from, to) that bear no interest.

    Raises ValueError for a negative principal, for due dates that do not rise from `start`, and where no row repays.
    """
    if principal < 0 or carried < 0:
        raise ValueError("principal and carried interest must not be negative")
    starts = (start, *dates[:-1])
    periods = list(zip(starts, dates, strict=True)) if dates else []
    if any(due <= since for since, due in periods):
        raise ValueError("due dates must rise and lie after the start")
    repaying = periods[interest_only:]
    if not repaying or interest_only < 0:
        raise ValueError("at least one row must repay principal")
    if terms.method is Method.EQUAL_INSTALMENT and shares is None:
        plan: Sequence[Fen] | None = None
        if instalment is None:
            carried_into_level = 0 if interest_only else carried
            exact = annuity(principal, terms, repaying, anchor_day, free, carried_into_level)
            instalment = round_fen(EXACT.divide(exact, Decimal(multiple)), terms.rounding) * multiple
        level = instalment
    else:
        level, plan = 0, shares or split_evenly(principal, len(repaying), terms.rounding, multiple)
    rows: list[Instalment] = []
    balance = principal
    for index, (since, due) in enumerate(periods):
        bears = round_fen(interest(balance, terms, since, due, anchor_day=anchor_day, free=free), terms.rounding)
        bears += carried if index == 0 else 0
        if index < interest_only:
            repays = 0
        elif index == len(periods) - 1:
            repays = balance
        else:
            repays = min(plan[index - interest_only] if plan else max(level - bears, 0), balance)
        balance -= repays
        rows.append(Instalment(index + 1, due, repays, bears))
    return tuple(rows)


def generate_levelled(
    principal: Fen,
    terms: Terms,
    start: date,
    dates: Sequence[date],
    *,
    anchor_day: int | None = None,
    multiple: Fen = 1,
    interest_only: int = 0,
) -> tuple[Instalment, ...]:
    """An equal-instalment schedule as `generate_on`, its last row brought closer to the others.

    Where the last row is off by more than half a fen for each row, the difference is spread over the instalments, up to
    three times and as long as that brings it closer.
    """

    def laid_out(instalment: Fen | None) -> tuple[Instalment, ...]:
        return generate_on(
            principal,
            terms,
            start,
            dates,
            anchor_day=anchor_day,
            instalment=instalment,
            multiple=multiple,
            interest_only=interest_only,
        )

    rows = laid_out(None)
    repaying = len(dates) - interest_only
    for _ in range(3):
        level, gap = _level_and_gap(rows, interest_only)
        step = round_fen(EXACT.divide(Decimal(gap), Decimal(repaying * multiple)), terms.rounding) * multiple
        if abs(gap) <= repaying // 2 or not step:
            break
        closer = laid_out(level + step)
        if abs(_level_and_gap(closer, interest_only)[1]) >= abs(gap):
            break
        rows = closer
    return rows


def _level_and_gap(rows: Sequence[Instalment], interest_only: int) -> tuple[Fen, Fen]:
    level = rows[interest_only].principal + rows[interest_only].interest
    return level, rows[-1].principal + rows[-1].interest - level


def annuity(
    principal: Fen,
    terms: Terms,
    periods: Sequence[Interval],
    anchor_day: int | None = None,
    free: Sequence[Interval] = (),
    carried: Fen = 0,
) -> Decimal:
    """The equal payment at the end of each period that repays `principal` with interest, unrounded.

    With the growth g of each period (1 + rate x its share of a year): principal x (all g multiplied) / (sum over the
    rows of the product of the g after that row). For equal periods this is the familiar P r / (1 - (1 + r)^-n).
    `carried` is owed at the end of the first period on top.
    """
    growth = after_first = Decimal(1)
    payments = Decimal(0)
    for period in reversed(periods):
        payments = EXACT.add(payments, growth)
        after_first = growth
        rate = Decimal(0)
        for part in without(period, free):
            rate = EXACT.fma(terms.annual_rate, share_of_year(period, part, terms.day_basis, anchor_day), rate)
        growth = EXACT.multiply(growth, EXACT.add(rate, Decimal(1)))
    owed = EXACT.fma(Decimal(principal), growth, EXACT.multiply(Decimal(carried), after_first))
    return EXACT.divide(owed, payments)
