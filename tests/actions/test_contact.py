"""Who asks that their own people hear nothing, and what only sounds like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.contact import family_left_out
from tests.actions.test_base import TURN


@pytest.mark.parametrize(
    "text",
    [
        "我老公不知道这件事 你们别给他打电话",
        "也别打给我爸妈",
        "千万不要让家里知道",
        "不要联系我单位",
        "别跟我领导说",
        "我妈不知情 请不要通知她",
    ],
)
def test_it_is_a_wish(text: str) -> None:
    assert family_left_out(replace(TURN, text=text))


@pytest.mark.parametrize(
    "text",
    [
        "你们打了我爸妈的电话 别再打了",
        "天天打我公司电话 不要打了",
        "烦死了别打我家人电话",
        "别给我发短信了 我老婆会看到",
        "不要给我打电话 我在公司",
        "我是他爸 别打给我",
        "我同事欠的钱 别打到我公司",
        "我想问问怎么还",
    ],
)
def test_a_complaint_a_stop_and_the_words_of_others_are_none(text: str) -> None:
    assert family_left_out(replace(TURN, text=text)) is None
