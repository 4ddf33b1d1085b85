"""Random contracts for properties. Sizes are those of consumer loans; odd values are kept on purpose."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st

from kuanxin.servicing.model import Amounts, DayBasis, Method, Rounding, Terms


def examples(every_day: int) -> int:
    """How many examples a property gets: so many every day, more under a profile that looks further."""
    return every_day * settings().max_examples // settings.get_profile("default").max_examples


days = st.dates(date(2020, 1, 1), date(2031, 12, 31))
principals = st.integers(1, 50_000_000)
roundings = st.sampled_from(Rounding)
bases = st.sampled_from(DayBasis)
row_counts = st.integers(1, 60)

terms = st.builds(
    Terms,
    annual_rate=st.integers(0, 36_0000).map(lambda n: Decimal(n).scaleb(-6)),
    method=st.sampled_from(Method),
    day_basis=bases,
    rounding=roundings,
    penalty_uplift=st.integers(0, 50).map(lambda n: Decimal(n).scaleb(-2)),
    grace_days=st.integers(0, 5),
    holidays_grace=st.booleans(),
    settlement_fee_rate=st.sampled_from([Decimal(0), Decimal("0.01")]),
)

amounts = st.builds(
    Amounts,
    principal=st.integers(0, 1_000_000),
    interest=st.integers(0, 50_000),
    penalty=st.integers(0, 5_000),
    fees=st.integers(0, 3_000),
)
