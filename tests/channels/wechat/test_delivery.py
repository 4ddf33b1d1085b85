"""What a follower is told, on wire bytes: gathered, within quota and size, when the platform takes it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from kuanxin.bootstrap import compose
from kuanxin.gateways.calls import Unreachable
from kuanxin.gateways.wechat import WeChatRefused
from tests.channels.platform import until

MANY = ["早上好", "一" * 300, "二" * 300, "三" * 300]


def says(*texts: str, buttons: tuple[str, ...] = ()):
    """A model that says these replies in one turn; the last one has the buttons."""

    async def behind(message) -> None:
        for index, text in enumerate(texts):
            last = index == len(texts) - 1
            shown = [{"title": title, "payload": "/affirm"} for title in buttons] if last else []
            await message.output_channel.send_response(message.sender_id, {"text": text, "buttons": shown})

    return behind


class TestShape:
    def test_the_bytes_of_a_customer_service_message(self, follower):
        follower.asks("在吗", "在吗")
        (call,) = [c for c in follower.platform.calls("custom/send") if follower.openid in c["body"]]
        assert call["method"] == "POST"
        assert set(call["query"]) == {"access_token"}
        sent = {"touser": follower.openid, "msgtype": "text", "text": {"content": "None：在吗\n1. 好的\n2. 不用了"}}
        assert call["body"] == json.dumps(sent, ensure_ascii=False)  # characters, not \\u escapes: they would be shown

    def test_the_replies_of_a_turn_are_gathered(self, follower):
        follower.assistant.behind = says(*MANY, buttons=("好",))
        follower.asks("在吗", "三")
        assert [len(text.encode()) <= 2048 for text in follower.texts] == [True, True]
        assert "".join(follower.texts).replace("\n", "") == "".join(MANY) + "1. 好"

    def test_a_long_text_is_cut_between_characters(self, follower):
        family = "👨‍👩‍👧‍👦"
        follower.assistant.behind = says("账" * 679 + family * 40 + "完")
        follower.asks("在吗", "完")
        assert "".join(follower.texts) == "账" * 679 + family * 40 + "完"
        for text in follower.texts:
            assert len(text.encode()) <= 2048
            assert "\ufffd" not in text
            assert not text.startswith("\u200d")
            assert not text.endswith("\u200d")


class TestChoices:
    @pytest.mark.parametrize("typed", ["2", "２", "二", "第二个", "2."])
    def test_a_number_is_the_button_beside_it(self, follower, typed):
        follower.asks("在吗", "在吗")
        follower.asks(typed, "不用了")
        pressed = follower.assistant.seen[1]
        assert pressed.parse_data["intent"]["name"] == "deny"
        assert pressed.text == "不用了"

    @pytest.mark.parametrize("typed", ["500", "3", "2期", "2号", "一个月", "两千"])
    def test_anything_else_is_what_was_said(self, follower, typed):
        follower.asks("在吗", "在吗")
        follower.asks(typed, typed)
        assert follower.assistant.seen[1].parse_data is None

    def test_a_question_without_choices_closes_the_earlier_ones(self, follower):
        follower.asks("在吗", "在吗")
        follower.assistant.behind = says("想改到几号？")
        follower.asks("改还款日", "几号")
        follower.says("2")
        until(lambda: len(follower.assistant.seen) == 3)
        assert follower.assistant.seen[2].text == "2"
        assert follower.assistant.seen[2].parse_data is None


class TestQuota:
    def test_what_five_messages_do_not_hold_comes_when_the_person_goes_on(self, follower):
        long = [f"第{n}段" + "长" * 600 for n in range(1, 8)]
        follower.assistant.behind = says(*long)
        follower.says("都说说")
        until(lambda: len(follower.texts) == 5)
        assert "回复“继续”" in follower.texts[4]
        follower.says("继续")
        follower.hears("第7段")
        assert [text[:3] for text in follower.texts] == [text[:3] for text in long]
        assert len(follower.assistant.seen) == 1

    @pytest.mark.parametrize("code", [45015, 45047])
    def test_what_the_platform_no_longer_takes_is_sent_at_the_next_chance(self, follower, code):
        answer = {"errcode": code, "errmsg": "no more"}
        follower.platform.order("fault", path="message/custom/send", answer=answer)
        follower.says("第一句")
        until(lambda: any(c["answer"] == answer and follower.openid in c["body"] for c in _sends(follower)))
        assert follower.texts == []
        follower.asks("第二句", "第二句")
        assert "None：第一句" in follower.texts[0]
        assert "None：第二句" in follower.texts[0]

    def test_an_outage_is_waited_out(self, follower, monkeypatch):
        monkeypatch.setattr("kuanxin.channels.line.PAUSE_SECONDS", 0.5)
        follower.platform.order("fault", path="message/custom/send", answer={"errcode": -1, "errmsg": "busy"})
        follower.asks("在吗", "在吗")
        assert len(follower.assistant.seen) == 1

    def test_a_message_that_is_refused_for_good_stops_nothing(self, follower):
        follower.platform.order("fault", path="message/custom/send", answer={"errcode": 40003, "errmsg": "x"})
        follower.says("第一句")
        follower.asks("第二句", "第二句")
        assert len(follower.texts) == 1


class TestToken:
    @pytest.mark.parametrize("code", [42001, 40001])
    def test_a_token_that_ended_is_renewed_once_and_nothing_is_lost(self, follower, code):
        follower.asks("在吗", "在吗")
        asked = len(follower.platform.calls("stable_token"))
        follower.platform.order("expire", code=code)
        follower.asks("还在吗", "还在吗")
        assert len(follower.platform.calls("stable_token")) == asked + 1
        refused = [c["answer"]["errcode"] for c in _sends(follower) if c["answer"]["errcode"]]
        assert refused[-1] == code

    def test_workers_share_one_token_and_one_of_them_renews_it(self, follower):
        follower.asks("在吗", "在吗")
        follower.platform.order("expire", code=42001)
        asked = len(follower.platform.calls("stable_token"))
        workers = [compose(follower.assistant.parts.settings) for _ in range(4)]
        message = {"msgtype": "text", "text": {"content": "大家好"}}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda worker: worker.official_account().send(follower.openid, message), workers))
        assert follower.texts.count("大家好") == 4
        assert len(follower.platform.calls("stable_token")) == asked + 1
        assert SECRET_NOWHERE not in json.dumps([c["query"] for c in follower.platform.order("log")])
        for worker in workers:
            worker.engine.dispose()

    def test_a_platform_that_refuses_every_token_is_not_asked_for_ever(self, follower):
        account = follower.assistant.parts.official_account()
        for _ in range(2):
            follower.platform.order("fault", path="menu/create", answer={"errcode": 40001, "errmsg": "x"})
        with pytest.raises(WeChatRefused, match="40001"):
            account.post("menu/create", {"button": []})
        follower.platform.order("fault", path="menu/create", answer={"errcode": 45009, "errmsg": "x"})
        with pytest.raises(Unreachable, match="45009"):
            account.post("menu/create", {"button": []})


SECRET_NOWHERE = "app-secret-of-the-stand-in"


def _sends(follower) -> list[dict]:
    return follower.platform.calls("message/custom/send")
