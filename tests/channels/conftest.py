"""The REST channel on a real port with a model that the test scripts: what the guard does needs no trained one."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sanic import Sanic

from kuanxin.bootstrap import Services, compose
from kuanxin.channels.rest import ChatChannel
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasa.core.channels.channel import UserMessage

NOW = "2026-11-23T10:00:00+08:00"
_numbers = itertools.count()


@dataclass
class ScriptedModel:
    """Stands where Rasa stands. Answers "答：…" with one button, unless a test says otherwise."""

    seen: list[UserMessage] = field(default_factory=list)
    fails: Exception | None = None
    silent: bool = False
    seconds: float = 0.0
    active: int = 0
    most_active: int = 0
    during_turn: Any = None  # a function that plays the actions of a turn
    reply: dict[str, Any] | None = None  # instead of the usual one

    async def __call__(self, message: UserMessage) -> None:
        if message.sender_id.startswith("v-warm-up"):
            await self._answer(message)
            return
        self.seen.append(message)
        self.active += 1
        self.most_active = max(self.active, self.most_active)
        try:
            await asyncio.sleep(self.seconds)
            if self.during_turn:
                self.during_turn(message)
            if self.fails:
                raise self.fails
            if not self.silent:
                await self._answer(message)
        finally:
            self.active -= 1

    async def _answer(self, message: UserMessage) -> None:
        entities = {"loan": "L001", "offer": 2}
        reply = {
            "text": f"答：{message.text}",
            "buttons": [{"title": "看看我的账", "payload": f"/ask_loan_status{json.dumps(entities)}"}],
            "custom": {"card": {"kind": "loan", "title": "卡片"}},
        }
        await message.output_channel.send_response(message.sender_id, self.reply or reply)


@dataclass
class Chat:
    """A client of the channel."""

    url: str
    services: Services
    model: ScriptedModel
    var: Path

    def token(self, borrower: str = "B001", **other: Any) -> str:
        return sign_as_bank(self.services.settings.bank_key(), borrower, **other)

    def visitor(self) -> str:
        return requests.post(f"{self.url}/visitors", timeout=10).json()["token"]

    def post(self, token: str | None, body: Any = None, **other: Any) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/messages", json=body, headers=headers, timeout=10, **other)

    def say(self, token: str, text: str, message_id: str | None = None) -> requests.Response:
        return self.post(token, {"text": text, "message_id": message_id or uuid.uuid4().hex})

    def press(self, token: str, button: str) -> requests.Response:
        return self.post(token, {"button": button, "message_id": uuid.uuid4().hex})

    def history(self, token: str, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.url}/messages", params=params, headers=headers, timeout=10)

    def sign_in(self, assertion: Any) -> requests.Response:
        return requests.post(f"{self.url}/sign-in", json={"assertion": assertion}, timeout=10)

    def ticket(self, conversation_id: str) -> str:
        link = self.services.identity.sign_in_link(conversation_id, self.services.clock.now())
        return link.split("ticket=")[1]

    def conversation(self, token: str) -> str:
        return self.services.identity.speaker(token).conversation_id


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    var = tmp_path_factory.mktemp("var")
    services = compose(Settings(var=var, database_url=f"sqlite:///{var / 'kuanxin.db'}", token_key="", now=NOW))
    migrate(services.engine)
    model = ScriptedModel()
    app = Sanic(f"channel_{next(_numbers)}", configure_logging=False)
    app.blueprint(ChatChannel(services).blueprint(model), url_prefix="/webhooks/chat")
    with serving(app) as url:
        chat = Chat(f"{url}/webhooks/chat", services, model, var)
        wait_until_healthy(chat.url)
        yield chat
    services.engine.dispose()


@pytest.fixture
def chat(running: Chat) -> Chat:
    """The running channel with a model as new. Each test talks in conversations of its own."""
    running.model.__init__()
    return running


@pytest.fixture
def borrower() -> str:
    return f"B{uuid.uuid4().hex[:8]}"


def wait_until_healthy(url: str, seconds: float = 15) -> None:
    for _ in range(int(seconds / 0.1)):
        if requests.get(f"{url}/health", timeout=5).status_code == 200:
            return
        asyncio.run(asyncio.sleep(0.1))
    raise AssertionError("the channel never became healthy")
