"""Use cases of servicing: what actions, desk and notices call. Reads and writes only through the loan book.

Every method takes `now` (aware, Asia/Shanghai) from its caller. Raises LoanNotFound, BookUnavailable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from kuanxin.servicing.model import Amounts, Fen, Loan, Payment
    from kuanxin.servicing.policy import Policy
    from kuanxin.servicing.ports import LoanBook
    from kuanxin.servicing.quotes import Arrangement, Quote, Refusal, ReliefRequest


class QuoteStale(Exception):
    """The quote expired or the loan changed; `fresh` is the new quote for the same request (or a Refusal)."""

    def __init__(self, fresh: Quote | Refusal) -> None:
        super().__init__("the quote is no longer current")
        self.fresh = fresh


@dataclass(frozen=True)
class OpenRow:
    """An instalment with what is still open on it at a moment."""

    number: int
    due_date: date
    open: Amounts
    paid: Amounts
    days_past_due: int


@dataclass(frozen=True)
class Status:
    """A loan at a moment: what a borrower asks first."""

    loan: Loan
    as_of: datetime
    settled: bool
    due: Amounts  # due up to and including today, penalty interest included
    days_past_due: int  # of the oldest open row; 0 when nothing is overdue
    overdue_since: date | None
    next_due: OpenRow | None  # the first open row that is not yet past due (today counts as not yet past due)
    open_rows: tuple[OpenRow, ...]
    outstanding: Amounts  # everything that is open today, principal not yet due included, interest to today
    penalty_per_day: Fen  # what another day overdue adds (rounded as the terms say)
    pending: tuple[Payment, ...]  # received but not posted
    arrangement: Arrangement | None  # the one in force


@dataclass(frozen=True)
class Fitting:
    """The plans within what somebody can pay a month, cheapest first; `nearest` where nothing fits."""

    quotes: tuple[Quote, ...]
    nearest: Quote | Refusal | None
    limit: Fen


class Servicing:
    """The facade of the package; composed once in kuanxin.bootstrap."""

    def __init__(self, book: LoanBook, policy: Policy) -> None:
        self.book = book
        self.policy = policy

    def statuses(self, borrower_id: str, now: datetime) -> tuple[Status, ...]:
        """All loans of a borrower at a moment, those in arrears first; settled ones last."""
        raise NotImplementedError

    def status(self, borrower_id: str, loan_id: str, now: datetime) -> Status:
        raise NotImplementedError

    def quote(self, borrower_id: str, loan_id: str, request: ReliefRequest, now: datetime) -> Quote | Refusal:
        """An offer for this request or the rule that forbids it. Keeps the quote so that consent can name it."""
        raise NotImplementedError

    def later_date(self, borrower_id: str, loan_id: str, on: date, now: datetime) -> Quote | Refusal:
        """The right kind for "a later date": not yet past due: extension; past due and near: promise to pay; past due and
        farther: extension, where the policy has it."""
        raise NotImplementedError

    def plans(self, borrower_id: str, loan_id: str, now: datetime) -> tuple[Quote | Refusal, ...]:
        """The instalment plans that the policy offers for this loan, a few typical row counts, cheapest first."""
        raise NotImplementedError

    def plans_within(
        self, borrower_id: str, loan_id: str, monthly: Fen, now: datetime, payday: int | None = None
    ) -> Fitting:
        """Plans whose every payment is at most `monthly`."""
        raise NotImplementedError

    def commit(self, borrower_id: str, quote_hash: str, now: datetime, consent_text: str) -> Arrangement:
        """Consent to exactly one quote. Idempotent on borrower + loan + hash. Raises QuoteStale, LoanNotFound."""
        raise NotImplementedError

    def undo(self, borrower_id: str, loan_id: str, arrangement_id: str, now: datetime, reason: str) -> Loan:
        raise NotImplementedError

    def arrangements(self, borrower_id: str) -> tuple[Arrangement, ...]:
        raise NotImplementedError
