"""Schedules: what goes in on top, the rows below."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.calendar import Every, add_months
from kuanxin.servicing.model import DayBasis, Fen, Instalment, Method, Rounding, Terms
from kuanxin.servicing.schedule import annuity, due_dates, generate, generate_levelled, generate_on
from tests.servicing.strategies import days, principals, row_counts
from tests.servicing.strategies import terms as some_terms
from tests.servicing.tables import rows, squeezed, table

D = date.fromisoformat
WLD = Terms(annual_rate=Decimal("0.18"))
LEVEL = Terms(Decimal("0.12"), Method.EQUAL_INSTALMENT, DayBasis.THIRTY_360, Rounding.HALF_EVEN)


def test_equal_principal_at_a_daily_rate() -> None:
    """10,000 yuan, 5 rows, 0.05 % a day on actual days, lent on 20 August."""
    schedule = generate(1_000_000, WLD, D("2026-08-20"), 5, D("2026-09-20"))
    assert squeezed(table(schedule)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-09-20      2000.00     155.00    2155.00    8000.00
         2 2026-10-20      2000.00     120.00    2120.00    6000.00
         3 2026-11-20      2000.00      93.00    2093.00    4000.00
         4 2026-12-20      2000.00      60.00    2060.00    2000.00
         5 2027-01-20      2000.00      31.00    2031.00       0.00
        """
    )


def test_the_last_row_takes_what_does_not_divide() -> None:
    """1,000 yuan, 3 rows, lent on 31 January: the due day is the last of each month."""
    schedule = generate(100_000, WLD, D("2026-01-31"), 3, D("2026-02-28"), anchor_day=31)
    assert squeezed(table(schedule)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-02-28       333.33      14.00     347.33     666.67
         2 2026-03-31       333.33      10.33     343.66     333.34
         3 2026-04-30       333.34       5.00     338.34       0.00
        """
    )


def test_equal_instalments() -> None:
    """10,000 yuan, 6 rows, 12 % a year, every month a twelfth."""
    schedule = generate(1_000_000, LEVEL, D("2026-08-20"), 6, D("2026-09-20"))
    assert squeezed(table(schedule)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-09-20      1625.48     100.00    1725.48    8374.52
         2 2026-10-20      1641.73      83.75    1725.48    6732.79
         3 2026-11-20      1658.15      67.33    1725.48    5074.64
         4 2026-12-20      1674.73      50.75    1725.48    3399.91
         5 2027-01-20      1691.48      34.00    1725.48    1708.43
         6 2027-02-20      1708.43      17.08    1725.51       0.00
        """
    )


def test_interest_first_principal_later() -> None:
    """3,000 yuan, 4 rows, the first two of interest only (先息后本)."""
    schedule = generate(300_000, WLD, D("2026-06-01"), 4, D("2026-07-01"), interest_only=2)
    assert squeezed(table(schedule)) == rows(
        """
        nr due           principal   interest        due    balance
         1 2026-07-01         0.00      45.00      45.00    3000.00
         2 2026-08-01         0.00      46.50      46.50    3000.00
         3 2026-09-01      1500.00      46.50    1546.50    1500.00
         4 2026-10-01      1500.00      22.50    1522.50       0.00
        """
    )


@pytest.mark.parametrize(
    ("mode", "interest_of_first", "interest_of_second"),
    # 625 yuan at 0.05 % a day: 10 days are 3.125 yuan; 312.50 yuan for 2 days are 0.3125
    [(Rounding.HALF_UP, 313, 31), (Rounding.HALF_EVEN, 312, 31)],
)
def test_a_tie_in_the_interest_shows_the_mode(mode: Rounding, interest_of_first: Fen, interest_of_second: Fen) -> None:
    dates = [D("2026-01-11"), D("2026-01-13")]
    schedule = generate_on(62_500, replace(WLD, rounding=mode), D("2026-01-01"), dates)
    assert [row.interest for row in schedule] == [interest_of_first, interest_of_second]


@pytest.mark.parametrize(("mode", "first"), [(Rounding.HALF_UP, 63), (Rounding.HALF_EVEN, 62)])
def test_a_tie_in_the_principal_shows_the_mode(mode: Rounding, first: Fen) -> None:
    free = Terms(Decimal(0), rounding=mode)
    schedule = generate(250, free, D("2026-01-01"), 4, D("2026-02-01"))
    assert [row.principal for row in schedule] == [first, first, first, 250 - 3 * first]


def test_a_given_instalment_is_kept_and_the_last_row_absorbs() -> None:
    schedule = generate(10_000, LEVEL, D("2024-01-01"), 3, D("2024-02-01"), instalment=3_000)
    assert [row.principal + row.interest for row in schedule] == [3_000, 3_000, 4_213]


