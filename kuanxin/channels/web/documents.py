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
SHARED = {
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Max-Age": "600",
}


def add_documents(routes: Blueprint, parts: Services) -> None:
    path = "/documents/<name:[A-Za-z0-9_-]{1,80}\\.(?:pdf|ics)>"

    @routes.route(path, methods=["GET", "OPTIONS"])
    async def document(request: Request, name: str) -> HTTPResponse:
        if not _from_here(request, parts):
            return text_response("", 403)
        if request.method == "OPTIONS":
            return text_response("", 204)
        arrangement, _, kind = name.rpartition(".")
        try:
            content = await asyncio.to_thread(_made, parts, request.headers.get("authorization", ""), arrangement, kind)
        except TokenRefused:
            return text_response("请重新登录。", 401)
        except BookUnavailable:
            return text_response("暂时查不到账务，请稍后再试。", 503)
        if content is None:
            return text_response("没有找到。", 404)
        disposition = {"Content-Disposition": f'attachment; filename="kuanxin-{name}"'}
        return raw(content, content_type=TYPES[kind], headers=disposition)

    @routes.middleware("response")
    async def allow(request: Request, response: HTTPResponse) -> None:
        """Here, because Rasa's server answers the browser's question before a GET (OPTIONS) ahead of every route."""
        if "/documents/" not in request.path:
            return
        response.headers.update(HEADERS)
        if request.headers.get("origin") and _from_here(request, parts):
            response.headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            response.headers.update(SHARED)


def _from_here(request: Request, parts: Services) -> bool:
    """Whether a page of the bank asks, or no page at all."""
    origin = request.headers.get("origin")
    return not origin or origin in parts.settings.origins


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
