"""Documents of an arrangement, for the borrower whose token asks: GET documents/<arrangement>.pdf and .ics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sanic.response import raw
from sanic.response import text as text_response

from kuanxin.channels.web.tokens import prove
from kuanxin.conversations.model import ConversationNotFound
from kuanxin.documents.calendar_file import calendar_file
from kuanxin.documents.confirmation import confirmation_pdf
from kuanxin.identity.tokens import TokenRefused
from kuanxin.servicing.ports import BookUnavailable

if TYPE_CHECKING:
    from sanic import Blueprint, Request
    from sanic.response import HTTPResponse

    from kuanxin.bootstrap import Services

TYPES = {"pdf": "application/pdf", "ics": "text/calendar; charset=utf-8"}
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Origin"}


def add_documents(routes: Blueprint, parts: Services) -> None:
    path = "/documents/<name:[A-Za-z0-9_-]{1,80}\\.(?:pdf|ics)>"

    @routes.route(path, methods=["GET", "OPTIONS"])
    async def document(request: Request, name: str) -> HTTPResponse:
        origin = request.headers.get("origin")
        if origin and origin not in parts.settings.origins:
            return text_response("", 403, headers=HEADERS)
        allowed = _allowed(origin)
        if request.method == "OPTIONS":
            return text_response("", 204, headers=allowed)
        arrangement, _, kind = name.rpartition(".")
        try:
            content = await asyncio.to_thread(_made, parts, request.headers.get("authorization", ""), arrangement, kind)
        except TokenRefused:
            return text_response("请重新登录。", 401, headers=allowed)
        except BookUnavailable:
            return text_response("暂时查不到账务，请稍后再试。", 503, headers=allowed)
        if content is None:
            return text_response("没有找到。", 404, headers=allowed)
        disposition = {"Content-Disposition": f'attachment; filename="kuanxin-{name}"'}
        return raw(content, content_type=TYPES[kind], headers={**allowed, **disposition})


def _made(parts: Services, authorization: str, wanted: str, kind: str) -> bytes | None:
    """None for an arrangement that is not this borrower's, whether it exists or not. Blocks."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused
    speaker = prove(parts.identity, token.strip(), parts.settings.token_max_age_minutes * 60).speaker
    now = parts.clock.now()
    borrower = speaker.borrower_id or parts.identity.borrower_of(speaker.conversation_id, now)
    if borrower is None or _somebody_else(parts, speaker.conversation_id):
        raise TokenRefused
    for arrangement in parts.servicing.arrangements(borrower, now):
        if arrangement.id == wanted:
            if kind == "ics":
                return calendar_file(arrangement, now)
            return confirmation_pdf(arrangement, parts.book.loan(borrower, arrangement.loan_id), now)
    return None


def _somebody_else(parts: Services, conversation_id: str) -> bool:
    """The writer said to be somebody else: nothing about a loan leaves until the next sign-in."""
    try:
        return parts.conversations.get(conversation_id).third_party
    except ConversationNotFound:
        return False


def _allowed(origin: str | None) -> dict[str, str]:
    if origin is None:
        return dict(HEADERS)
    return {
        **HEADERS,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": "Authorization",
        "Access-Control-Allow-Methods": "GET",
        "Access-Control-Max-Age": "600",
    }
