"""阶段性少还: a smaller payment for some months, the rest after them over new rows.

An interim payment pays the interest of its month first, then what was owed beside principal, then principal. It is
never less than that interest: the debt does not grow while less is paid, and nothing is capitalised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kuanxin.servicing import schedule
from kuanxin.servicing.allocation import allocate
from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.interest import interest
from kuanxin.servicing.model import Amounts, Instalment, ReliefKind
from kuanxin.servicing.money import round_fen
from kuanxin.servicing.policy import ReducedInterimRules, fen
from kuanxin.servicing.position import NOTHING, Change, Position
from kuanxin.servicing.relief.base import Case, Draft, anchor_of, closing, refuse
from kuanxin.servicing.relief.re_instalment import charges, new_rows
from kuanxin.servicing.words import money

if TYPE_CHECKING:
    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.quotes import ReducedInterim, Refusal

KIND = ReliefKind.REDUCED_INTERIM


def draft(case: Case, request: ReducedInterim, rules: ReducedInterimRules) -> Draft | Refusal:
    if not 1 <= request.months <= rules.max_months:
        reason = f"少还的时间可以是1到{rules.max_months}个月。"
        return refuse(KIND, "max_months", reason, max_months=rules.max_months)
    first = case.next_due_date()
    least = max(fen(rules.min_monthly), lowest(case.position, first, request.months))
    if request.monthly < least:
        reason = f"少还期间每月至少要还上当月的利息，您这笔是{money(least)}，这样欠款才不会越来越多。"
        return refuse(KIND, "min_monthly", reason, lowest_monthly=least)
    params = {"first_due": first.isoformat(), "rest_rows": max(_rows_ahead(case), rules.rest_rows_at_least)}
    made = change(case.position, request, params, case.prefix)
    if len(made.adds) <= request.months:
        reason = f"每月{money(request.monthly)}在{request.months}个月内就能还清，用不着少还，可以直接重新分期。"
        return refuse(KIND, "months", reason)
    after = [row.due_date for row in made.adds][request.months]
    facts = {"monthly": request.monthly, "months": request.months, "rest_from": after.isoformat()}
    return Draft(made, until=made.adds[-1].due_date, params=params, facts=facts, person=_person(request, rules, made))


def change(position: Position, request: ReducedInterim, params: dict[str, Any], prefix: str) -> Change:
    rows = position.open_rows
    owed = sum((position.accrued(row, position.day) for row in rows), NOTHING)
    first = date.fromisoformat(params["first_due"])
    anchor = anchor_of(position, first)
    balance, beside, since = owed.principal, replace(owed, principal=0), position.day
    plan: list[Instalment] = []
    shares: list[Amounts] = []
    for month in range(request.months):
        due = add_months(first, month, anchor)
        bears = round_fen(interest(balance, position.terms, since, due, anchor_day=anchor), position.terms.rounding)
        room = max(request.monthly - bears, 0)
        (share,), room = allocate(room, [beside], position.terms.repayment_order, position.terms.allocation)
        repays = min(room, balance)
        plan.append(Instalment(month + 1, due, repays, bears))
        shares.append(share)
        balance, beside, since = balance - repays, beside - share, due
        if not balance and not beside.total:
            break
    else:
        due = add_months(first, request.months, anchor)
        rest = schedule.generate(balance, position.terms, since, params["rest_rows"], due, anchor_day=anchor)
        plan += rest
        shares += charges(beside, rest, "split", position.terms.rounding)
    adds = new_rows(plan, shares, owed.principal, position.day, prefix, position.next_number(rows))
    return closing(position, rows, adds)


def lowest(position: Position, first_due: date, months: int) -> Fen:
    """The interest of the dearest interim month, with no principal repaid before it."""
    principal = sum(row.unpaid_principal for row in position.open_rows)
    terms, anchor = position.terms, anchor_of(position, first_due)
    days = [position.day, *(add_months(first_due, n, anchor) for n in range(months))]
    return max(
        round_fen(interest(principal, terms, *span, anchor_day=anchor), terms.rounding) for span in pairwise(days)
    )


def _person(request: ReducedInterim, rules: ReducedInterimRules, made: Change) -> str:
    """The rule by which a person decides: many months, or payments after them that are above what can be paid."""
    months = rules.person_when.months_over
    if months is not None and request.months > months:
        return "person_when.months_over"
    after = max(row.principal + row.interest + row.carried.total for row in made.adds)
    return "limit" if request.limit is not None and after > request.limit else ""


def _rows_ahead(case: Case) -> int:
    return len([row for row in case.position.open_rows if row.due_date > case.today])
