"""What a loan costs a year."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.apr import UnitPeriod, actuarial_apr, apr, compounded
from kuanxin.servicing.model import Fen, Terms
from kuanxin.servicing.schedule import generate
from tests.servicing.strategies import days

D = date.fromisoformat
ONE_YEAR = [(D("2025-01-01"), 100_000)]


@pytest.mark.parametrize(
    ("paid_on", "paid", "expected"),
    [
        ("2026-01-01", 112_000, "0.12"),  # 365 days
        ("2027-01-01", 121_000, "0.1"),  # 10 % twice: it compounds
        ("2026-01-01", 100_000, "0"),
        ("2026-01-01", 90_000, "-0.1"),
    ],
)
def test_one_payment(paid_on: str, paid: Fen, expected: str) -> None:
    assert apr([*ONE_YEAR, (D(paid_on), -paid)]) == Decimal(expected)


def test_of_the_default_product() -> None:
    """0.05 % a day is 18 % a year by the day; what it really costs, compounded, is 19.86 %."""
    rows = generate(1_000_000, Terms(Decimal("0.18")), D("2026-08-20"), 10, D("2026-09-20"))
    cost = apr([(D("2026-08-20"), 1_000_000), *((row.due_date, -(row.principal + row.interest)) for row in rows)])
    assert cost is not None
    assert round(cost, 4) == Decimal("0.1986")


def test_a_fee_counts() -> None:
    loan = [(D("2025-01-01"), 100_000), (D("2026-01-01"), -112_000)]
    assert apr([*loan, (D("2025-01-01"), -2_000)]) == Decimal("0.14285714")  # 112 for 98


@pytest.mark.parametrize(
    "flows",
    [
        [],
        [(D("2025-01-01"), 100)],
        [(D("2025-01-01"), -100)],
        [(D("2025-01-01"), 100), (D("2025-01-01"), -100)],
        [(D("2025-01-01"), 100), (D("2025-01-02"), -1_000_000)],
    ],
    ids=["none", "only received", "only paid", "all on one day", "beyond a million"],
)
def test_no_rate_explains_it(flows: list[tuple[date, Fen]]) -> None:
    assert apr(flows) is None


payments = st.lists(st.tuples(st.integers(1, 1_800), st.integers(1, 10_000_000)), min_size=1, max_size=60)


@given(st.integers(1, 100_000_000), days, payments)
def test_the_rate_makes_payments_worth_what_was_received(
    received: Fen, start: date, paid: list[tuple[int, Fen]]
) -> None:
    flows = [(start, received), *((start + timedelta(days=n), -fen) for n, fen in paid)]
    rate = apr(flows)
    if rate is None or rate < Decimal("-0.5") or rate > 10:
        return
    growth = 1 + float(rate)
    worth = sum(fen / growth ** (n / 365) for n, fen in paid)
    slack = sum(fen / growth ** (n / 365) * n / 365 / growth for n, fen in paid) * 1e-8  # 8 decimals of the rate
    assert worth == pytest.approx(received, abs=slack + 1e-6 * received)


@given(st.integers(1, 100_000_000), days, payments)
def test_paying_more_costs_more(received: Fen, start: date, paid: list[tuple[int, Fen]]) -> None:
    flows = [(start, received), *((start + timedelta(days=n), -fen) for n, fen in paid)]
    dearer = [*flows, (start + timedelta(days=paid[0][0]), -1_000)]
    rate, more = apr(flows), apr(dearer)
    assert rate is None or more is None or more >= rate


@given(st.integers(1, 100_000_000), days, payments)
def test_the_order_of_the_flows_does_not_matter(received: Fen, start: date, paid: list[tuple[int, Fen]]) -> None:
    flows = [(start, received), *((start + timedelta(days=n), -fen) for n, fen in paid)]
    assert apr(flows) == apr(flows[::-1])


# --- 12 CFR 1026, Appendix J


@pytest.mark.parametrize(
    ("amount", "advanced", "first", "unit", "count", "payment", "expected"),
    [
        ("5000", "1978-01-10", "1978-02-10", UnitPeriod.MONTHLY, 24, "230.00", "9.69"),
        ("6000", "1978-02-10", "1978-04-01", UnitPeriod.MONTHLY, 36, "200.00", "11.82"),
        ("5000", "1978-02-23", "1978-03-01", UnitPeriod.SEMIMONTHLY, 24, "219.17", "10.34"),
        ("10000", "1978-05-23", "1978-10-01", UnitPeriod.QUARTERLY, 40, "385.00", "8.97"),
        ("500", "1978-03-20", "1978-04-21", UnitPeriod.WEEKLY, 30, "17.60", "14.96"),
    ],
)
def test_examples_of_the_regulation(
    amount: str, advanced: str, first: str, unit: UnitPeriod, count: int, payment: str, expected: str
) -> None:
    def fen(text: str) -> Fen:
        return int(Decimal(text) * 100)

    paid = [(day, fen(payment)) for day in unit.dates(D(first), count)]
    rate = actuarial_apr([(D(advanced), fen(amount))], paid, unit)
    assert round(rate * 100, 2) == Decimal(expected)


@pytest.mark.parametrize(
    ("term_end", "paid", "expected"),
    [
        ("1978-09-13", 108_000, "11.45"),  # 255 days: 8 % x 365 / 255
        ("1978-07-01", 104_400, "8.80"),  # six months: 4.4 % x 12 / 6
        ("1980-01-01", 121_000, "10.00"),  # two years compound
    ],
)
def test_a_single_payment(term_end: str, paid: Fen, expected: str) -> None:
    rate = actuarial_apr([(D("1978-01-01"), 100_000)], [(D(term_end), paid)])
    assert round(rate * 100, 2) == Decimal(expected)


def test_several_payments_need_a_unit() -> None:
    with pytest.raises(ValueError, match="need a unit-period"):
        actuarial_apr([(D("1978-01-01"), 100)], [(D("1978-02-01"), 60), (D("1978-03-01"), 60)])


@pytest.mark.parametrize(
    ("unit", "first", "dates"),
    [
        (UnitPeriod.SEMIMONTHLY, "1978-02-15", "02-15 03-02 03-15"),
        (UnitPeriod.SEMIMONTHLY, "1978-02-16", "02-16 03-01 03-16"),
        (UnitPeriod.BIWEEKLY, "1978-02-15", "02-15 03-01 03-15"),
        (UnitPeriod.QUARTERLY, "1978-01-31", "01-31 04-30 07-31"),
    ],
)
def test_regular_payment_days(unit: UnitPeriod, first: str, dates: str) -> None:
    assert " ".join(f"{day:%m-%d}" for day in unit.dates(D(first), 3)) == dates


@given(st.integers(1_000, 10_000_000), st.integers(1, 60), st.integers(1, 100))
def test_a_monthly_annuity_has_its_own_rate(principal: Fen, count: int, monthly_permille: int) -> None:
    """Payments computed from a rate give that rate back, within what rounding to fen can move."""
    i = monthly_permille / 1000
    level = principal * i / (1 - (1 + i) ** -count)
    rounded = round(level)
    start = D("2024-01-15")
    paid = [(day, rounded) for day in UnitPeriod.MONTHLY.dates(D("2024-02-15"), count)]
    rate = float(actuarial_apr([(start, principal)], paid, UnitPeriod.MONTHLY)) / 12

    def level_at(r: float) -> float:
        return principal * r / (1 - (1 + r) ** -count) if r else principal / count

    assert level_at(rate) == pytest.approx(rounded, rel=1e-5, abs=1e-3)


@pytest.mark.parametrize(
    ("nominal", "per_year", "effective"), [("0.12", 12, "0.12682503"), ("0.18", 365, "0.19716424"), ("0.10", 1, "0.10")]
)
def test_a_nominal_rate_compounded(nominal: str, per_year: int, effective: str) -> None:
    assert compounded(Decimal(nominal), per_year) == Decimal(effective)
