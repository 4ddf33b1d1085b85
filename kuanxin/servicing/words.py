"""Chinese names, dates and amounts for the sentences that the rules themselves say (refusals, explanations)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.money import yuan

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.model import Amounts, Fen

KIND_NAMES = {
    ReliefKind.PROMISE_TO_PAY: "约定还款",
    ReliefKind.EXTENSION: "延期还款",
    ReliefKind.RE_INSTALMENT: "重新分期",
    ReliefKind.REDUCED_INTERIM: "阶段性少还",
    ReliefKind.DUE_DATE_CHANGE: "更改还款日",
    ReliefKind.PENALTY_WAIVER: "罚息减免",
    ReliefKind.PARTIAL_PAYMENT: "部分还款",
    ReliefKind.EARLY_SETTLEMENT: "提前结清",
}
PARTS = (("本金", "principal"), ("利息", "interest"), ("罚息", "penalty"), ("费用", "fees"))


def day(on: date) -> str:
    """2026-11-28 → "2026年11月28日"."""
    return f"{on.year}年{on.month}月{on.day}日"


def money(fen: Fen) -> str:
    """123456 → "1234.56元"."""
    return f"{yuan(fen)}元"


def parts(amounts: Amounts) -> str:
    """The components that are not zero, in words that add up: "本金1000.00元、利息15.00元"."""
    return "、".join(f"{name}{money(getattr(amounts, key))}" for name, key in PARTS if getattr(amounts, key))
