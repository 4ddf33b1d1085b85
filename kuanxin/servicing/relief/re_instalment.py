"""重新分期: the arrears, or the whole balance, over new rows. Old rows keep what was paid on them.

Interest of the new rows is contract interest on their principal from the day of the quote. What was owed beside
principal on that day (interest, penalty interest, fees) is split over the new rows or stands on the first, and bears no
interest unless the policy says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.servicing import schedule
from kuanxin.servicing.allocation import allocate
from kuanxin.servicing.changes import spread
from kuanxin.servicing.model import Amounts, Method, ReliefKind
from kuanxin.servicing.position import NOTHING, Change, LiveRow, Position
from kuanxin.servicing.quotes import Refusal, ReInstalment
from kuanxin.servicing.relief.base import Case, Draft, anchor_of, closing, refuse
from kuanxin.servicing.words import day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.servicing.model import Fen, Instalment, Rounding
    from kuanxin.servicing.policy import ReInstalmentRules

KIND = ReliefKind.RE_INSTALMENT


def draft(case: Case, request: ReInstalment, rules: ReInstalmentRules) -> Draft | Refusal:
    fewest, most = rules.rows
    if not fewest <= request.rows <= most:
        return refuse(KIND, "rows", f"可以分{fewest}到{most}期。", min_rows=fewest, max_rows=most)
    if request.scope not in rules.scopes:
        return refuse(KIND, "scopes", "这款产品不能这样重新分期。", scopes=list(rules.scopes))
    method = request.method or case.loan.terms.method
    if method is not case.loan.terms.method and method not in rules.methods:
        return refuse(KIND, "methods", "这款产品不能换还款方式。", method=case.loan.terms.method.value)
    if request.scope == "arrears" and not case.position.due_rows():
        return refuse(KIND, "scopes", "现在没有到期未还的款，不需要把欠款分期。", scopes=["balance"])
    latest = case.today + timedelta(days=rules.first_due_within_days)
    first = request.first_due or case.next_due_date()
    if not case.today < first <= latest:
        reason = f"第一期要定在明天到{day(latest)}之间。"
        return refuse(KIND, "first_due_within_days", reason, earliest=case.today + timedelta(days=1), latest=latest)
    params = {
        "charges": rules.charges,
        "charges_bear_interest": rules.charges_bear_interest,
        "first_due": first.isoformat(),
    }
    made = change(case.position, request, params, case.prefix)
    carried = made.opening.total - made.opening.principal
    facts = {"scope": request.scope, "method": method.value, "charges": rules.charges, "charges_carried": carried}
    return Draft(made, until=made.adds[-1].due_date, params=params, facts=facts)


def change(position: Position, request: ReInstalment, params: dict[str, Any], prefix: str) -> Change:
    rows = position.due_rows() if request.scope == "arrears" else position.open_rows
    if not rows:
        return Change()
    owed = sum((position.accrued(row, position.day) for row in rows), NOTHING)
    beside = replace(owed, principal=0)
    first = date.fromisoformat(params["first_due"])
    bearing = owed.total if params["charges_bear_interest"] else owed.principal
    plan = schedule.generate(
        bearing,
        replace(position.terms, method=request.method or position.terms.method),
        position.day,
        request.rows,
        first,
        anchor_day=anchor_of(position, first),
    )
    if params["charges_bear_interest"]:
        shares = _out_of(beside, [row.principal for row in plan], position)
        plan = tuple(replace(row, principal=row.principal - s.total) for row, s in zip(plan, shares, strict=True))
    else:
        shares = charges(beside, plan, params["charges"], position.terms.rounding)
    adds = new_rows(plan, shares, bearing, position.day, prefix, position.next_number(rows))
    return closing(position, rows, adds)


def new_rows(
    plan: Sequence[Instalment], shares: Sequence[Amounts], bearing: Fen, start: date, prefix: str, number: int
) -> list[LiveRow]:
    """The rows of a plan with what each carries from before. `bearing` is what interest is counted on at the start."""
    rows: list[LiveRow] = []
    for n, (row, share) in enumerate(zip(plan, shares, strict=True)):
        rows.append(
            LiveRow(
                key=f"{prefix}{n + 1}",
                number=number + n,
                due_date=row.due_date,
                principal=row.principal,
                interest=row.interest,
                since=rows[-1].due_date if rows else start,
                until=row.due_date,
                balance=rows[-1].balance - rows[-1].principal if rows else bearing,
                payable_from=row.due_date,
                penalty_from=row.due_date,
                carried=share,
            )
        )
    return rows


def charges(owed: Amounts, plan: Sequence[Instalment], how: str, rounding: Rounding) -> list[Amounts]:
    """What each new row bears of interest, penalty interest and fees owed before."""
    if how == "first_row":
        return [owed, *[NOTHING] * (len(plan) - 1)]
    return [row.amounts for row in spread(owed, [row.due_date for row in plan], rounding)]


def _out_of(owed: Amounts, capital: Sequence[Fen], position: Position) -> list[Amounts]:
    """Charges that bear interest like principal are paid by the first rows, in the order of the contract."""
    shares = []
    for fen in capital:
        (share,), _ = allocate(fen, [owed], position.terms.repayment_order, position.terms.allocation)
        shares.append(share)
        owed -= share
    return shares


def payments(position: Position, rows: int, first: date, method: Method, params: dict[str, Any]) -> list[Fen]:
    """The payments of a plan over the whole balance, without the rest of a quote: to find those that fit."""
    request = ReInstalment(rows, "balance", method, first)
    made = change(position, request, {**params, "first_due": first.isoformat()}, "")
    changed = position.change(made)
    return [item.amounts.total for item in changed.payments(lambda row: row.due_date)]