def test_an_instalment_below_the_interest_repays_nothing_and_takes_nothing_back() -> None:
    schedule = generate(10_000, LEVEL, D("2024-01-01"), 3, D("2024-02-01"), instalment=50)
    assert [(row.principal, row.interest) for row in schedule] == [(0, 100), (0, 100), (10_000, 100)]


def test_interest_carried_in_is_due_with_the_first_row() -> None:
    """83.57 over six rows from 15 March, 0.71 of interest earned before; nothing is charged on the 0.71."""
    terms = replace(LEVEL, annual_rate=Decimal("0.07"))
    dates = due_dates(D("2024-04-01"), 6)
    schedule = generate_on(8_357, terms, D("2024-03-15"), dates, anchor_day=1, carried=71)
    assert squeezed(table(schedule)) == rows(
        """
        nr due        principal interest    due balance
         1 2024-04-01     13.32     0.98  14.30   70.25
         2 2024-05-01     13.89     0.41  14.30   56.36
         3 2024-06-01     13.97     0.33  14.30   42.39
         4 2024-07-01     14.05     0.25  14.30   28.34
         5 2024-08-01     14.13     0.17  14.30   14.21
         6 2024-09-01     14.21     0.08  14.29    0.00
        """
    )


@given(principals, days, row_counts, st.integers(0, 1_000_000), some_terms)
def test_carried_interest_is_charged_once(principal: Fen, start: date, count: int, carried: Fen, terms: Terms) -> None:
    """With equal principal nothing else changes; the total of any schedule is never below what is owed."""
    dates = due_dates(add_months(start, 1), count, anchor_day=start.day)
    plain = generate_on(principal, terms, start, dates, anchor_day=start.day)
    with_it = generate_on(principal, terms, start, dates, anchor_day=start.day, carried=carried)
    assert sum(row.principal for row in with_it) == principal
    assert with_it[0].interest == plain[0].interest + carried
    if terms.method is Method.EQUAL_PRINCIPAL:
        assert with_it[1:] == plain[1:]


def test_due_dates_every_15_days() -> None:
    dates = due_dates(D("2024-01-31"), 3, every=Every(0, 15))
    assert [str(d) for d in dates] == ["2024-01-31", "2024-02-15", "2024-03-01"]


@pytest.mark.parametrize(
    ("rate", "count", "basis", "level", "last"),
    [
        ("0.123", 5, DayBasis.THIRTY_360, 1547, 1545),  # plain: 15.46 and a last row of 15.49
        ("0.15678", 6, DayBasis.ACT_365, 1743, 1747),  # no other instalment brings 17.47 closer
    ],
)
def test_a_last_row_brought_closer(rate: str, count: int, basis: DayBasis, level: Fen, last: Fen) -> None:
    terms = replace(LEVEL, annual_rate=Decimal(rate), day_basis=basis)
    principal = 7_500 if count == 5 else 10_000
    schedule = generate_levelled(principal, terms, D("2024-01-01"), due_dates(D("2024-02-01"), count), anchor_day=1)
    totals = [row.principal + row.interest for row in schedule]
    assert set(totals[:-1]) == {level}
    assert totals[-1] == last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"principal": -1}, "must not be negative"),
        ({"carried": -1}, "must not be negative"),
        ({"dates": []}, "at least one row must repay"),
        ({"interest_only": 2}, "at least one row must repay"),
        ({"interest_only": -1}, "at least one row must repay"),
        ({"dates": [D("2026-02-01"), D("2026-02-01")]}, "must rise"),
        ({"dates": [D("2026-01-01")]}, "must rise"),
    ],
)
def test_what_is_no_schedule(arguments: dict[str, object], message: str) -> None:
    usual = {"principal": 100, "terms": WLD, "start": D("2026-01-01"), "dates": [D("2026-02-01"), D("2026-03-01")]}
    with pytest.raises(ValueError, match=message):
        generate_on(**{**usual, **arguments})  # type: ignore[arg-type]


def test_no_rows() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        generate(100, WLD, D("2026-01-01"), 0, D("2026-02-01"))


# --- properties


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Fen, Terms, date, tuple[Instalment, ...], int]:
    principal, terms, start, count = draw(principals), draw(some_terms), draw(days), draw(row_counts)
    resting = draw(st.integers(0, count - 1))
    every = draw(st.sampled_from([Every(), Every(2), Every(0, 7), Every(0, 15)]))
    rows_ = generate(
        principal,
        terms,
        start,
        count,
        every.after(start, 1),
        anchor_day=start.day,
        every=every,
        multiple=draw(st.sampled_from([1, 1, 100])),
        interest_only=resting,
    )
    return principal, terms, start, rows_, resting


