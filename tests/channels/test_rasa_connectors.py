"""Rasa's Telegram and Slack connectors behind the guard, on the bytes that the platforms get."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kuanxin.channels.slack import GuardedSlack
from kuanxin.channels.telegram import SECRET_HEADER, GuardedTelegram
from tests.channels.platform import assistant, standin, until
from tests.channels.standins import slack as slack_platform
from tests.channels.standins import telegram as telegram_platform
from tests.channels.wechat.conftest import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

_people = itertools.count(7001)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with standin("telegram") as telegram, standin("slack") as slack:

        def make_telegram(parts: Any) -> GuardedTelegram:
            given = {"access_token": telegram_platform.TOKEN, "verify": telegram_platform.BOT}
            given |= {"webhook_url": "https://chat.bank.example/webhooks/telegram/webhook"}
            given |= {"secret": telegram_platform.SECRET, "api_url": telegram.url}
            return composed(GuardedTelegram.from_credentials(given), parts)

        def make_slack(parts: Any) -> GuardedSlack:
            given = {"slack_token": slack_platform.TOKEN, "slack_signing_secret": slack_platform.SIGNING_SECRET}
            return composed(GuardedSlack.from_credentials({**given, "api_url": f"{slack.url}/api/"}), parts)

        with assistant(tmp_path_factory.mktemp("rasa"), [make_telegram, make_slack]) as running:
            yield telegram, slack, running


def composed(connector: Any, parts: Any) -> Any:
    connector.parts = parts
    return connector


@pytest.fixture
def running(both: Any) -> Any:
    both[2].seen.clear()
    both[2].behind = echo
    return both[2]


class TestTelegram:
    @pytest.fixture
    def person(self, both, running) -> TelegramPerson:
        return TelegramPerson({"id": next(_people), "type": "private"}, both[0], running)

    def test_the_webhook_is_set_with_a_secret(self, person):
        hook = until(lambda: person.platform.order("hook"))
        url = "https://chat.bank.example/webhooks/telegram/webhook"
        assert hook == {"url": url, "secret_token": telegram_platform.SECRET}

    def test_text_and_buttons(self, person):
        sent = person.asks("在吗", "在吗")
        assert sent["text"] == "None：在吗"
        assert sent["chat_id"] == str(person.chat["id"])
        rows = json.loads(sent["reply_markup"])["inline_keyboard"]
        assert [row[0]["text"] for row in rows] == ["好的", "不用了"]
        person.does("x", pressed=rows[1][0]["callback_data"])
        until(lambda: len(person.running.seen) == 2)
        assert person.running.seen[1].parse_data["intent"]["name"] == "deny"

    def test_only_telegram_itself_is_believed(self, person):
        for secret in ("", "guessed"):
            assert person.does("在吗", secret=secret) == [[403, ""]]
        reset = f"{person.running.url}/webhooks/telegram/set_webhook"
        assert requests.get(reset, timeout=5).status_code == 403
        assert requests.post(person.hook, json=[], headers={SECRET_HEADER: "guessed"}, timeout=5).status_code == 403
        assert person.running.seen == []

    def test_three_deliveries_are_one_turn_and_commands_are_text(self, person):
        assert person.does("/restart", times=3) == [[200, "success"]] * 3
        person.asks("还在吗", "还在吗")
        assert [message.text for message in person.running.seen] == ["restart", "还在吗"]

    def test_when_it_was_written_comes_along(self, person):
        person.says("在吗", date=1764000000)
        until(lambda: person.running.seen)
        assert person.running.seen[0].metadata["sent_at"] == 1764000000.0

    def test_a_group_hears_nothing(self, both, running):
        group = TelegramPerson({"id": -next(_people), "type": "group", "title": "家人"}, both[0], running)
        assert group.does("我欠多少") == [[200, "success"]]
        assert running.seen == []

    def test_a_conversation_to_an_arrangement(self, person):
        person.asks("在吗", "在吗")
        conversation = running_conversation(person.running, "telegram", str(person.chat["id"]))
        link = person.running.parts.identity.sign_in_link(conversation, person.running.parts.clock.now())
        assert person.running.sign_in(link, "B003") == 200
        person.hears("解绑")
        person.running.behind = None
        person.asks("欠多少", "现在应还")
        offers = json.loads(person.asks("方案", "可以选的方案")["reply_markup"])["inline_keyboard"]
        person.does("x", pressed=offers[0][0]["callback_data"])
        consent = json.loads(person.hears("请核对方案")["reply_markup"])["inline_keyboard"]
        assert consent[0][0]["text"] == "确认，就这样"
        person.does("x", pressed=consent[0][0]["callback_data"])
        agreed = person.hears("您的约定")
        (arrangement,) = person.running.parts.servicing.arrangements("B003", person.running.parts.clock.now())
        assert arrangement.id in agreed["text"]


class TestSlack:
    @pytest.fixture
    def person(self, both, running) -> SlackPerson:
        return SlackPerson(f"U{next(_people)}", both[1], running)

    def test_text_and_buttons(self, person):
        sent = person.asks("在吗", "在吗")
        assert sent["channel"] == person.user
        section, actions = sent["blocks"]
        assert section["text"] == {"type": "plain_text", "text": "None：在吗"}
        assert [element["text"]["text"] for element in actions["elements"]] == ["好的", "不用了"]
        person.platform.order("presses", url=person.hook, user=person.user, value=actions["elements"][1]["value"])
        until(lambda: len(person.running.seen) == 2)
        assert person.running.seen[1].parse_data["intent"]["name"] == "deny"

    def test_more_buttons_than_slack_shows_are_numbered(self, person):
        async def many(message: Any) -> None:
            buttons = [{"title": f"第{n}种", "payload": "/affirm"} for n in range(1, 8)]
            await message.output_channel.send_response(message.sender_id, {"text": "请选", "buttons": buttons})

        person.running.behind = many
        assert person.asks("选", "请选")["text"].endswith("6. 第6种\n7. 第7种")
        person.running.time_passes()
        person.says("第七个")
        until(lambda: len(person.running.seen) == 2)
        assert person.running.seen[1].text == "第7种"

    def test_forged_and_old_requests_are_refused(self, person):
        assert [answer[0] for answer in person.says("在吗", forged=True)] == [400]
        assert [answer[0] for answer in person.says("在吗", age=301)] == [400]
        assert person.running.seen == []

    def test_three_deliveries_are_one_turn(self, person):
        assert [answer[0] for answer in person.says("在吗", times=3)] == [200] * 3
        person.asks("还在吗", "还在吗")
        assert [message.text for message in person.running.seen] == ["在吗", "还在吗"]

    def test_a_conversation_to_an_arrangement(self, person):
        person.asks("在吗", "在吗")
        conversation = running_conversation(person.running, "slack", person.user)
        link = person.running.parts.identity.sign_in_link(conversation, person.running.parts.clock.now())
        assert person.running.sign_in(link, "B002") == 200
        person.hears("解绑")
        person.running.behind = None
        person.asks("欠多少", "下一期")
        person.asks("核对", "请核对方案")
        person.asks("第一个", "您的约定")
        (arrangement,) = person.running.parts.servicing.arrangements("B002", person.running.parts.clock.now())
        assert any(arrangement.id in sent["text"] for sent in person.sent)

    def test_when_it_was_written_comes_along(self, person):
        person.says("在吗", ts=1764000000.25)
        until(lambda: person.running.seen)
        assert person.running.seen[0].metadata["sent_at"] == 1764000000.25

    def test_a_channel_with_other_readers_hears_nothing(self, person):
        person.says("我欠多少", kind="channel")
        person.asks("在吗", "在吗")
        assert [message.text for message in person.running.seen] == ["在吗"]


def running_conversation(running: Any, channel: str, address: str) -> str:
    return running.parts.addresses.find(channel, address).speaker.conversation_id


class Person:
    """Somebody on a platform."""

    platform: Any
    running: Any

    @property
    def sent(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def says(self, text: str, **more: Any) -> Any:
        raise NotImplementedError

    def hears(self, words: str, after: int = 0) -> dict[str, Any]:
        return until(lambda: [sent for sent in self.sent[after:] if words in sent["text"]])[0]

    def asks(self, text: str, words: str) -> dict[str, Any]:
        before = len(self.sent)
        self.running.time_passes()
        self.says(text)
        return self.hears(words, before)


class TelegramPerson(Person):
    def __init__(self, chat: dict[str, Any], platform: Any, running: Any) -> None:
        self.chat, self.platform, self.running = chat, platform, running
        self.hook = f"{running.url}/webhooks/telegram/webhook"

    def does(self, text: str, **more: Any) -> Any:
        return self.platform.order("happen", url=self.hook, chat=self.chat, text=text, **more)

    says = does

    @property
    def sent(self) -> list[dict[str, Any]]:
        calls = [c for c in self.platform.calls("/sendMessage") if c["answer"]["ok"]]
        return [c["fields"] for c in calls if c["fields"]["chat_id"] == str(self.chat["id"])]


class SlackPerson(Person):
    def __init__(self, user: str, platform: Any, running: Any) -> None:
        self.user, self.platform, self.running = user, platform, running
        self.hook = f"{running.url}/webhooks/slack/webhook"

    def says(self, text: str, **more: Any) -> Any:
        return self.platform.order("says", url=self.hook, user=self.user, text=text, **more)

    @property
    def sent(self) -> list[dict[str, Any]]:
        calls = [c for c in self.platform.calls("chat.postMessage") if c["answer"]["ok"]]
        return [c["fields"] for c in calls if c["fields"]["channel"] == self.user]
