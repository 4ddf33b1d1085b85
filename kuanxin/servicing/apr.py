"""What a loan costs a year with every payment counted.

`apr` is the effective rate that offers are judged by; `actuarial_apr` is the nominal rate of 12 CFR 1026, Appendix J.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import Every, add_months, days_between, months_and_days_back
from kuanxin.servicing.money import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from kuanxin.servicing.model import Fen

_SHOWN = Decimal("1e-8")
_BEYOND = Decimal("1e6")
_CLOSE = Decimal("1e-20")
_ONE = Decimal(1)


class UnitPeriod(Enum):
    """The regular interval between payments, as Appendix J names it: (how many a year, days, months)."""

    DAILY = (365, 1, 0)
    WEEKLY = (52, 7, 0)
    BIWEEKLY = (26, 14, 0)
    SEMIMONTHLY = (24, 15, 0)
    MONTHLY = (12, 30, 1)
    BIMONTHLY = (6, 60, 2)
    QUARTERLY = (4, 90, 3)
    SEMIANNUAL = (2, 180, 6)
    ANNUAL = (1, 365, 12)

    def dates(self, first: date, count: int) -> tuple[date, ...]:
        """Regular payment days from `first` on. Semimonthly: a day of the month and the one 15 days from it."""
        _, days, months = self.value
        if self is not UnitPeriod.SEMIMONTHLY:
            every = Every(months=months) if months else Every(months=0, days=days)
            return tuple(every.after(first, n) for n in range(count))
        other = first + timedelta(days=15) if first.day <= 15 else add_months(first - timedelta(days=15), 1)
        return tuple(add_months(other if n % 2 else first, n // 2) for n in range(count))


def apr(cash_flows: Sequence[tuple[date, Fen]]) -> Decimal | None:
    """The effective yearly cost as a fraction (0.1956 is 19.56 %), to 8 decimals: the internal rate of return.

    `cash_flows` are seen by the borrower: money received is positive, a payment negative; the days in any order. The
    rate x makes the sum of flow / (1 + x)^(days / 365) zero, days counted from the first flow. This is the compound
    method (内部收益率) of 中国人民银行公告〔2021〕第3号. Fees and penalties count when they are among the flows.

    None where no rate explains the flows: nothing received, nothing paid, all on one day, or beyond a million.
    """
    if not (any(fen > 0 for _, fen in cash_flows) and any(fen < 0 for _, fen in cash_flows)):
        return None
    first = min(day for day, _ in cash_flows)
    flows = [(days_between(first, day), fen) for day, fen in cash_flows]

    def value_and_slope(factor: Decimal) -> tuple[Decimal, Decimal]:
        value = slope = Decimal(0)
        for days, fen in flows:
            if days:
                power = EXACT.power(factor, days - 1)
                slope = EXACT.fma(power, Decimal(fen * days), slope)
                value = EXACT.fma(power, EXACT.multiply(factor, Decimal(fen)), value)
            else:
                value = EXACT.add(value, Decimal(fen))
        return value, slope

    # the unknown is what a fen one day later is worth today: whole powers of it, instead of roots of the rate
    factor = _newton(value_and_slope, _ONE)
    if factor is None or factor <= 0:
        return None
    rate = EXACT.subtract(EXACT.power(factor, -365), _ONE)
    return rate.quantize(_SHOWN, context=EXACT) if rate < _BEYOND else None


def actuarial_apr(
    advances: Sequence[tuple[date, Fen]],
    payments: Sequence[tuple[date, Fen]],
    unit_period: UnitPeriod | None = None,
) -> Decimal:
    """The annual percentage rate by the actuarial method as a fraction, to 8 decimals (12 CFR 1026, Appendix J).

    The rate i of a unit-period balances advances and payments, each worth amount / ((1 + f i)(1 + i)^t), where t whole
    unit-periods and the fraction f lie between the first advance and its day, (b)(5); the rate of the year is
    i x unit-periods per year. Without `unit_period`: one advance, one payment, and the term is the unit.

    Raises ValueError where no rate explains the payments, or where a unit-period must be named.
    """
    first = min(day for day, _ in advances)
    if unit_period is None:
        if len(advances) != 1 or len(payments) != 1:
            raise ValueError("several advances or payments need a unit-period")
        per_year, terms = _single(advances[0], payments[0])
    else:
        per_year = Decimal(unit_period.value[0])
        flows = [*payments, *((day, -fen) for day, fen in advances)]
        terms = [(*_unit_periods(first, day, unit_period), Decimal(fen)) for day, fen in flows]

    def value_and_slope(rate: Decimal) -> tuple[Decimal, Decimal]:
        value = slope = Decimal(0)
        growth = EXACT.add(_ONE, rate)
        for whole, part, fen in terms:
            odd = EXACT.fma(part, rate, _ONE)
            worth = EXACT.divide(fen, EXACT.multiply(odd, EXACT.power(growth, whole)))
            value = EXACT.add(value, worth)
            per_unit = EXACT.add(EXACT.divide(part, odd), EXACT.divide(Decimal(whole), growth))
            slope = EXACT.subtract(slope, EXACT.multiply(worth, per_unit))
        return value, slope

    rate = _newton(value_and_slope, Decimal(0))
    if rate is None:
        raise ValueError("no rate explains these payments")
    return EXACT.multiply(rate, per_year).quantize(_SHOWN, context=EXACT)


def compounded(nominal: Decimal, per_year: int) -> Decimal:
    """The effective rate of a nominal one that is charged `per_year` times: (1 + nominal / n)^n - 1, to 8 decimals."""
    growth = EXACT.power(EXACT.add(_ONE, EXACT.divide(nominal, Decimal(per_year))), per_year)
    return EXACT.subtract(growth, _ONE).quantize(_SHOWN, context=EXACT)


_Term = tuple[int, Decimal, Decimal]  # whole unit-periods, fraction of one, fen (paid positive, advanced negative)


def _single(advance: tuple[date, Fen], payment: tuple[date, Fen]) -> tuple[Decimal, list[_Term]]:
    """One advance and one payment: the term is the unit-period, a year at most (b)(4)(ii)."""
    months, days = months_and_days_back(advance[0], payment[0])
    if months >= 12:
        whole, part = _unit_periods(advance[0], payment[0], UnitPeriod.ANNUAL)
        per_year = _ONE
    else:
        whole, part = 1, Decimal(0)
        in_a_year, term = (365, days_between(advance[0], payment[0])) if days else (12, months)
        per_year = EXACT.divide(Decimal(in_a_year), Decimal(term))
    return per_year, [(whole, part, Decimal(payment[1])), (0, Decimal(0), Decimal(-advance[1]))]


def _unit_periods(start: date, end: date, unit_period: UnitPeriod) -> tuple[int, Decimal]:
    """Whole unit-periods and the fraction of one from `start` to `end`: Appendix J (b)(5)."""
    _, unit_days, unit_months = unit_period.value
    months, days = months_and_days_back(start, end)
    if unit_period is UnitPeriod.MONTHLY:
        whole, rest = months, days
    elif unit_period is UnitPeriod.ANNUAL:
        whole, months = divmod(months, 12)
        if not days:
            return whole, EXACT.divide(Decimal(months), Decimal(12))
        rest = days_between(start, add_months(end, -12 * whole))
    elif unit_months or unit_period is UnitPeriod.SEMIMONTHLY:
        whole, rest = divmod(30 * months + days, unit_days)
    else:
        whole, rest = divmod(days_between(start, end), unit_days)
    return whole, EXACT.divide(Decimal(rest), Decimal(unit_days))


def _newton(value_and_slope: Callable[[Decimal], tuple[Decimal, Decimal]], guess: Decimal) -> Decimal | None:
    """The root by Newton's method: a loan, received first and paid later, is approached from one side."""
    for _ in range(200):
        value, slope = value_and_slope(guess)
        if not slope:
            return None
        step = EXACT.divide(value, slope)
        guess = EXACT.subtract(guess, step)
        if abs(step) < _CLOSE:
            return guess
    return None
