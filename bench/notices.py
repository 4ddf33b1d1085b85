"""Planning notices over the whole book, beside the reading of the same rows alone and the status of the same loans.

What is compared is processor seconds of one core.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import psutil
from rich.progress import Progress
from sqlalchemy import insert

from bench.document import Figures
from bench.engine import NOW, loan_number
from kuanxin.bootstrap import read_catalogue
from kuanxin.notices.planner import Planner
from kuanxin.operate.model import ROOT
from kuanxin.servicing.status import status_of
from kuanxin.servicing.wire import terms_to_json
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.outbox import Outbox
from kuanxin.store.portfolio import portfolio
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.tables_book import book_settings, borrowers, instalments, loans, payments

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 10_000)
FULL = (10_000, 100_000, 1_000_000)
LOT = 2_000  # loans written at a time


@dataclass(frozen=True)
class _Taken:
    """Processor seconds over all loans; bytes held beyond the start."""

    reading: float
    statuses: float
    planning: float
    notices: int
    memory: int


def measure(*, full: bool) -> list[Figures]:
    """Books of ever more loans on SQLite, each planned by a process of its own."""
    rows = []
    for size in FULL if full else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'book.db'}"
            _fill(url, size)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                taken = pool.apply(_plan, (url,))
        beside = taken.reading + taken.statuses
        rows.append(
            (
                f"{size:,}",
                f"{size / taken.reading:,.0f}",
                f"{size / beside:,.0f}",
                f"{size / taken.planning:,.0f}",
                f"{taken.planning / beside:.2f}",
                f"{taken.planning:,.1f}",
                f"{taken.notices:,}",
                f"{taken.memory / 2**20:.0f}",
            )
        )
    header = (
        "loans",
        "loans/s: read alone",
        "read and status",
        "planned",
        "planned / read and status, time",
        "planning all, s",
        "notices",
        "memory, MB",
    )
    return [Figures(header, rows)]


def _fill(url: str, size: int) -> None:
    """One borrower for each loan; the loans are those of the section on the rules."""
    engine = make_engine(url)
    migrate(engine)
    with engine.begin() as connection, Progress() as progress:
        task = progress.add_task(f"a book of {size:,} loans", total=size)
        connection.execute(insert(book_settings), {"id": 1, "kind": "test", "imported_at": NOW})
        for start in range(0, size, LOT):
            made = [loan_number(n) for n in range(start, min(start + LOT, size))]
            people = [
                {"id": loan.borrower_id, "name": "演示", "phone": f"138{n:08}"} for n, loan in enumerate(made, start)
            ]
            connection.execute(insert(borrowers), people)
            connection.execute(
                insert(loans),
                [
                    {
                        "id": loan.id,
                        "borrower_id": loan.borrower_id,
                        "product": loan.product,
                        "principal": loan.principal,
                        "disbursed_on": loan.disbursed_on,
                        "terms": json.dumps(terms_to_json(loan.terms)),
                    }
                    for loan in made
                ],
            )
            rows = [
                {
                    "loan_id": loan.id,
                    "number": row.number,
                    "due_date": row.due_date,
                    "principal": row.principal,
                    "interest": row.interest,
                }
                for loan in made
                for row in loan.instalments
            ]
            connection.execute(insert(instalments), rows)
            paid = [
                {
                    "id": f"{loan.id}-{p.id}",
                    "loan_id": loan.id,
                    "amount": p.amount,
                    "paid_at": p.paid_at,
                    "status": "posted",
                }
                for loan in made
                for p in loan.payments
            ]
            connection.execute(insert(payments), paid)
            progress.update(task, completed=start + len(made))
    engine.dispose()


def _plan(url: str) -> _Taken:
    """Lot by lot: read, ask each loan for its status, plan; so that a busy machine slows all three alike."""
    engine = make_engine(url)
    planner = Planner(Outbox(engine, "bench"), SqlLoanBook(engine), read_catalogue(ROOT / "notices.yml"))
    process, lots = psutil.Process(), portfolio(engine)
    before, most, notices = process.memory_info().rss, 0, 0
    reading = statuses = planning = 0.0
    while True:
        seconds, lot = _timed(lambda: next(lots, None))
        reading += seconds
        if lot is None:
            break
        seconds, _ = _timed(lambda lot=lot: [status_of(loan, NOW) for of_one in lot.values() for loan in of_one])
        statuses += seconds
        seconds, plan = _timed(lambda lot=lot: planner.plan([lot], NOW))
        planning += seconds
        notices += sum(plan.new.values())
        most = max(most, process.memory_info().rss - before)
    engine.dispose()
    return _Taken(reading, statuses, reading + planning, notices, most)


def _timed(do: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of doing it, and what came of it."""
    began = process_time()
    done = do()
    return process_time() - began, done
