"""罚息减免: penalty interest of the arrears is waived, on the condition that the rest of them is paid by a day.

A waiver makes the debt smaller; it is neither a deferral nor paid, and it is never tied to a complaint.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.relief.base import Case, Draft, closing, refuse, renewed

if TYPE_CHECKING:
    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.policy import WaiverRules
    from kuanxin.servicing.position import Change, LiveRow, Position
    from kuanxin.servicing.quotes import PenaltyWaiver, Refusal

KIND = ReliefKind.PENALTY_WAIVER


def draft(case: Case, request: PenaltyWaiver, rules: WaiverRules) -> Draft | Refusal:
    penalty = sum(case.position.accrued(row, case.today).penalty for row in _arrears(case.position))
    if not penalty:
        return refuse(KIND, "penalty", "您这笔现在没有罚息，不需要减免。")
    most = int((penalty * rules.max_share).quantize(Decimal(1), ROUND_DOWN))
    waived = min(request.amount if request.amount is not None else penalty, most)
    if waived < 1:
        return refuse(KIND, "amount", "减免的金额要大于0。", most=most)
    until = case.today + timedelta(days=rules.paid_within_days)
    params = {"waived": waived, "until": until.isoformat()}
    made = change(case.position, request, params, case.prefix)
    facts = {"waived": waived, "condition": "arrears_paid", "until": until.isoformat()}
    return Draft(made, until=until, params=params, facts=facts, deadline=until, spread=False)


def change(position: Position, request: PenaltyWaiver, params: dict[str, Any], prefix: str) -> Change:
    left: Fen = params["waived"]
    rows = _arrears(position)
    adds: list[LiveRow] = []
    for n, row in enumerate(rows, 1):
        new = renewed(position, row, f"{prefix}{n}")
        part = min(left, new.carried.penalty)
        adds.append(new._replace(carried=replace(new.carried, penalty=new.carried.penalty - part)))
        left -= part
    return closing(position, rows, adds)


def _arrears(position: Position) -> list[LiveRow]:
    return [row for row in position.open_rows if row.due_date < position.day]
