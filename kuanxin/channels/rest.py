"""The REST channel: for programs, for the terminal chat, and the pattern for other connectors.

docs/integration/rest.md
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from sanic import Blueprint
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.response import json as json_response

from kuanxin.channels.composed import ComposedChannel
from kuanxin.channels.guard import FAILED, TURN_SECONDS, Guard
from kuanxin.channels.inbound import Refused, read_message
from kuanxin.channels.live_model import follow
from kuanxin.channels.rasa_pace import remember
from kuanxin.channels.under_way import finish_at_the_end, let_go
from kuanxin.channels.warm_up import warm_up
from kuanxin.channels.welcome import BOUND
from kuanxin.identity.service import SignInRefused
from kuanxin.identity.tokens import TokenRefused
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage
    from sanic import Request
    from sanic.response import HTTPResponse

    from kuanxin.bootstrap import Services
    from kuanxin.channels.guard import Outcome
    from kuanxin.conversations.model import Entry
    from kuanxin.identity.service import SignIn, Speaker

logger = logging.getLogger(__name__)

MOST_BYTES = 16 * 1024
STOP_SECONDS = TURN_SECONDS + 5  # in which who is connected gets the answer of a turn under way
MOST_ENTRIES = 100
TOO_LARGE = "内容太大了，请分几条发。"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class ChatChannel(ComposedChannel):
    """Configured in credentials.yml as `kuanxin.channels.rest.ChatChannel`; its routes are under /webhooks/chat."""

    @classmethod
    def name(cls) -> str:
        return "chat"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        remember()
        parts = self.parts
        guard = Guard(on_new_message, parts)
        ready = asyncio.Event()
        routes = Blueprint("kuanxin_chat")

        @routes.listener("before_server_start")
        async def set_limits(app: Any, loop: Any) -> None:
            # Sanic reads a body before a handler sees it, 100 MB by default
            app.config.REQUEST_MAX_SIZE = min(app.config.REQUEST_MAX_SIZE, 1024 * 1024)
            app.config.GRACEFUL_SHUTDOWN_TIMEOUT = STOP_SECONDS
            app.register_middleware(let_go, "response")

        @routes.listener("after_server_start")
        async def begin(app: Any, loop: Any) -> None:
            app.add_task(warm_up(guard, ready))
            app.add_task(follow(app, parts), name="live model")  # named: Sanic ends it when it stops
            app.add_task(finish_at_the_end(TURN_SECONDS), name="what is under way")

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            return _json({"status": "ok"}) if ready.is_set() else _json({"status": "starting"}, 503)

        @routes.post("/visitors")
        async def visitors(request: Request) -> HTTPResponse:
            conversation_id, token = parts.identity.new_visitor()
            return _json({"token": token, "conversation": conversation_id}, 201)

        @routes.post("/messages")
        async def say(request: Request) -> HTTPResponse:
            if not ready.is_set():
                raise Refused(503, "starting", "正在启动，请过几秒再试。")
            speaker = _speaker(request, parts)
            inbound = read_message(_body(request), speaker, self.name())
            return _json(_outcome(await guard.handle(inbound)))

        @routes.get("/messages")
        async def history(request: Request) -> HTTPResponse:
            speaker = _speaker(request, parts)
            after = _number(request, "after")
            limit = min(_number(request, "limit") or MOST_ENTRIES, MOST_ENTRIES)
            return _json(_outcome(await asyncio.to_thread(guard.history, speaker, self.name(), after, limit)))

        @routes.post("/sign-in")
        async def sign_in(request: Request) -> HTTPResponse:
            body = _body(request)
            assertion = body.get("assertion") if isinstance(body, dict) else None
            if not isinstance(assertion, str):
                raise Refused(422, "assertion", "assertion 应该是银行签名的断言（JWT）。")
            return _json(await asyncio.to_thread(_bind, parts, assertion))

        @routes.exception(Refused)
        async def refused(request: Request, error: Refused) -> HTTPResponse:
            return _error(error.status, error.code, error.text)

        @routes.exception(TokenRefused)
        async def token_refused(request: Request, error: TokenRefused) -> HTTPResponse:
            code = "token_expired" if error.expired else "token_invalid"
            return _error(401, code, "登录已过期，请重新登录。" if error.expired else "登录信息无效，请重新登录。")

        @routes.exception(SignInRefused)
        async def sign_in_refused(request: Request, error: SignInRefused) -> HTTPResponse:
            return _error(410, "ticket_gone", "登录链接已失效或已用过，请回到聊天里重新获取。")

        @routes.exception(Exception)
        async def broken(request: Request, error: Exception) -> HTTPResponse:
            if isinstance(error, PayloadTooLarge):
                return _error(413, "too_large", TOO_LARGE)
            if isinstance(error, SanicException) and error.status_code < 500:
                return _error(error.status_code, "request", "这个请求看不懂。")
            log_where(logger, "a request broke", error)
            return _error(503, "unavailable", FAILED)

        return routes


def _speaker(request: Request, parts: Services) -> Speaker:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "token_missing", "请先登录，或者以访客身份开始。")
    return parts.identity.speaker(token.strip())


def _body(request: Request) -> Any:
    if len(request.body) > MOST_BYTES:
        raise Refused(413, "too_large", TOO_LARGE)
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refused(422, "json", "请求内容应该是一个 JSON 对象。") from None


def _number(request: Request, name: str) -> int | None:
    value = request.args.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Refused(422, name, f"{name} 应该是一个整数。")
    return int(value)


def _bind(parts: Services, assertion: str) -> dict[str, str]:
    signed = parts.identity.sign_in(assertion, parts.clock.now())
    if signed.asked_in is not None:
        _go_on(parts, signed)
    parts.conversations.signed_in(signed.conversation_id, signed.borrower_id, signed.signed_in_at)
    return {"expires_at": signed.expires_at.isoformat()}


def _go_on(parts: Services, signed: SignIn) -> None:
    """Tells an address that it is bound, with the choices that it had when it asked."""
    parts.conversations.signed_in(signed.asked_in, signed.borrower_id, signed.signed_in_at)
    asked = parts.conversations.last_question(signed.conversation_id, verified=True)
    told = {"text": BOUND, "buttons": asked.get("buttons", [])}
    parts.conversations.record_reply(signed.conversation_id, told, parts.clock.now())


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"messages": [_entry(entry) for entry in outcome.entries], "holder": outcome.holder}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.number,
        "at": entry.at.isoformat(),
        "from": entry.author,
        "text": entry.text,
        "card": entry.card,
        "buttons": list(entry.buttons),
    }


def _error(status: int, code: str, text: str) -> HTTPResponse:
    answer = _json({"error": {"code": code, "message": text}}, status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status in {429, 503}:
        answer.headers["Retry-After"] = "2"
    return answer


def _json(body: dict[str, Any], status: int = 200) -> HTTPResponse:
    return json_response(body, status=status, headers=dict(HEADERS), ensure_ascii=False, dumps=json.dumps)
