"""Where a payment goes."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.allocation import allocate, allocate_named
from kuanxin.servicing.model import Allocation, Amounts, Component
from tests.servicing.strategies import amounts

FEES, PENALTY, INTEREST, PRINCIPAL = Component
BY_ROW, BY_COMPONENT = Allocation.BY_INSTALMENT, Allocation.BY_COMPONENT
CONTRACT = (FEES, PENALTY, INTEREST, PRINCIPAL)

# two rows overdue: 500.00 principal, 30.00 interest, 4.50 penalty; the older with a fee of 20.00
OLDER = Amounts(principal=50_000, interest=3_000, penalty=450, fees=2_000)
NEWER = Amounts(principal=50_000, interest=3_000, penalty=450)


@pytest.mark.parametrize(
    ("payment", "direction", "older", "newer", "left"),
    [
        # all of the oldest row before anything of the next
        (56_000, BY_ROW, OLDER, Amounts(penalty=450, interest=100), 0),
        (2_100, BY_ROW, Amounts(fees=2_000, penalty=100), Amounts(), 0),
        # all fees, then all penalties, then all interest, then principal
        (3_000, BY_COMPONENT, Amounts(fees=2_000, penalty=450, interest=100), Amounts(penalty=450), 0),
        (8_900, BY_COMPONENT, Amounts(0, 3_000, 450, 2_000), Amounts(0, 3_000, 450), 0),
        (10_000, BY_COMPONENT, Amounts(1_100, 3_000, 450, 2_000), Amounts(0, 3_000, 450), 0),
        # more than everything
        (200_000, BY_ROW, OLDER, NEWER, 91_100),
        (0, BY_ROW, Amounts(), Amounts(), 0),
    ],
)
def test_order_and_direction(payment: int, direction: Allocation, older: Amounts, newer: Amounts, left: int) -> None:
    assert allocate(payment, [OLDER, NEWER], CONTRACT, direction) == ((older, newer), left)


def test_principal_first_where_the_contract_says_so() -> None:
    paid, _ = allocate(50_100, [OLDER], (PRINCIPAL, INTEREST, PENALTY, FEES), BY_ROW)
    assert paid == (Amounts(principal=50_000, interest=100),)


def test_the_payer_names_the_parts() -> None:
    named = Amounts(principal=60_000, interest=4_000, penalty=1_000)
    paid, unused = allocate_named(named, [OLDER, NEWER])
    assert paid == (Amounts(50_000, 3_000, 450), Amounts(10_000, 1_000, 450))
    assert unused == Amounts(penalty=100)


@pytest.mark.parametrize(("payment", "rows"), [(-1, [OLDER]), (1, [Amounts(principal=-1)])])
def test_negative_amounts_are_refused(payment: int, rows: list[Amounts]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        allocate(payment, rows, CONTRACT, BY_ROW)


orders = st.sampled_from(list(permutations(Component)))
some_rows = st.lists(amounts, max_size=8)
directions = st.sampled_from(Allocation)


@given(st.integers(0, 5_000_000), some_rows, orders, directions)
def test_nothing_is_lost_and_nothing_overpaid(
    payment: int, rows: list[Amounts], order: tuple[Component, ...], direction: Allocation
) -> None:
    paid, left = allocate(payment, rows, order, direction)
    assert sum(part.total for part in paid) + left == payment
    assert len(paid) == len(rows)
    for part, row in zip(paid, rows, strict=True):
        assert all(0 <= getattr(part, c.value) <= getattr(row, c.value) for c in Component)
    if left:
        assert list(paid) == rows


@given(st.integers(0, 5_000_000), some_rows, orders, directions)
def test_nothing_is_touched_before_what_comes_first_is_full(
    payment: int, rows: list[Amounts], order: tuple[Component, ...], direction: Allocation
) -> None:
    paid, _ = allocate(payment, rows, order, direction)
    by_row = [(n, c) for n in range(len(rows)) for c in order]
    by_component = [(n, c) for c in order for n in range(len(rows))]
    cells = [
        (getattr(paid[n], c.value), getattr(rows[n], c.value))
        for n, c in (by_row if direction is BY_ROW else by_component)
    ]
    first_short = next((i for i, (got, owed) in enumerate(cells) if got < owed), len(cells))
    assert not any(got for got, _ in cells[first_short + 1 :])


@given(st.integers(0, 5_000_000), st.integers(0, 5_000_000), some_rows, orders, directions)
def test_twice_in_part_is_once_in_full(
    one: int, other: int, rows: list[Amounts], order: tuple[Component, ...], direction: Allocation
) -> None:
    first, left_of_first = allocate(one, rows, order, direction)
    then, _ = allocate(left_of_first + other, [r - p for r, p in zip(rows, first, strict=True)], order, direction)
    at_once, _ = allocate(one + other, rows, order, direction)
    assert tuple(a + b for a, b in zip(first, then, strict=True)) == at_once


@given(amounts, some_rows)
def test_named_parts_go_nowhere_else(named: Amounts, rows: list[Amounts]) -> None:
    paid, unused = allocate_named(named, rows)
    assert sum(paid, Amounts()) + unused == named
    assert min(vars(unused).values()) >= 0
