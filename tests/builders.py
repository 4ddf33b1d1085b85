"""Borrowers, loans, events and quotes for tests that care only that they come back the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kuanxin.servicing.model import (
    Allocation,
    Amounts,
    Borrower,
    DayBasis,
    Instalment,
    Loan,
    LoanEvent,
    Method,
    Payment,
    PaymentStatus,
    ReliefKind,
    Rounding,
    Terms,
)
from kuanxin.servicing.quotes import Extension, Quote, Row

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


def a_borrower(id: str = "B001") -> Borrower:
    return Borrower(id, "演示·王芳", "13800000001", demo=True)


def a_loan(id: str = "L001", borrower: str = "B001", rows: int = 3, **changes: object) -> Loan:
    """Every field differs from its default, so that a field lost on the way shows."""
    loan = Loan(
        id=id,
        borrower_id=borrower,
        product="微粒贷",
        principal=rows * 100_000,
        disbursed_on=date(2026, 8, 20),
        terms=Terms(
            annual_rate=Decimal("0.1825"),
            method=Method.EQUAL_INSTALMENT,
            day_basis=DayBasis.ACT_365,
            rounding=Rounding.HALF_EVEN,
            penalty_uplift=Decimal("0.3"),
            grace_days=3,
            holidays_grace=True,
            repayment_order=tuple(reversed(Terms(Decimal(0)).repayment_order)),
            allocation=Allocation.BY_COMPONENT,
            settlement_fee_rate=Decimal("0.01"),
        ),
        instalments=tuple(
            Instalment(n, date(2026, 8, 20) + timedelta(days=30 * n), 100_000, 1_500 - n, n) for n in range(1, rows + 1)
        ),
        payments=(
            Payment(f"{id}-P1", 101_500, NOW - timedelta(days=60), PaymentStatus.POSTED, "自动扣款"),
            Payment(f"{id}-P2", 50_000, NOW - timedelta(days=1), PaymentStatus.FAILED, "自动扣款", "余额不足"),
        ),
        autopay=True,
        card_tail="6688",
    )
    return replace(loan, **changes)


def an_event(id: str = "E1", loan: str = "L001", **data: object) -> LoanEvent:
    return LoanEvent(id, loan, "committed", NOW, f"A-{id}", "2026-11-01", f"hash-{id}", {"说明": "延期", **data})


def a_quote(loan: Loan, hash: str = "q1") -> Quote:
    return Quote(
        hash=hash,
        borrower_id=loan.borrower_id,
        loan_id=loan.id,
        loan_version=loan.version,
        kind=ReliefKind.EXTENSION,
        request=Extension(to=date(2026, 12, 5)),
        as_of=NOW,
        expires_at=NOW + timedelta(hours=72),
        policy_version="2026-11-01",
        needs_person=False,
        rows=(Row(1, date(2026, 12, 5), Amounts(100_000, 1_499, 12, 1)),),
        owed_now=Amounts(100_000, 1_499, 0, 1),
        total=Amounts(100_000, 1_499, 12, 1),
        total_if_paid_now=101_500,
        total_if_nothing=101_600,
        nothing_until=date(2026, 12, 5),
        apr=Decimal("0.1993"),
        facts={"from": "2026-11-20", "to": "2026-12-05"},
    )
