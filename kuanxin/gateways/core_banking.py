"""The bank's own loan system as the loan book, by the contract in docs/integration/loan-book.openapi.yaml."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote as in_path

from kuanxin import metrics
from kuanxin.gateways.breaker import Breaker
from kuanxin.gateways.calls import Caller, Limits, NotCalled, Unreachable
from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.quotes import quote_from_json, quote_to_json
from kuanxin.servicing.wire import borrower_from_json, event_to_json, loan_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from kuanxin.gateways.calls import Answer
    from kuanxin.servicing.model import Borrower, Loan, LoanEvent
    from kuanxin.servicing.quotes import Quote

    T = TypeVar("T")

log = logging.getLogger(__name__)

LOT = 200  # borrowers in one answer
_NOT_FOUND = {"borrower-not-found", "loan-not-found", "quote-not-found"}


class HttpLoanBook:
    """`kuanxin.servicing.ports.LoanBook` over HTTP. Plain blocking calls, safe from several threads.

    Everything but a well-formed answer by the contract is a BookUnavailable: a wrong token, a proxy's error page,
    figures of another loan. After one from `append` it may be unknown whether the bank wrote; the same events can be
    appended again, because their ids and the idempotency key make a repetition harmless.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        session: requests.Session | None = None,
        limits: Limits | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        breaker = breaker or Breaker()
        self._caller = Caller(base_url, token, session, limits, breaker)
        metrics.LOAN_BOOK_BREAKER.set_function(lambda: breaker.open)

    def borrower(self, borrower_id: str) -> Borrower | None:
        answer = self._call("GET", _path("borrowers", borrower_id))
        if _problem(answer) in _NOT_FOUND:
            return None
        return _read(answer, borrower_from_json, lambda borrower: borrower.id == borrower_id)

    def loans_of(self, borrower_id: str) -> tuple[Loan, ...]:
        answer = self._call("GET", _path("borrowers", borrower_id, "loans"))
        if _problem(answer) in _NOT_FOUND:
            return ()
        return _read(answer, _loans, lambda loans: all(loan.borrower_id == borrower_id for loan in loans))

    def loan(self, borrower_id: str, loan_id: str) -> Loan:
        return _read_loan(self._call("GET", _path("borrowers", borrower_id, "loans", loan_id)), borrower_id, loan_id)

    def keep_quote(self, quote: Quote) -> None:
        answer = self._call("PUT", _path("borrowers", quote.borrower_id, "quotes", quote.hash), quote_to_json(quote))
        if answer.status != 204:
            raise _unusable(answer)

    def quote(self, borrower_id: str, quote_hash: str) -> Quote | None:
        answer = self._call("GET", _path("borrowers", borrower_id, "quotes", quote_hash))
        if _problem(answer) in _NOT_FOUND:
            return None
        return _read(answer, quote_from_json, lambda kept: (kept.borrower_id, kept.hash) == (borrower_id, quote_hash))

    def append(self, loan: Loan, events: tuple[LoanEvent, ...]) -> Loan:
        foreign = [event.id for event in events if event.loan_id != loan.id]
        if foreign:
            raise ValueError(f"events of another loan: {', '.join(foreign)}")
        key = hashlib.sha256("\n".join([loan.id, str(loan.version), *(event.id for event in events)]).encode())
        answer = self._call(
            "POST",
            _path("borrowers", loan.borrower_id, "loans", loan.id, "events"),
            {"version": loan.version, "events": [event_to_json(event) for event in events]},
            {"Idempotency-Key": key.hexdigest()},
        )
        if _problem(answer) == "loan-changed":
            raise LoanChanged(loan.id)
        return _read_loan(answer, loan.borrower_id, loan.id)

    def lots(self) -> Iterator[dict[str, list[Loan]]] | None:
        """All borrowers whom the bank wants planned, with their loans, page by page; None where it offers no such list.

        The first page is asked for at once. Raises BookUnavailable, also between pages; what was yielded is right.
        """
        first = self._call("GET", f"/portfolio?limit={LOT}")
        if _problem(first) == "not-found":
            return None
        return self._pages(first)

    def _pages(self, answer: Answer) -> Iterator[dict[str, list[Loan]]]:
        seen: set[str] = set()
        while True:
            lot, cursor = _read(answer, _page, lambda page: page[1] not in seen)
            if lot:
                yield lot
            if cursor is None:
                return
            seen.add(cursor)
            answer = self._call("GET", f"/portfolio?limit={LOT}&cursor={in_path(cursor, safe='')}")

    def _call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        try:
            with metrics.timed(metrics.LOAN_BOOK_CALLS, left_alone=NotCalled):
                return self._caller.call(method, path, body, headers)
        except Unreachable as fault:
            log.error("loan book: %s", fault)
            raise BookUnavailable(str(fault)) from fault


def _path(*parts: str) -> str:
    return "".join(f"/{in_path(part, safe='')}" for part in parts)


def _problem(answer: Answer) -> str | None:
    """The kind of problem by the contract; a 404 without one is somebody else's, of a wrong address for example."""
    named = answer.data.get("type") if answer.status >= 400 and isinstance(answer.data, dict) else None
    return named if isinstance(named, str) else None


def _read_loan(answer: Answer, borrower_id: str, loan_id: str) -> Loan:
    if _problem(answer) in _NOT_FOUND:
        raise LoanNotFound(loan_id)
    return _read(answer, _loan, lambda loan: (loan.borrower_id, loan.id) == (borrower_id, loan_id))


def _page(data: Any) -> tuple[dict[str, list[Loan]], str | None]:
    """The borrowers of a page with their loans, and the cursor of the next one."""
    cursor = data.get("next")
    if not (cursor is None or (isinstance(cursor, str) and cursor)):
        raise ValueError("next: expected a cursor, or nothing at the end")
    lot = {str(one["borrower_id"]): list(_loans(one)) for one in data["borrowers"]}
    if any(loan.borrower_id != borrower for borrower, loans in lot.items() for loan in loans):
        raise ValueError("borrowers: a loan of somebody else")
    return lot, cursor


def _loans(data: Any) -> tuple[Loan, ...]:
    if not isinstance(data, dict) or not isinstance(data.get("loans"), list):
        raise ValueError("loans: missing")
    return tuple(_loan(item) for item in data["loans"])


def _loan(data: Any) -> Loan:
    loan = loan_from_json(data)
    if sum(row.principal for row in loan.instalments) != loan.principal:
        raise ValueError("instalments: their principal does not add up to the loan's")
    return loan


def _read(answer: Answer, parse: Callable[[Any], T], is_asked: Callable[[T], bool]) -> T:
    """The parsed answer, where it is about what was asked: figures of somebody else are never shown."""
    if answer.status != 200:
        raise _unusable(answer)
    try:
        found = parse(answer.data)
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        log.error("loan book: answer not by the contract: %s", fault)
        raise BookUnavailable("an answer that is not by the contract") from fault
    if not is_asked(found):
        log.error("loan book: the answer is about something that was not asked")
        raise BookUnavailable("an answer about something else")
    return found


def _unusable(answer: Answer) -> BookUnavailable:
    log.error("loan book: answered %d %s", answer.status, _problem(answer) or "")
    return BookUnavailable(f"answered {answer.status}")
