"""Changed schedules: dates moved, rows added, interest paused, what is owed spread over new rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.changes import change_rows, keep_paid, pause_interest, spread
from kuanxin.servicing.model import Amounts, DayBasis, Fen, Instalment, Method, Rounding, Terms
from kuanxin.servicing.schedule import due_dates, generate
from tests.servicing.strategies import amounts, days, principals, roundings
from tests.servicing.strategies import terms as some_terms
from tests.servicing.tables import rows, squeezed, table

D = date.fromisoformat
WLD = Terms(annual_rate=Decimal("0.18"))
LENT = D("2026-08-20")
FIVE = generate(1_000_000, WLD, LENT, 5, D("2026-09-20"))


def test_a_due_date_moves_and_the_later_ones_follow() -> None:
    """10,000 yuan in 5 rows; the third moves from 20 November to 5 December: its interest follows the days."""
    moved = change_rows(FIVE, WLD, LENT, D("2026-11-20"), move_to=D("2026-12-05"))
    assert squeezed(table(moved)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-09-20      2000.00     155.00    2155.00    8000.00
         2 2026-10-20      2000.00     120.00    2120.00    6000.00
         3 2026-12-05      2000.00     138.00    2138.00    4000.00
         4 2027-01-05      2000.00      62.00    2062.00    2000.00
         5 2027-02-05      2000.00      31.00    2031.00       0.00
        """
    )


