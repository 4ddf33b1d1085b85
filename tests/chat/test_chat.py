"""The terminal chat against the REST channel on a real port, typed from a pipe."""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from sanic import Sanic

from kuanxin import bootstrap
from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.bootstrap import Services, compose
from kuanxin.channels.rest import ChatChannel
from kuanxin.chat.__main__ import main
from kuanxin.chat.client import ChatClient
from kuanxin.demo import demo_token
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.channels.conftest import NOW, ScriptedModel, wait_until_healthy
from tests.services import free_port
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[tuple[Services, ScriptedModel, str]]:
    var = tmp_path_factory.mktemp("var")
    services = compose(Settings(var=var, database_url=f"sqlite:///{var / 'kuanxin.db'}", token_key="", now=NOW))
    migrate(services.engine)
    import_book(services.engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.fromisoformat(NOW))
    model = ScriptedModel()
    app = Sanic("terminal_chat", configure_logging=False)
    app.blueprint(ChatChannel(services).blueprint(model), url_prefix="/webhooks/chat")
    with serving(app) as url:
        wait_until_healthy(f"{url}/webhooks/chat")
        yield services, model, url
    services.engine.dispose()


@pytest.fixture
def typed(demo, monkeypatch, capsys):
    """Types lines into the chat; gives what it printed and its exit status."""
    services, model, url = demo
    model.__init__()
    monkeypatch.setattr(bootstrap, "_made", services)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*lines: str, args: tuple[str, ...] = ()) -> tuple[str, int]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        status = main(["--url", url, *args])
        return capsys.readouterr().out, status

    return run


def test_a_demo_borrower_is_picked_by_number_and_answered(typed, demo):
    printed, status = typed("1", "我欠多少")
    assert "演示·王芳" in printed
    assert "逾期3天" in printed
    assert "宽心 答：我欠多少" in printed
    assert "1 看看我的账" in printed
    assert "再见" in printed
    assert status == 0
    assert demo[1].seen[0].metadata["borrower"] == "B001"


def test_a_number_presses_the_button_and_other_text_is_said(typed, demo):
    typed("我欠多少", "１", "5", args=("--borrower", "B002"))
    said = [(message.text, bool(message.parse_data)) for message in demo[1].seen]
    assert said == [("我欠多少", False), ("看看我的账", True), ("5", False)]


def test_a_visitor_is_nobody(typed, demo):
    typed("0", "怎么还款")
    typed("怎么还款", args=("--visitor",))
    assert [message.metadata["borrower"] for message in demo[1].seen] == [None, None]


def test_an_empty_line_looks_for_news_and_keeps_the_buttons(typed, demo):
    services, model, _ = demo
    services.conversations.open("b-B003", "chat", "B003", services.clock.now())

    model.during_turn = lambda message: services.conversations.record_replies(
        "b-B003", [{"text": "我是小李，我来看看"}], services.clock.now(), author="staff"
    )
    printed, _ = typed("我欠多少", "", "1", args=("--borrower", "B003"))
    assert model.seen[1].text == "看看我的账"
    printed, _ = typed(args=("--borrower", "B003"))
    assert "同事 我是小李，我来看看" in printed


def test_cards_are_tables_and_links_stay_in_one_piece(typed, demo, monkeypatch):
    link = "https://bank.example/sign-in?ticket=" + "t" * 43
    card = {
        "kind": "offers",
        "title": "可以选的方案",
        "facts": [["现在应还", "913.78元"], ["登录链接", link]],
        "columns": ["", "期数", "每期最多"],
        "rows": [["1", "5期", "200.00元"]],
        "notes": ["截至11月23日 10:00 [bold]不是标记[/]"],
        "data": {"url": link},
    }

    demo[1].reply = {"text": "您看", "custom": {"card": card}}
    monkeypatch.setenv("COLUMNS", "60")
    printed, _ = typed("分期", args=("--borrower", "B004"))
    for piece in ("可以选的方案", "913.78元", "5期", "200.00元", "每期最多", "[bold]不是标记[/]", link):
        assert piece in printed


def test_where_a_person_holds_it_the_sender_knows_it_arrived(typed, demo):
    services = demo[0]
    services.conversations.open("b-B005", "chat", "B005", services.clock.now())
    services.conversations.take_over("b-B005")
    printed, _ = typed("在吗", args=("--borrower", "B005"))
    assert "消息已送达" in printed


def test_a_wrong_number_is_asked_again(typed):
    printed, _ = typed("99", "b002")
    assert "请输入 0 到" in printed


def test_what_the_assistant_refuses_is_shown_and_the_talk_goes_on(typed):
    printed, _ = typed("长" * 2001, "在吗", args=("--borrower", "B006"))
    assert "太长" in printed
    assert "答：在吗" in printed


def test_an_expired_token_is_renewed_without_a_word(demo):
    services, model, url = demo
    model.__init__()
    key = services.settings.bank_key()
    tokens = iter([sign_as_bank(key, "B007", lifetime_seconds=-90), demo_token(services, "B007")])
    client = ChatClient(url, lambda: next(tokens))
    client._token = next(tokens)
    assert client.say("在吗")["messages"][0]["text"] == "答：在吗"


def test_without_a_server_it_says_what_to_do(monkeypatch, capsys, demo):
    monkeypatch.setattr(bootstrap, "_made", demo[0])
    assert main(["--url", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "make run" in capsys.readouterr().out


@contextmanager
def setting(services: Services, kind: str) -> Iterator[None]:
    with services.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE book_settings SET kind = '{kind}', now = NULL")
    yield
    with services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE book_settings SET kind = 'demo'")


def test_nobody_is_a_demo_borrower_of_a_real_book(typed, demo):
    with setting(demo[0], "real"):
        printed, status = typed("1")
    assert status == 1
    assert "real data" in printed
    assert requests.get(f"{demo[2]}/webhooks/chat/health", timeout=5).ok
