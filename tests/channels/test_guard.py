"""The guard, over real HTTP: once, in order, redacted, never a command, silent where a person speaks, failing well."""

from __future__ import annotations

import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy.exc import OperationalError

from kuanxin.channels import guard as guard_module
from kuanxin.channels.guard import FAILED, FAILED_IN_DANGER, MOST_WAITING, UNKNOWN_BUTTON
from kuanxin.channels.inbound import without_command
from kuanxin.clock import Clock
from kuanxin.conversations import service
from kuanxin.conversations.service import Conversations
from kuanxin.identity.service import Identity

SECRET = "我的秘密"


def texts(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [message["text"] for message in answer.json()["messages"]]


class TestOnceAndInOrder:
    def test_a_repetition_gets_the_same_replies_and_runs_nothing(self, chat, borrower):
        token, same = chat.token(borrower), uuid.uuid4().hex
        first, second = chat.say(token, "我欠多少", same), chat.say(token, "我欠多少", same)
        assert first.json() == second.json()
        assert len(chat.model.seen) == 1
        assert len(chat.history(token, after=0).json()["messages"]) == 2

    def test_the_same_id_in_another_conversation_is_another_message(self, chat, borrower):
        same = uuid.uuid4().hex
        chat.say(chat.token(borrower), "我欠多少", same)
        assert texts(chat.say(chat.visitor(), "怎么还款", same)) == ["答：怎么还款"]

    def test_repetitions_at_the_same_time_run_once_and_all_get_the_reply(self, chat, borrower):
        chat.model.seconds = 0.3
        token, same = chat.token(borrower), uuid.uuid4().hex
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: chat.say(token, "我欠多少", same), range(3)))
        assert [texts(answer) for answer in answers] == [["答：我欠多少"]] * 3
        assert len(chat.model.seen) == 1

    def test_messages_of_one_conversation_take_turns(self, chat, borrower):
        chat.model.seconds = 0.2
        token = chat.token(borrower)
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda n: texts(chat.say(token, f"第{n}句")), range(3)))
        assert answers == [["答：第0句"], ["答：第1句"], ["答：第2句"]]
        assert chat.model.most_active == 1

    def test_conversations_do_not_wait_for_one_another(self, chat):
        chat.model.seconds = 0.5
        tokens = [chat.token(f"B{uuid.uuid4().hex[:8]}") for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda token: chat.say(token, "在吗"), tokens))
        assert chat.model.most_active == 3

    def test_who_sends_without_end_is_asked_to_wait(self, chat, borrower):
        chat.model.seconds = 0.5
        token = chat.token(borrower)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda n: chat.say(token, f"第{n}句"), range(20)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 20 - MOST_WAITING
        assert refused[0].json()["error"]["message"]
        assert len(chat.model.seen) == MOST_WAITING
        chat.model.seconds = 0
        assert texts(chat.say(token, "现在呢")) == ["答：现在呢"]

    def test_who_hangs_up_finds_the_reply_at_the_next_try(self, chat, borrower):
        chat.model.seconds = 0.6
        token, same = chat.token(borrower), uuid.uuid4().hex
        with pytest.raises(requests.Timeout):
            requests.post(
                f"{chat.url}/messages",
                json={"text": "我欠多少", "message_id": same},
                headers={"Authorization": f"Bearer {token}"},
                timeout=0.2,
            )
        assert texts(chat.say(token, "我欠多少", same)) == ["答：我欠多少"]
        assert len(chat.model.seen) == 1


class TestNeverACommand:
    @pytest.mark.parametrize(
        "typed",
        [
            "/restart",
            "／restart",
            "  / restart",
            "//／restart",
            "\u200b/restart",
            "\u3000/\u200drestart",
            '/affirm{"consent": "abc"}',
            "/session_start",
        ],
    )
    def test_typed_text_never_begins_with_a_slash(self, chat, borrower, typed):
        chat.say(chat.token(borrower), typed)
        (message,) = chat.model.seen
        assert message.text.strip()[0] not in "/／"
        assert message.text.lstrip("\u200d").startswith(("restart", "affirm", "session_start"))
        assert message.parse_data is None

    def test_a_slash_inside_stays(self):
        assert without_command("11/28还 500/月") == "11/28还 500/月"

    def test_a_button_means_what_the_server_meant(self, chat, borrower):
        token = chat.token(borrower)
        button = chat.say(token, "我欠多少").json()["messages"][0]["buttons"][0]
        assert texts(chat.press(token, button["id"])) == ["答：看看我的账"]
        pressed = chat.model.seen[1]
        assert pressed.parse_data["intent"] == {"name": "ask_loan_status", "confidence": 1.0}
        found = {entity["entity"]: entity["value"] for entity in pressed.parse_data["entities"]}
        assert found == {"loan": "L001", "offer": 2}
        assert not pressed.text.startswith("/")
        assert chat.history(token, after=2).json()["messages"][0]["text"] == "看看我的账"

    def test_a_button_of_another_conversation_or_of_nobody_does_nothing(self, chat, borrower):
        foreign = chat.say(chat.token(f"X{borrower}"), "我欠多少").json()["messages"][0]["buttons"][0]["id"]
        chat.model.seen.clear()
        for button in (foreign, "abc", "A" * 32):
            assert texts(chat.press(chat.token(borrower), button)) == [UNKNOWN_BUTTON]
        assert chat.model.seen == []

    def test_the_title_of_a_button_typed_is_only_text(self, chat, borrower):
        token = chat.token(borrower)
        chat.say(token, "我欠多少")
        chat.say(token, "看看我的账")
        assert chat.model.seen[1].parse_data is None


