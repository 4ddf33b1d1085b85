"""Days: months that keep their anchor, days counted, fractions of a year, working days."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from holidays import country_holidays

from kuanxin.servicing.model import DayBasis
from kuanxin.servicing.money import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from holidays import HolidayBase

    from kuanxin.servicing.model import Terms


@dataclass(frozen=True)
class Every:
    """How far apart due dates are: months (which keep their anchor day) or days."""

    months: int = 1
    days: int = 0

    def after(self, d: date, times: int, anchor_day: int | None = None) -> date:
        """The due date `times` intervals after `d`."""
        month = add_months(d, self.months * times, anchor_day) if self.months else d
        return month + timedelta(days=self.days * times)


MONTHLY = Every()


def add_months(d: date, months: int, anchor_day: int | None = None) -> date:
    """The anchor day `months` later; a month without that day gives its last one, and the next month has it again.

    The anchor is the day of `d` unless given: 31 Jan → 28 Feb → 31 Mar needs `anchor_day=31` in the second step.
    """
    index = d.year * 12 + d.month - 1 + months
    year, month = divmod(index, 12)
    return on_day(year, month + 1, anchor_day or d.day)


def on_day(year: int, month: int, anchor_day: int) -> date:
    """The anchor day in a month, or the month's last day where it has no such day."""
    if not 1 <= anchor_day <= 31:
        raise ValueError(f"no day {anchor_day} in any month")
    # every month has 28 days: most anchors need no length of a month
    return date(year, month, anchor_day if anchor_day <= 28 else min(anchor_day, monthrange(year, month)[1]))


def days_between(start: date, end: date) -> int:
    """Days of interest from `start` to `end`: the first is counted, the last is not (算头不算尾)."""
    return (end - start).days


def year_fraction(start: date, end: date, basis: DayBasis, anchor_day: int | None = None) -> Decimal:
    """The share of a year between two days, unrounded.

    - act/360, act/365: days over 360 or 365.
    - act/act: days in leap years over 366, days in other years over 365; act/act-last-day counts the last day of the
      period instead of the first, which moves one day over a turn of the year.
    - 30/360: whole months are twelfths (30 of 360 days), whatever their length; the days left over are a share of the
      month that they lie in (17 days from 1 February of a leap year: 17/29 of a twelfth). `anchor_day` is the due day
      of the schedule, so that 28 Feb → 31 Mar of a schedule on the 31st is one month.

    Raises ValueError where `end` is before `start`.
    """
    if end < start:
        raise ValueError(f"the period ends on {end}, before it starts on {start}")
    days = days_between(start, end)
    if basis is DayBasis.ACT_360:
        return EXACT.divide(Decimal(days), Decimal(360))
    if basis is DayBasis.ACT_365:
        return EXACT.divide(Decimal(days), Decimal(365))
    if basis is DayBasis.ACT_ACT:
        return _actual_actual(start, end)
    if basis is DayBasis.ACT_ACT_LAST_DAY:
        return _actual_actual(start + timedelta(days=1), end + timedelta(days=1))
    months, rest, month_days = months_and_days(start, end, anchor_day)
    return EXACT.divide(Decimal(months * month_days + rest), Decimal(12 * month_days))


def months_and_days(start: date, end: date, anchor_day: int | None = None) -> tuple[int, int, int]:
    """Whole months from `start`, the days left over, and the length of the month that these days lie in."""
    anchor = start.day
    if anchor_day is not None and start == on_day(start.year, start.month, anchor_day):
        anchor = anchor_day
    months = (end.year - start.year) * 12 + end.month - start.month
    reached = add_months(start, months, anchor)
    if reached > end:
        months -= 1
        reached = add_months(start, months, anchor)
    return months, days_between(reached, end), days_between(reached, add_months(start, months + 1, anchor))


def months_and_days_back(start: date, end: date) -> tuple[int, int]:
    """Whole months counted back from `end`, and the days left over between `start` and the day that they reach."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if add_months(end, -months) < start:
        months -= 1
    return months, days_between(start, add_months(end, -months))


def share_of_year(
    period: tuple[date, date], part: tuple[date, date], basis: DayBasis, anchor_day: int | None = None
) -> Decimal:
    """The share of a year of one part of an interest period, unrounded.

    On act bases the part's own `year_fraction`. On 30/360 a period of one month is a twelfth and each of its days an
    equal piece of that: 14 days of a February of 29 days are 14/29 of a twelfth.
    """
    if basis is not DayBasis.THIRTY_360:
        return year_fraction(*part, basis)
    days, whole = days_between(*part), days_between(*period)
    if not whole:
        return Decimal(0)
    return EXACT.divide(EXACT.multiply(year_fraction(*period, basis, anchor_day), Decimal(days)), Decimal(whole))


def without(period: tuple[date, date], free: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """What is left of [start, end) after the free intervals [from, to) are cut out of it, in order."""
    left = [period]
    for since, until in free:
        cut = [((start, min(end, since)), (max(start, until), end)) for start, end in left]
        left = [part for pair in cut for part in pair if part[0] < part[1]]
    return left


def days_of_grace(terms: Terms, due: date) -> int:
    """How many days after `due` a payment is still in time: the grace days of the contract, and where it says so
    (节假日顺延) on to the next working day. The due day itself and the interest stay."""
    if not terms.holidays_grace:
        return terms.grace_days
    last = due + timedelta(days=terms.grace_days)
    while not _china(last.year).is_working_day(last):
        last += timedelta(days=1)
    return days_between(due, last)


@cache
def _china(year: int) -> HolidayBase:
    """Public holidays and working weekends (调休) as the State Council announced them; of later years what is known."""
    return country_holidays("CN", years=(year, year + 1))


def next_working_day(d: date, holidays: AbstractSet[date]) -> date:
    """`d` itself, or the first day after it that is neither on a weekend nor among `holidays`."""
    while d.weekday() >= 5 or d in holidays:
        d += timedelta(days=1)
    return d


def _actual_actual(start: date, end: date) -> Decimal:
    total = Decimal(0)
    for year in range(start.year, end.year + 1):
        first, last = max(start, date(year, 1, 1)), min(end, date(year + 1, 1, 1))
        length = Decimal(366 if isleap(year) else 365)
        total = EXACT.add(total, EXACT.divide(Decimal(days_between(first, last)), length))
    return total
