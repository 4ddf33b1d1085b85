"""The loan book in our own database: reads a whole loan in four queries, appends events under its version."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from kuanxin.servicing.model import Borrower, Instalment, Loan, LoanEvent, Payment, PaymentStatus, Terms
from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.quotes import quote_from_json, quote_to_json
from kuanxin.servicing.wire import terms_from_json
from kuanxin.store.engine import reading
from kuanxin.store.tables_book import borrowers, instalments, loan_events, loans, payments, quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Column, Table
    from sqlalchemy.engine import Connection, Engine, Row
    from sqlalchemy.sql import Select

    from kuanxin.servicing.quotes import Quote

log = logging.getLogger(__name__)


def _of_loans(table: Table, *order: Column) -> Select:
    """A query built once: building it takes longer than SQLite takes to answer it."""
    return select(table).where(table.c.loan_id.in_(bindparam("ids", expanding=True))).order_by(*order)


_ROWS = _of_loans(instalments, instalments.c.number)
_PAID = _of_loans(payments, payments.c.paid_at, payments.c.id)
_HAPPENED = _of_loans(loan_events, loan_events.c.seq)


class SqlLoanBook:
    """`kuanxin.servicing.ports.LoanBook` on SQLite or PostgreSQL. Plain blocking calls: give each a thread of its own.

    Whatever keeps the database from answering is a BookUnavailable; nothing was written then.
    """

    def __init__(self, engine: Engine, then: Callable[[Connection, Loan, list[LoanEvent]], None] | None = None) -> None:
        """`then` is called with the loan and its new events inside the transaction that appends them."""
        self._engine = engine
        self._then = then
        self._insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]

    def borrower(self, borrower_id: str) -> Borrower | None:
        with self._reading() as connection:
            row = connection.execute(select(borrowers).where(borrowers.c.id == borrower_id)).first()
        return Borrower(row.id, row.name, row.phone, row.demo) if row else None

    def borrowers(self) -> tuple[Borrower, ...]:
        """Everybody in the book, by id."""
        with self._reading() as connection:
            rows = connection.execute(select(borrowers).order_by(borrowers.c.id)).all()
        return tuple(Borrower(row.id, row.name, row.phone, row.demo) for row in rows)

    def loans_of(self, borrower_id: str) -> tuple[Loan, ...]:
        with self._reading() as connection:
            return read_loans(connection, loans.c.borrower_id == borrower_id)

    def loan(self, borrower_id: str, loan_id: str) -> Loan:
        with self._reading() as connection:
            return _read_loan(connection, borrower_id, loan_id)

    def keep_quote(self, quote: Quote) -> None:
        row = {
            "hash": quote.hash,
            "borrower_id": quote.borrower_id,
            "loan_id": quote.loan_id,
            "expires_at": quote.expires_at,
            "body": json.dumps(quote_to_json(quote), ensure_ascii=False),
        }
        insert_or_ignore = self._insert(quotes).on_conflict_do_nothing(index_elements=["hash", "borrower_id"])
        with self._writing() as connection:
            connection.execute(insert_or_ignore, row)

    def quote(self, borrower_id: str, quote_hash: str) -> Quote | None:
        with self._reading() as connection:
            body = connection.execute(
                select(quotes.c.body).where(quotes.c.hash == quote_hash, quotes.c.borrower_id == borrower_id)
            ).scalar()
        return quote_from_json(json.loads(body)) if body else None

    def append(self, loan: Loan, events: tuple[LoanEvent, ...]) -> Loan:
        foreign = [event.id for event in events if event.loan_id != loan.id]
        if foreign:
            raise ValueError(f"events of another loan: {', '.join(foreign)}")
        with self._writing() as connection:
            # The version first: on PostgreSQL this row lock makes a second writer wait here and then see the change.
            claimed = connection.execute(
                update(loans)
                .where(loans.c.id == loan.id, loans.c.borrower_id == loan.borrower_id, loans.c.version == loan.version)
                .values(version=loan.version + 1)
            ).rowcount
            stored = _read_loan(connection, loan.borrower_id, loan.id)
            known = {event.id for event in stored.events}
            new = [event for event in events if event.id not in known]
            if not new:  # a repetition, or nothing to write: the loan as it stands
                connection.rollback()
                return _read_loan(connection, loan.borrower_id, loan.id)
            if not claimed:
                raise LoanChanged(loan.id)
            connection.execute(insert(loan_events), [event_row(event) for event in new])
            appended = _read_loan(connection, loan.borrower_id, loan.id)
            if self._then:
                self._then(connection, appended, new)
            return appended

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), self._engine.connect() as connection:
            yield connection
            connection.commit()


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as fault:
        # the statement and its parameters hold personal data: only the kind of fault is logged
        log.error("loan book: %s (%s)", type(fault).__name__, type(getattr(fault, "orig", None)).__name__)
        raise BookUnavailable(type(fault).__name__) from fault


def _read_loan(connection: Connection, borrower_id: str, loan_id: str) -> Loan:
    found = read_loans(connection, (loans.c.id == loan_id) & (loans.c.borrower_id == borrower_id))
    if not found:
        raise LoanNotFound(loan_id)
    return found[0]


def read_loans(connection: Connection, which: Any) -> tuple[Loan, ...]:
    heads = connection.execute(select(loans).where(which).order_by(loans.c.disbursed_on, loans.c.id)).all()
    if not heads:
        return ()
    ids = {"ids": [head.id for head in heads]}
    rows, paid, happened = (_by_loan(connection.execute(query, ids)) for query in (_ROWS, _PAID, _HAPPENED))
    return tuple(_loan(head, rows[head.id], paid[head.id], happened[head.id]) for head in heads)


def _by_loan(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.loan_id].append(row)
    return grouped


def _loan(head: Row, rows: list[Row], paid: list[Row], happened: list[Row]) -> Loan:
    return Loan(
        id=head.id,
        borrower_id=head.borrower_id,
        product=head.product,
        principal=head.principal,
        disbursed_on=head.disbursed_on,
        terms=_terms(head.terms),
        instalments=tuple(Instalment(row.number, row.due_date, row.principal, row.interest, row.fees) for row in rows),
        payments=tuple(
            Payment(row.id, row.amount, row.paid_at, PaymentStatus(row.status), row.method, row.failure) for row in paid
        ),
        events=tuple(
            LoanEvent(
                row.id,
                row.loan_id,
                row.kind,
                row.at,
                row.arrangement_id,
                row.policy_version,
                row.quote_hash,
                json.loads(row.data),
            )
            for row in happened
        ),
        autopay=head.autopay,
        card_tail=head.card_tail,
        version=head.version,
    )


@lru_cache(maxsize=256)  # a book has few products, and every loan of one has the same terms
def _terms(text: str) -> Terms:
    return terms_from_json(json.loads(text))


def event_row(event: LoanEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "loan_id": event.loan_id,
        "kind": event.kind,
        "at": event.at,
        "arrangement_id": event.arrangement_id,
        "policy_version": event.policy_version,
        "quote_hash": event.quote_hash,
        "data": json.dumps(event.data, ensure_ascii=False),
    }
