"""The bank's own system as the loan book, over real HTTP: by the contract, and when everything goes wrong."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from kuanxin.gateways.breaker import Breaker
from kuanxin.gateways.calls import Limits
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.wire import borrower_to_json, loan_to_json
from tests.builders import a_borrower, a_loan, a_quote, an_event
from tests.gateways.conftest import TOKEN
from tests.gateways.hostile import Hostile, answers, cut_off, does_it_then, drips, nonsense, reset, silence
from tests.loan_book_contract import LoanBookContract

QUICK = Limits(connect=0.5, read=0.4, whole=1.5, attempts=3, first_pause=0.01)
GOOD = answers(200, borrower_to_json(a_borrower()))


def book_at(url: str, limits: Limits = QUICK, breaker: Breaker | None = None) -> HttpLoanBook:
    return HttpLoanBook(url, TOKEN, limits=limits, breaker=breaker or Breaker(failures=100))


class TestHttpLoanBook(LoanBookContract):
    @pytest.fixture
    def book(self, serve):
        return HttpLoanBook(serve(*self.LOANS, self.OTHER), TOKEN)


@pytest.mark.parametrize(
    "fault",
    [reset, silence, cut_off, nonsense, answers(500), answers(502), answers(503), answers(429)],
    ids=["reset", "silence", "cut off", "nonsense", "500", "502", "503", "429"],
)
def test_two_faults_in_a_row_are_survived(fault):
    with Hostile([fault, fault, GOOD]) as server:
        assert book_at(server.url).borrower("B001") == a_borrower()
        assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [reset, silence, drips, cut_off, nonsense, answers(500)])
def test_a_lasting_fault_is_unavailable_in_bounded_time(fault):
    with Hostile([fault]) as server:
        started = time.monotonic()
        with pytest.raises(BookUnavailable):
            book_at(server.url).loans_of("B001")
        assert time.monotonic() - started < QUICK.whole + 0.6
        assert len(server.requests) <= 3


def test_nobody_listening_is_unavailable():
    with pytest.raises(BookUnavailable):
        book_at("http://127.0.0.1:9").borrower("B001")


@pytest.mark.parametrize(
    "answer",
    [
        answers(401, {"type": "unauthorized"}),
        answers(403, None),
        answers(404, raw=b"<html>no such page</html>"),
        answers(404, {"message": "no such route"}),
        answers(302, None, "Location: http://127.0.0.1:9/"),
        answers(204, raw=b""),
        answers(200, raw=b"<html>please log in</html>"),
        answers(200, ["B001"]),
        answers(200, {"id": "B001"}),
        answers(200, {"id": "B001", "name": 7}),
        answers(200, {**borrower_to_json(a_borrower()), "id": "B002"}),
    ],
)
def test_an_answer_that_is_not_by_the_contract_is_unavailable_at_once(answer):
    with Hostile([answer]) as server:
        with pytest.raises(BookUnavailable):
            book_at(server.url).borrower("B001")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": "L002"},
        {"borrower_id": "B002"},
        {"principal": 3000.0},
        {"principal": "300000"},
        {"principal": True},
        {"version": None},
        {"disbursed_on": "2026-02-30"},
        {"payments": [{"id": "P", "amount": 1, "paid_at": "2026-11-23T10:00:00", "status": "posted"}]},
        {"payments": [{"id": "P", "amount": 1, "paid_at": "2026-11-23T10:00:00+08:00", "status": "ok"}]},
        {"instalments": [{"number": 1, "due_date": "2026-11-23", "principal": -1, "interest": 0}]},
        {"instalments": [{"number": 1, "due_date": "2026-11-23", "principal": 299_999, "interest": 0}]},
        {"terms": {**loan_to_json(a_loan())["terms"], "annual_rate": 0.18}},
        {"terms": {**loan_to_json(a_loan())["terms"], "annual_rate": "NaN"}},
        {"terms": {**loan_to_json(a_loan())["terms"], "repayment_order": ["fees", "fees", "interest", "principal"]}},
    ],
)
def test_a_loan_with_one_wrong_field_is_never_shown(change):
    with Hostile([answers(200, {**loan_to_json(a_loan()), **change})]) as server, pytest.raises(BookUnavailable):
        book_at(server.url).loan("B001", "L001")


@pytest.mark.parametrize(
    "clock", ["2026-11-23T02:00:00Z", "2026-11-23T02:00:00.000000000Z", "2026-11-23T10:00:00.0+08:00"]
)
def test_moments_as_other_systems_write_them(clock):
    payment = {"id": "P", "amount": 1, "paid_at": clock, "status": "posted"}
    with Hostile([answers(200, {**loan_to_json(a_loan()), "payments": [payment]})]) as server:
        paid_at = book_at(server.url).loan("B001", "L001").payments[0].paid_at
    assert paid_at.isoformat() == "2026-11-23T10:00:00+08:00"


def test_an_unknown_borrower_of_a_bank_that_says_so():
    with Hostile([answers(404, {"type": "borrower-not-found", "title": "", "status": 404})]) as server:
        book = book_at(server.url)
        assert book.borrower("B001") is None
        assert book.loans_of("B001") == ()
        assert book.quote("B001", "q1") is None
        with pytest.raises(LoanNotFound):
            book.loan("B001", "L001")


@pytest.mark.parametrize("then", [reset, silence, cut_off])
def test_an_append_whose_answer_was_lost_is_written_once(serve, then):
    real = serve(a_loan())
    with Hostile([does_it_then(real, then), does_it_then(real, then), does_it_then(real, answers(503))]) as server:
        with pytest.raises(BookUnavailable):
            book_at(server.url).append(a_loan(), (an_event("E1"),))
        keys = {line for sent in server.requests for line in sent.split(b"\r\n") if b"Idempotency-Key" in line}
        assert (len(server.requests), len(keys)) == (3, 1)
    book = book_at(real)
    assert [event.id for event in book.loan("B001", "L001").events] == ["E1"]
    assert book.append(a_loan(), (an_event("E1"),)).version == 1


def test_the_idempotency_key_differs_for_other_events_and_versions():
    with Hostile([answers(200, loan_to_json(a_loan()))]) as server:
        book = book_at(server.url)
        for loan, event in ((a_loan(), "E1"), (a_loan(), "E2"), (a_loan(version=1), "E1"), (a_loan(), "E1")):
            book.append(loan, (an_event(event),))
        keys = [line for sent in server.requests for line in sent.split(b"\r\n") if b"Idempotency-Key" in line]
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3


def test_a_changed_loan_is_told_apart_from_any_other_conflict():
    with Hostile([answers(409, {"type": "loan-changed"}), answers(409, {"type": "maintenance"})]) as server:
        with pytest.raises(LoanChanged):
            book_at(server.url).append(a_loan(), (an_event(),))
        with pytest.raises(BookUnavailable):
            book_at(server.url).append(a_loan(), (an_event(),))


def test_a_quote_that_is_not_kept_is_unavailable():
    with Hostile([answers(404, {"type": "loan-not-found"})]) as server, pytest.raises(BookUnavailable):
        book_at(server.url).keep_quote(a_quote(a_loan()))


def test_the_bank_says_when_to_come_back():
    with Hostile([answers(503, None, "Retry-After: 1"), GOOD]) as server:
        started = time.monotonic()
        assert book_at(server.url, Limits(whole=5)).borrower("B001")
        assert time.monotonic() - started >= 1


def test_no_waiting_beyond_the_limit_for_a_bank_that_comes_back_late():
    with Hostile([answers(503, None, "Retry-After: 3600")]) as server:
        started = time.monotonic()
        with pytest.raises(BookUnavailable):
            book_at(server.url).borrower("B001")
        assert time.monotonic() - started < 1


def test_an_endless_answer_is_cut():
    small = Limits(most_bytes=10_000)
    with Hostile([answers(200, raw=b" " * 100_000)]) as server, pytest.raises(BookUnavailable, match="too much"):
        book_at(server.url, small).borrower("B001")


def test_a_bank_that_fails_is_left_alone_for_a_while_then_tried_by_one_call():
    breaker = Breaker(failures=3, pause=0.3)
    with Hostile([answers(500), answers(500), answers(500), GOOD]) as server:
        book = book_at(server.url, breaker=breaker)
        for _ in range(4):
            with pytest.raises(BookUnavailable):
                book.borrower("B001")
        assert len(server.requests) == 3
        time.sleep(0.31)
        assert book.borrower("B001") == a_borrower()
        assert book.borrower("B001") == a_borrower()


def test_threads_are_served_side_by_side():
    """One slow answer must not make every borrower wait."""

    def slow(connection, request):
        time.sleep(0.3)
        GOOD(connection, request)

    with Hostile([slow]) as server:
        book = book_at(server.url)
        threads = [threading.Thread(target=book.borrower, args=("B001",)) for _ in range(8)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started < 1.2
        assert len(server.requests) == 8


def test_neither_token_nor_borrower_is_logged(caplog):
    with Hostile([answers(500)]) as server, pytest.raises(BookUnavailable) as fault:
        book_at(server.url).borrower("B001")
    assert "500" in caplog.text
    for text in (caplog.text, str(fault.value)):
        assert TOKEN not in text
        assert "B001" not in text


def test_the_reference_server_asks_for_its_token(serve):
    address = serve(a_loan())
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        for path in ("/borrowers/B001", "/borrowers/B404", "/borrowers/B001/loans/L001"):
            answer = requests.get(address + path, headers=headers, timeout=5)
            assert (answer.status_code, answer.json()["type"]) == (401, "unauthorized")
