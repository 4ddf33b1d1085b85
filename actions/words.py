"""How figures and dates are written for a borrower: plain, short, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.words import money

if TYPE_CHECKING:
    from datetime import date, datetime

__all__ = ["day", "day_of_year", "moment", "money"]

WEEKDAYS = "一二三四五六日"


def day(value: date) -> str:
    """ "11月28日（周六）" """
    return f"{value.month}月{value.day}日（周{WEEKDAYS[value.weekday()]}）"


def day_of_year(value: date, today: date) -> str:
    """With the year where it is not this one."""
    return day(value) if value.year == today.year else f"{value.year}年{day(value)}"


def moment(value: datetime) -> str:
    return f"{value.month}月{value.day}日 {value:%H:%M}"
