"""Interest and penalty interest, against exact fractions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.interest import interest, interest_on_parts, penalty, penalty_extra
from kuanxin.servicing.model import DayBasis, Rounding, Terms
from kuanxin.servicing.money import round_fen, yuan
from tests.servicing.strategies import days, principals
from tests.servicing.strategies import terms as some_terms

D = date.fromisoformat
WLD = Terms(annual_rate=Decimal("0.18"))  # 0.05 % a day on 360 days


def stated(exact: Decimal) -> str:
    return yuan(round_fen(exact, Rounding.HALF_UP))


@pytest.mark.parametrize(
    ("principal", "from_", "to", "expected"),
    [
        (1_000_000, "2026-11-01", "2026-11-02", "5.00"),
        (1_000_000, "2026-11-01", "2026-12-01", "150.00"),
        (900_000, "2026-12-01", "2026-12-02", "4.50"),
        (1_000_000, "2026-11-01", "2026-11-01", "0.00"),
        (66_667, "2026-12-01", "2027-01-01", "10.33"),
    ],
)
def test_interest_at_five_hundredths_of_a_percent_a_day(principal: int, from_: str, to: str, expected: str) -> None:
    assert stated(interest(principal, WLD, D(from_), D(to))) == expected


@given(principals, st.integers(0, 3_000), st.integers(0, 360_000), days)
def test_interest_is_exact(principal: int, length: int, rate: int, start: date) -> None:
    end = start + timedelta(days=length)
    terms = Terms(annual_rate=Decimal(rate).scaleb(-6))
    exact = Fraction(principal * rate * length, 360 * 10**6)
    assert abs(Fraction(interest(principal, terms, start, end)) - exact) < Fraction(1, 10**15)


@given(principals, some_terms, days, st.integers(0, 800), st.integers(0, 100), st.integers(0, 10**6))
def test_more_days_or_more_principal_never_cost_less(
    principal: int, terms: Terms, start: date, length: int, longer: int, more: int
) -> None:
    end = start + timedelta(days=length)
    assert interest(principal, terms, start, end) <= interest(principal + more, terms, start, end)
    assert interest(principal, terms, start, end) <= interest(principal, terms, start, end + timedelta(days=longer))


@given(principals, some_terms, days, st.integers(1, 90), st.integers(-10, 90), st.integers(0, 40))
def test_a_pause_never_costs_and_a_full_one_frees_all(
    principal: int, terms: Terms, start: date, length: int, after: int, pause: int
) -> None:
    end = start + timedelta(days=length)
    since = start + timedelta(days=after)
    paused = interest(principal, terms, start, end, free=[(since, since + timedelta(days=pause))])
    assert 0 <= paused <= interest(principal, terms, start, end) + Decimal("1e-20")
    assert interest(principal, terms, start, end, free=[(start, end)]) == 0


def test_days_of_a_month_of_thirty_are_shares_of_it() -> None:
    terms = Terms(annual_rate=Decimal("0.07"), day_basis=DayBasis.THIRTY_360)
    paused = interest(8_357, terms, D("2024-02-01"), D("2024-03-01"), free=[(D("2024-02-04"), D("2024-02-10"))])
    assert stated(paused) == "0.39"  # 83.57 x 7 % / 12 x 23 of 29 days


def test_a_payment_within_the_period_saves_from_its_day() -> None:
    start, paid, end = D("2026-11-01"), D("2026-11-11"), D("2026-12-01")
    parts = [(1_000_000, (start, paid)), (400_000, (paid, end))]
    assert stated(interest_on_parts(parts, WLD, (start, end))) == "90.00"  # 10 days on 10,000 and 20 days on 4,000


@pytest.mark.parametrize(
    ("as_of", "overdue", "extra"),
    [
        ("2026-11-20", "0.00", "0.00"),  # the due date itself
        ("2026-11-21", "0.75", "0.25"),
        ("2026-11-23", "2.25", "0.75"),
        ("2026-11-10", "0.00", "0.00"),  # not yet due
    ],
)
def test_penalty_interest_on_1000_yuan(as_of: str, overdue: str, extra: str) -> None:
    assert stated(penalty(100_000, WLD, D("2026-11-20"), D(as_of))) == overdue
    assert stated(penalty_extra(100_000, WLD, D("2026-11-20"), D(as_of))) == extra


@pytest.mark.parametrize(("days_late", "expected"), [(3, "0.00"), (4, "3.00")])
def test_grace_days_are_free_only_when_kept(days_late: int, expected: str) -> None:
    due = D("2026-11-20")
    exact = penalty(100_000, replace(WLD, grace_days=3), due, due + timedelta(days=days_late))
    assert stated(exact) == expected


@pytest.mark.parametrize(
    ("basis", "expected"), [(DayBasis.ACT_360, "8.37"), (DayBasis.THIRTY_360, "8.37"), (DayBasis.ACT_365, "8.26")]
)
def test_a_delay_is_counted_in_days_on_every_basis(basis: DayBasis, expected: str) -> None:
    terms = Terms(annual_rate=Decimal("0.0648"), day_basis=basis)
    assert stated(penalty(100_000, terms, D("2026-01-01"), D("2026-02-01"))) == expected


@given(principals, some_terms, days, st.integers(0, 2_000), st.integers(0, 30))
def test_penalty_interest_never_falls(principal: int, terms: Terms, due: date, late: int, later: int) -> None:
    at = due + timedelta(days=late)
    today, then = penalty(principal, terms, due, at), penalty(principal, terms, due, at + timedelta(days=later))
    assert 0 <= today <= then
    assert penalty_extra(principal, terms, due, at) <= today


@given(principals, some_terms, days, st.integers(0, 1_000))
def test_penalty_interest_bears_none_itself(principal: int, terms: Terms, due: date, late: int) -> None:
    """Twice the days of one year, twice the penalty: it grows in a line."""
    terms = replace(terms, day_basis=DayBasis.ACT_365, grace_days=0, holidays_grace=False)  # in which it stays at zero
    once = penalty(principal, terms, due, due + timedelta(days=late))
    twice = penalty(principal, terms, due, due + timedelta(days=2 * late))
    assert abs(twice - 2 * once) < Decimal("1e-18")
