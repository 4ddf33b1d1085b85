"""How figures and dates are written for a borrower: plain, short, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from kuanxin.servicing.model import Fen

WEEKDAYS = "一二三四五六日"


def money(fen: Fen) -> str:
    """1,234 fen as "12.34元"; no thousands separators, so that a figure can be copied into a payment."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}元"


def day(value: date) -> str:
    """ "11月28日（周六）" """
    return f"{value.month}月{value.day}日（周{WEEKDAYS[value.weekday()]}）"


def day_of_year(value: date, today: date) -> str:
    """With the year where it is not this one."""
    return day(value) if value.year == today.year else f"{value.year}年{day(value)}"


def moment(value: datetime) -> str:
    return f"{value.month}月{value.day}日 {value:%H:%M}"
