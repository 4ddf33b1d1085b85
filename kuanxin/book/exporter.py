"""Writes the whole book in the import form, so that importing it again gives the same book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from kuanxin.servicing.wire import event_to_json, terms_to_json
from kuanxin.store.settings import book_settings
from kuanxin.store.sql_book import SqlLoanBook

if TYPE_CHECKING:
    from typing import TextIO

    from sqlalchemy.engine import Engine

    from kuanxin.servicing.model import Borrower, Fen, Instalment, Loan, Payment


class NoBook(Exception):
    """There is nothing to export: no book was imported."""


def export_book(engine: Engine, out: TextIO) -> None:
    """Writes YAML borrower by borrower, so that a large book needs little memory. It holds personal data."""
    settings = book_settings(engine)
    if settings is None:
        raise NoBook
    head: dict[str, Any] = {"kind": settings.kind}
    if settings.now:
        head["now"] = settings.now.isoformat()
    _write(head, out)
    out.write("borrowers:\n")
    book = SqlLoanBook(engine)
    for borrower in book.borrowers():
        _write([_borrower(borrower, book.loans_of(borrower.id))], out, flow=None)  # a row on one line


def _write(data: object, out: TextIO, flow: bool | None = False) -> None:
    # the dumper in C: the one in Python takes ten times as long
    yaml.dump(data, out, yaml.CSafeDumper, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=120)


def _borrower(borrower: Borrower, loans: tuple[Loan, ...]) -> dict[str, Any]:
    return {
        "id": borrower.id,
        "name": borrower.name,
        **_unless_empty(phone=borrower.phone),
        "demo": borrower.demo,
        "loans": [_loan(loan) for loan in loans],
    }


def _loan(loan: Loan) -> dict[str, Any]:
    return {
        "id": loan.id,
        "product": loan.product,
        "principal": yuan_text(loan.principal),
        "disbursed": loan.disbursed_on.isoformat(),
        **terms_to_json(loan.terms),
        "instalments": [_row(row) for row in loan.instalments],
        "autopay": loan.autopay,
        **_unless_empty(
            card_tail=loan.card_tail,
            payments=[_payment(payment) for payment in loan.payments],
            events=[event_to_json(event) for event in loan.events],
            version=loan.version,
        ),
    }


def _row(row: Instalment) -> dict[str, Any]:
    return {
        "number": row.number,
        "due_date": row.due_date.isoformat(),
        "principal": yuan_text(row.principal),
        "interest": yuan_text(row.interest),
        **({"fees": yuan_text(row.fees)} if row.fees else {}),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "amount": yuan_text(payment.amount),
        "at": payment.paid_at.isoformat(),
        "status": payment.status.value,
        **_unless_empty(method=payment.method, failure=payment.failure),
    }


def _unless_empty(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


def yuan_text(fen: Fen) -> str:
    """91378 → "913.78", the form that an import reads: no separators."""
    return f"{fen // 100}.{fen % 100:02d}"
