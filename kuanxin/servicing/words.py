"""Dates and amounts inside the sentences that the rules themselves say (refusals, explanations)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.money import yuan

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.model import Amounts, Fen

PARTS = (("本金", "principal"), ("利息", "interest"), ("罚息", "penalty"), ("费用", "fees"))


def day(on: date) -> str:
    """2026-11-28 → "2026年11月28日"."""
    return f"{on.year}年{on.month}月{on.day}日"


def money(fen: Fen) -> str:
    """123456 → "1,234.56元"."""
    return f"{yuan(fen)}元"


def parts(amounts: Amounts) -> str:
    """The components that are not zero, in words that add up: "本金1,000.00元、利息15.00元"."""
    return "、".join(f"{name}{money(getattr(amounts, key))}" for name, key in PARTS if getattr(amounts, key))
