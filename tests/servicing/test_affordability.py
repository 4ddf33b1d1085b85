"""What somebody can pay, and when."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest

from kuanxin.servicing.affordability import Budget, due_day_after
from kuanxin.servicing.calendar import on_day


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(), None),
        (Budget(comfortable=50_000), 50_000),
        (Budget(income=600_000, essentials=400_000, other_debts=120_000), 80_000),
        (Budget(comfortable=100_000, income=600_000, essentials=400_000, other_debts=120_000), 80_000),
        (Budget(comfortable=50_000, income=600_000, essentials=400_000, other_debts=120_000), 50_000),
        (Budget(comfortable=50_000, income=300_000, essentials=400_000), 0),
        (Budget(essentials=400_000), None),
    ],
)
def test_the_limit_is_the_lower_of_what_is_stated_and_what_income_leaves(budget: Budget, limit: int | None) -> None:
    assert budget.limit == limit


@pytest.mark.parametrize(("payday", "due_day"), [(1, 3), (10, 12), (15, 17), (26, 28), (27, 1), (28, 2), (31, 2)])
def test_payments_are_due_after_payday(payday: int, due_day: int) -> None:
    assert due_day_after(payday) == due_day


@pytest.mark.parametrize("payday", range(1, 32))
def test_the_due_day_is_two_days_after_payday_or_later_in_every_month(payday: int) -> None:
    """Wages due on a day that a month does not have are paid on its last day."""
    for month in range(1, 13):
        paid = on_day(2027, month, payday)
        due = paid
        while due == paid or due.day != due_day_after(payday):
            due += timedelta(days=1)
        assert 2 <= (due - paid).days <= 6, f"paid {paid}, due {due}"
        assert due_day_after(payday) <= min(monthrange(2027, m)[1] for m in range(1, 13))
        assert due > date(2026, 12, 31)


@pytest.mark.parametrize("payday", [0, 32, -1])
def test_a_day_that_no_month_has(payday: int) -> None:
    with pytest.raises(ValueError, match="no day"):
        due_day_after(payday)
