"""Numbers that pick a button, and what is only text."""

import pytest

from kuanxin.chat.choice import chosen


@pytest.mark.parametrize(
    ("typed", "index"),
    [("1", 0), ("２", 1), (" 3 ", 2), ("一", 0), ("第二个", 1), ("第3个", 2), ("3.", 2), ("三、", 2), ("第一项", 0)],
)
def test_a_bare_number_picks(typed, index):
    assert chosen(typed, 3) == index


@pytest.mark.parametrize(
    "typed", ["4", "0", "500", "1号", "2期", "3000元", "一个月", "十五", "11", "", "好", "1 2", "-1"]
)
def test_everything_else_is_said(typed):
    assert chosen(typed, 3) is None
