"""Two borrowers' devices agree to two offers on one loan at the same moment: exactly one arrangement stands."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import read_policy
from kuanxin.servicing.quotes import PromiseToPay, Quote, ReInstalment
from kuanxin.servicing.service import QuoteStale, Servicing
from kuanxin.settings import ROOT
from kuanxin.store.sql_book import SqlLoanBook
from tests.builders import NOW

BOOK = {
    "kind": "test",
    "borrowers": [
        {
            "id": "B001",
            "name": "测试",
            "loans": [{"id": "L001", "principal": "9000", "instalments": 10, "paid_rows": 4, "next_due": "today-3"}],
        }
    ],
}


@pytest.fixture
def servicing(database_url, migrated):
    engine = migrated(database_url)
    import_book(engine, BOOK, NOW)
    return Servicing(SqlLoanBook(engine), read_policy(ROOT / "policy.yml"))


def at_once(*calls):
    """Runs the calls in threads that start together; what each gave or raised."""
    together = threading.Barrier(len(calls))
    outcomes: list[object] = [None] * len(calls)

    def run(number: int) -> None:
        together.wait()
        try:
            outcomes[number] = calls[number]()
        except QuoteStale as stale:
            outcomes[number] = stale

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_offers_agreed_at_once_one_stands(servicing):
    promise = servicing.quote("B001", "L001", PromiseToPay(date(2026, 11, 26)), NOW)
    plan = servicing.quote("B001", "L001", ReInstalment(6), NOW)
    assert isinstance(promise, Quote)
    assert isinstance(plan, Quote)
    outcomes = at_once(
        *(lambda quote=quote: servicing.commit("B001", quote.hash, NOW, "确认") for quote in (promise, plan) * 3)
    )
    standing = servicing.arrangements("B001", NOW)
    assert len(standing) == 1
    winners = {outcome.quote.hash for outcome in outcomes if not isinstance(outcome, QuoteStale)}
    assert winners == {standing[0].quote.hash}
    stale = [outcome for outcome in outcomes if isinstance(outcome, QuoteStale)]
    assert len(stale) == 3
    assert len(servicing.book.loan("B001", "L001").events) == 1


def test_one_offer_agreed_many_times_at_once_is_one_arrangement(servicing):
    promise = servicing.quote("B001", "L001", PromiseToPay(date(2026, 11, 26)), NOW)
    outcomes = at_once(*(lambda: servicing.commit("B001", promise.hash, NOW, "确认") for _ in range(6)))
    assert len({outcome.id for outcome in outcomes}) == 1
    assert len(servicing.book.loan("B001", "L001").events) == 1
