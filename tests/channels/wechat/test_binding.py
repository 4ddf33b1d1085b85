"""A WeChat account is bound to a borrower by a sign-in link; from then on there is one conversation everywhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.channels.platform import until


@pytest.fixture
def borrower(request) -> str:
    """Somebody of their own for each test; the words that come back need no loan."""
    return "T" + re.sub(r"\W", "", request.node.name)[-40:]


def test_the_account_is_told_that_it_is_bound_and_goes_on_where_it_was(follower, borrower):
    follower.asks("我欠多少", "None：我欠多少")
    follower.signs_in(borrower)
    assert "1. 好的" in follower.hears("解绑")
    follower.asks("1", "好的")
    pressed = follower.assistant.seen[-1]
    assert pressed.metadata["borrower"] == borrower
    assert pressed.sender_id == f"b-{borrower}"
    assert pressed.parse_data["intent"]["name"] == "affirm"


def test_a_number_typed_before_the_note_arrives_is_still_the_button(follower, borrower):
    follower.asks("我欠多少", "我欠多少")
    follower.assistant.time_passes()
    follower.signs_in(borrower)
    follower.says("第一个")
    until(lambda: len(follower.assistant.seen) == 2)
    assert follower.assistant.seen[1].parse_data["intent"]["name"] == "affirm"


def test_page_and_wechat_are_one_conversation(follower, borrower):
    follower.asks("我在微信", "我在微信")
    follower.signs_in(borrower)
    follower.hears("解绑")
    follower.assistant.on_the_page(borrower, "我在网页")
    follower.asks("又到微信", f"{borrower}：又到微信")
    said = [e.text for e in follower.assistant.parts.conversations.transcript(f"b-{borrower}", limit=100)]
    assert [t for t in said if t in {"我在微信", "我在网页", "又到微信"}] == ["我在微信", "我在网页", "又到微信"]
    assert {message.sender_id for message in follower.assistant.seen[1:]} == {f"b-{borrower}"}
    assert not any("我在网页" in text for text in follower.texts)  # it was answered, and read, on the page


def test_what_colleagues_write_reaches_wechat_and_the_assistant_is_silent(follower, borrower):
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    follower.hears("解绑")
    conversations, now = follower.assistant.parts.conversations, follower.assistant.parts.clock.now()
    conversations.take_over(f"b-{borrower}")
    seen = len(follower.assistant.seen)
    follower.says("有人吗")
    assert follower.assistant.on_the_page(borrower, "网页上呢") == []
    conversations.record_replies(f"b-{borrower}", [{"text": "我是小王，我来帮您"}], now, author="staff")
    follower.hears("我是小王，我来帮您")
    assert len(follower.assistant.seen) == seen
    conversations.give_back(f"b-{borrower}", now)
    follower.asks("谢谢", "谢谢")


def test_a_colleague_reaches_somebody_who_never_signed_in(follower):
    follower.asks("转人工", "转人工")
    conversations = follower.assistant.parts.conversations
    conversations.take_over(follower.conversation)
    now = follower.assistant.parts.clock.now()
    conversations.record_replies(follower.conversation, [{"text": "您好，请说"}], now, author="staff")
    follower.hears("您好，请说")


def test_what_was_open_before_the_sign_in_stays_open(follower, borrower):
    follower.asks("转人工", "转人工")
    parts, before = follower.assistant.parts, follower.conversation
    now = parts.clock.now()
    parts.conversations.hand_over(before, "asked", "high", "想找人", now)
    parts.conversations.open_ticket(before, "payment", "核对", "我还了", now)
    parts.conversations.start_safety_hold(before, now)
    follower.signs_in(borrower)
    own = parts.conversations.get(f"b-{borrower}")
    assert (own.holder, own.safety_hold, own.borrower_id) == ("waiting", True, borrower)
    assert [h.conversation_id for h in parts.conversations.waiting() if h.conversation_id in {before, own.id}] == [
        own.id
    ]
    assert len(parts.conversations.tickets(own.id)) == 1
    assert {hold.reason for hold in parts.conversations.reminder_holds(borrower)} == {"self_harm"}
    assert not parts.conversations.get(before).safety_hold
    parts.conversations.clear_safety_hold(own.id, now)
    assert parts.conversations.reminder_holds(borrower, now + timedelta(hours=72)) == ()


def test_two_requests_for_a_person_become_the_more_urgent_one(follower, borrower):
    follower.asks("在吗", "在吗")
    parts, before, now = follower.assistant.parts, follower.conversation, follower.assistant.parts.clock.now()
    follower.assistant.on_the_page(borrower, "转人工")
    parts.conversations.hand_over(f"b-{borrower}", "asked", "normal", "网页", now)
    parts.conversations.hand_over(before, "complaint", "urgent", "微信", now)
    follower.signs_in(borrower)
    (open_one,) = [h for h in parts.conversations.waiting() if h.conversation_id == f"b-{borrower}"]
    assert (open_one.reason, open_one.urgency, open_one.summary) == ("complaint", "urgent", "微信")


@pytest.mark.parametrize("words", ["解绑", "退出登录", "我要解除绑定。"])
def test_the_borrower_ends_the_binding_with_a_word(follower, borrower, words):
    borrower += str(len(words))
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    follower.hears("解绑")
    follower.asks(words, "绑定也解除了")
    follower.asks("我欠多少", "None：我欠多少")
    last = follower.assistant.seen[-1]
    assert last.metadata["borrower"] is None
    assert last.sender_id not in {f"b-{borrower}", follower.assistant.seen[0].sender_id}


def test_the_way_out_is_open_while_a_colleague_answers_and_on_the_page(follower, borrower):
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    follower.assistant.parts.conversations.take_over(f"b-{borrower}")
    (answer,) = follower.assistant.on_the_page(borrower, "解绑微信")
    assert "绑定也解除了" in answer["text"]
    assert follower.assistant.parts.addresses.bindings(borrower) == ()


def test_who_stops_following_is_no_longer_bound(follower, borrower):
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    follower.does(MsgType="event", Event="unsubscribe")
    until(lambda: follower.assistant.parts.addresses.bindings(borrower) == ())


def test_another_account_of_the_same_borrower_takes_the_place_of_the_first(follower, wechat, borrower):
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    other = type(follower)(follower.openid + "x", *wechat)
    other.asks("在吗", "在吗")
    other.signs_in(borrower)
    ((address, _),) = follower.assistant.parts.addresses.bindings(borrower)
    assert address.address == other.openid
    follower.asks("还在吗", "None：还在吗")


def test_who_is_somebody_else_hears_nothing_of_it(follower, borrower):
    """Also what is said on the page meanwhile stays there."""
    follower.asks("在吗", "在吗")
    follower.signs_in(borrower)
    follower.hears("解绑")
    follower.assistant.parts.conversations.mark_third_party(f"b-{borrower}", follower.assistant.parts.clock.now())
    follower.asks("我欠多少", "None：我欠多少")
