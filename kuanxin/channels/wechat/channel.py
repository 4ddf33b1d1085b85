"""Opens the callback address of an Official Account in the Rasa server: /webhooks/wechat/callback."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sanic import Blueprint
from sanic.exceptions import SanicException
from sanic.response import text as text_response

from kuanxin.channels.composed import ComposedChannel
from kuanxin.channels.line import Line
from kuanxin.channels.wechat.carrier import WeChatCarrier
from kuanxin.channels.wechat.events import CHANNEL, received
from kuanxin.channels.wechat.sealed import NotBelieved, Seal
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage
    from sanic import Request
    from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 4.0  # after 5 s WeChat asks again
TAKEN = "success"


class WeChatChannel(ComposedChannel):
    """`kuanxin.channels.wechat.channel.WeChatChannel` in credentials.yml; open where KUANXIN_WECHAT_APP_ID is set."""

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        parts = self.parts
        routes = Blueprint("kuanxin_wechat")
        settings = parts.settings
        if not settings.wechat_app_id:
            return routes
        seal = Seal(
            settings.wechat_token.get_secret_value(),
            settings.wechat_aes_key.get_secret_value(),
            settings.wechat_app_id,
        )
        line = Line(parts, WeChatCarrier(parts.official_account()), on_new_message)

        @routes.listener("after_server_start")
        async def begin(app: Any, loop: Any) -> None:
            app.add_task(line.follow(), name=f"{line.carrier.channel} follows")  # named: Sanic ends it when it stops

        async def take(query: dict[str, str], body: bytes) -> str:
            came = received(seal.open(query, body))
            if came is not None:
                await asyncio.wait_for(asyncio.shield(line.receive(came)), ANSWER_SECONDS)
            return TAKEN

        add_callback(routes, seal, take)
        return routes


def add_callback(routes: Blueprint, seal: Seal, take: Callable[[dict[str, str], bytes], Awaitable[str]]) -> None:
    """The two requests of a callback address: being set up, and taking what happens there."""

    @routes.get("/callback")
    async def set_up(request: Request) -> HTTPResponse:
        return text_response(seal.echo(_query(request)))

    @routes.post("/callback")
    async def happened(request: Request) -> HTTPResponse:
        return text_response(await take(_query(request), request.body))

    @routes.exception(NotBelieved)
    async def not_believed(request: Request, error: NotBelieved) -> HTTPResponse:
        logger.warning("%s: a request was refused: %s", routes.name, error)
        return text_response("", error.status)

    @routes.exception(Exception)
    async def broken(request: Request, error: Exception) -> HTTPResponse:
        """Not kept: the platform sends it again."""
        if isinstance(error, SanicException) and error.status_code < 500:  # no request that can be read
            return text_response("", error.status_code)
        log_where(logger, f"{routes.name}: a request broke", error)
        return text_response("", 503)


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in request.args.items()}
