"""微信客服 on wire bytes: pulled once and in order, menus, sessions of the platform, failures, an arrangement."""

from __future__ import annotations

import json
import time

import pytest
import requests

from kuanxin.conversations.timing import LATE
from tests.channels.platform import until
from tests.channels.standins.wecom import KFID
from tests.channels.wecom.conftest import items


class TestCallback:
    def test_the_address_is_set_up_by_its_sealed_echo(self, customer):
        query = customer.platform.order("echo_query")
        answer = requests.get(customer.callback, params=query, timeout=5)
        assert (answer.status_code, answer.text) == (200, "4711")
        forged = customer.platform.order("echo_query", forged=True)
        assert requests.get(customer.callback, params=forged, timeout=5).status_code == 403

    def test_forged_old_and_foreign_calls_pull_nothing(self, customer):
        pulls = len(customer.platform.calls("kf/sync_msg"))
        for other in ({"forged": True}, {"age": 301}, {"corp_id": "wwffffffffffffffff"}):
            assert customer.happens(**other) == [[403, ""]]
        assert len(customer.platform.calls("kf/sync_msg")) == pulls

    def test_a_call_that_comes_three_times_makes_one_turn(self, customer):
        assert customer.happens(customer.line("在吗"), times=3) == [[200, "success"]] * 3
        customer.hears("在吗")
        customer.asks("还有", "还有")
        assert [message.text for message in customer.assistant.seen] == ["在吗", "还有"]


class TestPull:
    def test_pages_are_pulled_to_the_end_in_order(self, customer):
        customer.happens(*(customer.line(f"第{n}句") for n in range(1, 6)))
        customer.hears("第5句")
        assert [message.text for message in customer.assistant.seen] == [f"第{n}句" for n in range(1, 6)]
        asked = [json.loads(call["body"]) for call in customer.platform.calls("kf/sync_msg")]
        assert all(set(body) == {"cursor", "token", "limit", "open_kfid"} for body in asked)
        cursor = customer.assistant.parts.shared.get(f"wecom:cursor:{KFID}")
        assert cursor == max((c["answer"]["next_cursor"] for c in customer.platform.calls("kf/sync_msg")), key=int)

    def test_a_page_that_is_pulled_again_after_a_crash_is_done_once(self, customer):
        shared, name = customer.assistant.parts.shared, f"wecom:cursor:{KFID}"
        before = shared.get(name) or "0"
        customer.asks("在吗", "在吗")
        shared.put(name, before)  # it died between the work and the cursor
        customer.asks("还有", "还有")
        assert [message.text for message in customer.assistant.seen] == ["在吗", "还有"]

    def test_a_pull_that_fails_is_tried_again(self, customer):
        customer.platform.order("fault", path="kf/sync_msg", answer={"errcode": -1, "errmsg": "busy"})
        customer.asks("在吗", "在吗")

    def test_a_token_that_ended_is_renewed(self, customer):
        customer.platform.order("expire")
        customer.asks("在吗", "在吗")
        refused = [c["answer"]["errcode"] for c in customer.platform.order("log") if c["answer"].get("errcode")]
        assert 42001 in refused


class TestMenu:
    def test_buttons_are_items_that_carry_our_ids(self, customer):
        menu = customer.asks("在吗", "在吗")
        assert set(menu) == {"touser", "open_kfid", "msgid", "msgtype", "msgmenu"}
        assert (menu["touser"], menu["open_kfid"], menu["msgtype"]) == (customer.id, KFID, "msgmenu")
        assert list(items(menu)) == ["好的", "不用了"]
        customer.asks("不用了", "不用了", menu_id=items(menu)["不用了"])
        assert customer.assistant.seen[1].parse_data["intent"]["name"] == "deny"

    def test_an_item_of_somebody_else_does_nothing(self, customer):
        customer.asks("在吗", "在吗")
        customer.asks("好的", "按钮已经不能用了", menu_id="AAAAAAAAAAAAAAAA")
        assert len(customer.assistant.seen) == 1

    def test_a_text_too_long_for_a_menu_stands_before_it(self, customer):
        async def long(message) -> None:
            buttons = [{"title": "好" * 60, "payload": "/affirm"}]
            await message.output_channel.send_response(message.sender_id, {"text": "账" * 500, "buttons": buttons})

        customer.assistant.behind = long
        menu = customer.asks("在吗", "请选择")
        assert customer.texts == ["账" * 500, "请选择："]
        assert next(iter(items(menu))) == "好" * 42  # 128 bytes, no broken character

    def test_who_comes_in_is_welcomed_by_the_events_code(self, customer):
        customer.happens(customer.event("enter_session", welcome_code=f"code-{customer.id}"))
        calls = until(lambda: [c for c in customer.platform.calls("send_msg_on_event") if customer.id in c["body"]])
        assert calls[0]["answer"]["errcode"] == 0
        menu = json.loads(calls[0]["body"])
        assert set(menu) == {"code", "msgid", "msgtype", "msgmenu"}
        customer.asks("晚几天还", "晚几天还", menu_id=items(menu)["晚几天还"])
        assert customer.assistant.seen[0].parse_data["intent"]["name"] == "request_extension"


