"""约定还款: so much by a day. The schedule stays, interest and penalty interest go on, reminders wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.policy import PromiseRules, fen
from kuanxin.servicing.position import NOTHING, Change, Position
from kuanxin.servicing.relief.base import Case, Draft, refuse
from kuanxin.servicing.words import day, money

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.quotes import PromiseToPay, Refusal

KIND = ReliefKind.PROMISE_TO_PAY


def draft(case: Case, request: PromiseToPay, rules: PromiseRules) -> Draft | Refusal:
    """Raises nothing: a day outside the window or an amount below the least is a refusal."""
    latest = case.today + timedelta(days=rules.max_days_ahead)
    if request.on < case.today:
        return refuse(KIND, "on", "这个日子已经过去了，请说一个今天或之后的日子。", earliest=case.today, latest=latest)
    if request.on > latest:
        reason = f"约定还款最晚可以定在{day(latest)}（{rules.max_days_ahead}天内）。"
        return refuse(KIND, "max_days_ahead", reason, latest=latest)
    due = due_by(case.position, request.on)
    if not due:
        return refuse(KIND, "amount", f"到{day(request.on)}没有要还的款，不需要约定。")
    amount = due if request.amount is None else min(request.amount, due)
    if amount < min(fen(rules.min_amount), due):
        least = fen(rules.min_amount)
        return refuse(KIND, "min_amount", f"约定的金额最少{money(least)}。", least=least)
    return Draft(
        Change(),
        until=request.on,
        facts={"on": request.on.isoformat(), "amount": amount},
        deadline=request.on,
        pays=(request.on, amount),
        spread=False,
    )


def change(position: Position, request: PromiseToPay, params: dict[str, Any], prefix: str) -> Change:
    """A promise leaves the schedule as it is."""
    return Change()


def due_by(position: Position, on: date) -> Fen:
    """All that is due on a day, penalty interest to that day included, less what is held as credit."""
    then = position.bring_to(on)
    return sum((then.open(row, on) for row in then.due_rows()), NOTHING).total
