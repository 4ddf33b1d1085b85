"""The bank's loan system goes away in mid-conversation and comes back: what a borrower is told, and what is kept."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.chat.client import ChatClient
from kuanxin.identity.signing import sign_as_bank
from kuanxin.operate.assistant import running_assistant
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.sql_book import SqlLoanBook
from tests.builders import SHANGHAI
from tests.gateways.conftest import TOKEN, reference_server
from tests.services import free_port
from tests.test_logs import in_logs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = "the-key-of-the-bank-for-tests-only-0123456789"
BORROWER = "B004"  # 41 days past due


def test_without_figures_nothing_is_guessed_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, port = f"sqlite:///{tmp_path / 'bank.db'}", free_port()
    engine = make_engine(database)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.now(SHANGHAI))
    book = SqlLoanBook(engine)
    monkeypatch.setenv("KUANXIN_LOAN_BOOK_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("KUANXIN_LOAN_BOOK_TOKEN", TOKEN)
    monkeypatch.setenv("KUANXIN_TOKEN_KEY", KEY)
    monkeypatch.setenv("KUANXIN_STAFF_HOURS", "mon-sun 00:00-23:59")  # whenever this runs

    with (tmp_path / "bank.log").open("w") as log, ExitStack() as bank:
        bank.enter_context(reference_server(database, log, port))
        with running_assistant(tmp_path / "var") as assistant:
            client = ChatClient(assistant.url, lambda: sign_as_bank(KEY, BORROWER))

            def said(text: str) -> str:
                return "\n".join(message["text"] for message in client.say(text)["messages"])

            def pressed(title: str) -> str:
                shown = client.recent(20)["messages"][-1]["buttons"]
                button = next(b["id"] for b in shown if title in b["title"])
                return "\n".join(message["text"] for message in client.press(button)["messages"])

            assert "每个月最多" in said("想分期还")
            bank.close()  # the loan system is gone
            answer = said("500")
            assert "我暂时查不到账务信息" in answer
            assert not re.search(r"\d+\.\d\d元", answer)
            assert "转接同事" in said("转人工")  # a person can still be called
            assert "我暂时查不到账务信息" in said("我欠多少")
            assert book.loan(BORROWER, "L004").events == ()
            (conversation,) = in_logs(assistant.var, f"b-{BORROWER}")
            log_of_actions = (assistant.var / "actions.log").read_text("utf-8")
            assert f"loan book unavailable [actions.base] conversation={conversation}" in log_of_actions
            assert BORROWER not in log_of_actions

            bank.enter_context(reference_server(database, log, port))
            deadline = time.monotonic() + 60
            while "查不到账务" in (answer := pressed("再试一次")):  # the breaker leaves the system alone for a while
                assert time.monotonic() < deadline, answer
                time.sleep(2)
            assert re.search(r"\d+\.\d\d元", answer)
            assert "可以重新分期" in said("分期吧 一个月最多1500")
            assert "生效" in said("同意")
            assert [event.kind for event in book.loan(BORROWER, "L004").events] == ["committed"]
    engine.dispose()