class TestWhoAnswers:
    def test_bot_waiting_human_and_back(self, customer):
        customer.asks("在吗", "在吗")
        assert customer.state == 1
        conversations = customer.assistant.parts.conversations

        async def asks_for_a_person(message) -> None:
            now = customer.assistant.parts.clock.now()
            conversations.hand_over(message.sender_id, "asked", "normal", "想找人", now)
            await message.output_channel.send_response(message.sender_id, {"text": "好，我请同事来"})

        customer.assistant.behind = asks_for_a_person
        customer.asks("转人工", "我请同事来")  # told while the platform still takes it, and then into the pool
        until(lambda: customer.state == 2)
        customer.assistant.behind = None
        customer.happens(customer.event("session_status_change", change_type=1, new_servicer_userid="wang"))
        until(lambda: conversations.get(customer.conversation).holder == "human")
        seen = len(customer.assistant.seen)
        colleague = {"external_userid": customer.id, "origin": 5, "servicer_userid": "wang", "msgtype": "text"}
        customer.happens(customer.line("您好"), {**colleague, "text": {"content": "我是小王"}})
        until(lambda: [e for e in conversations.transcript(customer.conversation) if e.author == "staff"])
        assert len(customer.assistant.seen) == seen
        assert "我是小王" not in customer.texts  # it was written in WeCom
        customer.happens(customer.event("session_status_change", change_type=3))
        until(lambda: conversations.get(customer.conversation).holder == "bot")
        assert customer.state == 4

    def test_words_of_a_colleague_in_wecom_send_no_sms_about_them(self, customer):
        assistant, parts, borrower = customer.assistant, customer.assistant.parts, f"B-{customer.id}"
        assistant.on_the_page(borrower, "在吗")  # the conversation began where answers wait to be looked at
        customer.asks("在吗", "在吗")
        link = parts.identity.sign_in_link(customer.conversation, parts.clock.now())
        assert assistant.sign_in(link, borrower) == 200
        customer.happens(customer.event("session_status_change", change_type=1))
        colleague = {"external_userid": customer.id, "origin": 5, "servicer_userid": "wang", "msgtype": "text"}
        customer.happens({**colleague, "text": {"content": "我是小王"}})
        said = until(lambda: [e for e in parts.conversations.transcript(f"b-{borrower}") if e.author == "staff"])
        assert [entry.text for entry in said] == ["我是小王"]
        assert parts.outbox.of(borrower) == []
        parts.conversations.record_replies(f"b-{borrower}", [{"text": "我在"}], parts.clock.now(), author="staff")
        assert [entry.kind for entry in parts.outbox.of(borrower)] == ["staff_replied"]

    def test_what_the_assistant_could_not_say_in_the_pool_is_not_said_after_the_colleague(self, customer):
        customer.asks("在吗", "在吗")
        conversations, now = customer.assistant.parts.conversations, customer.assistant.parts.clock.now()
        conversations.hand_over(customer.conversation, "asked", "normal", "想找人", now)
        customer.asks("等一下", "等一下")
        until(lambda: customer.state == 2)
        customer.says("在池子里说的")
        until(lambda: len(customer.assistant.seen) == 3)
        customer.happens(customer.event("session_status_change", change_type=1))
        until(lambda: conversations.get(customer.conversation).holder == "human")
        customer.happens(customer.event("session_status_change", change_type=3))
        customer.asks("谢谢", "谢谢")
        assert not any("在池子里说的" in text for text in customer.texts)
        assert customer.state == 1


