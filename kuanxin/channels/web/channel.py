"""Opens the web chat in the Rasa server: Socket.IO, the widget's script and documents, all under /webhooks/web."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sanic import Blueprint
from sanic.response import file as file_response
from sanic.response import text as text_response
from socketio import AsyncRedisManager, AsyncServer

from kuanxin.channels.composed import ComposedChannel
from kuanxin.channels.guard import Guard
from kuanxin.channels.web.documents import add_documents
from kuanxin.channels.web.sockets import CHANNEL, Sockets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage
    from sanic import Request, Sanic
    from sanic.response import HTTPResponse

WIDGET = Path(__file__).resolve().parents[3] / "web" / "widget" / "dist"
MOST_BYTES = 16 * 1024  # of one packet


class WebChannel(ComposedChannel):
    """Configured in credentials.yml as `kuanxin.channels.web.channel.WebChannel`."""

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        parts = self.parts
        guard = Guard(on_new_message, parts)
        redis = parts.settings.redis_url.get_secret_value()
        sio = AsyncServer(
            async_mode="sanic",
            cors_allowed_origins=parts.settings.origins,
            cors_credentials=False,  # the token is in the handshake; no cookie is looked at
            client_manager=_shared_rooms(redis) if redis else None,
            max_http_buffer_size=MOST_BYTES,
            ping_interval=20,
            ping_timeout=15,
        )
        sockets = Sockets(sio, guard, parts)
        routes = _WithSockets(sio, "kuanxin_web")

        @routes.listener("after_server_start")
        async def begin(app: Any, loop: Any) -> None:
            app.add_task(sockets.follow(), name="web chat follows")  # named: Sanic ends it when it stops

        @routes.get("/widget/<name:(kuanxin\\.js|kuanxin\\.js\\.LEGAL\\.txt)>")
        async def widget(request: Request, name: str) -> HTTPResponse:
            path = WIDGET / name
            if not await asyncio.to_thread(path.is_file):
                return text_response("The widget was not built: scripts/web.sh builds it (Node.js 18 or newer).", 404)
            headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            return await file_response(path, headers=headers)

        add_documents(routes, parts)
        return routes


def _shared_rooms(redis: str) -> AsyncRedisManager:
    """Rooms over all workers. Where Redis is away, each goes on alone and finds the rest in the database."""
    options = {"socket_connect_timeout": 3, "socket_keepalive": True}
    return AsyncRedisManager(redis, "kuanxin-web", redis_options=options)


class _WithSockets(Blueprint):
    """A blueprint that attaches Socket.IO to the app, below its own prefix."""

    def __init__(self, sio: AsyncServer, name: str) -> None:
        super().__init__(name)
        self.ctx.sio = sio

    def register(self, app: Sanic, options: dict[str, Any]) -> None:
        self.ctx.sio.attach(app, f"{options.get('url_prefix') or ''}/socket.io")
        super().register(app, options)
