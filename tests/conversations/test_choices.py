"""Numbers that pick a button, and what is only text."""

import pytest

from kuanxin.conversations.choices import chosen


@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ("1", 0),
        ("２", 1),
        ("①", 0),
        ("选2", 1),
        ("我选第二个吧", 1),
        ("（3）", 2),
        ("最后一个", 2),
        ("第一种", 0),
        (" 3 ", 2),
        ("一", 0),
        ("第二个", 1),
        ("第3个", 2),
        ("3.", 2),
        ("三、", 2),
        ("第一项", 0),
    ],
)
def test_a_bare_number_picks(typed, index):
    assert chosen(typed, 3) == index


@pytest.mark.parametrize(
    "typed",
    [
        "4",
        "0",
        "500",
        "1号",
        "2期",
        "3000元",
        "一个月",
        "十五",
        "11",
        "",
        "好",
        "1 2",
        "-1",
        "1.5",
        "500元",
        "1000",
        "第6期",
        "最后",
        "两个月",
        "3天",
        "1-2",
    ],
)
def test_everything_else_is_said(typed):
    assert chosen(typed, 3) is None