def test_two_rows_more() -> None:
    """From the fourth row on, 4,000 yuan over four rows instead of two."""
    longer = change_rows(FIVE, WLD, LENT, D("2026-12-20"), extra_rows=2)
    assert squeezed(table(longer)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-09-20      2000.00     155.00    2155.00    8000.00
         2 2026-10-20      2000.00     120.00    2120.00    6000.00
         3 2026-11-20      2000.00      93.00    2093.00    4000.00
         4 2026-12-20      1000.00      60.00    1060.00    3000.00
         5 2027-01-20      1000.00      46.50    1046.50    2000.00
         6 2027-02-20      1000.00      31.00    1031.00    1000.00
         7 2027-03-20      1000.00      14.00    1014.00       0.00
        """
    )


def test_a_row_of_rest() -> None:
    """The fourth row pays interest only; the schedule is a row longer."""
    rested = change_rows(FIVE, WLD, LENT, D("2026-12-20"), interest_only=1)
    assert [(str(row.due_date), row.principal, row.interest) for row in rested[3:]] == [
        ("2026-12-20", 0, 6_000),
        ("2027-01-20", 200_000, 6_200),
        ("2027-02-20", 200_000, 3_100),
    ]


def test_an_interest_pause_of_ten_days() -> None:
    """No interest from 1 to 10 October, both days included: the second row is 40 yuan smaller, nothing else moves."""
    paused = pause_interest(FIVE, WLD, LENT, [(D("2026-10-01"), D("2026-10-11"))])
    assert [row.interest for row in paused] == [15_500, 8_000, 9_300, 6_000, 3_100]
    assert [row.principal for row in paused] == [row.principal for row in FIVE]


def test_a_schedule_on_the_31st_stays_there() -> None:
    from_january = generate(300_000, WLD, D("2026-01-31"), 3, D("2026-02-28"), anchor_day=31)
    longer = change_rows(from_january, WLD, D("2026-01-31"), D("2026-02-28"), extra_rows=2)
    assert [str(row.due_date) for row in longer] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
    ]


def test_rows_of_interest_only_stay_so_when_their_date_moves() -> None:
    level = replace(WLD, method=Method.EQUAL_INSTALMENT, day_basis=DayBasis.THIRTY_360)
    agreed = generate(300_000, level, D("2026-01-01"), 5, D("2026-02-01"), interest_only=2)
    moved = change_rows(agreed, level, D("2026-01-01"), D("2026-02-01"), move_to=D("2026-02-10"))
    assert [row.principal for row in moved[:2]] == [0, 0]
    assert {row.principal + row.interest for row in moved[2:4]} == {agreed[2].principal + agreed[2].interest}


def test_what_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="no row is due"):
        change_rows(FIVE, WLD, LENT, D("2027-02-01"), extra_rows=1)
    with pytest.raises(ValueError, match="must rise"):
        change_rows(FIVE, WLD, LENT, D("2026-11-20"), move_to=D("2026-10-20"))


def test_arrears_with_every_component_over_three_rows() -> None:
    """1000.00 principal, 31.00 interest, 4.55 penalty interest, 2.00 fees."""
    owed = Amounts(principal=100_000, interest=3_100, penalty=455, fees=200)
    spread_over = spread(owed, due_dates(D("2026-12-20"), 3), Rounding.HALF_UP, first_number=6)
    assert [(row.number, str(row.due_date), row.amounts) for row in spread_over] == [
        (6, "2026-12-20", Amounts(33_333, 1_033, 152, 67)),
        (7, "2027-01-20", Amounts(33_333, 1_033, 152, 67)),
        (8, "2027-02-20", Amounts(33_334, 1_034, 151, 66)),
    ]


def test_an_old_row_keeps_what_was_paid_on_it() -> None:
    row = Instalment(2, D("2026-10-20"), 200_000, 12_000, 500)
    kept, still_open = keep_paid(row, Amounts(principal=30_000, interest=12_000, fees=500))
    assert kept == Instalment(2, D("2026-10-20"), 30_000, 12_000, 500)
    assert still_open == Amounts(principal=170_000)


# --- properties


@given(amounts, st.integers(1, 60), roundings, st.sampled_from([1, 100]))
def test_spreading_loses_and_adds_nothing(owed: Amounts, count: int, mode: Rounding, multiple: Fen) -> None:
    over = spread(owed, due_dates(D("2026-12-20"), count), mode, multiple=multiple)
    assert sum((row.amounts for row in over), Amounts()) == owed
    assert all(min(vars(row.amounts).values()) >= 0 for row in over)


@st.composite
def agreed(draw: st.DrawFn) -> tuple[Terms, date, tuple[Instalment, ...], int]:
    principal, terms, start = draw(principals), draw(some_terms), draw(days)
    count = draw(st.integers(1, 24))
    made = generate(principal, terms, start, count, add_months(start, 1), anchor_day=start.day)
    return terms, start, made, draw(st.integers(0, count - 1))


@given(agreed(), st.integers(1, 90), st.integers(0, 6), st.integers(0, 3))
def test_a_change_keeps_earlier_rows_and_all_principal(
    case: tuple[Terms, date, tuple[Instalment, ...], int], later: int, extra: int, rest: int
) -> None:
    terms, start, before, index = case
    move_to = before[index].due_date + timedelta(days=later)
    after = change_rows(
        before, terms, start, before[index].due_date, move_to=move_to, extra_rows=extra, interest_only=rest
    )
    assert after[:index] == before[:index]
    assert len(after) == len(before) + extra + rest
    assert sum(row.principal for row in after) == sum(row.principal for row in before)
    assert all(row.principal >= 0 and row.interest >= 0 for row in after)
    assert after[index].due_date == move_to
    assert [row.number for row in after] == list(range(1, len(after) + 1))


@given(agreed())
def test_moving_to_the_same_day_changes_nothing(case: tuple[Terms, date, tuple[Instalment, ...], int]) -> None:
    terms, start, before, index = case
    if before[index].due_date.day != start.day:  # a short month: moving there makes it the new due day
        return
    same = change_rows(before, terms, start, before[index].due_date, move_to=before[index].due_date)
    assert same == before


@given(agreed(), st.integers(0, 800), st.integers(1, 60))
def test_a_pause_only_saves(case: tuple[Terms, date, tuple[Instalment, ...], int], after: int, length: int) -> None:
    terms, start, before, _ = case
    since = start + timedelta(days=after)
    paused = pause_interest(before, terms, start, [(since, since + timedelta(days=length))], anchor_day=start.day)
    assert sum(row.principal for row in paused) == sum(row.principal for row in before)
    assert sum(row.interest for row in paused) <= sum(row.interest for row in before)
    assert [row.due_date for row in paused] == [row.due_date for row in before]
    unpaused = pause_interest(before, terms, start, [], anchor_day=start.day)
    assert unpaused == before
