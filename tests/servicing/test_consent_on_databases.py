"""Consent on the databases that Kuanxin runs on: of two offers on one loan exactly one is agreed to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from kuanxin.servicing.model import Borrower, PaymentStatus
from kuanxin.servicing.quotes import Extension, PromiseToPay, Quote, ReInstalment
from kuanxin.servicing.service import QuoteStale, Servicing
from kuanxin.servicing.status import status_of
from kuanxin.store import book_writer
from kuanxin.store.sql_book import SqlLoanBook
from tests.servicing.books import BORROWER, NOW, a_loan, at, days, the_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine


@pytest.fixture
def desk(database_url: str, migrated: Callable[[str], Engine]) -> Servicing:
    engine = migrated(database_url)
    loan = a_loan(days_past_due=3)
    with engine.begin() as connection:
        book_writer.settle_kind(connection, "test", None, NOW)
        book_writer.add(connection, [Borrower(BORROWER, "演示·王芳")], [loan])
    return Servicing(SqlLoanBook(engine), the_policy())


def quoted(desk: Servicing, request) -> Quote:
    quote = desk.quote(BORROWER, "L001", request, NOW)
    assert isinstance(quote, Quote)
    return quote


def test_what_was_agreed_is_what_the_book_gives_back(desk: Servicing) -> None:
    quote = quoted(desk, ReInstalment(6))
    agreed = desk.commit(BORROWER, quote.hash, NOW, "确认")
    assert agreed.quote == quote
    loan = desk.book.loan(BORROWER, "L001")
    assert [row.open for row in status_of(loan, NOW).open_rows] == [row.amounts for row in quote.rows]
    assert desk.commit(BORROWER, quote.hash, at(1), "确认").id == agreed.id
    assert desk.book.loan(BORROWER, "L001") == loan


def test_a_broken_promise_is_recorded_once(desk: Servicing) -> None:
    desk.commit(BORROWER, quoted(desk, PromiseToPay(days(5))).hash, NOW, "确认")
    assert [event.kind for event in desk.record_transitions(BORROWER, "L001", at(6))] == ["broken"]
    assert desk.record_transitions(BORROWER, "L001", at(6)) == ()
    assert [event.kind for event in desk.book.loan(BORROWER, "L001").events] == ["committed", "broken"]
    assert all(p.status is PaymentStatus.POSTED for p in desk.book.loan(BORROWER, "L001").payments)


def test_of_consents_at_the_same_moment_one_wins_and_the_others_get_a_new_offer(desk: Servicing) -> None:
    offers = [quoted(desk, Extension(days(n))) for n in (5, 9, 12)] + [
        quoted(desk, ReInstalment(n)) for n in (3, 6, 12)
    ]
    together, outcomes = threading.Barrier(len(offers)), []

    def consent(quote: Quote) -> None:
        together.wait()
        try:
            outcomes.append(desk.commit(BORROWER, quote.hash, NOW, "确认").quote.hash)
        except QuoteStale:
            outcomes.append("stale")

    threads = [threading.Thread(target=consent, args=(quote,)) for quote in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (event,) = desk.book.loan(BORROWER, "L001").events
    assert sorted(outcomes) == sorted([event.quote_hash] + ["stale"] * (len(offers) - 1))