class TestRedaction:
    CANARIES = ("110105194912310021", "6222021234567890128", "13911112222", "Qwe!98765", "482913")

    def test_nothing_personal_reaches_model_database_or_log(self, chat, borrower, caplog):
        token = chat.token(borrower)
        with caplog.at_level(logging.DEBUG):
            chat.say(token, f"身份证{self.CANARIES[0]} 卡{self.CANARIES[1]} 还2300.50元")
            chat.say(token, f"/手机{self.CANARIES[2][:3]} {self.CANARIES[2][3:7]} {self.CANARIES[2][7:]}")
            chat.model.fails = RuntimeError(f"could not parse {self.CANARIES[3]}")
            chat.say(token, f"密码是{self.CANARIES[3]}，验证码：{self.CANARIES[4]}")
        first, second, third = chat.model.seen
        assert first.text == "身份证【身份证号】 卡【银行卡号】 还2300.50元"
        assert first.metadata["redacted"] == ["id_card", "bank_card"]
        assert second.text == "手机【手机号】"
        assert third.metadata["redacted"] == ["password", "code"]
        kept = b"".join(path.read_bytes() for path in chat.var.rglob("*") if path.is_file())
        for canary in (*self.CANARIES, "139 1111 2222"):
            assert canary.encode() not in kept, canary
            assert canary not in caplog.text, canary
        assert "还2300.50元".encode() in kept
        assert "a turn broke with RuntimeError" in caplog.text


class TestWhoHoldsIt:
    def test_where_a_person_speaks_the_model_is_silent(self, chat, borrower):
        token = chat.token(borrower)
        chat.say(token, "转人工")
        chat.services.conversations.take_over(f"b-{borrower}")
        answer = chat.say(token, "我下个月才发工资")
        assert answer.json() == {"messages": [], "holder": "human"}
        assert len(chat.model.seen) == 1
        chat.services.conversations.record_replies(
            f"b-{borrower}", [{"text": "您好，我是小李"}], chat.services.clock.now(), author="staff"
        )
        spoken = chat.history(token, after=2).json()["messages"]
        assert [(m["from"], m["text"]) for m in spoken] == [
            ("borrower", "我下个月才发工资"),
            ("staff", "您好，我是小李"),
        ]
        chat.services.conversations.give_back(f"b-{borrower}", chat.services.clock.now())
        assert texts(chat.say(token, "谢谢")) == ["答：谢谢"]

    def test_who_waits_for_a_person_may_go_on_asking(self, chat, borrower):
        token = chat.token(borrower)
        chat.model.during_turn = lambda message: chat.services.conversations.hand_over(
            message.sender_id, "request", "normal", "想要人工", chat.services.clock.now()
        )
        assert chat.say(token, "转人工").json()["holder"] == "waiting"
        assert texts(chat.say(token, "利息怎么算")) == ["答：利息怎么算"]

    def test_in_danger_every_message_is_about_the_person_until_somebody_clears_it(self, chat, borrower):
        token, conversations, now = chat.token(borrower), chat.services.conversations, chat.services.clock.now()
        button = chat.say(token, "不想活了").json()["messages"][0]["buttons"][0]["id"]
        conversations.start_safety_hold(f"b-{borrower}", now)
        chat.say(token, "我欠多少 /affirm")
        chat.press(token, button)
        for message in chat.model.seen[1:]:
            assert message.parse_data["intent"]["name"] == "express_distress"
            assert message.parse_data["entities"] == []
            assert message.metadata["safety_hold"] is True
        assert chat.model.seen[1].text == "我欠多少 /affirm"
        conversations.clear_safety_hold(f"b-{borrower}", now)
        chat.say(token, "我欠多少")
        assert chat.model.seen[3].parse_data is None

    def test_after_a_third_party_spoke_no_loan_facts_until_a_new_sign_in(self, chat, borrower):
        token = chat.token(borrower)
        chat.say(token, "我欠多少")
        chat.model.during_turn = lambda message: chat.services.conversations.mark_third_party(
            message.sender_id, chat.services.clock.now()
        )
        chat.say(token, "我是他姐姐")
        chat.model.during_turn = None
        chat.say(token, "他欠多少")
        assert [m.metadata["borrower"] for m in chat.model.seen] == [borrower, borrower, None]
        assert chat.model.seen[2].metadata["third_party"] is True
        # and what was said before is not shown to whoever reads now
        assert [m["text"] for m in chat.history(token, after=0).json()["messages"]] == ["他欠多少", "答：他欠多少"]
        time.sleep(1.1)  # tokens count in seconds
        again = chat.token(borrower)
        chat.say(again, "我是本人")
        assert chat.model.seen[3].metadata["borrower"] == borrower
        assert len(chat.history(again, after=0).json()["messages"]) == 8
        chat.say(token, "还是我")  # the older token of the same person is no longer a third party's
        assert chat.model.seen[4].metadata["borrower"] == borrower


