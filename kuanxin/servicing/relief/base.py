"""What every kind of relief shares: the case, the draft of an offer, refusals, the rules that all kinds have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.calendar import add_months, days_of_grace
from kuanxin.servicing.model import ArrangementState, Fen, Loan, ReliefKind
from kuanxin.servicing.position import NOTHING, Change, LiveRow, Position
from kuanxin.servicing.quotes import Refusal
from kuanxin.servicing.words import KIND_NAMES
from kuanxin.servicing.words import day as day_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from kuanxin.servicing.policy import KindRules
    from kuanxin.servicing.quotes import Arrangement
    from kuanxin.servicing.state import State

REVIEW = "如果您觉得这样不合适，可以请同事人工看一下。"


class Binding(Enum):
    """What an arrangement binds to, and what becomes of it when it is not kept."""

    PROMISE = "promise"  # so much money by a day; the schedule stays as it is
    CONDITION = "condition"  # its rows are paid by a day, or it is as if it had never been
    PLAN = "plan"  # its rows are the schedule; a row past due is a missed instalment, the plan goes on


@dataclass(frozen=True)
class Case:
    """One loan at the moment somebody asks for help."""

    loan: Loan
    state: State
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def position(self) -> Position:
        return self.state.position

    @property
    def prefix(self) -> str:
        """The beginning of the keys of rows that an arrangement adds: no two arrangements of a loan share it."""
        return prefix(self.loan.version)

    @property
    def overdue(self) -> tuple[LiveRow, ...]:
        return tuple(row for row in self.position.open_rows if row.due_date < self.today)

    @property
    def days_past_due(self) -> int:
        return max(((self.today - row.due_date).days for row in self.overdue), default=0)

    @property
    def next_row(self) -> LiveRow | None:
        """The first open row that is not past due: today counts as not past due."""
        ahead = [row for row in self.position.open_rows if row.due_date >= self.today]
        return min(ahead, key=lambda row: (row.due_date, row.number), default=None)

    def next_due_date(self) -> date:
        """The next due date after today, of the loan or, where no row is left, of its day of the month."""
        ahead = [row.due_date for row in self.position.open_rows if row.due_date > self.today]
        return min(ahead) if ahead else next_on_day(self.today, self.position.anchor_day)


@dataclass(frozen=True)
class Draft:
    """An offer before its figures are put together."""

    change: Change
    until: date  # the last day that the offer changes: "doing nothing" is counted until then, or what it leaves is paid
    params: dict[str, Any] = field(default_factory=dict)  # of the policy, fixed with the quote
    facts: dict[str, Any] = field(default_factory=dict)
    deadline: date | None = None
    pays: tuple[date, Fen] | None = None  # an amount paid first
    spread: bool = True  # whether a cost a year is stated
    expires: datetime | None = None
    person: str = ""  # the rule by which a person decides, beyond those that all kinds have


def prefix(version: int) -> str:
    return f"v{version}/"


def next_on_day(after: date, anchor_day: int) -> date:
    """The first day after `after` that is the anchor day of its month."""
    this_month = add_months(after, 0, anchor_day)
    return this_month if this_month > after else add_months(after, 1, anchor_day)


def anchor_of(position: Position, first_due: date) -> int:
    """The day of the month for payments from `first_due` on: the loan's, or that day's own where it was moved there."""
    return position.anchor_day if add_months(first_due, 0, position.anchor_day) == first_due else first_due.day


def refuse(kind: ReliefKind, rule: str, reason: str, **limits: object) -> Refusal:
    """A refusal that names the rule, says what would be possible, and that a person can review it."""
    return Refusal(kind, f"{kind.value}.{rule}", reason + REVIEW, limits)


def forbidden(case: Case, kind: ReliefKind, rules: KindRules | None) -> Refusal | None:
    """The rule of those that all kinds have which forbids this kind now."""
    name = KIND_NAMES[kind]
    if rules is None:
        return refuse(kind, "product", f"这款产品目前没有“{name}”。")
    if not case.position.outstanding().total:
        return refuse(kind, "settled", "这笔借款已经还清，不需要再办理。")
    least, most = rules.days_past_due
    late = case.days_past_due
    if late < least:
        return refuse(kind, "days_past_due", f"“{name}”是给已经逾期的借款用的，您这笔还没有逾期。", least=least)
    if most is not None and late > most:
        if not most:
            return refuse(kind, "days_past_due", f"“{name}”要在没有逾期的时候办，您这笔已逾期{late}天。", most=most)
        reason = f"按规定，逾期{most}天以内可以办“{name}”，您这笔已逾期{late}天。"
        return refuse(kind, "days_past_due", reason, most=most)
    in_force = case.state.in_force
    if in_force and in_force.state is ArrangementState.ACTIVE and in_force.kind not in rules.replaces:
        reason = f"这笔借款正在履行“{KIND_NAMES[in_force.kind]}”，同一时间只能有一个约定，所以现在不能再办“{name}”。"
        return refuse(kind, "replaces", reason, in_force=in_force.id)
    if rules.at_most:
        since = add_months(case.today, -rules.at_most.in_months)
        used = [a for a in _counted(case.state.arrangements, kind) if a.agreed_at.date() > since]
        if len(used) >= rules.at_most.times:
            again = min((add_months(a.agreed_at.date(), rules.at_most.in_months) for a in used), default=None)
            reason = f"“{name}”{rules.at_most.in_months}个月内最多办{rules.at_most.times}次，您办过{len(used)}次。"
            reason += f"{day_text(again)}起可以再办。" if again else ""
            return refuse(kind, "at_most", reason, again=again, times=rules.at_most.times)
    return None


def decided_by_person(case: Case, rules: KindRules, of_kind: str = "") -> str:
    """The rule by which a person decides; empty where it is decided at once."""
    if rules.decides == "person":
        return "decides"
    when = rules.person_when
    if when.days_past_due_over is not None and case.days_past_due > when.days_past_due_over:
        return "person_when.days_past_due_over"
    if when.broken_in_12_months_over is not None:
        since = add_months(case.today, -12)
        broken = [
            a for a in case.state.arrangements if a.state is ArrangementState.BROKEN and a.agreed_at.date() > since
        ]
        if len(broken) > when.broken_in_12_months_over:
            return "person_when.broken_in_12_months_over"
    return of_kind


def closing(position: Position, rows: Iterable[LiveRow], adds: Iterable[LiveRow]) -> Change:
    keys = tuple(row.key for row in rows)
    return Change(keys, position.opening(keys) or NOTHING, tuple(adds))


def renewed(position: Position, row: LiveRow, key: str, **changes: Any) -> LiveRow:
    """A row as it goes on under another key: its unpaid principal, and beside it what is owed today as carried.

    Interest of its own period and scheduled fees that are not yet due stay ahead of it, so the row is owed what it was.
    """
    day = position.day
    today = position.accrued(row, day)
    ahead = position.accrued(row, row.until).interest - today.interest if day < row.until else 0
    fees_ahead = row.fees if day < row.due_date else 0
    grace = days_of_grace(position.terms, row.penalty_from) if row.grace else 0
    penal_begun = (day - row.penalty_from).days > grace
    base = LiveRow(
        key=key,
        number=row.number,
        due_date=row.due_date,
        principal=today.principal,
        interest=ahead,
        since=max(row.since, day),
        until=max(row.until, day),
        balance=row.balance,
        payable_from=row.payable_from,
        penalty_from=day if penal_begun else row.penalty_from,
        fees=fees_ahead,
        carried=replace(today, principal=0, fees=today.fees - fees_ahead),
        grace=row.grace and not penal_begun,
    )
    return base._replace(**changes)


def _counted(arrangements: Iterable[Arrangement], kind: ReliefKind) -> list[Arrangement]:
    """Those of a kind that took place: not what was refused, undone or still waits."""
    out = {ArrangementState.REFUSED, ArrangementState.UNDONE, ArrangementState.REQUESTED}
    return [a for a in arrangements if a.kind is kind and a.state not in out]
