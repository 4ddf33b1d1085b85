"""Imports a book: all or nothing, in one transaction, after every problem was looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kuanxin.book.arrange import arrange
from kuanxin.book.form import read_book
from kuanxin.book.problems import ImportRefused
from kuanxin.book.reader import Source
from kuanxin.servicing.model import PaymentStatus
from kuanxin.settings import read_settings
from kuanxin.store import book_writer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from kuanxin.book.fields import Reading
    from kuanxin.book.form import Book
    from kuanxin.servicing.model import Loan, Payment
    from kuanxin.servicing.policy import Policy


@dataclass(frozen=True)
class ImportResult:
    """What was written. `replaced` is the kind of the book that made way, None where none did."""

    kind: str
    borrowers: int
    loans: int
    instalments: int
    payments: int
    arrangements: int
    replaced: str | None = None


def import_book(
    engine: Engine,
    data: dict[str, Any] | Source,
    now: datetime,
    *,
    policy: Policy | None = None,
    replace: bool = False,
    name: str = "book",
) -> ImportResult:
    """Writes a book (the data of a YAML file, or a `reader.Source`) as of `now`, Asia/Shanghai.

    A demo or test book takes the place of another; real data are added to real data; real data take the place of a demo
    or test book only with `replace`; nothing ever takes the place of real data. `policy` decides about `arrangements`
    (the project's own by default).

    Raises ImportRefused with all problems, after which nothing is written.
    """
    source = data if isinstance(data, Source) else Source(data, name)
    book, reading = read_book(source, now)
    loans = arrange(book.loans, book.wishes, policy or _own_policy()) if book.wishes else book.loans
    if reading.problems:
        raise ImportRefused(reading.problems)
    with engine.begin() as connection:
        stands = book_writer.standing(
            connection,
            {borrower.id for borrower in book.borrowers},
            {loan.id for loan in book.loans} | {loan_id for loan_id, _ in book.arrived},
            {payment.id for loan in book.loans for payment in loan.payments}
            | {payment.id for _, payment in book.arrived},
        )
        replaced = stands.kind if _makes_way(book, stands, reading, replace) else None
        if replaced:
            stands = book_writer.NOTHING
            book_writer.clear(connection)
        _check_against(book, stands, reading)
        if reading.problems:  # leaves the transaction, which takes the clearing back
            raise ImportRefused(reading.problems)
        if stands.kind is None:
            book_writer.settle_kind(connection, book.kind, book.now, now)
        _write(connection, book, loans, stands)
    return ImportResult(
        kind=book.kind,
        borrowers=len(book.borrowers),
        loans=len(loans),
        instalments=sum(len(loan.instalments) for loan in loans),
        payments=sum(len(loan.payments) for loan in loans) + len(book.arrived),
        arrangements=len(book.wishes),
        replaced=replaced,
    )


def _own_policy() -> Policy:
    from kuanxin.bootstrap import read_policy  # an import without arrangements needs none of it

    return read_policy(read_settings().policy_file)


def _makes_way(book: Book, stands: book_writer.Standing, reading: Reading, replace: bool) -> bool:
    """Whether the standing book is removed. Notes a problem where it is in the way and may not be."""
    if stands.kind is None or stands.kind == book.kind == "real":
        return False
    if stands.kind == "real":
        remedy = "Use another database (KUANXIN_VAR or KUANXIN_DATABASE_URL)."
        reading.note(("kind",), f"is {book.kind}, but the database holds real data", remedy)
        return False
    if book.kind == "real" and not replace:
        remedy = "Import with --replace to remove that book, or use another database (KUANXIN_VAR)."
        reading.note(("kind",), f"is real, but a {stands.kind} book stands in the database", remedy)
        return False
    return bool(book.borrowers)  # payments alone are added to the book that stands


def _check_against(book: Book, stands: book_writer.Standing, reading: Reading) -> None:
    """Problems with what the book holds already: ids in use, references to nothing, payments that changed."""
    for borrower in book.borrowers:
        if stands.borrowers.get(borrower.id, borrower) != borrower:
            at = (*book.at["borrower", borrower.id], "id")
            remedy = "Give the name and phone that stand there, or another id."
            reading.note(at, f"{borrower.id} stands in the book with another name or phone", remedy)
    for loan in book.loans:
        if loan.id in stands.loans:
            at = (*book.at["loan", loan.id], "id")
            remedy = "Leave the loan out; its new payments go under payments at the top."
            reading.note(at, f"{loan.id} stands in the book already", remedy)
        for payment in loan.payments:
            if payment.id in stands.payments and loan.id not in stands.loans:
                at = (*book.at["payment", payment.id], "id")
                reading.note(at, f"{payment.id} stands in the book already", "Give each payment its own id.")
    loans = stands.loans | {loan.id for loan in book.loans}
    for loan_id, payment in book.arrived:
        at = book.at["payment", payment.id]
        if loan_id not in loans:
            reading.note((*at, "loan"), f"{loan_id} stands neither in the book nor in this import", "Correct the id.")
        elif payment.id in stands.payments and not _is_next_state(stands.payments[payment.id], loan_id, payment):
            remedy = "A payment only goes from pending to posted or failed; write any other as a new one."
            reading.note((*at, "id"), f"{payment.id} stands in the book in another way", remedy)


def _is_next_state(stands: tuple[str, int, str], loan_id: str, payment: Payment) -> bool:
    same = stands[:2] == (loan_id, payment.amount)
    return same and stands[2] in (payment.status.value, PaymentStatus.PENDING.value)


def _write(connection: Connection, book: Book, loans: list[Loan], stands: book_writer.Standing) -> None:
    book_writer.add(connection, [who for who in book.borrowers if who.id not in stands.borrowers], loans)
    news = [
        (loan_id, payment)
        for loan_id, payment in book.arrived
        if payment.id not in stands.payments or stands.payments[payment.id][2] != payment.status.value
    ]
    book_writer.post(connection, news, known=stands.payments)
