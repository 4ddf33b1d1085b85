"""A message that was sent before the present question answers nothing, whenever it arrives (asserted on the wire)."""

from __future__ import annotations

import time

import pytest

from kuanxin.conversations.timing import LATE
from tests.channels.platform import until

BORROWER = "B005"


@pytest.fixture
def asked(follower):
    """Somebody saw a list of offers first, and now the question whether one of them is agreed to."""
    follower.assistant.behind = None
    follower.begins_as(BORROWER)
    follower.asks("方案", "可以选的方案")
    follower.asks("核对", "请核对方案")
    follower.assistant.has_sent()
    return follower


def agreed(person) -> int:
    parts = person.assistant.parts
    return len(parts.servicing.arrangements(BORROWER, parts.clock.now()))


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_a_number_sent_before_the_offer_agrees_to_nothing_and_the_offer_is_shown_again(asked, seconds):
    """Typed to the list; it comes after the offer. In the offer's own second nobody can have read it."""
    offer, before = asked.texts[-1], len(asked.texts)
    asked.says("1", created=int(time.time()) - seconds)
    asked.hears(LATE, before)
    assert agreed(asked) == 0
    assert len(asked.assistant.seen) == 2  # what a number was meant for is no question for the model
    assert asked.texts[before:] == [f"{LATE}\n\n{offer}"]


@pytest.mark.parametrize("seconds", [60, -3600])
def test_after_it_a_number_means_what_stands_beside_it(asked, seconds):
    asked.says("1", created=int(time.time()) - seconds)
    asked.hears(LATE)
    asked.asks("2", "您说的是：deny")
    assert agreed(asked) == 0


def test_a_late_message_that_is_no_answer_is_answered(asked):
    before = len(asked.texts)
    asked.says("欠多少", created=int(time.time()) - 60)
    asked.hears("现在应还", before)
    asked.says("转人工", created=int(time.time()) - 60)
    asked.hears("转人工", before + 1)


def test_who_may_be_in_danger_is_asked_nothing_again(asked):
    conversations, now = asked.assistant.parts.conversations, asked.assistant.parts.clock.now()
    conversations.start_safety_hold(f"b-{BORROWER}", now)
    asked.says("1", created=int(time.time()) - 60)
    until(lambda: len(asked.assistant.seen) == 3)
    conversations.clear_safety_hold(f"b-{BORROWER}", now)
    assert asked.assistant.seen[2].parse_data["intent"]["name"] == "express_distress"
    assert not any(LATE in text for text in asked.texts)


def test_who_is_somebody_else_is_shown_no_offer_again(asked):
    before, parts = len(asked.texts), asked.assistant.parts
    parts.conversations.mark_third_party(f"b-{BORROWER}", parts.clock.now())
    asked.says("1", created=int(time.time()) - 60)
    asked.hears(LATE, before)
    assert not any("元" in text for text in asked.texts[before:])


def test_a_clock_that_is_a_minute_ahead_lets_nothing_late_through(follower, request):
    """The number was sent half a minute before the offer; by the platform's clock it looks half a minute younger."""
    fast, shared = 60, follower.assistant.parts.shared
    request.addfinalizer(lambda: shared.put("wechat:ahead", "0"))  # what the other tests have is another platform
    follower.assistant.behind = None
    follower.does(MsgType="event", Event="subscribe", created=int(time.time()) + fast)
    follower.hears("AI 助手")
    follower.signs_in(BORROWER)
    follower.hears("已经和您的账务绑定")
    follower.says("核对", created=int(time.time()) + fast)
    follower.hears("请核对方案")
    follower.assistant.has_sent()
    follower.says("1", created=int(time.time()) - 30 + fast)
    follower.hears(LATE)
    assert agreed(follower) == 0


def test_a_clock_that_is_behind_delays_a_consent_and_does_not_prevent_it(asked):
    slow = 5
    asked.says("1", created=int(time.time()) - slow)
    asked.hears(LATE)
    asked.assistant.time_passes()
    asked.says("1", created=int(time.time()) - slow)
    asked.hears("您的约定")
    assert agreed(asked) == 1


def test_an_offer_that_the_platform_did_not_take_is_agreed_to_by_no_number(follower):
    before, follower.assistant.behind = agreed(follower), None
    follower.begins_as(BORROWER)
    follower.asks("方案", "可以选的方案")
    follower.platform.order("fault", path="message/custom/send", answer={"errcode": 40003, "errmsg": "x"})
    follower.says("核对")
    until(lambda: len(follower.assistant.seen) == 2)
    follower.assistant.has_sent()
    follower.assistant.time_passes()
    follower.says("1")
    until(lambda: len(follower.assistant.seen) == 3 or any(LATE in text for text in follower.texts))
    follower.assistant.has_sent()
    assert agreed(follower) == before
