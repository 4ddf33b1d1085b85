"""Between which limits a date or an amount can be asked for: what the policy and the loan allow at this moment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.policy import DueDateRules, PartialRules, fen
from kuanxin.servicing.quotes import Refusal

if TYPE_CHECKING:
    from actions.turn import Turn
    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.service import Status

FAR = timedelta(days=400)  # later than any policy allows
LEAST_MONTHLY = 1_00


def counted_from(status: Status, today: date) -> date:
    """The day that "three days later" starts from: the due day, or today where that has passed."""
    due = status.next_due.due_date if status.next_due and not status.days_past_due else today
    return max(due, today)


def later_dates(turn: Turn, status: Status) -> tuple[date, date] | None:
    """The first and the last day of a later date; None where none is possible."""
    refusal = turn.services.servicing.later_date(turn.must_be_borrower(), status.loan.id, turn.today + FAR, turn.now)
    latest = refusal.limits.get("latest") if isinstance(refusal, Refusal) else None
    first = counted_from(status, turn.today) + timedelta(days=1)
    return (first, latest) if isinstance(latest, date) and first <= latest else None


def month_days(turn: Turn, status: Status) -> tuple[int, int] | None:
    rules = turn.services.servicing.policy.rules(ReliefKind.DUE_DATE_CHANGE, status.loan.product)
    return rules.days if isinstance(rules, DueDateRules) else None


def part_amounts(turn: Turn, status: Status) -> tuple[Fen, Fen] | None:
    """Less than everything: that would be a settlement."""
    rules = turn.services.servicing.policy.rules(ReliefKind.PARTIAL_PAYMENT, status.loan.product)
    most = status.outstanding.total - 1
    if not isinstance(rules, PartialRules) or most < fen(rules.min_amount):
        return None
    return fen(rules.min_amount), most


def monthly_amounts(status: Status) -> tuple[Fen, Fen]:
    return LEAST_MONTHLY, max(LEAST_MONTHLY, status.outstanding.total)