class TestLate:
    """What was sent before the present question answers nothing, whenever it arrives."""

    @pytest.fixture
    def asked(self, customer):
        """Somebody saw a list of offers first, and now the question whether one of them is agreed to."""
        customer.asks("在吗", "在吗")
        customer.assistant.behind = None
        customer.signs_in("B010")
        customer.asks("方案", "可以选的方案")
        customer.asks("核对", "请核对方案")
        customer.assistant.has_sent()
        return customer

    def agreed(self, customer) -> int:
        parts = customer.assistant.parts
        return len(parts.servicing.arrangements("B010", parts.clock.now()))

    @pytest.mark.parametrize("seconds", [0, 1, 3600])
    def test_a_number_agrees_to_nothing_and_the_offer_is_shown_again(self, asked, seconds):
        asked.happens(asked.line("第一个", send_time=int(time.time()) - seconds))
        again = asked.hears(LATE)
        assert self.agreed(asked) == 0
        assert list(items(again)) == ["确认，就这样", "不用了"]
        assert "请核对方案" in again["msgmenu"]["head_content"]

    def test_an_item_of_the_menu_is_what_it_says_however_late(self, asked):
        offers = next(body for body in asked.sent if "可以选的方案" in str(body))
        asked.happens(asked.line("方案1", items(offers)["方案1"], send_time=int(time.time()) - 60))
        until(lambda: asked.assistant.seen[-1].parse_data)
        assert asked.assistant.seen[-1].parse_data["intent"]["name"] == "pick"
        assert self.agreed(asked) == 0

    def test_to_what_did_not_arrive_no_number_agrees(self, asked):
        """The platform had taken the offer, and says later that it could not be delivered."""
        asked.assistant.time_passes()
        lost, before = asked.sent[-1], len(asked.texts)
        asked.happens(
            asked.event("msg_send_fail", fail_msgid=lost["msgid"], fail_type=4),
            asked.line("第一个", send_time=int(time.time())),
        )
        asked.hears("请核对方案", before)
        assert self.agreed(asked) == 0
        shown = asked.assistant.parts.conversations.button("b-B010", items(lost)["确认，就这样"]).shown_at
        assert time.time() - shown < 8  # from when it was sent again


class TestFailures:
    @pytest.mark.parametrize("code", [95001, 95002])
    def test_what_was_not_taken_comes_at_the_next_chance(self, customer, code):
        customer.platform.order("fault", path="kf/send_msg", answer={"errcode": code, "errmsg": "x"})
        customer.says("第一句")
        until(lambda: customer.assistant.seen)
        customer.asks("第二句", "第二句")
        assert "第一句" in customer.texts[0]

    def test_a_message_that_did_not_arrive_is_sent_again_with_the_next_one(self, customer):
        lost = customer.asks("第一句", "第一句")
        customer.happens(customer.event("msg_send_fail", fail_msgid=lost["msgid"], fail_type=4))
        customer.says("第二句")
        customer.hears("第二句", after=1)
        assert sum("第一句" in text for text in customer.texts) == 2
        assert len({body["msgid"] for body in customer.sent}) == len(customer.sent)

    def test_what_the_customer_refused_is_not_sent_again(self, customer):
        refused = customer.asks("第一句", "第一句")
        customer.happens(customer.event("msg_send_fail", fail_msgid=refused["msgid"], fail_type=10))
        customer.asks("第二句", "第二句")
        assert sum("第一句" in text for text in customer.texts) == 1

    def test_a_failure_of_something_unknown_changes_nothing(self, customer):
        customer.happens(customer.event("msg_send_fail", fail_msgid="unknown", fail_type=4))
        customer.asks("在吗", "在吗")


def test_from_a_menu_to_an_arrangement(customer):
    customer.happens(customer.event("enter_session", welcome_code=f"code-{customer.id}"))
    until(lambda: customer.assistant.parts.addresses.find("wecom", customer.address))
    customer.assistant.behind = None
    customer.signs_in("B001")
    customer.asks("欠多少", "现在应还")
    offers = customer.asks("方案", "可以选的方案")
    assert any(body["msgtype"] == "image" for body in customer.sent)
    consent = customer.asks("方案1", "请核对方案", menu_id=items(offers)["方案1"])
    agreed = customer.asks("第一个", "您的约定")
    assert next(iter(items(consent))) == "确认，就这样"
    (arrangement,) = customer.assistant.parts.servicing.arrangements("B001", customer.assistant.parts.clock.now())
    assert arrangement.id in agreed["text"]["content"]
