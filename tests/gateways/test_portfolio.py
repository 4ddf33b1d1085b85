"""Going through the bank's whole book over HTTP: page by page, or not at all where the bank offers no list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import compose
from kuanxin.gateways import core_banking
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.wire import loan_to_json
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.builders import a_loan
from tests.gateways.conftest import TOKEN
from tests.gateways.hostile import Hostile, answers
from tests.gateways.test_core_banking import book_at
from tests.notices.world import MONDAY, a_borrower


@pytest.mark.parametrize("size", [1, 2, 200])
def test_every_borrower_comes_once_whatever_the_size_of_a_page(serve, monkeypatch, size):
    monkeypatch.setattr(core_banking, "LOT", size)
    first, second = a_loan("L001"), a_loan("L002", "B002")
    lots = list(core_banking.HttpLoanBook(serve(first, second), TOKEN).lots())
    assert {id: loans for lot in lots for id, loans in lot.items()} == {"B001": [first], "B002": [second]}
    assert sum(map(len, lots)) == 2


def test_who_never_signed_in_is_planned_too(served, tmp_path):
    address, engine = served
    import_book(engine, {"kind": "test", "borrowers": [a_borrower(), a_borrower("B2", due="today")]}, MONDAY)
    settings = {"loan_book_url": address, "loan_book_token": TOKEN, "now": MONDAY.isoformat(), "token_key": "k" * 32}
    parts = compose(Settings(var=tmp_path, **settings))
    migrate(parts.engine)
    plan = parts.planner.plan(parts.portfolio()[1], MONDAY)
    assert (plan.borrowers, dict(plan.new)) == (2, {"overdue": 1, "due_today": 1})
    assert parts.planner.plan(parts.portfolio()[1], MONDAY + timedelta(minutes=1)).new == {}
    parts.engine.dispose()


def test_a_bank_without_the_list_says_so_and_those_who_signed_in_are_planned():
    missing = {"type": "not-found", "title": "No such resource", "status": 404}
    with Hostile([answers(404, missing)]) as server:
        assert book_at(server.url).lots() is None


LOAN = loan_to_json(a_loan("L001"))


@pytest.mark.parametrize(
    "answer",
    [
        answers(404, {"detail": "a wrong address"}),
        answers(200, {"next": "x"}),
        answers(200, {"borrowers": [], "next": 7}),
        answers(200, {"borrowers": [], "next": "always the same"}),
        answers(200, {"borrowers": [{"borrower_id": "B002", "loans": [LOAN]}]}),
        answers(200, {"borrowers": [{"borrower_id": "B001"}]}),
        answers(200, []),
    ],
    ids=["wrong address", "no borrowers", "no cursor", "in a circle", "of somebody else", "no loans", "no page"],
)
def test_a_page_that_is_not_by_the_contract_is_no_page(answer):
    with Hostile([answer]) as server, pytest.raises(BookUnavailable):
        list(book_at(server.url).lots() or ())
