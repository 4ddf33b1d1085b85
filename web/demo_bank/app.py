"""The demo bank: pick an invented borrower, confirm, and the conversation that asked is signed in.

What a real page does in this place: authenticate the person by the bank's own means, ask for this confirmation, sign
the assertion in the back end. docs/integration/tokens.md
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic import Sanic
from sanic.response import HTTPResponse, html

from kuanxin.demo import demo_borrowers, demo_token
from web.demo_bank.account import add_account

if TYPE_CHECKING:
    from sanic import Request

    from kuanxin.bootstrap import Services

HERE = Path(__file__).parent
TICKET = re.compile(r"[A-Za-z0-9_-]{20,64}")
COOKIE = "demo_bank_form"
SIGN_IN_PATH = "/webhooks/chat/sign-in"
TIMEOUT_SECONDS = (3.05, 10)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # the ticket is in the address of this page
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def make_app(parts: Services) -> Sanic:
    app = Sanic("demo_bank", configure_logging=False)
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    app.static("/style.css", HERE / "static" / "style.css", name="style")
    app.static("/icon.svg", HERE / "static" / "icon.svg", name="icon")

    def page(name: str, status: int = 200, **values: object) -> HTTPResponse:
        return html(pages.get_template(name).render(**values), status=status)

    @app.on_response
    async def protect(request: Request, response: HTTPResponse) -> None:
        response.headers.update({**HEADERS, **response.headers})

    @app.get("/")
    async def start(request: Request) -> HTTPResponse:
        people = await asyncio.to_thread(demo_borrowers, parts)
        return page("start.html", people=people)

    @app.get("/sign-in")
    async def choose(request: Request) -> HTTPResponse:
        ticket = request.args.get("ticket") or ""
        if not TICKET.fullmatch(ticket):
            return page("message.html", 400, **NO_TICKET)
        people = await asyncio.to_thread(demo_borrowers, parts)
        proof = secrets.token_urlsafe(24)
        response = page("sign_in.html", people=people, ticket=ticket, proof=proof)
        response.cookies[COOKIE] = proof
        response.cookies[COOKIE].update({"httponly": True, "samesite": "Strict", "path": "/sign-in", "max-age": 600})
        return response

    @app.post("/sign-in")
    async def confirm(request: Request) -> HTTPResponse:
        form = request.form or {}
        ticket, borrower_id = form.get("ticket") or "", form.get("borrower") or ""
        # a form that another site sends comes without our cookie
        proof, cookie = form.get("proof") or "", request.cookies.get(COOKIE) or ""
        if not cookie or not hmac.compare_digest(proof.encode(), cookie.encode()):
            return page("message.html", 403, **NOT_HERE)
        people = await asyncio.to_thread(demo_borrowers, parts)
        person = next((p for p in people if p.id == borrower_id), None)
        if person is None or not TICKET.fullmatch(ticket):
            return page("message.html", 400, **NO_TICKET)
        status = await asyncio.to_thread(_bind, parts, person.id, ticket)
        if status == 200:
            return page("message.html", **SIGNED_IN | {"text": SIGNED_IN["text"].format(name=person.name)})
        return page("message.html", 410, **GONE) if status == 410 else page("message.html", 502, **DOWN)

    add_account(app, parts, page)
    return app


def _bind(parts: Services, borrower_id: str, ticket: str) -> int:
    """What Kuanxin answers to the bank's back end; 0 where it cannot be reached."""
    assertion = demo_token(parts, borrower_id, ticket)
    address = f"{parts.settings.public_url}{SIGN_IN_PATH}"
    try:
        # a redirect would take what signs the borrower in to another host
        sent = requests.post(address, json={"assertion": assertion}, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return 0
    return sent.status_code


SIGNED_IN = {
    "mark": "good",
    "title": "登录好了",
    "text": "您已用“{name}”的身份登录。请回到刚才的聊天，点“我登录好了，继续”。这个页面可以关了。",
}
GONE = {
    "mark": "bad",
    "title": "这个链接已经失效",
    "text": "登录链接十分钟内有效，只能用一次，也只用于发起它的那个聊天。请回到聊天里，再要一个新链接。",
}
NO_TICKET = {
    "mark": "bad",
    "title": "这个链接不完整",
    "text": "请回到聊天里，直接点登录链接，不要手动复制一部分。",
}
NOT_HERE = {
    "mark": "bad",
    "title": "请重新打开登录链接",
    "text": "为了您的安全，确认必须从本页面发出。请回到聊天里再点一次登录链接，并允许本页面使用 Cookie。",
}
DOWN = {
    "mark": "bad",
    "title": "聊天服务没有响应",
    "text": "登录没有完成，您的信息没有任何变动。请过一分钟回到聊天里，再要一个新链接。",
}
