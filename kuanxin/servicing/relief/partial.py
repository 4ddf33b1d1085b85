"""部分还款: what an amount paid on a day covers, and what is left. The schedule stays as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.policy import PartialRules, fen
from kuanxin.servicing.position import Change, Position
from kuanxin.servicing.relief.base import Case, Draft, refuse
from kuanxin.servicing.relief.promise import due_by
from kuanxin.servicing.words import day, money

if TYPE_CHECKING:
    from kuanxin.servicing.quotes import PartialPayment, Refusal

KIND = ReliefKind.PARTIAL_PAYMENT


def draft(case: Case, request: PartialPayment, rules: PartialRules) -> Draft | Refusal:
    latest = case.today + timedelta(days=rules.max_days_ahead)
    if not case.today <= request.on <= latest:
        reason = f"可以定在今天到{day(latest)}之间的一天。"
        return refuse(KIND, "max_days_ahead", reason, earliest=case.today, latest=latest)
    least = fen(rules.min_amount)
    if request.amount < least:
        return refuse(KIND, "min_amount", f"一次最少还{money(least)}。", least=least)
    everything = case.position.outstanding(request.on).total
    if request.amount >= everything:
        reason = f"{day(request.on)}全部结清只要{money(everything)}，不需要还更多。"
        return refuse(KIND, "amount", reason, most=everything)
    facts = {"on": request.on.isoformat(), "amount": request.amount}
    facts["left"] = max(due_by(case.position, request.on) - request.amount, 0)
    return Draft(
        Change(),
        until=request.on,
        facts=facts,
        deadline=request.on,
        pays=(request.on, request.amount),
        spread=False,
    )


def change(position: Position, request: PartialPayment, params: dict[str, Any], prefix: str) -> Change:
    """A part paid leaves the schedule as it is."""
    return Change()
