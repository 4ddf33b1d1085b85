"""The embedded loan book on SQLite and PostgreSQL."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import delete, event, text, update
from sqlalchemy.exc import DBAPIError

from kuanxin.servicing.ports import BookUnavailable
from kuanxin.store import book_writer
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.tables_book import loan_events
from tests.builders import NOW, a_borrower, a_loan, a_quote, an_event
from tests.loan_book_contract import LoanBookContract


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


def fill(engine, *, kind: str = "test", borrowers=(), loans=()):
    with engine.begin() as connection:
        book_writer.settle_kind(connection, kind, None, NOW)
        book_writer.add(connection, borrowers, loans)


class TestSqlLoanBook(LoanBookContract):
    @pytest.fixture
    def book(self, engine):
        fill(engine, borrowers=[a_borrower(), a_borrower("B002")], loans=[*self.LOANS, self.OTHER])
        return SqlLoanBook(engine)

    def test_everybody_in_the_book(self, book):
        assert book.borrowers() == (a_borrower(), a_borrower("B002"))


@pytest.mark.parametrize("kind", ["real", "test"])
def test_events_are_never_changed_and_never_deleted_from_a_real_book(engine, kind):
    fill(engine, kind=kind, borrowers=[a_borrower()], loans=[a_loan(events=(an_event(),))])
    with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
        connection.execute(update(loan_events).values(kind="undone"))
    if kind == "real":
        with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
            connection.execute(delete(loan_events))
    else:
        with engine.begin() as connection:
            book_writer.clear(connection)
        assert SqlLoanBook(engine).borrowers() == ()


def test_a_real_book_cannot_be_cleared(engine):
    fill(engine, kind="real", borrowers=[a_borrower()], loans=[a_loan(events=(an_event(),))])
    with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
        book_writer.clear(connection)
    assert len(SqlLoanBook(engine).loan("B001", "L001").events) == 1


def test_a_database_without_tables_is_unavailable_not_empty(database_url):
    book = SqlLoanBook(make_engine(database_url))
    for ask in (lambda: book.loans_of("B001"), lambda: book.append(a_loan(), (an_event(),))):
        with pytest.raises(BookUnavailable):
            ask()


def test_a_server_that_is_away_is_unavailable_within_seconds():
    book = SqlLoanBook(make_engine("postgresql://kuanxin@127.0.0.1:9/none"))
    started = time.perf_counter()
    with pytest.raises(BookUnavailable):
        book.loans_of("B001")
    assert time.perf_counter() - started < 6


def test_a_connection_that_the_server_dropped_is_replaced(postgres_url):
    engine = make_engine(postgres_url)
    migrate(engine)
    fill(engine, borrowers=[a_borrower()], loans=[a_loan()])
    book = SqlLoanBook(engine)
    book.loan("B001", "L001")
    with make_engine(postgres_url).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
    assert book.loan("B001", "L001") == a_loan()


def test_nothing_personal_is_logged_when_the_database_fails(sqlite_url, caplog):
    book = SqlLoanBook(make_engine(sqlite_url))
    with pytest.raises(BookUnavailable):
        book.append(a_loan(borrower="王芳"), (an_event(id="13800000001"),))
    assert "OperationalError" in caplog.text
    assert "王芳" not in caplog.text


def test_a_quote_of_a_stranger_is_a_fault_not_a_row(engine):
    fill(engine, borrowers=[a_borrower()], loans=[a_loan()])
    book = SqlLoanBook(engine)
    with pytest.raises(BookUnavailable):
        book.keep_quote(a_quote(a_loan(borrower="B404")))
    assert book.quote("B404", "q1") is None


def test_all_loans_of_a_borrower_are_four_questions_however_many_they_are(engine):
    long_loan = a_loan(rows=20, events=tuple(an_event(f"E{n}") for n in range(10)))
    fill(engine, borrowers=[a_borrower()], loans=[long_loan, *(a_loan(f"X{n}") for n in range(2))])
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(SqlLoanBook(engine).loans_of("B001")) == 3
    assert sum("SELECT" in statement for statement in statements) == 4
