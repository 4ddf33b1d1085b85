"""更改还款日: another day of the month from the next open instalment on; never earlier than the contract's day.

Principal stays on its rows; interest is counted anew for the days that each row now covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.interest import interest
from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.money import round_fen
from kuanxin.servicing.relief.base import Case, Draft, closing, refuse, renewed
from kuanxin.servicing.words import day

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.policy import DueDateRules
    from kuanxin.servicing.position import Change, LiveRow, Position
    from kuanxin.servicing.quotes import DueDateChange, Refusal

KIND = ReliefKind.DUE_DATE_CHANGE


def draft(case: Case, request: DueDateChange, rules: DueDateRules) -> Draft | Refusal:
    first, last = rules.days
    if not first <= request.day <= last:
        return refuse(KIND, "days", f"还款日可以改成每月{first}号到{last}号之间的一天。", first=first, last=last)
    rows = _ahead(case.position)
    if not rows:
        return refuse(KIND, "rows", "这笔借款的每一期都已到期，没有可以改日子的期数了。")
    if rows[0].due_date.day == request.day:
        return refuse(KIND, "day", f"您现在的还款日就是{request.day}号，下一期是{day(rows[0].due_date)}。")
    made = change(case.position, request, {}, case.prefix)
    facts = {"day": request.day, "from": rows[0].due_date.isoformat(), "to": made.adds[0].due_date.isoformat()}
    return Draft(made, until=made.adds[-1].due_date, facts=facts)


def change(position: Position, request: DueDateChange, params: dict[str, Any], prefix: str) -> Change:
    rows = _ahead(position)
    starts: dict[date, date] = {}  # where a period ended, and where it ends now
    adds = []
    for n, row in enumerate(rows, 1):
        to = _moved(row.due_date, request.day, position.anchor_day)
        new = renewed(position, row, f"{prefix}{n}", due_date=to, payable_from=to, penalty_from=to)
        if row.until <= position.day and row.until < row.due_date:
            # extended, its own period over: the days until it is due are those of its own principal
            runs = row.due_date if row.running_from is None else max(row.running_from, position.day)
            adds.append(new._replace(running_from=runs))
            continue
        starts[row.until] = to
        since = starts.get(row.since, new.since)
        if row.since < position.day < row.until and not row.paid.total and row.running_from is None:
            # the running period is counted once, from its own beginning: two rounded parts could differ by a fen
            since, new = row.since, new._replace(carried=row.carried)
        bears = interest(row.balance, position.terms, since, to, anchor_day=request.day)
        adds.append(new._replace(interest=round_fen(bears, position.terms.rounding), since=since, until=to))
    return closing(position, rows, adds)


def _moved(due: date, to_day: int, anchor_day: int) -> date:
    """The chosen day of the same month, or of the next one where the contract's day is later in the month."""
    contract_day = anchor_day if add_months(due, 0, anchor_day) == due else due.day
    return add_months(due, 0 if to_day >= contract_day else 1, to_day)


def _ahead(position: Position) -> list[LiveRow]:
    """Open rows that are not past due, the next first; what is due today is among them."""
    rows = [row for row in position.open_rows if row.due_date >= position.day]
    return sorted(rows, key=lambda row: (row.due_date, row.number))
