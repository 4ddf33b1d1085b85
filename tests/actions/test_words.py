from datetime import date

import pytest

from actions.cards import difference
from actions.words import day, day_of_year, money


@pytest.mark.parametrize(
    ("fen", "written"),
    [(0, "0.00元"), (5, "0.05元"), (91378, "913.78元"), (123456789, "1234567.89元"), (-250, "-2.50元")],
)
def test_money_is_exact_and_can_be_copied(fen: int, written: str) -> None:
    assert money(fen) == written


def test_a_day_has_its_weekday_and_another_year_its_number() -> None:
    assert day(date(2026, 11, 28)) == "11月28日（周六）"
    assert day_of_year(date(2026, 11, 28), date(2026, 11, 23)) == "11月28日（周六）"
    assert day_of_year(date(2027, 1, 4), date(2026, 11, 23)) == "2027年1月4日（周一）"


@pytest.mark.parametrize(("fen", "written"), [(0, "一样多"), (120, "多1.20元"), (-120, "少1.20元")])
def test_a_difference_says_which_way(fen: int, written: str) -> None:
    assert difference(fen) == written