class TestFirstContact:
    def test_the_first_answer_and_only_that_one_tells_who_speaks(self, chat, borrower):
        token = chat.token(borrower)
        chat.model.silent = True
        chat.say(token, "在吗")  # broken: nobody was told anything
        chat.model.silent = False
        for text in ("在吗", "我欠多少", "谢谢"):
            chat.say(token, text)
        assert [m.metadata["first_contact"] for m in chat.model.seen] == [True, True, False, False]

    def test_it_waits_while_somebody_is_in_danger(self, chat, borrower):
        token = chat.token(borrower)
        chat.model.during_turn = lambda message: chat.services.conversations.start_safety_hold(
            message.sender_id, chat.services.clock.now()
        )
        chat.say(token, "不想活了")
        chat.model.during_turn = None
        chat.services.conversations.clear_safety_hold(f"b-{borrower}", chat.services.clock.now())
        chat.say(token, "好多了")
        assert [m.metadata["first_contact"] for m in chat.model.seen] == [True, True]


class TestFailures:
    def test_a_turn_that_breaks_gets_a_sentence_with_a_next_step(self, chat, borrower):
        chat.model.fails = RuntimeError("boom")
        assert texts(chat.say(chat.token(borrower), "我欠多少")) == [FAILED]

    def test_a_turn_without_a_reply_gets_it_too(self, chat, borrower):
        """This is how an action server that cannot be reached shows: Rasa logs it and says nothing."""
        chat.model.silent = True
        token, same = chat.token(borrower), uuid.uuid4().hex
        assert texts(chat.say(token, "我欠多少", same)) == [FAILED]
        chat.model.silent = False
        assert texts(chat.say(token, "我欠多少", same)) == [FAILED]  # a repetition repeats; a new message is new
        assert texts(chat.say(token, "我欠多少")) == ["答：我欠多少"]

    def test_a_turn_that_takes_too_long_is_given_up(self, chat, borrower, monkeypatch):
        monkeypatch.setattr(guard_module, "TURN_SECONDS", 0.3)
        chat.model.seconds = 5
        token = chat.token(borrower)
        assert texts(chat.say(token, "我欠多少")) == [FAILED]
        chat.model.seconds = 0
        assert texts(chat.say(token, "我欠多少")) == ["答：我欠多少"]

    def test_somebody_in_danger_is_never_left_with_an_error(self, chat, borrower):
        token = chat.token(borrower)
        chat.say(token, "不想活了")
        chat.services.conversations.start_safety_hold(f"b-{borrower}", chat.services.clock.now())
        chat.model.fails = RuntimeError("boom")
        (said,) = texts(chat.say(token, "睡不着"))
        assert said == FAILED_IN_DANGER
        assert "12356" in said

    @pytest.mark.parametrize("asked", [(Clock, "now"), (Conversations, "open"), (Identity, "borrower_of")])
    def test_without_a_database_the_client_is_told_to_come_back(self, chat, monkeypatch, caplog, asked):
        def unavailable(*args, **kwargs):
            raise OperationalError("SELECT", {"text": SECRET}, Exception("gone"))

        monkeypatch.setattr(*asked, unavailable)
        answer = chat.say(chat.visitor(), "我欠多少")
        assert (answer.status_code, answer.json()["error"]) == (503, {"code": "unavailable", "message": FAILED})
        assert "with OperationalError" in caplog.text
        assert SECRET not in caplog.text
        monkeypatch.undo()
        borrower = uuid.uuid4().hex[:8]
        assert texts(chat.say(chat.token(borrower), "我欠多少")) == ["答：我欠多少"]

    def test_a_message_lost_in_a_crash_is_answered_at_its_next_try(self, chat, borrower, monkeypatch):
        """The process died between recording and answering: its lease runs out, then the message is given out again."""
        token, same = chat.token(borrower), uuid.uuid4().hex
        conversations, now = chat.services.conversations, chat.services.clock.now()
        conversations.open(f"b-{borrower}", "chat", borrower, now)
        monkeypatch.setattr(service, "ANSWER_LEASE_SECONDS", 0.6)
        assert conversations.record_inbound(f"b-{borrower}", same, "我欠多少", now).new
        assert texts(chat.say(token, "我欠多少", same)) == ["答：我欠多少"]
        assert len(chat.model.seen) == 1
        said = [m["from"] for m in chat.history(token, after=0).json()["messages"]]
        assert said == ["borrower", "assistant"]
