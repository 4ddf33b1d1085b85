"""What becomes of a schedule when it is changed: dates move, rows are added, old rows keep what was paid on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kuanxin.servicing.calendar import MONTHLY, Every
from kuanxin.servicing.model import Amounts, Fen, Instalment, Method, Rounding, Terms
from kuanxin.servicing.money import split_evenly
from kuanxin.servicing.quotes import Row
from kuanxin.servicing.schedule import due_dates, generate_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    Interval = tuple[date, date]


def change_rows(
    rows: Sequence[Instalment],
    terms: Terms,
    disbursed_on: date,
    from_due: date,
    *,
    move_to: date | None = None,
    extra_rows: int = 0,
    interest_only: int = 0,
    every: Every = MONTHLY,
) -> tuple[Instalment, ...]:
    """The schedule with the first row due on or after `from_due` and all later ones changed; earlier rows stay.

    - `move_to`: that row is due on this day, the later ones follow it at their interval. The instalment (or the
      principal of each row) stays as agreed; interest follows the days, so the last row absorbs what a longer period
      costs.
    - `extra_rows`: what remains is spread over so many rows more. `interest_only`: so many rows without principal come
      first, and the schedule grows by them.

    Raises ValueError where no row is due then, or where the new day is not after the row before.
    """
    first = next((index for index, row in enumerate(rows) if row.due_date >= from_due), None)
    if first is None:
        raise ValueError(f"no row is due on or after {from_due}")
    kept, old = rows[:first], rows[first:]
    start = kept[-1].due_date if kept else disbursed_on
    first_due = move_to or old[0].due_date
    spread_anew = extra_rows > 0 or interest_only > 0
    count = len(old) + extra_rows + interest_only
    if move_to or spread_anew:
        # the longest day among the rows is the anchor: a schedule on the 31st that starts in February stays on the 31st
        anchor = move_to.day if move_to else max(row.due_date.day for row in rows)
        dates = due_dates(first_due, count, anchor_day=anchor, every=every)
    else:
        anchor, dates = first_due.day, tuple(row.due_date for row in old)
    agreed = _Agreed(interest_only=interest_only) if spread_anew else _as_agreed(old, terms)
    changed = generate_on(
        sum(row.principal for row in old),
        terms,
        start,
        dates,
        anchor_day=anchor,
        instalment=agreed.instalment,
        shares=agreed.shares,
        interest_only=agreed.interest_only,
    )
    return (*kept, *(replace(row, number=row.number + len(kept)) for row in changed))


def pause_interest(
    rows: Sequence[Instalment],
    terms: Terms,
    disbursed_on: date,
    free: Sequence[Interval],
    *,
    anchor_day: int | None = None,
) -> tuple[Instalment, ...]:
    """The schedule when the intervals [from, to) bear no interest: dates and instalment stay, the last row shrinks."""
    agreed = _as_agreed(rows, terms)
    return generate_on(
        sum(row.principal for row in rows),
        terms,
        disbursed_on,
        [row.due_date for row in rows],
        anchor_day=anchor_day or max(row.due_date.day for row in rows),
        instalment=agreed.instalment,
        shares=agreed.shares,
        interest_only=agreed.interest_only,
        free=free,
    )


def spread(
    owed: Amounts, dates: Sequence[date], rounding: Rounding, *, multiple: Fen = 1, first_number: int = 1
) -> tuple[Row, ...]:
    """What is owed, each component split evenly over new rows; nothing is added. The last row takes each remainder."""
    principal, interest, penalty, fees = (
        split_evenly(fen, len(dates), rounding, multiple)
        for fen in (owed.principal, owed.interest, owed.penalty, owed.fees)
    )
    return tuple(
        Row(first_number + n, due, Amounts(principal[n], interest[n], penalty[n], fees[n]))
        for n, due in enumerate(dates)
    )


def keep_paid(row: Instalment, paid: Amounts) -> tuple[Instalment, Amounts]:
    """A row closed at what was paid on it, and what was still open on it: that is what moves into new rows."""
    still_open = Amounts(row.principal, row.interest, paid.penalty, row.fees) - paid
    return replace(row, principal=paid.principal, interest=paid.interest, fees=paid.fees), still_open


@dataclass(frozen=True)
class _Agreed:
    """What of a schedule stays when only its days change."""

    instalment: Fen | None = None
    shares: Sequence[Fen] | None = None
    interest_only: int = 0


def _as_agreed(rows: Sequence[Instalment], terms: Terms) -> _Agreed:
    if terms.method is Method.EQUAL_PRINCIPAL:
        return _Agreed(shares=[row.principal for row in rows])
    resting = next((index for index, row in enumerate(rows) if row.principal), 0)
    return _Agreed(instalment=rows[resting].principal + rows[resting].interest, interest_only=resting)
