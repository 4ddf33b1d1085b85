"""The demo bank's page over HTTP: from a link in the chat to a signed-in conversation, and every way around it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from sanic import Sanic

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.bootstrap import compose
from kuanxin.channels.rest import ChatChannel
from kuanxin.demo import NoDemo, check_demo
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.channels.conftest import NOW, Chat, ScriptedModel, wait_until_healthy
from tests.services import free_port
from tests.web_server import serving
from web.demo_bank.app import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[tuple[Chat, str]]:
    """A chat and the bank's page beside it, as in the default set-up."""
    var, chat_port = tmp_path_factory.mktemp("var"), free_port()
    public = f"http://127.0.0.1:{chat_port}"
    url = f"sqlite:///{var / 'kuanxin.db'}"
    services = compose(Settings(var=var, database_url=url, token_key="", now=NOW, public_url=public))
    migrate(services.engine)
    import_book(services.engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.fromisoformat(NOW))
    model = ScriptedModel()
    app = Sanic("beside_the_bank", configure_logging=False)
    app.blueprint(ChatChannel(services).blueprint(model), url_prefix="/webhooks/chat")
    with serving(app, chat_port) as url, serving(make_app(services)) as bank:
        chat = Chat(f"{url}/webhooks/chat", services, model, var)
        wait_until_healthy(chat.url)
        yield chat, bank
    services.engine.dispose()


@pytest.fixture
def chat(place) -> Chat:
    place[0].model.__init__()
    return place[0]


@pytest.fixture
def bank(place) -> str:
    return place[1]


@pytest.fixture
def visitor(chat) -> str:
    token = chat.visitor()
    chat.say(token, "我欠多少")
    return token


def opened(bank: str, ticket: str) -> tuple[requests.Session, requests.Response, dict[str, str]]:
    """A browser that opened the link, the page, and the hidden fields of its form."""
    browser = requests.Session()
    page = browser.get(f"{bank}/sign-in", params={"ticket": ticket}, timeout=10)
    return browser, page, dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def test_from_the_link_to_a_signed_in_conversation(chat, bank, visitor):
    browser, page, form = opened(bank, chat.ticket(chat.conversation(visitor)))
    assert page.status_code == 200
    assert "演示·王芳" in page.text
    assert "逾期3天" in page.text
    done = browser.post(f"{bank}/sign-in", data=form | {"borrower": "B001"}, timeout=10)
    assert (done.status_code, "登录好了" in done.text, "演示·王芳" in done.text) == (200, True, True)
    chat.say(visitor, "我欠多少")
    assert chat.model.seen[-1].metadata["borrower"] == "B001"
    again = browser.post(f"{bank}/sign-in", data=form | {"borrower": "B002"}, timeout=10)
    assert (again.status_code, "已经失效" in again.text) == (410, True)


def test_a_form_that_another_site_sends_does_nothing(chat, bank, visitor):
    ticket = chat.ticket(chat.conversation(visitor))
    browser, _, form = opened(bank, ticket)
    assert browser.cookies
    cookie = browser.get(f"{bank}/sign-in", params={"ticket": ticket}, timeout=10).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    stranger = requests.Session()
    forged = {
        "without the cookie": stranger.post(f"{bank}/sign-in", data=form | {"borrower": "B001"}, timeout=10),
        "with another proof": browser.post(
            f"{bank}/sign-in", data=form | {"borrower": "B001", "proof": "x"}, timeout=10
        ),
        "with nothing at all": stranger.post(f"{bank}/sign-in", timeout=10),
    }
    assert {answer.status_code for answer in forged.values()} == {403}
    chat.say(visitor, "我欠多少")
    assert chat.model.seen[-1].metadata["borrower"] is None


@pytest.mark.parametrize("ticket", ["", "short", "<script>alert(1)</script>" + "x" * 30, "a" * 65])
def test_a_link_that_is_none(bank, ticket):
    _, page, _ = opened(bank, ticket)
    assert page.status_code == 400
    assert "<script" not in page.text


def test_only_demo_borrowers_can_be_picked(chat, bank, visitor):
    browser, _, form = opened(bank, chat.ticket(chat.conversation(visitor)))
    assert browser.post(f"{bank}/sign-in", data=form | {"borrower": "B999"}, timeout=10).status_code == 400


def test_every_page_is_strict_about_what_it_loads(bank):
    for path in ("/", "/sign-in", "/style.css", f"/sign-in?ticket={'a' * 43}"):
        headers = requests.get(f"{bank}{path}", timeout=10).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
    page = requests.get(f"{bank}/sign-in?ticket={'a' * 43}", timeout=10).text
    assert not re.search(r"""(src|href)=["'](?!/)|<script|style=|\son\w+=""", page)


def test_where_the_chat_does_not_answer_it_says_so(chat, bank, visitor, monkeypatch):
    browser, _, form = opened(bank, chat.ticket(chat.conversation(visitor)))

    monkeypatch.setattr("web.demo_bank.app.SIGN_IN_PATH", "/webhooks/chat/nowhere")
    down = browser.post(f"{bank}/sign-in", data=form | {"borrower": "B001"}, timeout=10)
    assert (down.status_code, "没有响应" in down.text) == (502, True)


def test_where_a_bank_signs_there_is_no_demo(tmp_path):
    with pytest.raises(NoDemo, match="KUANXIN_TOKEN_KEY"):
        check_demo(compose(Settings(var=tmp_path, token_key="s" * 40)))
