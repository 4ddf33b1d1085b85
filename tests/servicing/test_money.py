"""Fen: rounding, splitting, writing."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.servicing.model import Rounding
from kuanxin.servicing.money import EXACT, parse_yuan, round_fen, split_evenly, yuan
from tests.servicing.strategies import roundings

UP, EVEN = Rounding.HALF_UP, Rounding.HALF_EVEN


@pytest.mark.parametrize(
    ("fen", "half_up", "half_even"),
    [("0.4", 0, 0), ("0.5", 1, 0), ("1.5", 2, 2), ("2.5", 3, 2), ("62.5", 63, 62), ("-2.5", -3, -2), ("2.51", 3, 3)],
)
def test_the_modes_part_only_at_exact_halves(fen: str, half_up: int, half_even: int) -> None:
    assert round_fen(Decimal(fen), UP) == half_up
    assert round_fen(Decimal(fen), EVEN) == half_even


@given(st.integers(-(10**13), 10**13))
def test_a_tie_goes_up_or_to_the_even_neighbour(below: int) -> None:
    tie = Decimal(below) + Decimal("0.5")
    assert round_fen(tie, EVEN) == (below if below % 2 == 0 else below + 1)
    assert round_fen(tie, UP) == (below + 1 if tie > 0 else below)
    for nearby, side in ((Decimal("-1e-9"), below), (Decimal("1e-9"), below + 1)):
        assert round_fen(tie + nearby, UP) == round_fen(tie + nearby, EVEN) == side


@given(st.integers(1, 400), st.integers(0, 10**10), roundings)
def test_a_tie_in_pieces_is_still_a_tie(pieces: int, below: int, mode: Rounding) -> None:
    """Interest adds up from pieces that decimals cannot hold (a third of a fen); their sum may be exactly a half."""
    piece = EXACT.divide(Decimal(2 * below + 1), Decimal(2 * pieces))
    total = Decimal(0)
    for _ in range(pieces):
        total = EXACT.add(total, piece)
    assert round_fen(total, mode) == round_fen(Decimal(below) + Decimal("0.5"), mode)


def test_the_context_of_the_caller_does_not_matter() -> None:
    with localcontext() as context:
        context.prec = 3
        assert round_fen(Decimal("123456789.5"), UP) == 123456790
        assert split_evenly(1_000_000_01, 3, UP) == (33333334, 33333334, 33333333)
    assert getcontext().prec == 28


@pytest.mark.parametrize(
    ("total", "rows", "mode", "multiple", "parts"),
    [
        ("1000.00", 3, EVEN, 1, "333.33 333.33 333.34"),
        ("875.00", 3, EVEN, 1, "291.67 291.67 291.66"),
        ("325.00", 6, EVEN, 100, "54.00 54.00 54.00 54.00 54.00 55.00"),
        ("250.00", 4, EVEN, 100, "62.00 62.00 62.00 64.00"),  # 62.5 to even
        ("250.00", 4, UP, 100, "63.00 63.00 63.00 61.00"),  # 62.5 up
        ("0.05", 10, UP, 1, "0.01 0.01 0.01 0.01 0.01 0.00 0.00 0.00 0.00 0.00"),  # rounded up, used up early
        ("0.04", 10, UP, 1, "0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.04"),
        ("0.00", 2, UP, 1, "0.00 0.00"),
        ("7.00", 1, UP, 1, "7.00"),
    ],
)
def test_splitting(total: str, rows: int, mode: Rounding, multiple: int, parts: str) -> None:
    assert " ".join(yuan(part) for part in split_evenly(parse_yuan(total), rows, mode, multiple)) == parts


@given(st.integers(0, 10**10), st.integers(1, 60), roundings, st.sampled_from([1, 10, 100, 10_000]))
def test_parts_sum_and_are_never_negative(total: int, rows: int, mode: Rounding, multiple: int) -> None:
    parts = split_evenly(total, rows, mode, multiple)
    assert sum(parts) == total
    assert len(parts) == rows
    assert min(parts) >= 0
    assert all(part % multiple == 0 or not any(parts[n + 1 : -1]) for n, part in enumerate(parts[:-1]))


@given(st.integers(0, 10**10), st.integers(1, 60), roundings)
def test_every_row_but_the_last_is_the_rounded_share(total: int, rows: int, mode: Rounding) -> None:
    parts = split_evenly(total, rows, mode)
    assert all(abs(part * rows - total) * 2 <= rows for part in parts[:-1]) or parts[-1] == 0


@pytest.mark.parametrize("wrong", [(-1, 3, 1), (100, 0, 1), (100, 3, 0)])
def test_what_cannot_be_split(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split_evenly(wrong[0], wrong[1], UP, wrong[2])


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456, "1234.56"), (-100_000_000, "-1000000.00")],
)
def test_written_in_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text
    assert parse_yuan(text) == fen


@given(st.integers(-(10**15), 10**15))
def test_what_is_written_is_read_back(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen


@pytest.mark.parametrize(("text", "fen"), [("2300", 230_000), ("12.3", 1_230), (" 0.01 ", 1), ("1,000,000", 10**8)])
def test_read_exactly(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


NOT_AMOUNTS = ["", "1.234", "12,34", "1,23.00", "１００", "abc", "1e3", "NaN", "--1", "1.", ".5", "1 000"]


@pytest.mark.parametrize("text", NOT_AMOUNTS)
def test_not_an_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount in yuan"):
        parse_yuan(text)
