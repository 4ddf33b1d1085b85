"""Cards that ask for a date, a day of the month or an amount: a picker in the widget, a line with the limits elsewhere.

What is picked comes back as if it had been typed, and is checked like anything typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.words import day_of_year, money
from kuanxin.conversations.replies import Card

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.model import Fen


def date_input(first: date, last: date, today: date) -> Card:
    limits = f"{day_of_year(first, today)}到{day_of_year(last, today)}"
    data = {"input": "date", "from": first.isoformat(), "to": last.isoformat()}
    return Card("input", "选择日期", facts=(("可选", limits),), data=data)


def month_day_input(first: int, last: int) -> Card:
    data = {"input": "month_day", "from": first, "to": last}
    return Card("input", "选择每月的还款日", facts=(("可选", f"每月{first}号到{last}号"),), data=data)


def amount_input(title: str, least: Fen, most: Fen) -> Card:
    """An amount in yuan; the title says what for."""
    data = {"input": "amount", "least": least, "most": most}
    return Card("input", title, facts=(("可填", f"{money(least)}到{money(most)}"),), data=data)
