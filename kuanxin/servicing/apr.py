"""What a loan costs a year with every payment counted.

`apr` is the effective rate that offers are judged by; `actuarial_apr` is the nominal rate of 12 CFR 1026, Appendix J.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import days_between, months_and_days_back
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
    """The regular interval between payments, as Appendix J names it: (per year, days of a unit, months of a unit)."""

    WEEKLY = (52, 7, 0)
    BIWEEKLY = (26, 14, 0)
    SEMIMONTHLY = (24, 15, 0)
    MONTHLY = (12, 30, 1)
    BIMONTHLY = (6, 60, 2)
    QUARTERLY = (4, 90, 3)
    SEMIANNUAL = (2, 180, 6)
    ANNUAL = (1, 365, 12)


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
    amount: Fen, advanced: date, payments: Sequence[tuple[date, Fen]], unit_period: UnitPeriod
) -> Decimal:
    """The annual percentage rate by the actuarial method as a fraction, to 8 decimals (12 CFR 1026, Appendix J).

    The rate i of a unit-period makes `amount` = sum of payment / ((1 + f i)(1 + i)^t), where t whole unit-periods and
    the fraction f lie between the advance and the payment (b)(5); the rate of the year is i x unit-periods per year.
    Raises ValueError where no rate explains the payments.
    """
    per_year = unit_period.value[0]
    terms = [(*_unit_periods(advanced, day, unit_period), Decimal(fen)) for day, fen in payments]

    def value_and_slope(rate: Decimal) -> tuple[Decimal, Decimal]:
        value, slope = Decimal(-amount), Decimal(0)
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
    return EXACT.multiply(rate, Decimal(per_year)).quantize(_SHOWN, context=EXACT)


def _unit_periods(start: date, end: date, unit_period: UnitPeriod) -> tuple[int, Decimal]:
    """Whole unit-periods and the fraction of one from `start` to `end`: Appendix J (b)(5)."""
    _, unit_days, unit_months = unit_period.value
    if unit_period in (UnitPeriod.WEEKLY, UnitPeriod.BIWEEKLY):
        whole, rest = divmod(days_between(start, end), unit_days)
    elif unit_period is UnitPeriod.ANNUAL:
        months, days = months_and_days_back(start, end)
        whole, months = divmod(months, 12)
        if not days:
            return whole, EXACT.divide(Decimal(months), Decimal(12))
        rest = days_between(start, end) if not whole else days + 30 * months
    else:
        months, days = months_and_days_back(start, end)
        if unit_months == 1:
            whole, rest = months, days
        else:
            whole, rest = divmod(30 * months + days, unit_days)
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