@given(schedules())
def test_exactly_the_principal_is_repaid_and_nothing_is_negative(
    made: tuple[Fen, Terms, date, tuple[Instalment, ...], int],
) -> None:
    principal, _, _, schedule, resting = made
    assert sum(row.principal for row in schedule) == principal
    assert all(row.principal >= 0 and row.interest >= 0 for row in schedule)
    assert not any(row.principal for row in schedule[:resting])
    assert [row.number for row in schedule] == list(range(1, len(schedule) + 1))


@given(schedules())
def test_each_row_bears_the_interest_of_its_days_on_its_balance(
    made: tuple[Fen, Terms, date, tuple[Instalment, ...], int],
) -> None:
    principal, terms, start, schedule, _ = made
    year = {DayBasis.ACT_360: 360, DayBasis.ACT_365: 365}.get(terms.day_basis)
    balance, since = principal, start
    for row in schedule:
        if year:
            exact = Fraction(balance) * Fraction(terms.annual_rate) * (row.due_date - since).days / year
            assert abs(row.interest - exact) <= Fraction(1, 2)
        balance, since = balance - row.principal, row.due_date


@given(schedules())
def test_interest_falls_with_the_balance(made: tuple[Fen, Terms, date, tuple[Instalment, ...], int]) -> None:
    """Over periods of the same length: later rows never bear more than earlier ones."""
    _, terms, start, schedule, _ = made
    if terms.day_basis in (DayBasis.ACT_ACT, DayBasis.ACT_ACT_LAST_DAY, DayBasis.THIRTY_360):
        return
    lengths = [
        (row.due_date - since).days
        for since, row in zip((start, *(r.due_date for r in schedule)), schedule, strict=False)
    ]
    for length in set(lengths):
        interest = [row.interest for row, n in zip(schedule, lengths, strict=True) if n == length]
        assert interest == sorted(interest, reverse=True)


@given(principals, days, row_counts, st.integers(0, 300_000))
def test_the_annuity_repays_to_a_trillionth(principal: Fen, start: date, count: int, rate: int) -> None:
    """Compounding the unrounded instalment forward leaves nothing."""
    terms = replace(LEVEL, annual_rate=Decimal(rate).scaleb(-6), day_basis=DayBasis.ACT_365)
    dates = [add_months(start, n + 1, start.day) for n in range(count)]
    periods = list(zip((start, *dates), dates, strict=False))
    level = Fraction(annuity(principal, terms, periods))
    balance = Fraction(principal)
    for since, due in periods:
        balance += balance * Fraction(terms.annual_rate) * (due - since).days / 365 - level
    assert abs(balance) < Fraction(1, 10**12)


@given(principals, days, row_counts, st.integers(0, 300_000), st.sampled_from(Rounding))
def test_equal_instalments_are_equal_and_the_last_is_near(
    principal: Fen, start: date, count: int, rate: int, mode: Rounding
) -> None:
    terms = replace(LEVEL, annual_rate=Decimal(rate).scaleb(-6), rounding=mode)
    schedule = generate(principal, terms, start, count, add_months(start, 1), anchor_day=start.day)
    totals = [row.principal + row.interest for row in schedule]
    early = next((n for n, row in enumerate(schedule) if not sum(r.principal for r in schedule[n + 1 :])), count - 1)
    assert len(set(totals[:early])) <= 1
    # half a fen a row in the instalment and half a fen a row of interest, compounded
    growth = (1 + Fraction(terms.annual_rate) / 12) ** count
    assert abs(totals[-1] - totals[0]) <= growth * count + 1 or early < count - 1


@given(principals, days, st.integers(2, 60), st.integers(0, 300_000))
def test_a_levelled_schedule_is_never_less_level(principal: Fen, start: date, count: int, rate: int) -> None:
    terms = replace(LEVEL, annual_rate=Decimal(rate).scaleb(-6))
    dates = due_dates(add_months(start, 1), count, anchor_day=start.day)

    def gap(schedule: tuple[Instalment, ...]) -> Fen:
        totals = [row.principal + row.interest for row in schedule]
        return abs(totals[-1] - totals[0])

    plain = generate_on(principal, terms, start, dates, anchor_day=start.day)
    levelled = generate_levelled(principal, terms, start, dates, anchor_day=start.day)
    assert gap(levelled) <= gap(plain)
    assert sum(row.principal for row in levelled) == principal
