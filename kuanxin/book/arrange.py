"""Makes the arrangements of an import by the rules themselves, before anything is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kuanxin.servicing.ports import LoanNotFound
from kuanxin.servicing.quotes import Refusal
from kuanxin.servicing.service import QuoteStale, Servicing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.book.arrangement_form import Wish
    from kuanxin.servicing.model import Borrower, Loan, LoanEvent
    from kuanxin.servicing.policy import Policy
    from kuanxin.servicing.quotes import Quote


def arrange(loans: Sequence[Loan], wishes: Sequence[Wish], policy: Policy) -> list[Loan]:
    """The loans with the events of their arrangements. What the policy refuses is noted as a problem of its wish."""
    drafts = _Drafts(loans)
    servicing = Servicing(drafts, policy)
    for wish in sorted(wishes, key=lambda wish: wish.agreed):
        borrower_id = drafts.loans[wish.loan_id].borrower_id
        offer = servicing.quote(borrower_id, wish.loan_id, wish.request, wish.agreed)
        if not isinstance(offer, Refusal):
            try:
                servicing.commit(borrower_id, offer.hash, wish.agreed, "import")
                continue
            except QuoteStale as stale:
                offer = stale.fresh
        reason = offer.reason if isinstance(offer, Refusal) else "a new quote would be needed"
        wish.section.wrong("kind", f"is refused: {reason}", "Change the arrangement, or the policy.")
    return list(drafts.loans.values())


class _Drafts:
    """A loan book of loans that are not written yet. The rules themselves leave out what happened after their `now`."""

    def __init__(self, loans: Sequence[Loan]) -> None:
        self.loans = {loan.id: loan for loan in loans}
        self._quotes: dict[str, Quote] = {}

    def borrower(self, borrower_id: str) -> Borrower | None:
        return None  # names and phones play no part in the rules

    def loans_of(self, borrower_id: str) -> tuple[Loan, ...]:
        return tuple(loan for loan in self.loans.values() if loan.borrower_id == borrower_id)

    def loan(self, borrower_id: str, loan_id: str) -> Loan:
        if self.loans[loan_id].borrower_id != borrower_id:
            raise LoanNotFound(loan_id)
        return self.loans[loan_id]

    def keep_quote(self, quote: Quote) -> None:
        self._quotes[quote.hash] = quote

    def quote(self, borrower_id: str, quote_hash: str) -> Quote | None:
        return self._quotes.get(quote_hash)

    def append(self, loan: Loan, events: tuple[LoanEvent, ...]) -> Loan:
        self.loans[loan.id] = replace(loan, events=(*loan.events, *events), version=loan.version + 1)
        return self.loans[loan.id]
