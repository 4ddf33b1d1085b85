"""Writes whole borrowers and loans into the book, for `kuanxin.book` alone: one transaction, all or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, insert, select, update

from kuanxin.servicing.model import Borrower
from kuanxin.servicing.wire import terms_to_json
from kuanxin.store.sql_book import event_row
from kuanxin.store.tables_book import book_settings, borrowers, instalments, loan_events, loans, payments, quotes

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, Row

    from kuanxin.servicing.model import Loan, Payment


class Standing(NamedTuple):
    """What the book already holds of the ids that an import names."""

    kind: str | None  # None: no book yet
    borrowers: dict[str, Borrower]
    loans: frozenset[str]
    payments: dict[str, tuple[str, int, str]]  # id: (loan id, fen, status)


NOTHING = Standing(None, {}, frozenset(), {})


def standing(connection: Connection, borrower_ids: set[str], loan_ids: set[str], payment_ids: set[str]) -> Standing:
    """Looks the ids up in portions, so that an import of a whole bank does not build one endless query."""
    people = _rows(connection, borrowers, borrower_ids)
    return Standing(
        connection.execute(select(book_settings.c.kind)).scalar(),
        {row.id: Borrower(row.id, row.name, row.phone, row.demo) for row in people},
        frozenset(row.id for row in _rows(connection, loans, loan_ids)),
        {row.id: (row.loan_id, row.amount, row.status) for row in _rows(connection, payments, payment_ids)},
    )


def clear(connection: Connection) -> None:
    """Removes a demo or test book. A real one cannot be removed: its events refuse to go."""
    for table in (quotes, loan_events, payments, instalments, loans, borrowers, book_settings):
        connection.execute(delete(table))


def settle_kind(connection: Connection, kind: str, now: datetime | None, imported_at: datetime) -> None:
    """Records what kind of book this is, when the first import makes it."""
    connection.execute(insert(book_settings), {"id": 1, "kind": kind, "now": now, "imported_at": imported_at})


def add(connection: Connection, new_borrowers: Iterable[Borrower], new_loans: Sequence[Loan]) -> None:
    """Writes new borrowers and loans with their schedules, payments and events."""
    _insert(
        connection,
        borrowers,
        [{"id": who.id, "name": who.name, "phone": who.phone, "demo": who.demo} for who in new_borrowers],
    )
    _insert(connection, loans, [_loan_row(loan) for loan in new_loans])
    _insert(
        connection,
        instalments,
        [
            {
                "loan_id": loan.id,
                "number": row.number,
                "due_date": row.due_date,
                "principal": row.principal,
                "interest": row.interest,
                "fees": row.fees,
            }
            for loan in new_loans
            for row in loan.instalments
        ],
    )
    _insert(connection, payments, [_payment_row(loan.id, payment) for loan in new_loans for payment in loan.payments])
    _insert(connection, loan_events, [event_row(event) for loan in new_loans for event in loan.events])


def post(connection: Connection, arrived: Iterable[tuple[str, Payment]], known: Container[str]) -> None:
    """Payments on loans that stand in the book; one whose id is `known` gets its new status. Older quotes go stale."""
    for loan_id, payment in arrived:
        row = _payment_row(loan_id, payment)
        if payment.id in known:
            connection.execute(update(payments).where(payments.c.id == payment.id).values(row))
        else:
            connection.execute(insert(payments), row)
        connection.execute(update(loans).where(loans.c.id == loan_id).values(version=loans.c.version + 1))


def _rows(connection: Connection, table: Table, ids: set[str], portion: int = 500) -> Iterator[Row]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), portion):
        yield from connection.execute(select(table).where(table.c.id.in_(ordered[start : start + portion])))


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _loan_row(loan: Loan) -> dict[str, object]:
    return {
        "id": loan.id,
        "borrower_id": loan.borrower_id,
        "product": loan.product,
        "principal": loan.principal,
        "disbursed_on": loan.disbursed_on,
        "terms": json.dumps(terms_to_json(loan.terms)),
        "autopay": loan.autopay,
        "card_tail": loan.card_tail,
        "version": loan.version,
    }


def _payment_row(loan_id: str, payment: Payment) -> dict[str, object]:
    return {
        "id": payment.id,
        "loan_id": loan_id,
        "amount": payment.amount,
        "paid_at": payment.paid_at,
        "status": payment.status.value,
        "method": payment.method,
        "failure": payment.failure,
    }
