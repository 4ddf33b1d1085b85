"""What comes back from SMS: delivery receipts, and replies. A stop word stops; anything else goes to the conversation.

Who writes from a number has not signed in: the assistant answers without a word about loans, and the borrower gets a
one-time link into the conversation where the answer stands. docs/integration/sms.md
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import unicodedata
from typing import TYPE_CHECKING, Any

from sanic import Blueprint
from sanic.exceptions import SanicException
from sanic.response import json as json_response

from kuanxin.channels.composed import ComposedChannel
from kuanxin.channels.guard import Guard
from kuanxin.channels.inbound import Inbound, Refused
from kuanxin.channels.rasa_pace import remember
from kuanxin.gateways.sms_callbacks import DONE, NotByTheContract, receipts, replies
from kuanxin.identity.service import Speaker
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage
    from sanic import Request
    from sanic.response import HTTPResponse

    from kuanxin.bootstrap import Services
    from kuanxin.gateways.sms_callbacks import SmsReply

logger = logging.getLogger(__name__)

CHANNEL = "sms"
MOST_BYTES = 256 * 1024
NEVER_AN_ANSWER = 0.0  # no question of the assistant goes out by SMS, so no SMS agrees to one, whenever it was written
STOP_WORDS = frozenset({"T", "TD", "N", "R", "QX", "退", "退订", "拒收", "取消", "别发了", "不要发了", "STOP"})


class SmsChannel(ComposedChannel):
    """Configured in credentials.yml as `kuanxin.channels.sms.SmsChannel`; its routes are under /webhooks/sms/TOKEN."""

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        remember()
        parts = self.parts
        guard = Guard(on_new_message, parts)
        gateway = parts.settings.sms_gateway if parts.settings.sms_gateway in DONE else "http"
        token = parts.settings.sms_callbacks()
        routes = Blueprint("kuanxin_sms")

        @routes.post("/<given>/receipts")
        async def receive(request: Request, given: str) -> HTTPResponse:
            _check(request, given, token)
            now = parts.clock.now()
            for one in receipts(gateway, request.body):
                await asyncio.to_thread(
                    parts.outbox.receive, one.delivered, one.why, now, id=one.id, receipt=one.receipt
                )
            return _json(DONE[gateway])

        @routes.post("/<given>/replies")
        async def reply(request: Request, given: str) -> HTTPResponse:
            _check(request, given, token)
            for one in replies(gateway, request.body):
                await _take(parts, guard, one)
            return _json(DONE[gateway])

        @routes.exception(Refused)
        async def refused(request: Request, error: Refused) -> HTTPResponse:
            return _json({"error": error.code}, error.status)

        @routes.exception(NotByTheContract)
        async def malformed(request: Request, error: NotByTheContract) -> HTTPResponse:
            return _json({"error": "malformed"}, 422)

        @routes.exception(Exception)
        async def broken(request: Request, error: Exception) -> HTTPResponse:
            if isinstance(error, SanicException) and error.status_code < 500:  # no request that can be read
                return _json({"error": "refused"}, error.status_code)
            log_where(logger, "a callback broke", error)
            return _json({"error": "unavailable"}, 503)  # the gateway tries again

        return routes


async def _take(parts: Services, guard: Guard, reply: SmsReply) -> None:
    """May be repeated: a message id stands once, a hold and a notice too."""
    now = parts.clock.now()
    known = await asyncio.to_thread(parts.outbox.reached_at, reply.phone)
    if _stops(reply.text):
        for borrower_id in known:
            await asyncio.to_thread(_stop, parts, borrower_id, reply)
        return
    borrower_id = known[0] if len(known) == 1 else None
    # a number that several borrowers have, or none, tells of nobody: a conversation of its own, for a person to read
    conversation = f"b-{borrower_id}" if borrower_id else f"s-{parts.outbox.mark(reply.phone)[:32]}"
    await asyncio.to_thread(parts.conversations.open, conversation, CHANNEL, borrower_id, now)
    said = Inbound(Speaker(conversation), CHANNEL, text=reply.text, message_id=reply.id, sent_at=NEVER_AN_ANSWER)
    await guard.handle(said.checked())
    if borrower_id:
        await asyncio.to_thread(parts.outbox.send_link, borrower_id, conversation, reply.id, now)
    else:
        await asyncio.to_thread(
            parts.conversations.hand_over, conversation, "request", "normal", "短信回复，号码对不上一位客户", now
        )


def _stop(parts: Services, borrower_id: str, reply: SmsReply) -> None:
    now, conversation = parts.clock.now(), f"b-{borrower_id}"
    parts.conversations.open(conversation, CHANNEL, borrower_id, now)
    parts.conversations.hold_reminders(conversation, "opt_out", now)
    parts.conversations.record_inbound(conversation, reply.id, reply.text, now)
    parts.conversations.record_replies(conversation, [], now, message_id=reply.id)


def _stops(text: str) -> bool:
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum()).upper()
    return plain in STOP_WORDS


def _check(request: Request, given: str, token: str) -> None:
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise Refused(404, "not_found", "")
    if len(request.body) > MOST_BYTES:
        raise Refused(413, "too_large", "")


def _json(body: dict[str, Any], status: int = 200) -> HTTPResponse:
    return json_response(body, status=status, ensure_ascii=False, dumps=json.dumps)
