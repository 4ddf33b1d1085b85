"""A loan book in memory and loans that read as sentences: `a_loan(days_past_due=41)`.

The clock of these tests stands at NOW, 23 November 2026, ten in the morning.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from kuanxin.servicing import schedule
from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.model import Borrower, Instalment, Loan, LoanEvent, Method, Payment, PaymentStatus, Terms
from kuanxin.servicing.policy import Policy
from kuanxin.servicing.ports import LoanChanged, LoanNotFound
from kuanxin.servicing.quotes import Quote, quote_from_json, quote_to_json
from kuanxin.servicing.service import Servicing

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
BORROWER = "B001"
POLICY_FILE = Path(__file__).parents[2] / "policy.yml"


class MemoryBook:
    """`kuanxin.servicing.ports.LoanBook` in memory. Quotes go through JSON, as in a real book."""

    def __init__(self, *loans: Loan) -> None:
        self.loans = {loan.id: loan for loan in loans}
        self._quotes: dict[tuple[str, str], dict] = {}

    def borrower(self, borrower_id: str) -> Borrower | None:
        return Borrower(borrower_id, "演示·王芳") if self.loans_of(borrower_id) else None

    def loans_of(self, borrower_id: str) -> tuple[Loan, ...]:
        return tuple(loan for loan in self.loans.values() if loan.borrower_id == borrower_id)

    def loan(self, borrower_id: str, loan_id: str) -> Loan:
        loan = self.loans.get(loan_id)
        if loan is None or loan.borrower_id != borrower_id:
            raise LoanNotFound(loan_id)
        return loan

    def keep_quote(self, quote: Quote) -> None:
        self._quotes[quote.borrower_id, quote.hash] = quote_to_json(quote)

    def quote(self, borrower_id: str, quote_hash: str) -> Quote | None:
        kept = self._quotes.get((borrower_id, quote_hash))
        return quote_from_json(kept) if kept else None

    def append(self, loan: Loan, events: tuple[LoanEvent, ...]) -> Loan:
        stored = self.loan(loan.borrower_id, loan.id)
        known = {event.id for event in stored.events}
        new = tuple(event for event in events if event.id not in known)
        if not new:
            return stored
        if stored.version != loan.version:
            raise LoanChanged(loan.id)
        self.loans[loan.id] = replace(stored, events=stored.events + new, version=stored.version + 1)
        return self.loans[loan.id]

    def pay(self, loan_id: str, amount: int, on: date | datetime, status: PaymentStatus = PaymentStatus.POSTED) -> None:
        """Money arrives, as the bank's system would post it."""
        loan = self.loans[loan_id]
        self.loans[loan_id] = replace(
            loan, payments=(*loan.payments, a_payment(amount, on, len(loan.payments), status))
        )


def a_payment(
    amount: int, on: date | datetime, number: int = 0, status: PaymentStatus = PaymentStatus.POSTED
) -> Payment:
    at = on if isinstance(on, datetime) else datetime.combine(on, time(9), SHANGHAI)
    return Payment(f"P{number + 1}", amount, at, status)


def a_loan(
    days_past_due: int = 0,
    *,
    due_in: int = 0,
    principal: int = 1_200_000,
    rows: int = 12,
    paid_rows: int = 3,
    id: str = "L001",
    borrower: str = BORROWER,
    payments: tuple[Payment, ...] = (),
    **terms: object,
) -> Loan:
    """An equal-principal loan at 0.05 % a day. Its first `paid_rows` instalments were paid on their days.

    The instalment after them fell due `days_past_due` days ago, or falls due in `due_in` days.
    """
    oldest = TODAY - timedelta(days=days_past_due) + timedelta(days=due_in)
    first = add_months(oldest, -paid_rows)
    lent_on = add_months(first, -1)
    agreed = Terms(**{"annual_rate": Decimal("0.18"), **terms})
    plan = schedule.generate(principal, agreed, lent_on, rows, first)
    on_time = tuple(
        replace(a_payment(row.principal + row.interest, row.due_date), id=f"{id}-on-time-{row.number}")
        for row in plan[:paid_rows]
    )
    return Loan(id, borrower, "微粒贷", principal, lent_on, agreed, plan, on_time + payments)


def a_loan_of(*rows: tuple[date, int, int], lent_on: date, **terms: object) -> Loan:
    """A loan with exactly these rows: (due date, principal, interest) in fen."""
    agreed = Terms(**{"annual_rate": Decimal("0.18"), **terms})
    plan = tuple(Instalment(n, due, principal, interest) for n, (due, principal, interest) in enumerate(rows, 1))
    return Loan("L001", BORROWER, "微粒贷", sum(row.principal for row in plan), lent_on, agreed, plan)


def the_policy(**changes: object) -> Policy:
    """The policy of the repository; `extension={"penalty": "runs"}` changes fields of a kind, others the top level."""
    data = yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8"))
    for name, value in changes.items():
        if name in data["relief"]:
            data["relief"][name].update(value)
        else:
            data[name] = value
    return Policy.parse(data)


def servicing(*loans: Loan, **policy: object) -> Servicing:
    return Servicing(MemoryBook(*loans), the_policy(**policy))


def days(n: int) -> date:
    """The day `n` days from TODAY."""
    return TODAY + timedelta(days=n)


def at(n: int, hour: int = 10) -> datetime:
    """The moment `n` days from TODAY."""
    return datetime.combine(days(n), time(hour), SHANGHAI)


EQUAL_INSTALMENT = Method.EQUAL_INSTALMENT
