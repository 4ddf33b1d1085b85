"""An Official Account: the connector, the stand-in of the platform, and followers who write."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kuanxin.channels.wechat.channel import WeChatChannel
from tests.channels.platform import Assistant, Platform, assistant, standin, until
from tests.channels.standins.wechat import AES_KEY, APP_ID, SECRET, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_people = itertools.count(1)


@dataclass
class Follower:
    """Somebody who follows the account; never seen before by anybody."""

    openid: str
    platform: Platform
    assistant: Assistant

    @property
    def callback(self) -> str:
        return f"{self.assistant.url}/webhooks/wechat/callback"

    def does(self, times: int = 1, apart: float = 0.0, **more: Any) -> dict[str, Any]:
        names = {"msg_id", "created", "age", "forged", "plain", "app_id"}
        options = {name: more.pop(name) for name in list(more) if name in names}
        return self.platform.order(
            "happen", url=self.callback, openid=self.openid, fields=more, times=times, apart=apart, **options
        )

    def says(self, text: str, **more: Any) -> dict[str, Any]:
        return self.does(Content=text, **more)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What the platform accepted for this person: bodies of customer-service messages."""
        calls = self.platform.calls("message/custom/send")
        bodies = [json.loads(call["body"]) for call in calls if call["answer"]["errcode"] == 0]
        return [body for body in bodies if body["touser"] == self.openid]

    @property
    def texts(self) -> list[str]:
        return [body["text"]["content"] for body in self.sent if body["msgtype"] == "text"]

    def hears(self, words: str, after: int = 0, seconds: float = 20.0) -> str:
        """The first text with these words, once it came."""
        found = until(lambda: [text for text in self.texts[after:] if words in text], seconds)
        return found[0]

    def asks(self, text: str, words: str) -> str:
        """Reads, says something and waits for the answer with these words."""
        before = len(self.texts)
        self.assistant.time_passes()
        self.says(text)
        return self.hears(words, before)

    def signs_in(self, borrower: str) -> None:
        """Through the link that the assistant sends."""
        link = self.assistant.parts.identity.sign_in_link(self.conversation, self.assistant.parts.clock.now())
        assert self.assistant.sign_in(link, borrower) == 200

    def begins_as(self, borrower: str) -> None:
        """Follows the account and signs in: from then on the loans may be talked about."""
        self.does(MsgType="event", Event="subscribe")
        self.hears("AI 助手")
        self.signs_in(borrower)
        self.hears("已经和您的账务绑定")

    @property
    def conversation(self) -> str:
        return self.assistant.parts.addresses.find("wechat", self.openid).speaker.conversation_id


@pytest.fixture(scope="session")
def wechat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Assistant]]:
    with standin("wechat") as platform:
        settings = {
            "wechat_app_id": APP_ID,
            "wechat_secret": SECRET,
            "wechat_token": TOKEN,
            "wechat_aes_key": AES_KEY,
            "wechat_api_url": platform.url,
        }
        with assistant(tmp_path_factory.mktemp("wechat"), [WeChatChannel], **settings) as running:
            yield platform, running


@pytest.fixture
def follower(wechat: tuple[Platform, Assistant]) -> Follower:
    platform, running = wechat
    running.seen.clear()
    running.behind, running.seconds = echo, 0.0
    return Follower(f"oAbc{next(_people):024d}", platform, running)


async def echo(message: Any) -> None:
    """Answers every message with itself and two choices."""
    reply = {
        "text": f"{message.metadata['borrower']}：{message.text}",
        "buttons": [{"title": "好的", "payload": '/affirm{"consent": "h"}'}, {"title": "不用了", "payload": "/deny"}],
    }
    await message.output_channel.send_response(message.sender_id, reply)
