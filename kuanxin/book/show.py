"""Prints what a borrower owes now, the schedule, payments and the arrangement, for the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kuanxin.servicing.money import yuan
from kuanxin.servicing.state import state_of

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from rich.console import Console

    from kuanxin.servicing.model import Amounts, Loan
    from kuanxin.servicing.position import LiveRow, Position
    from kuanxin.servicing.service import Servicing
    from kuanxin.servicing.status import Status


class NobodyThere(Exception):
    """The book has no such borrower."""


def show(servicing: Servicing, borrower_id: str, now: datetime, console: Console) -> None:
    """Raises NobodyThere, BookUnavailable."""
    borrower = servicing.book.borrower(borrower_id)
    if borrower is None:
        raise NobodyThere(f"The book has no borrower {borrower_id}.")
    console.print(Text(f"{borrower.id} {borrower.name} {borrower.phone}".rstrip(), style="bold"))
    console.print(f"as of {now:%Y-%m-%d %H:%M} (Asia/Shanghai), amounts in yuan", highlight=False)
    for status in servicing.statuses(borrower_id, now):
        _show_loan(status, console)


def _show_loan(status: Status, console: Console) -> None:
    loan = status.loan
    terms = loan.terms
    head = (
        f"{loan.product} {yuan(loan.principal)} lent on {loan.disbursed_on}, {terms.method.value}, "
        f"{_percent(terms.annual_rate)} a year ({terms.day_basis.value})"
    )
    console.print(Panel(Text(f"{head}\n{_state(status)}"), title=loan.id, title_align="left"))
    if not status.settled:
        console.print(_owed(status))
    console.print(_schedule(status))
    if loan.payments:
        console.print(_payments(loan))


def _state(status: Status) -> str:
    if status.settled:
        return "settled"
    parts = [f"{status.days_past_due} days past due, since {status.overdue_since}"] if status.days_past_due else []
    if status.next_due:
        parts.append(f"next: {yuan(status.next_open.total)} on {status.next_due.due_date}")
    if status.penalty_per_day:
        parts.append(f"one more day adds {yuan(status.penalty_per_day)}")
    if status.arrangement:
        made = status.arrangement
        parts.append(f"{made.kind.value} of {made.agreed_at:%Y-%m-%d}: {made.state.value}")
    parts.append(f"automatic deduction {'on' if status.loan.autopay else 'off'}")
    return "; ".join(parts)


def _owed(status: Status) -> Table:
    table = _table("owed", "principal", "interest", "penalty", "fees", "total")
    table.add_row("due", *_amounts(status.due))
    table.add_row("all that is open", *_amounts(status.outstanding))
    return table


def _schedule(status: Status) -> Table:
    """The rows in force, arrangements included; of rows that an arrangement replaced, what was paid on them."""
    position = state_of(status.loan, status.as_of).position
    lines = [(row.number, row.due_date, *_line(row, position)) for row in position.rows]
    lines += [(row.number, row.due_date, *_amounts(row.paid), "", "replaced") for row in position.kept]
    table = _table("row", "due", "principal", "interest", "penalty", "fees", "total", "open", "state")
    for number, due, *cells in sorted(lines, key=lambda line: (line[1], line[0])):
        table.add_row(str(number), str(due), *cells)
    return table


def _line(row: LiveRow, position: Position) -> tuple[str, ...]:
    still_open = position.open(row, position.day)
    late = (position.day - row.due_date).days
    state = "paid" if not still_open.total else f"{late} days late" if late > 0 else "open"
    return (*_amounts(still_open + row.paid), yuan(still_open.total) if still_open.total else "", state)


def _payments(loan: Loan) -> Table:
    table = _table("payment", "at", "amount", "status", "by")
    for payment in loan.payments:
        how = f"{payment.method} {payment.failure}".strip()
        table.add_row(payment.id, f"{payment.paid_at:%Y-%m-%d %H:%M}", yuan(payment.amount), payment.status.value, how)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    words = {columns[0], "due", "at", "state", "status", "by"}
    for column in columns:
        table.add_column(column, justify="left" if column in words else "right", no_wrap=True)
    return table


def _amounts(amounts: Amounts) -> tuple[str, ...]:
    return tuple(
        yuan(fen) for fen in (amounts.principal, amounts.interest, amounts.penalty, amounts.fees, amounts.total)
    )


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"
