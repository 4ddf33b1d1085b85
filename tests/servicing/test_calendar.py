"""Days: month ends, days counted, fractions of a year, working days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kuanxin.servicing.calendar import (
    Every,
    add_months,
    days_between,
    days_of_grace,
    months_and_days,
    months_and_days_back,
    next_working_day,
    share_of_year,
    without,
    year_fraction,
)
from kuanxin.servicing.model import DayBasis, Terms
from tests.servicing.strategies import bases, days

D = date.fromisoformat


def test_month_ends_keep_their_day() -> None:
    due = [add_months(D("2024-01-31"), n, anchor_day=31) for n in range(5)]
    assert [str(d) for d in due] == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]


def test_without_the_anchor_a_short_month_would_stick() -> None:
    assert add_months(D("2023-02-28"), 1) == D("2023-03-28")
    assert add_months(D("2023-02-28"), 1, anchor_day=31) == D("2023-03-31")


@given(days, st.integers(-120, 120), st.integers(1, 31))
def test_months_are_whole_months(d: date, months: int, anchor: int) -> None:
    found = add_months(d, months, anchor)
    assert (found.year - d.year) * 12 + found.month - d.month == months
    assert found.day == anchor or ((found + timedelta(days=1)).day == 1 and found.day < anchor)


@pytest.mark.parametrize("anchor", [32, -1])
def test_no_such_day(anchor: int) -> None:
    with pytest.raises(ValueError, match="no day"):
        add_months(D("2024-01-01"), 1, anchor)


@pytest.mark.parametrize(
    ("every", "third"), [(Every(), "2024-04-30"), (Every(months=2), "2024-07-31"), (Every(0, 15), "2024-03-16")]
)
def test_how_far_due_dates_are_apart(every: Every, third: str) -> None:
    assert every.after(D("2024-01-31"), 3, anchor_day=31) == D(third)


def test_the_first_day_counts_the_last_does_not() -> None:
    assert days_between(D("2026-11-20"), D("2026-11-23")) == 3
    assert days_between(D("2024-02-28"), D("2024-03-01")) == 2


ACT_365, ACT_360, THIRTY = DayBasis.ACT_365, DayBasis.ACT_360, DayBasis.THIRTY_360
ACT_ACT, LAST_DAY = DayBasis.ACT_ACT, DayBasis.ACT_ACT_LAST_DAY


@pytest.mark.parametrize(
    ("start", "end", "basis", "expected"),
    [
        ("2024-01-01", "2024-02-01", ACT_360, Fraction(31, 360)),
        ("2024-01-01", "2024-02-01", ACT_365, Fraction(31, 365)),
        ("2024-01-01", "2024-02-01", THIRTY, Fraction(1, 12)),
        ("2024-01-01", "2024-02-18", THIRTY, Fraction(1, 12) + Fraction(17, 29) / 12),
        ("2024-02-01", "2024-04-15", THIRTY, Fraction(2, 12) + Fraction(14, 30) / 12),
        ("2024-01-01", "2024-02-01", ACT_ACT, Fraction(31, 366)),
        # 20 of the days begin in 2023, 19 of them end in it
        ("2023-12-12", "2024-01-12", ACT_ACT, Fraction(20, 365) + Fraction(11, 366)),
        ("2023-12-12", "2024-01-12", LAST_DAY, Fraction(19, 365) + Fraction(12, 366)),
        ("2023-12-31", "2026-01-01", ACT_ACT, Fraction(1, 365) + 1 + Fraction(365, 365)),
        ("2024-05-05", "2024-05-05", THIRTY, Fraction(0)),
    ],
)
def test_shares_of_a_year(start: str, end: str, basis: DayBasis, expected: Fraction) -> None:
    assert abs(Fraction(year_fraction(D(start), D(end), basis)) - expected) < Fraction(1, 10**35)


def test_a_month_of_a_schedule_on_the_31st_is_a_month() -> None:
    start, end = D("2023-02-28"), D("2023-03-31")
    assert year_fraction(start, end, THIRTY, anchor_day=31) == year_fraction(D("2023-01-01"), D("2023-02-01"), THIRTY)
    assert months_and_days(start, end)[:2] == (1, 3)
    assert months_and_days(start, end, 31)[:2] == (1, 0)


def test_a_period_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        year_fraction(D("2024-02-01"), D("2024-01-31"), ACT_360)


@given(days, days, days, bases)
def test_more_days_are_never_a_smaller_share(a: date, b: date, c: date, basis: DayBasis) -> None:
    start, middle, end = sorted((a, b, c))
    assert year_fraction(start, middle, basis) <= year_fraction(start, end, basis)


@given(days, days, days, st.sampled_from([ACT_360, ACT_365, ACT_ACT, LAST_DAY]))
def test_actual_days_add_up(a: date, b: date, c: date, basis: DayBasis) -> None:
    start, middle, end = sorted((a, b, c))
    parts = year_fraction(start, middle, basis) + year_fraction(middle, end, basis)
    assert abs(parts - year_fraction(start, end, basis)) < Decimal("1e-25")


@given(days, st.integers(1, 400), st.data(), bases)
def test_the_parts_of_a_period_are_the_period(start: date, length: int, data: st.DataObject, basis: DayBasis) -> None:
    end = start + timedelta(days=length)
    cut = start + timedelta(days=data.draw(st.integers(0, length)))
    parts = sum(share_of_year((start, end), part, basis) for part in ((start, cut), (cut, end)))
    assert abs(parts - year_fraction(start, end, basis)) < Decimal("1e-25")


@given(days, st.integers(1, 100), st.lists(st.tuples(st.integers(-20, 120), st.integers(-20, 120)), max_size=4))
def test_what_is_left_after_cutting(start: date, length: int, cuts: list[tuple[int, int]]) -> None:
    def at(n: int) -> date:
        return start + timedelta(days=n)

    free = [(at(a), at(b)) for a, b in cuts if a < b]
    left = without((at(0), at(length)), free)
    kept = {d for since, until in left for d in (since + timedelta(days=n) for n in range((until - since).days))}
    assert kept == {at(n) for n in range(length) if not any(since <= at(n) < until for since, until in free)}


@given(days, days)
def test_whole_months_counted_back(a: date, b: date) -> None:
    start, end = sorted((a, b))
    months, rest = months_and_days_back(start, end)
    assert add_months(end, -months) - timedelta(days=rest) == start
    assert add_months(end, -months - 1) < start
    assert 0 <= rest <= 31


NEW_YEAR = frozenset({D("2027-01-01")})


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-11-20", "2026-11-20"), ("2026-11-21", "2026-11-23"), ("2027-01-01", "2027-01-04")],
)
def test_working_days(day: str, expected: str) -> None:
    assert next_working_day(D(day), NEW_YEAR) == D(expected)


@given(days, st.sets(days, max_size=3))
def test_a_working_day_is_the_nearest_one(d: date, holidays: set[date]) -> None:
    assume(len(holidays) < 4)
    found = next_working_day(d, frozenset(holidays))
    assert found.weekday() < 5
    assert found not in holidays
    between = (d + timedelta(days=n) for n in range((found - d).days))
    assert all(day.weekday() >= 5 or day in holidays for day in between)


@pytest.mark.parametrize(
    ("due", "grace_days", "until"),
    [
        ("2026-10-03", 0, "2026-10-08"),  # in the National Day week
        ("2026-10-10", 0, "2026-10-10"),  # a Saturday that was declared a working day
        ("2026-11-28", 0, "2026-11-30"),  # a weekend
        ("2026-11-25", 3, "2026-11-30"),  # the grace days end on it
        ("2026-12-31", 1, "2027-01-04"),  # over a turn of the year
        ("2026-11-24", 0, "2026-11-24"),
    ],
)
def test_a_term_that_ends_on_no_working_day_runs_to_the_next(due: str, grace_days: int, until: str) -> None:
    terms = Terms(Decimal("0.18"), grace_days=grace_days, holidays_grace=True)
    assert D(due) + timedelta(days=days_of_grace(terms, D(due))) == D(until)
    assert days_of_grace(replace(terms, holidays_grace=False), D(due)) == grace_days
