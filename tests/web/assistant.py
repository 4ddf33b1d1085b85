"""The web connector in a real Sanic server with a real database; what stands behind it is a function of the test."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import socketio
from rasa.server import configure_cors
from sanic import Sanic

from kuanxin.bootstrap import Services, compose
from kuanxin.channels.web.channel import WebChannel
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from rasa.core.channels.channel import UserMessage

_numbers = count(1)
# Rasa pins an aiohttp that knows this timeout only as a number; the client of python-socketio asks for the newer class
if not hasattr(aiohttp, "ClientWSTimeout"):
    aiohttp.ClientWSTimeout = lambda ws_close: ws_close
ORIGIN = "https://bank.example"


async def echo(message: UserMessage) -> None:
    """Says what was asked, and who asked it."""
    await message.output_channel.send_response(
        message.sender_id,
        {
            "text": f"{message.metadata['borrower']}: {message.text}",
            "buttons": [{"title": "好的", "payload": '/affirm{"consent": "secret-hash"}'}],
        },
    )


@dataclass
class Running:
    url: str
    parts: Services
    seen: list[UserMessage] = field(default_factory=list)
    behind: Callable[[UserMessage], Awaitable[None]] = echo
    me: str = ""
    other: str = ""

    def begin(self) -> None:
        """Two borrowers whom nobody met before."""
        self.me, self.other, self.behind = f"B{next(_numbers)}", f"B{next(_numbers)}", echo
        self.seen.clear()

    def token(self, borrower: str = "", **claims: Any) -> str:
        """As the bank's back end signs it."""
        now = int(time.time())
        body = {"sub": borrower or self.me, "aud": "kuanxin", "iat": now, "exp": now + 600, **claims}
        return jwt.encode(body, self.parts.settings.bank_key(), "HS256")

    @asynccontextmanager
    async def client(self, token: str | None, origin: str | None = ORIGIN) -> Any:
        client = Client(self.url)
        headers = {"Origin": origin} if origin else {}
        await client.connect(token, headers)
        try:
            yield client
        finally:
            await client.sio.disconnect()


class Client:
    """A widget without a face: sends events, keeps what arrives."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.sio = socketio.AsyncClient(reconnection=False)
        self.entries: list[dict[str, Any]] = []
        self.events: list[tuple[str, Any]] = []
        self.disconnected = asyncio.Event()
        self.refused: Any = None
        for event in ("entries", "typing", "holder"):
            self.sio.on(event, self._keeper(event))
        self.sio.on("disconnect", lambda *_: self.disconnected.set())
        self.sio.on("connect_error", lambda data=None: setattr(self, "refused", data))

    async def connect(self, token: str | None, headers: dict[str, str]) -> None:
        auth = None if token is None else {"token": token, "conversation": "b-B999", "session_id": "b-B999"}
        await self.sio.connect(
            self._url,
            headers,
            auth=auth,
            transports=["websocket"],
            socketio_path="/webhooks/web/socket.io",
            wait_timeout=5,
        )

    async def ask(self, event: str, data: Any = None) -> Any:
        return await self.sio.call(event, {} if data is None else data, timeout=10)

    async def resume(self, cursor: int = 0) -> Any:
        return await self.ask("resume", {"cursor": cursor})

    async def say(self, text: str, id: str | None = None, **more: Any) -> Any:
        return await self.ask("say", {"id": id or f"m{next(_numbers)}", "text": text, **more})

    async def until(self, happened: Callable[[], bool], seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, f"did not happen; events: {self.events}"
            await asyncio.sleep(0.02)

    def _keeper(self, event: str) -> Callable[[Any], None]:
        def keep(data: Any) -> None:
            self.events.append((event, data))
            if event == "entries":
                self.entries += data

        return keep


@contextmanager
def web_assistant(folder: Path, port: int | None = None, **settings: Any) -> Iterator[Running]:
    """A server worker of its own; tests share one and take a new borrower each."""
    parts = compose(Settings(**{"var": folder, "web_origins": ORIGIN, **settings}))
    migrate(parts.engine)
    app, seen = Sanic(f"web-chat-test-{next(_numbers)}", configure_logging=False), []

    async def on_new_message(message: UserMessage) -> None:
        seen.append(message)
        await running.behind(message)

    configure_cors(app)  # as in Rasa's own server: it answers every OPTIONS itself
    app.blueprint(WebChannel(parts).blueprint(on_new_message), url_prefix="/webhooks/web")
    with serving(app, port) as url:
        running = Running(url, parts, seen)
        yield running
    parts.engine.dispose()
