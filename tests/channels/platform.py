"""Stand-ins in processes of their own, and connectors in a real server with a real database in front of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from sanic import Sanic
from sqlalchemy import select

from kuanxin.bootstrap import Services, compose
from kuanxin.channels.rest import ChatChannel
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate, reading
from kuanxin.store.tables_channels import channel_addresses
from kuanxin.store.tables_conversations import issued_buttons
from tests.services import free_port
from tests.web.browser import load_demo_book
from tests.web.scripted import scripted
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from rasa.core.channels.channel import InputChannel, UserMessage

ROOT = Path(__file__).resolve().parents[2]
_numbers = count(1)


@dataclass
class Platform:
    """A stand-in that runs; `order` is what a test wants of it."""

    url: str

    def order(self, name: str, **data: Any) -> Any:
        answer = requests.post(f"{self.url}/control/{name}", json=data, timeout=40)
        answer.raise_for_status()
        return answer.json()

    def calls(self, path: str) -> list[dict[str, Any]]:
        """What it was asked at a path (the end of it), in order."""
        return [call for call in self.order("log") if call["path"].endswith(path)]


@contextmanager
def standin(module: str) -> Iterator[Platform]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", f"tests.channels.standins.{module}", str(port)], cwd=ROOT)
    platform = Platform(f"http://127.0.0.1:{port}")
    try:
        until(lambda: _answers(platform))
        yield platform
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Assistant:
    """The connectors under test; what stands behind them is `behind`."""

    url: str
    parts: Services
    seen: list[UserMessage] = field(default_factory=list)
    behind: Callable[[UserMessage], Awaitable[None]] | None = None
    seconds: float = 0.0

    def sign_in(self, link_or_text: str, borrower: str) -> int:
        """What the bank's back end does once the borrower signed in on its page."""
        ticket = link_or_text.split("ticket=")[1].split()[0]
        assertion = sign_as_bank(self.parts.settings.bank_key(), borrower, ticket=ticket)
        return requests.post(f"{self.url}/webhooks/chat/sign-in", json={"assertion": assertion}, timeout=10).status_code

    def time_passes(self) -> None:
        """As if somebody had taken the time to read what was shown."""
        self.has_sent()
        seen = issued_buttons.c.shown_at
        with self.parts.engine.begin() as connection:
            connection.execute(issued_buttons.update().where(seen.is_not(None)).values(shown_at=seen - 10))

    def has_sent(self) -> None:
        """Waits until what the platform took is written down as shown."""

        def sending() -> bool:
            until_then = channel_addresses.c.sending_until
            with reading(self.parts.engine) as connection:
                return connection.execute(select(until_then).where(until_then > time.time())).first() is not None

        until(lambda: not sending())

    def on_the_page(self, borrower: str, text: str | None = None, button: str | None = None) -> list[dict[str, Any]]:
        """The borrower writes or presses a button on the bank's page; what came back."""
        token = sign_as_bank(self.parts.settings.bank_key(), borrower)
        headers = {"Authorization": f"Bearer {token}"}
        body = {"text": text, "button": button, "message_id": f"page{next(_numbers)}"}
        return requests.post(f"{self.url}/webhooks/chat/messages", json=body, headers=headers, timeout=20).json()[
            "messages"
        ]


@contextmanager
def assistant(folder: Path, channels: list[Callable[[Services], InputChannel]], **settings: Any) -> Iterator[Assistant]:
    parts = compose(Settings(var=folder, token_key="", **settings))
    migrate(parts.engine)
    load_demo_book(folder)
    running = Assistant("", parts)
    figures = scripted(parts)

    async def on_new_message(message: UserMessage) -> None:
        if not message.sender_id.startswith("v-warm-up"):
            running.seen.append(message)
            await asyncio.sleep(running.seconds)
        elif not message.metadata["borrower"]:
            await message.output_channel.send_response(message.sender_id, {"text": "在"})
            return
        await (running.behind or figures)(message)

    app = Sanic(f"platform_{next(_numbers)}", configure_logging=False)
    for channel in (ChatChannel(parts), *(make(parts) for make in channels)):
        app.blueprint(channel.blueprint(on_new_message), url_prefix=f"/webhooks/{channel.name()}")
    with serving(app) as url:
        running.url = url
        until(lambda: requests.get(f"{url}/webhooks/chat/health", timeout=5).status_code == 200)
        yield running
    parts.engine.dispose()


def until(happened: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What it returned once it was true."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


def _answers(platform: Platform) -> bool:
    try:
        return platform.order("log") == []
    except requests.RequestException:
        return False
