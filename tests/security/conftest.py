"""One assistant for this room: the trained model, both servers, every channel open, logs at their most talkative."""

from __future__ import annotations

import re
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.fernet import Fernet

from kuanxin.bootstrap import compose
from kuanxin.identity.signing import sign_as_bank
from kuanxin.operate import assistant as operate
from kuanxin.settings import Settings
from tests.services import RabbitMQ, free_port
from tests.web.browser import load_demo_book

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kuanxin.bootstrap import Services
    from kuanxin.operate.assistant import RunningAssistant

OWNER = {"id": "B777", "name": "金丝雀欧阳", "phone": "15912345077"}  # stands nowhere else
ATTACKERS = [f"A{number:03}" for number in range(40)]
SETTINGS = {
    "KUANXIN_LOG_FORMAT": "json",
    "KUANXIN_WECHAT_APP_ID": "wx0123456789abcdef",
    "KUANXIN_WECHAT_SECRET": "wechat-app-secret-canary",
    "KUANXIN_WECHAT_TOKEN": "wechat-token-canary",
    "KUANXIN_WECHAT_AES_KEY": "k" * 43,
    "KUANXIN_WECHAT_API_URL": "http://127.0.0.1:9",  # nobody is there
    "KUANXIN_WECOM_CORP_ID": "ww0123456789abcdef",
    "KUANXIN_WECOM_SECRET": "wecom-secret-canary",
    "KUANXIN_WECOM_TOKEN": "wecom-token-canary",
    "KUANXIN_WECOM_AES_KEY": "K" * 43,
    "KUANXIN_WECOM_API_URL": "http://127.0.0.1:9",
    "KUANXIN_SMS_CALLBACK_TOKEN": "sms-callback-token-canary",
    "KUANXIN_TOKEN_KEY": "token-key-canary-of-thirty-two-bytes-or-more",
}


def _with_a_loan(who: dict[str, str], card_tail: str) -> dict[str, Any]:
    """Every amount differs from those of others."""
    number = int(who["id"][1:])
    loan = {"id": f"L{who['id']}", "principal": f"{7000 + 13 * number}.00", "instalments": 10, "paid_rows": 2}
    return {**who, "loans": [{**loan, "next_due": f"today-{3 + number % 60}", "card_tail": card_tail}]}


@dataclass
class Talk:
    """What one speaker says over REST and hears."""

    chat: str
    token: str

    def says(self, text: str | None = None, **body: Any) -> requests.Response:
        fields = {"message_id": uuid.uuid4().hex, **({} if text is None else {"text": text}), **body}
        return self.posts("messages", json=fields)

    def hears(self, text: str) -> str:
        """Everything that the answer shows: texts, cards, titles of buttons."""
        answer = self.says(text)
        assert answer.status_code == 200, answer.text
        messages = answer.json()["messages"]
        assert messages, text
        return "\n".join(
            f"{m['text']}\n{m['card'] or ''}\n{[button['title'] for button in m['buttons']]}" for m in messages
        )

    def posts(self, path: str, **request: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return requests.post(f"{self.chat}/{path}", headers=headers, **{"timeout": 60, **request})


@dataclass
class World:
    assistant: RunningAssistant
    parts: Services
    broker: RabbitMQ

    @property
    def url(self) -> str:
        return self.assistant.url

    @property
    def var(self) -> Path:
        return self.assistant.var

    def visitor(self) -> Talk:
        answer = requests.post(f"{self.assistant.chat}/visitors", timeout=10).json()
        return Talk(self.assistant.chat, answer["token"])

    def borrower(self, id: str) -> Talk:
        return Talk(self.assistant.chat, sign_as_bank(self.parts.settings.bank_key(), id))

    def log(self, name: str) -> str:
        return (self.var / f"{name}.log").read_text("utf-8", "replace")

    def figures(self) -> str:
        """What both servers show Prometheus, without the values, which are numbers."""
        first = int(self.assistant.environment["KUANXIN_METRICS_PORT"])
        pages = [requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text for port in (first, first + 1)]
        return re.sub(r" \S+$", "", "\n".join(pages), flags=re.MULTILINE)

    def healthy(self) -> bool:
        return requests.get(f"{self.assistant.chat}/health", timeout=10).status_code == 200


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    var = tmp_path_factory.mktemp("security")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        broker = RabbitMQ()
        stack.callback(broker.stop)
        own = {
            "KUANXIN_DATA_KEYS": Fernet.generate_key().decode(),
            "KUANXIN_EVENTS_URL": broker.url,
            "KUANXIN_METRICS_PORT": str(free_port(2)),
        }
        for name, value in {**SETTINGS, **own}.items():
            patch.setenv(name, value)
        patch.setattr(operate, "CONFIGURATION", (*operate.CONFIGURATION, "--debug"))
        attackers = [
            _with_a_loan({"id": id, "name": f"演示·攻{id}", "phone": f"1370000{9000 + number}"}, f"{8000 + number}")
            for number, id in enumerate(ATTACKERS)
        ]
        load_demo_book(var, _with_a_loan(OWNER, "7707"), *attackers)
        running = stack.enter_context(operate.running_assistant(var))
        parts = compose(Settings(var=var))
        patch.undo()  # what else runs in this process has settings of its own
        yield World(running, parts, broker)
        parts.engine.dispose()


AMOUNT = re.compile(r"\d+\.\d\d(?=元)")
