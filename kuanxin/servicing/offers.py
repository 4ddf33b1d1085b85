"""From a request to a quote or a refusal: rules asked, change drafted, payments projected, cost held under the cap.

Pure: the same loan, policy, request and moment give the same quote with the same hash.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kuanxin.servicing.apr import apr
from kuanxin.servicing.model import Amounts, ArrangementState, Loan, ReliefKind
from kuanxin.servicing.position import NOTHING, Item, LiveRow, Position
from kuanxin.servicing.quotes import KIND_OF, Quote, Refusal, ReliefRequest, Row, quote_hash
from kuanxin.servicing.relief.base import Binding, Case, Draft, decided_by_person, forbidden, prefix, refuse
from kuanxin.servicing.relief.kinds import KINDS
from kuanxin.servicing.relief.promise import due_by
from kuanxin.servicing.relief.record import change_to_json
from kuanxin.servicing.state import end_of, state_of
from kuanxin.servicing.wire import SHANGHAI

_A_MONTH = timedelta(days=30)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from kuanxin.servicing.policy import Policy


def offer(loan: Loan, policy: Policy, request: ReliefRequest, now: datetime) -> Quote | Refusal:
    """What the policy offers for this request at `now` (aware), or the rule that forbids it."""
    moment = now.astimezone(SHANGHAI)
    case = Case(loan, state_of(loan, moment), moment)
    kind = KIND_OF[type(request)]
    rules = policy.rules(kind, loan.product)
    refused = forbidden(case, kind, rules)
    if refused or rules is None:
        return refused or refuse(kind, "product", "")
    draft = KINDS[kind].draft(case, request, rules)
    if isinstance(draft, Refusal):
        return draft
    person = decided_by_person(case, rules, draft.person)
    return _quote(case, policy, request, kind, draft, person)


def _quote(
    case: Case, policy: Policy, request: ReliefRequest, kind: ReliefKind, draft: Draft, person: str
) -> Quote | Refusal:
    position = case.position
    rows = projected(position.change(draft.change), draft)
    until = draft.until
    if draft.pays and draft.pays[1] < due_by(position, draft.pays[0]):
        until = rows[1].due_date  # what is left of the arrears is paid with the next payment
    cost = yearly_cost(position, rows) if draft.spread else None
    if cost is not None and cost > policy.apr_cap:
        reason = f"这样安排的综合年化成本是{cost * 100:.2f}%，超过了{policy.apr_cap * 100:.2f}%的上限，所以不能办。"
        return replace(refuse(kind, "", reason, apr=cost, cap=policy.apr_cap), rule="apr_cap")
    facts = {
        **draft.facts,
        "params": draft.params,
        "change": change_to_json(draft.change),
        **({"deadline": draft.deadline.isoformat()} if draft.deadline else {}),
        **({"person": person} if person else {}),
        **replaced(case, kind, draft),
    }
    quote = Quote(
        hash="",
        borrower_id=case.loan.borrower_id,
        loan_id=case.loan.id,
        loan_version=case.loan.version,
        kind=kind,
        request=request,
        as_of=case.now,
        expires_at=draft.expires or case.now + timedelta(hours=policy.quote_hours),
        policy_version=policy.version,
        needs_person=bool(person),
        rows=rows,
        owed_now=position.owed(position.due_rows(), case.today),
        total=total(rows),
        total_if_paid_now=total(paid_now(position)).total,
        total_if_nothing=total(nothing_done(case.loan, until)).total,
        nothing_until=until,
        apr=cost,
        facts=facts,
    )
    return replace(quote, hash=quote_hash(quote))


def projected(changed: Position, draft: Draft) -> tuple[Row, ...]:
    """The payments of an offer: each row on its due date; what is and stays overdue with the next payment after today.

    Later would not do: money goes to the oldest row first, so the payments would not be what each row asks.
    """
    if draft.pays is None:
        return as_scheduled(changed, changed.day, draft.until)
    on, amount = draft.pays

    def on_that_day(row: LiveRow) -> date:
        return max(row.due_date, on)

    before, after = changed.bring_to(on), changed.receive(amount, on)
    covered = _sum(before.payments(on_that_day)) - _sum(after.payments(on_that_day))
    later = as_scheduled(after, on + timedelta(days=1), on + _A_MONTH)
    return (Row(1, on, covered), *(replace(row, number=row.number + 1) for row in later))


def as_scheduled(position: Position, first: date, latest: date) -> tuple[Row, ...]:
    """Payments from `first` on: rows on their due dates, what is overdue with the next of them, at last on `latest`."""
    ahead = [item.on for item in position.payments(lambda row: row.due_date) if item.on >= first]
    with_next = min([latest, *ahead])
    return by_date(position.payments(lambda row: row.due_date if row.due_date >= first else with_next))


def by_date(items: Iterable[Item]) -> tuple[Row, ...]:
    """One payment a day, numbered from 1."""
    days: dict[date, Amounts] = {}
    for item in items:
        days[item.on] = days.get(item.on, NOTHING) + item.amounts
    return tuple(Row(n, on, days[on]) for n, on in enumerate(sorted(days), 1))


def paid_now(position: Position) -> tuple[Row, ...]:
    """The payments to come when the arrears are paid today and the schedule runs on."""
    return by_date(position.payments(lambda row: max(row.due_date, position.day)))


def nothing_done(loan: Loan, until: date) -> tuple[Row, ...]:
    """The payments to come when nothing is paid until a day, all that is due then, and the rest as scheduled."""
    position = state_of(loan, end_of(until) - timedelta(microseconds=1)).position
    return by_date(position.payments(lambda row: max(row.due_date, until)))


def total(rows: Iterable[Row]) -> Amounts:
    return sum((row.amounts for row in rows), NOTHING)


def yearly_cost(position: Position, rows: Iterable[Row]) -> Decimal | None:
    """The effective yearly cost of the offer: what settles the loan today against the payments of the offer."""
    settles = position.outstanding().total
    return apr([(position.day, settles), *((row.due_date, -row.amounts.total) for row in rows)])


def replaced(case: Case, kind: ReliefKind, draft: Draft) -> dict[str, dict[str, str]]:
    """The arrangement that this one would take the place of: {"replaces": {"id", "kind"}}, or nothing."""
    former = case.state.in_force
    if former is None or former.state is ArrangementState.BROKEN:
        return {}
    keys, binding = prefix(former.quote.loan_version), KINDS[former.kind].binding
    own = [row.key in draft.change.closes for row in case.position.open_rows if row.key.startswith(keys)]
    if former.state is ArrangementState.REQUESTED:
        takes_over = KINDS[kind].binding is not Binding.PROMISE
    elif binding is Binding.PROMISE:
        takes_over = True
    else:  # a plan goes on as long as one of its rows does
        takes_over = any(own) if binding is Binding.CONDITION else all(own)
    return {"replaces": {"id": former.id, "kind": former.kind.value}} if takes_over else {}


def _sum(items: Iterable[Item]) -> Amounts:
    return sum((item.amounts for item in items), NOTHING)
