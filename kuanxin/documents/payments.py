"""The payments that an arrangement is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.model import ReliefKind

if TYPE_CHECKING:
    from kuanxin.servicing.quotes import Arrangement, Row

# one payment was talked about; the other rows of the quote are the contract's and go on as they were
ONE_PAYMENT = (ReliefKind.PROMISE_TO_PAY, ReliefKind.PARTIAL_PAYMENT, ReliefKind.EARLY_SETTLEMENT)


def agreed_payments(arrangement: Arrangement) -> tuple[Row, ...]:
    """In the order of their dates."""
    rows = tuple(sorted(arrangement.quote.rows, key=lambda row: row.due_date))
    return rows[:1] if arrangement.kind in ONE_PAYMENT else rows
