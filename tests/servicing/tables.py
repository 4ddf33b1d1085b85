"""Schedules as a loan officer reads them: what goes in on top, the rows below."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from kuanxin.servicing.money import yuan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.servicing.model import Instalment


def table(rows: Sequence[Instalment]) -> str:
    """One line a row: number, due date, principal, interest, due, balance after it."""
    balance = sum(row.principal for row in rows)
    lines = []
    for row in rows:
        balance -= row.principal
        money = (row.principal, row.interest, row.principal + row.interest + row.fees, balance)
        lines.append(" ".join([f"{row.number:>2}", row.due_date.isoformat(), *(f"{yuan(fen):>10}" for fen in money)]))
    return "\n".join(lines)


def rows(text: str) -> str:
    """The table that a test expects, written with any indentation and a heading line."""
    _, *lines = dedent(text).strip("\n").splitlines()
    return "\n".join(" ".join(line.split()) for line in lines)


def squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines())
