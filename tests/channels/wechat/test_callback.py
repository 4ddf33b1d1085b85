"""What reaches the callback address: only the platform's own, sealed, fresh requests count, and each counts once."""

from __future__ import annotations

import requests


class TestWhoIsBelieved:
    def test_the_address_is_set_up_by_its_echo(self, follower):
        query = follower.platform.order("echo_query")
        answer = requests.get(follower.callback, params=query, timeout=5)
        assert (answer.status_code, answer.text) == (200, query["echostr"])
        forged = follower.platform.order("echo_query", forged=True)
        assert requests.get(follower.callback, params=forged, timeout=5).status_code == 403

    def test_a_valid_message_is_receipted_and_answered(self, follower):
        (answer,) = follower.says("你好")["answers"]
        assert (answer["status"], answer["text"]) == (200, "success")
        assert follower.hears("你好") == "None：你好\n1. 好的\n2. 不用了"

    def test_forged_old_plain_and_foreign_ones_are_refused(self, follower):
        for what, other in {
            "forged": {"forged": True},
            "old": {"age": 301},
            "from the future": {"age": -301},
            "plain-text mode": {"plain": True},
            "for another account": {"app_id": "wxffffffffffffffff"},
        }.items():
            (answer,) = follower.says("你好", **other)["answers"]
            assert (answer["status"], answer["text"]) == (403, ""), what
        assert follower.assistant.seen == []

    def test_what_is_no_message_is_refused_and_breaks_nothing(self, follower):
        entity = b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'
        for body in (b"", b"{}", b"<xml/>", b"<xml>", b"\xff\xfe", b"<xml><Encrypt>x</Encrypt></xml>", entity):
            query = "signature=a&timestamp=1&nonce=2&encrypt_type=aes&msg_signature=b"
            assert requests.post(f"{follower.callback}?{query}", data=body, timeout=5).status_code in {400, 403}, body
        assert requests.post(follower.callback, data=b"x" * 70_000, timeout=5).status_code == 413
        assert requests.post(f"{follower.callback}?msg_signature=é", data=entity, timeout=5).status_code in {400, 403}


class TestOnce:
    def test_three_deliveries_at_5_s_with_a_slow_model_are_one_turn(self, follower):
        follower.assistant.seconds = 11.0
        answers = follower.says("我欠多少", times=3, apart=5.0)["answers"]
        assert {(a["status"], a["text"]) for a in answers} == {(200, "success")}
        assert max(a["seconds"] for a in answers) < 5
        follower.hears("我欠多少")
        assert len(follower.assistant.seen) == 1
        assert len(follower.texts) == 1

    def test_a_replay_of_the_very_bytes_does_nothing(self, follower):
        first = follower.says("我欠多少")
        follower.hears("我欠多少")
        again = follower.platform.order("again", url=follower.callback, query=first["query"], body=first["body"])
        assert (again["status"], again["text"]) == (200, "success")
        follower.asks("还有呢", "还有呢")
        assert len(follower.assistant.seen) == 2

    def test_the_same_id_after_a_sign_in_is_still_known(self, follower):
        follower.says("我欠多少", msg_id=77000001)
        follower.hears("我欠多少")
        follower.signs_in("B001")
        follower.says("我欠多少", msg_id=77000001)
        follower.asks("还有呢", "还有呢")
        assert [message.text for message in follower.assistant.seen] == ["我欠多少", "还有呢"]

    def test_events_are_told_apart_by_sender_and_time(self, follower):
        for _ in range(3):
            follower.does(MsgType="event", Event="subscribe", created=1764000000)
        follower.hears("我是宽心")
        follower.does(MsgType="event", Event="subscribe", created=1764000009)
        follower.hears("我是宽心", after=1)
        assert len(follower.texts) == 2


class TestKinds:
    def test_a_follower_is_welcomed_and_may_choose(self, follower):
        follower.does(MsgType="event", Event="subscribe")
        assert "1. 我欠多少\n2. 晚几天还\n3. 看看分期方案\n4. 转人工客服" in follower.hears("AI 助手")
        follower.asks("3", "看看分期方案")
        assert follower.assistant.seen[0].parse_data["intent"]["name"] == "request_instalment_plan"
        assert follower.assistant.seen[0].metadata["first_contact"] is False

    def test_the_menu_says_its_words(self, follower):
        follower.does(MsgType="event", Event="CLICK", EventKey="owe")
        follower.hears("我欠多少")
        follower.does(MsgType="event", Event="VIEW", EventKey="https://bank.example")
        follower.does(MsgType="event", Event="CLICK", EventKey="unknown")
        follower.asks("好", "好")
        assert len(follower.assistant.seen) == 2

    def test_voice_counts_where_the_platform_wrote_it_down_and_pictures_get_a_way_on(self, follower):
        follower.does(MsgType="voice", MediaId="m", Recognition="我欠多少")
        follower.hears("我欠多少")
        follower.does(MsgType="image", PicUrl="https://x", MediaId="m")
        assert "转人工" in follower.hears("图片")
        assert len(follower.assistant.seen) == 1

    def test_a_command_is_never_run_and_numbers_are_hidden(self, follower):
        follower.asks("/restart", "restart")
        follower.asks("我的卡6222021234567890128", "【银行卡号】")
        assert follower.assistant.seen[0].text == "restart"
        for path in follower.assistant.parts.settings.var.rglob("*.db*"):
            assert b"6222021234567890128" not in path.read_bytes()
