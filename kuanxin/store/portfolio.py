"""The whole loan book, borrower by borrower, in lots: memory stays the same however many loans there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from kuanxin.store.engine import reading
from kuanxin.store.sql_book import read_loans
from kuanxin.store.tables_book import borrowers, loans
from kuanxin.store.tables_conversations import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from kuanxin.servicing.model import Loan
    from kuanxin.servicing.ports import LoanBook

LOT = 500  # borrowers


def portfolio(engine: Engine, lot: int = LOT) -> Iterator[dict[str, list[Loan]]]:
    """Lots of borrowers with their loans, by id. Each lot is one consistent reading; no reading stays open between."""
    after = ""
    while found := lot_after(engine, after, lot):
        yield found
        after = next(reversed(found))


def lot_after(engine: Engine, after: str, lot: int) -> dict[str, list[Loan]]:
    """The next borrowers in the order of ids, with their loans; empty at the end."""
    with reading(engine) as connection:
        ids = list(
            connection.execute(
                select(borrowers.c.id).where(borrowers.c.id > after).order_by(borrowers.c.id).limit(lot)
            ).scalars()
        )
        found = read_loans(connection, loans.c.borrower_id.in_(ids)) if ids else ()
    of: dict[str, list[Loan]] = {one: [] for one in ids}
    for loan in found:
        of[loan.borrower_id].append(loan)
    return of


def known_borrowers(engine: Engine, book: LoanBook, lot: int = LOT) -> Iterator[dict[str, list[Loan]]]:
    """Where the bank's own system cannot be gone through: the borrowers who ever signed in to a conversation."""
    after = ""
    while True:
        with reading(engine) as connection:
            ids = list(
                connection.execute(
                    select(conversations.c.borrower_id)
                    .where(conversations.c.borrower_id > after)
                    .distinct()
                    .order_by(conversations.c.borrower_id)
                    .limit(lot)
                ).scalars()
            )
        if not ids:
            return
        yield {one: list(book.loans_of(one)) for one in ids}
        after = ids[-1]


def borrower_count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(borrowers)).scalar_one())
