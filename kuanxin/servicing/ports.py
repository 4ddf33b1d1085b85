"""What the rules need from outside: a loan book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kuanxin.servicing.model import Borrower, Loan, LoanEvent
    from kuanxin.servicing.quotes import Quote


class BookUnavailable(Exception):
    """The loan book cannot be asked at the moment; nothing was written."""


class LoanNotFound(Exception):
    """No such loan for this borrower (a foreign loan is reported the same way)."""


class LoanChanged(Exception):
    """The loan changed since it was read; nothing was written."""


class LoanBook(Protocol):
    """The loan book of the bank: the embedded one (SQL) or the bank's own system (HTTP)."""

    def borrower(self, borrower_id: str) -> Borrower | None: ...

    def loans_of(self, borrower_id: str) -> tuple[Loan, ...]: ...

    def loan(self, borrower_id: str, loan_id: str) -> Loan:
        """The loan with its payments and events. Raises LoanNotFound, BookUnavailable."""

    def keep_quote(self, quote: Quote) -> None:
        """Remembers a quote that was shown, so that consent can name its hash. Never touches the loan."""

    def quote(self, borrower_id: str, quote_hash: str) -> Quote | None: ...

    def append(self, loan: Loan, events: tuple[LoanEvent, ...]) -> Loan:
        """Appends events to the loan as read. Atomic; an event whose `id` exists is not written twice (idempotent).

        Raises LoanChanged where the stored version is no longer `loan.version`.
        """
