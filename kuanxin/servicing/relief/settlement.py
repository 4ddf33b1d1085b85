"""提前结清: everything on one day. Interest to that day only (算头不算尾), the fee of the contract, no other charge.

Rows that are not yet due by that day become one row due on it. Where it is not paid that day, it is as if it had never
been: the contract goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.money import EXACT, round_fen
from kuanxin.servicing.position import NOTHING, Change, LiveRow, Position
from kuanxin.servicing.relief.base import Case, Draft, closing, refuse
from kuanxin.servicing.words import day

if TYPE_CHECKING:
    from kuanxin.servicing.policy import SettlementRules
    from kuanxin.servicing.quotes import EarlySettlement, Refusal

KIND = ReliefKind.EARLY_SETTLEMENT


def draft(case: Case, request: EarlySettlement, rules: SettlementRules) -> Draft | Refusal:
    latest = case.today + timedelta(days=rules.max_days_ahead)
    due = case.next_row.due_date if case.next_row else None
    rule, reason = "max_days_ahead", f"结清可以定在今天到{day(latest)}之间的一天。"
    if due and due < latest:
        latest, rule = due, "on"
        reason = f"{day(due)}有一期要先按时还，所以结清可以定在今天到那天之间；还上之后再结清，也是按天算利息。"
    if not case.today <= request.on <= latest:
        return refuse(KIND, rule, reason, earliest=case.today, latest=latest)
    made = change(case.position, request, {}, case.prefix)
    fee = sum(row.fees for row in made.adds)
    facts = {"on": request.on.isoformat(), "settlement_fee": fee}
    end_of_today = datetime.combine(case.today + timedelta(days=1), time(), case.now.tzinfo)
    return Draft(
        made,
        until=request.on,
        facts=facts,
        deadline=request.on,
        spread=False,
        expires=end_of_today,
    )


def change(position: Position, request: EarlySettlement, params: dict[str, Any], prefix: str) -> Change:
    rows = [row for row in position.open_rows if row.due_date > request.on]
    if not rows:
        return Change()
    owed = sum((position.to_the_day(row, request.on) for row in rows), NOTHING)
    fee = EXACT.multiply(Decimal(owed.principal), position.terms.settlement_fee_rate)
    row = LiveRow(
        key=f"{prefix}1",
        number=position.next_number(rows),
        due_date=request.on,
        principal=owed.principal,
        interest=owed.interest,
        since=position.day,
        until=request.on,
        balance=owed.principal,
        payable_from=request.on,
        penalty_from=request.on,
        fees=round_fen(fee, position.terms.rounding),
        carried=replace(owed, principal=0, interest=0),
    )
    return closing(position, rows, [row])
