"""The bank's own pages around the web chat: an invented borrower signs in, sees "my loan", and the chat sits there.

What a bank copies from here is `chat_token`: its page's session says who is signed in, its back end signs the token,
nothing is asked of the browser. docs/integration/web.md
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sanic.response import HTTPResponse, json, redirect

from kuanxin.demo import demo_borrowers, demo_token
from kuanxin.servicing.words import day, money

if TYPE_CHECKING:
    from collections.abc import Callable

    from sanic import Request, Sanic

    from kuanxin.bootstrap import Services
    from kuanxin.servicing.service import Status

SESSION = "demo_bank_session"
MOST_SESSIONS = 1000


def add_account(app: Sanic, parts: Services, page: Callable[..., HTTPResponse]) -> None:
    sessions: dict[str, str] = {}  # of this process, as a bank has its own
    chat = parts.settings.public_url
    policy = content_security_policy(chat)

    def borrower_of(request: Request) -> str | None:
        return sessions.get(request.cookies.get(SESSION) or "")

    @app.post("/enter")
    async def enter(request: Request) -> HTTPResponse:
        wanted = (request.form or {}).get("borrower") or ""
        people = await asyncio.to_thread(demo_borrowers, parts)
        if not any(person.id == wanted for person in people):
            return redirect("/")
        while len(sessions) >= MOST_SESSIONS:
            del sessions[next(iter(sessions))]
        key = secrets.token_urlsafe(24)
        sessions[key] = wanted
        response = redirect("/account", status=303)
        response.cookies[SESSION] = key
        response.cookies[SESSION].update({"httponly": True, "samesite": "Strict", "path": "/"})
        return response

    @app.post("/leave")
    async def leave(request: Request) -> HTTPResponse:
        sessions.pop(request.cookies.get(SESSION) or "", None)
        return redirect("/", status=303)

    @app.get("/account")
    async def account(request: Request) -> HTTPResponse:
        borrower_id = borrower_of(request)
        people = await asyncio.to_thread(demo_borrowers, parts)
        person = next((p for p in people if p.id == borrower_id), None)
        if person is None:
            return redirect("/")
        statuses = await asyncio.to_thread(parts.servicing.statuses, person.id, parts.clock.now())
        response = page("account.html", person=person, loans=[_shown(s) for s in statuses], chat=chat)
        response.headers["Content-Security-Policy"] = policy
        return response

    @app.get("/chat-token")
    async def chat_token(request: Request) -> HTTPResponse:
        borrower_id = borrower_of(request)
        if borrower_id is None:
            return json({"error": "signed out"}, 401)
        return json({"token": await asyncio.to_thread(demo_token, parts, borrower_id)})


def content_security_policy(chat: str) -> str:
    """What a page that carries the chat has to allow: its script, and connections to it. No 'unsafe-inline'."""
    socket = f"{'wss' if urlsplit(chat).scheme == 'https' else 'ws'}://{urlsplit(chat).netloc}"
    return (
        f"default-src 'none'; script-src {chat}/webhooks/web/widget/; connect-src 'self' {chat} {socket}; "
        "style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _shown(status: Status) -> dict[str, object]:
    loan = status.loan
    following = status.next_due
    return {
        "name": f"{day(loan.disbursed_on)}借款",
        "principal": money(loan.principal),
        "settled": status.settled,
        "late": status.days_past_due,
        "due": money(status.due.total) if status.due.total else "",
        "next": f"{day(following.due_date)} {money(following.open.total)}" if following else "",
        "outstanding": money(status.outstanding.total),
        "rows": [(row.number, day(row.due_date), money(row.open.total)) for row in status.open_rows[:6]],
    }
