"""延期（缓缴）: what is due now, or next, moves to a later day. Nothing is waived unless the policy pauses interest.

Contract interest runs on the principal until the new day. While the extension is kept, penalty interest stops or runs
as the policy says; one that is not kept is as if it had never been, so penalty interest counts from the due date.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.relief.base import Case, Draft, closing, refuse, renewed
from kuanxin.servicing.words import day

if TYPE_CHECKING:
    from kuanxin.servicing.policy import ExtensionRules
    from kuanxin.servicing.position import Change, LiveRow, Position
    from kuanxin.servicing.quotes import Extension, Refusal

KIND = ReliefKind.EXTENSION


def draft(case: Case, request: Extension, rules: ExtensionRules) -> Draft | Refusal:
    late = case.days_past_due
    ahead = rules.days_ahead.past_due if late else rules.days_ahead.not_past_due
    latest = case.today + timedelta(days=ahead)
    moved = _moved(case.position, request)
    first_due = min((row.due_date for row in moved), default=case.today)
    tomorrow = case.today + timedelta(days=1)
    if request.to <= max(first_due, case.today):
        if first_due >= case.today:
            reason = f"您的还款日是{day(first_due)}，那天24点前还上都算按时，不需要延期。"
            return refuse(KIND, "to", reason, earliest=first_due + timedelta(days=1), latest=latest)
        return refuse(KIND, "to", "延期要延到明天或以后，请说一个之后的日子。", earliest=tomorrow, latest=latest)
    if latest <= first_due:
        reason = f"您的还款日是{day(first_due)}，还早。快到的时候再说，最多可以从当天往后延{ahead}天。"
        return refuse(KIND, "days_ahead.not_past_due", reason, due=first_due)
    if request.to > latest:
        rule = "days_ahead.past_due" if late else "days_ahead.not_past_due"
        return refuse(KIND, rule, f"按规定，最晚可以延到{day(latest)}（从今天起{ahead}天内）。", latest=latest)
    params = {"penalty": rules.penalty, "interest": rules.interest}
    made = change(case.position, request, params, case.prefix)
    facts = {**params, "from": first_due.isoformat(), "to": request.to.isoformat()}
    return Draft(made, until=request.to, params=params, facts=facts, deadline=request.to)


def change(position: Position, request: Extension, params: dict[str, Any], prefix: str) -> Change:
    moved = _moved(position, request)
    adds = [_extended(position, row, request, params, f"{prefix}{n}") for n, row in enumerate(moved, 1)]
    return closing(position, moved, adds)


def _moved(position: Position, request: Extension) -> list[LiveRow]:
    """What is due by the new day, or else the next row."""
    rows = sorted(position.open_rows, key=lambda row: (row.due_date, row.number))
    return [row for row in rows if row.due_date <= request.to] or rows[:1]


def _extended(position: Position, row: LiveRow, request: Extension, params: dict[str, Any], key: str) -> LiveRow:
    since = max(row.due_date, position.day)  # up to here the contract's own interest or penalty interest counted
    stopped = {"penalty_from": request.to, "running_from": since} if params["penalty"] == "stops" else {}
    if row.due_date >= position.day:
        # not past due yet: there is no penalty interest that could run on
        stopped = {"penalty_from": request.to, "running_from": since}
    if params["interest"] == "paused":
        stopped.pop("running_from", None)
    return renewed(position, row, key, due_date=request.to, **stopped)
