"""The whole way with the bank's own system behind it: look up, offer, consent, lost answers, no answer."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import read_policy
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.quotes import PromiseToPay
from kuanxin.servicing.service import Servicing
from kuanxin.settings import ROOT
from kuanxin.store.sql_book import SqlLoanBook
from tests.builders import NOW
from tests.gateways.conftest import TOKEN
from tests.gateways.hostile import Hostile, does_it_then, reset
from tests.gateways.test_core_banking import book_at
from tests.store.test_concurrent_commits import BOOK


@pytest.fixture
def bank(served):
    address, engine = served
    import_book(engine, BOOK, NOW)
    return address, engine


def over(book) -> Servicing:
    return Servicing(book, read_policy(ROOT / "policy.yml"))


def test_the_figures_are_those_of_the_embedded_book(bank):
    address, engine = bank
    later = datetime(2027, 1, 9, 10, tzinfo=NOW.tzinfo)
    for now in (NOW, later):
        assert over(HttpLoanBook(address, TOKEN)).statuses("B001", now) == over(SqlLoanBook(engine)).statuses(
            "B001", now
        )


def test_an_offer_is_agreed_and_stands_in_the_banks_book(bank):
    address, engine = bank
    servicing = over(HttpLoanBook(address, TOKEN))
    quote = servicing.quote("B001", "L001", PromiseToPay(date(2026, 11, 26)), NOW)
    agreed = servicing.commit("B001", quote.hash, NOW, "确认")
    assert over(SqlLoanBook(engine)).arrangements("B001", NOW) == (agreed,)


def test_consent_whose_answer_was_lost_can_be_given_again(bank):
    address, engine = bank
    with Hostile([does_it_then(address, reset)]) as server:
        losing = over(book_at(server.url))
        quote = losing.quote("B001", "L001", PromiseToPay(date(2026, 11, 26)), NOW)
        with pytest.raises(BookUnavailable):
            losing.commit("B001", quote.hash, NOW, "确认")
    agreed = over(HttpLoanBook(address, TOKEN)).commit("B001", quote.hash, NOW, "确认")
    assert over(SqlLoanBook(engine)).arrangements("B001", NOW) == (agreed,)
