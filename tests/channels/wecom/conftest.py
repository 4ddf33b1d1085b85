"""微信客服: the connector, the stand-in of WeCom, and customers who write."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kuanxin.channels.wecom.channel import WeComChannel
from tests.channels.platform import Assistant, Platform, assistant, standin, until
from tests.channels.standins.wecom import AES_KEY, CORP_ID, KFID, SECRET, TOKEN
from tests.channels.wechat.conftest import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

_people = itertools.count(1)


@dataclass
class Customer:
    """Somebody who opened the account in WeChat."""

    id: str
    platform: Platform
    assistant: Assistant

    @property
    def callback(self) -> str:
        return f"{self.assistant.url}/webhooks/wecom/callback"

    @property
    def address(self) -> str:
        return f"{KFID}:{self.id}"

    @property
    def conversation(self) -> str:
        return self.assistant.parts.addresses.find("wecom", self.address).speaker.conversation_id

    @property
    def state(self) -> int:
        return self.platform.order("state", customer=self.id)

    def happens(self, *lines: dict[str, Any], **more: Any) -> Any:
        return self.platform.order("happen", url=self.callback, lines=list(lines), **more)

    def line(self, text: str, menu_id: str | None = None, **more: Any) -> dict[str, Any]:
        said = {"content": text} | ({"menu_id": menu_id} if menu_id else {})
        return {"external_userid": self.id, "origin": 3, "msgtype": "text", "text": said, **more}

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        event = {"event_type": kind, "open_kfid": KFID, "external_userid": self.id, **more}
        return {"origin": 4, "msgtype": "event", "event": event}

    def says(self, text: str, menu_id: str | None = None, **more: Any) -> None:
        self.happens(self.line(text, menu_id), **more)

    @property
    def sent(self) -> list[dict[str, Any]]:
        calls = [c for c in self.platform.calls("kf/send_msg") if c["answer"]["errcode"] == 0]
        return [body for body in (json.loads(call["body"]) for call in calls) if body["touser"] == self.id]

    @property
    def texts(self) -> list[str]:
        return [_words(body) for body in self.sent if body["msgtype"] != "image"]

    def hears(self, words: str, after: int = 0) -> dict[str, Any]:
        def heard() -> list[dict[str, Any]]:
            return [b for b in self.sent if b["msgtype"] != "image"][after:]

        return until(lambda: [body for body in heard() if words in _words(body)])[0]

    def asks(self, text: str, words: str, menu_id: str | None = None) -> dict[str, Any]:
        before = len(self.texts)
        self.assistant.time_passes()
        self.says(text, menu_id)
        return self.hears(words, before)

    def signs_in(self, borrower: str) -> None:
        link = self.assistant.parts.identity.sign_in_link(self.conversation, self.assistant.parts.clock.now())
        assert self.assistant.sign_in(link, borrower) == 200


def _words(body: dict[str, Any]) -> str:
    return body["text"]["content"] if body["msgtype"] == "text" else body["msgmenu"]["head_content"]


def items(body: dict[str, Any]) -> dict[str, str]:
    """The menu's items: what they say, and the id that comes back."""
    return {item["click"]["content"]: item["click"]["id"] for item in body["msgmenu"]["list"]}


def _running(folder: Any, **settings: Any) -> Any:
    return assistant(
        folder,
        [WeComChannel],
        wecom_corp_id=CORP_ID,
        wecom_secret=SECRET,
        wecom_token=TOKEN,
        wecom_aes_key=AES_KEY,
        **settings,
    )


@pytest.fixture(scope="session")
def wecom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Assistant]]:
    with (
        standin("wecom") as platform,
        _running(tmp_path_factory.mktemp("wecom"), wecom_api_url=platform.url, wecom_colleagues="wecom") as running,
    ):
        yield platform, running


@pytest.fixture
def customer(wecom: tuple[Platform, Assistant]) -> Customer:
    platform, running = wecom
    running.seen.clear()
    running.behind, running.seconds = echo, 0.0
    return Customer(f"wmAbC{next(_people):027d}", platform, running)
