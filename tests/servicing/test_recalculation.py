"""Interest that follows what was really outstanding."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.model import Amounts, DayBasis, Fen, Instalment, Method, Rounding, Terms
from kuanxin.servicing.recalculation import SettlementInterest, recalculate, settlement
from kuanxin.servicing.schedule import generate
from tests.servicing.strategies import days, principals
from tests.servicing.strategies import terms as some_terms
from tests.servicing.tables import rows, squeezed, table

D = date.fromisoformat
LENT = D("2024-01-01")
TERMS = Terms(Decimal("0.07"), Method.EQUAL_INSTALMENT, DayBasis.THIRTY_360, Rounding.HALF_EVEN)
SIX = generate(10_000, TERMS, LENT, 6, D("2024-02-01"))
PAID_ONCE = [(D("2024-02-01"), 1_701)]


def test_nothing_is_paid() -> None:
    """100.00 at 7 %: each month bears interest on everything, the last row absorbs it. No interest on interest."""
    state = recalculate(SIX, TERMS, LENT, [], D("2024-07-15"))
    assert squeezed(table(state.rows)) == rows(
        """
        nr due        principal interest    due balance
         1 2024-02-01     16.43     0.58  17.01   83.57
         2 2024-03-01     16.43     0.58  17.01   67.14
         3 2024-04-01     16.43     0.58  17.01   50.71
         4 2024-05-01     16.43     0.58  17.01   34.28
         5 2024-06-01     16.43     0.58  17.01   17.85
         6 2024-07-01     17.85     0.58  18.43    0.00
        """
    )


def test_a_row_paid_two_weeks_late() -> None:
    """The second row, due 1 March, is paid on 15 March: 14 of April's row's 31 days bear interest on it."""
    late = [*PAID_ONCE, (D("2024-03-15"), 1_701)]
    state = recalculate(SIX, TERMS, LENT, late, D("2024-03-20"))
    assert state.rows[2].interest == 43  # 0.58 % of 83.57 for 14 days and of 67.05 for 17
    assert (state.principal_open, state.interest_open) == (10_000 - 1_643 - 1_652, 0)


def test_paid_in_advance_saves_at_once() -> None:
    """30 yuan on 16 January: the interest earned so far, then principal of the coming rows."""
    state = recalculate(SIX, TERMS, LENT, [(D("2024-01-16"), 3_000)], D("2024-01-16"))
    assert state.interest_paid == 28  # 15 of 31 days on 100.00
    assert state.principal_open == 10_000 - 2_972
    assert state.rows[0].interest == 49  # 28 and 16 days on 70.28
    assert sum(row.interest for row in state.rows) < sum(row.interest for row in SIX)


@pytest.mark.parametrize(
    ("as_of", "payable", "to_come"),
    [
        ("2024-02-01", 0, 147),  # nothing earned since the payment; 1.47 as planned
        ("2024-03-01", 49, 147),
        ("2024-03-15", 71, 151),  # 0.49 due and 0.22 earned since
    ],
)
def test_interest_earned_and_interest_to_come(as_of: str, payable: Fen, to_come: Fen) -> None:
    state = recalculate(SIX, TERMS, LENT, PAID_ONCE, D(as_of))
    assert (state.interest_payable, state.interest_to_come) == (payable, to_come)


@pytest.mark.parametrize(
    ("rule", "interest"), [(SettlementInterest.TO_THE_DAY, 24), (SettlementInterest.TO_THE_DUE_DATE, 49)]
)
def test_settled_on_15_february(rule: SettlementInterest, interest: Fen) -> None:
    owed = settlement(SIX, TERMS, LENT, PAID_ONCE, D("2024-02-15"), rule)
    assert owed == Amounts(principal=8_357, interest=interest)


def test_a_settlement_fee_of_the_contract() -> None:
    owed = settlement(SIX, replace(TERMS, settlement_fee_rate=Decimal("0.01")), LENT, [], D("2024-01-16"))
    assert owed == Amounts(principal=10_000, interest=28, fees=100)


def test_a_payment_after_the_day_is_not_known_yet() -> None:
    later = [*PAID_ONCE, (D("2024-03-02"), 1_701)]
    assert recalculate(SIX, TERMS, LENT, later, D("2024-03-01")) == recalculate(
        SIX, TERMS, LENT, PAID_ONCE, D("2024-03-01")
    )


# --- properties


@st.composite
def histories(draw: st.DrawFn) -> tuple[Terms, date, tuple[Instalment, ...], list[tuple[date, Fen]], date]:
    principal, terms, start = draw(principals), draw(some_terms), draw(days)
    schedule = generate(principal, terms, start, draw(st.integers(1, 12)), add_months(start, 1), anchor_day=start.day)
    paid = draw(st.lists(st.tuples(st.integers(0, 450), st.integers(1, principal)), max_size=6))
    payments = [(start + timedelta(days=n), fen) for n, fen in paid]
    return terms, start, schedule, payments, start + timedelta(days=draw(st.integers(0, 450)))


@given(histories())
def test_money_is_neither_made_nor_lost(
    case: tuple[Terms, date, tuple[Instalment, ...], list[tuple[date, Fen]], date],
) -> None:
    terms, start, schedule, payments, as_of = case
    state = recalculate(schedule, terms, start, payments, as_of, anchor_day=start.day)
    principal = sum(row.principal for row in schedule)
    arrived = sum(fen for day, fen in payments if day <= as_of)
    assert sum(row.principal for row in state.rows) == principal
    assert state.interest_paid + (principal - state.principal_open) <= arrived
    if state.principal_open or state.interest_payable:
        assert state.interest_paid + (principal - state.principal_open) == arrived
    assert min(state.principal_open, state.interest_open, state.interest_accrued, state.interest_to_come) >= 0
    assert all(row.principal >= 0 and row.interest >= 0 for row in state.rows)


@given(histories())
def test_paid_as_agreed_it_is_the_schedule_as_agreed(
    case: tuple[Terms, date, tuple[Instalment, ...], list[tuple[date, Fen]], date],
) -> None:
    terms, start, schedule, _, as_of = case
    on_time = [(row.due_date, row.principal + row.interest) for row in schedule if row.due_date <= as_of]
    state = recalculate(schedule, terms, start, on_time, as_of, anchor_day=start.day)
    assert state.rows == schedule
    assert state.interest_open == 0


@given(histories())
def test_nothing_paid_costs_simple_interest_on_everything(
    case: tuple[Terms, date, tuple[Instalment, ...], list[tuple[date, Fen]], date],
) -> None:
    """However long: the contract rate on the principal for each period, no interest on interest."""
    terms, start, schedule, _, _ = case
    terms = replace(terms, day_basis=DayBasis.ACT_365)
    principal = sum(row.principal for row in schedule)
    end = schedule[-1].due_date
    state = recalculate(schedule, terms, start, [], end + timedelta(days=99), anchor_day=start.day)
    exact = Fraction(principal) * Fraction(terms.annual_rate) * (end - start).days / 365
    assert abs(state.interest_open - exact) <= Fraction(len(schedule), 2)
    assert state.principal_open == principal


@given(histories())
def test_what_settles_a_loan_settles_it(
    case: tuple[Terms, date, tuple[Instalment, ...], list[tuple[date, Fen]], date],
) -> None:
    terms, start, schedule, payments, on = case
    owed = settlement(schedule, terms, start, payments, on, anchor_day=start.day)
    known = [payment for payment in payments if payment[0] <= on]
    paid = [*known, (on, owed.principal + owed.interest)]
    after = recalculate(schedule, terms, start, paid, on + timedelta(days=1), anchor_day=start.day)
    assert (after.principal_open, after.interest_open) == (0, 0)
    whole = settlement(schedule, terms, start, payments, on, SettlementInterest.TO_THE_DUE_DATE, anchor_day=start.day)
    assert whole.interest >= owed.interest
