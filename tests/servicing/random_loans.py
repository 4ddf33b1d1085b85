"""Random loans with a past: contracts, payments late, early, in part, twice; requests for every kind of relief."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from hypothesis import strategies as st

from kuanxin.servicing import schedule
from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.model import (
    Allocation,
    Component,
    DayBasis,
    Loan,
    Method,
    PaymentStatus,
    ReliefKind,
    Rounding,
    Terms,
)
from kuanxin.servicing.policy import MOST_ROWS
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    Extension,
    PartialPayment,
    PenaltyWaiver,
    PromiseToPay,
    ReducedInterim,
    ReInstalment,
)
from tests.servicing.books import BORROWER, TODAY, a_payment, days

contracts = st.builds(
    Terms,
    annual_rate=st.integers(0, 1800).map(lambda n: Decimal(n).scaleb(-4)),
    method=st.sampled_from(Method),
    day_basis=st.sampled_from(DayBasis),
    rounding=st.sampled_from(Rounding),
    penalty_uplift=st.sampled_from([Decimal(0), Decimal("0.3"), Decimal("0.5")]),
    grace_days=st.sampled_from([0, 0, 0, 3]),
    holidays_grace=st.booleans(),
    repayment_order=st.sampled_from(list(permutations(Component))),
    allocation=st.sampled_from(Allocation),
    settlement_fee_rate=st.sampled_from([Decimal(0), Decimal("0.01")]),
)


@st.composite
def loans(draw: st.DrawFn) -> Loan:
    """A loan lent up to 15 months ago whose borrower paid as people do."""
    terms = draw(contracts)
    rows = draw(st.one_of(st.integers(1, 14), st.integers(1, MOST_ROWS)))
    lent_on = TODAY - timedelta(days=draw(st.integers(0, 450)))
    principal = draw(st.integers(50_000, 6_000_000))
    fee = draw(st.sampled_from([0, 0, 0, 500]))
    first_due = add_months(lent_on, 1)
    plan = schedule.generate(principal, terms, lent_on, rows, first_due)
    plan = tuple(replace(row, fees=fee) for row in plan)
    paid_rows = draw(st.integers(0, rows))
    payments = []
    for row in plan[:paid_rows]:
        on = row.due_date + timedelta(days=draw(st.integers(-9, 9)))
        amount = row.principal + row.interest + row.fees
        payments.append(
            (max(on, lent_on), draw(st.sampled_from([amount, amount, amount, amount // 2 + 1, amount * 2])))
        )
    for _ in range(draw(st.integers(0, 2))):
        payments.append((TODAY - timedelta(days=draw(st.integers(0, 60))), draw(st.integers(1, principal // 5 + 1))))
    done = tuple(
        replace(
            a_payment(amount, on, number),
            status=draw(st.sampled_from([PaymentStatus.POSTED] * 8 + [PaymentStatus.PENDING, PaymentStatus.FAILED])),
        )
        for number, (on, amount) in enumerate(payments)
        if on <= TODAY
    )
    return Loan("L001", BORROWER, "微粒贷", principal, lent_on, terms, plan, done)


def requests_of(kind: ReliefKind, after: int = 0) -> st.SearchStrategy:
    """A request of a kind, made `after` days after TODAY; many are refused."""
    ahead = st.one_of(st.integers(after, after + 7), st.integers(after, after + 30)).map(days)
    money = st.one_of(st.integers(1, 30_000), st.integers(1, 2_000_000))
    return {
        ReliefKind.PROMISE_TO_PAY: st.builds(PromiseToPay, on=ahead, amount=st.one_of(st.none(), money)),
        ReliefKind.EXTENSION: st.builds(Extension, to=ahead),
        ReliefKind.RE_INSTALMENT: st.builds(
            ReInstalment,
            rows=st.one_of(st.integers(3, 24), st.integers(1, MOST_ROWS)),
            scope=st.sampled_from(["arrears", "balance"]),
            method=st.sampled_from([None, Method.EQUAL_INSTALMENT]),
            first_due=st.one_of(st.none(), st.integers(after + 1, after + 45).map(days)),
        ),
        ReliefKind.REDUCED_INTERIM: st.builds(ReducedInterim, monthly=money, months=st.integers(1, 6)),
        ReliefKind.DUE_DATE_CHANGE: st.builds(DueDateChange, day=st.integers(1, 28)),
        ReliefKind.PENALTY_WAIVER: st.builds(PenaltyWaiver, amount=st.one_of(st.none(), money)),
        ReliefKind.PARTIAL_PAYMENT: st.builds(PartialPayment, amount=money, on=ahead),
        ReliefKind.EARLY_SETTLEMENT: st.builds(EarlySettlement, on=ahead),
    }[kind]


def requests(after: int = 0) -> st.SearchStrategy:
    """A request of any kind."""
    return st.sampled_from(ReliefKind).flatmap(lambda kind: requests_of(kind, after))
