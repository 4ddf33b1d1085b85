"""What an operator does at the prompt until there is a desk: see who waits, read, answer, give the all-clear."""

from __future__ import annotations

import io
import re

import pytest

from kuanxin import bootstrap
from kuanxin.bootstrap import compose
from kuanxin.conversations import __main__ as commands
from kuanxin.conversations.__main__ import main
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate


@pytest.fixture
def parts(tmp_path, sqlite_url, monkeypatch):
    parts = compose(Settings(var=tmp_path, database_url=sqlite_url, token_key="", now="2026-11-23T10:00:00+08:00"))
    migrate(parts.engine)
    monkeypatch.setattr(bootstrap, "_made", parts)
    for conversation_id in ("v-1", "b-B001"):
        parts.conversations.open(conversation_id, "chat", None, parts.clock.now())
    yield parts
    parts.engine.dispose()


def test_who_waits_is_listed_most_urgent_first(parts, capsys):
    parts.conversations.hand_over("v-1", "request", "normal", "想要：转人工", parts.clock.now())
    parts.conversations.start_safety_hold("b-B001", parts.clock.now())
    assert main(["waiting"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("urgent  11-23 10:00  b-B001  safety")
    assert second == "normal  11-23 10:00  v-1  request  想要：转人工"


def test_a_conversation_is_read_with_its_cards(parts, capsys):
    parts.conversations.record_inbound("v-1", "m1", "我欠多少", parts.clock.now())
    card = {"title": "借款", "facts": [["应还", "1.00元"]]}
    parts.conversations.record_reply("v-1", {"text": "您看", "card": card}, parts.clock.now())
    assert main(["show", "v-1"]) == 0
    shown = capsys.readouterr().out
    for piece in ("v-1 (chat): bot", "borrower  我欠多少", "assistant 您看", "【借款】", "应还：1.00元"):
        assert piece in shown


def test_what_logs_call_a_conversation_leads_to_it_and_back(parts, capsys, monkeypatch):
    monkeypatch.setattr(commands, "LOT", 1)
    monkeypatch.setattr("kuanxin.pseudonym._key", lambda: b"key")
    assert main(["show", "v-1"]) == 0
    in_logs = capsys.readouterr().out.splitlines()[0].split("in logs: ")[1]
    assert re.fullmatch("[0-9a-f]{16}", in_logs)
    assert main(["find", in_logs]) == 0
    assert capsys.readouterr().out == "v-1\n"
    assert main(["find", "0" * 16]) == 1


def test_a_colleague_answers_and_gives_it_back(parts, monkeypatch):
    parts.conversations.hand_over("v-1", "request", "normal", "", parts.clock.now())
    monkeypatch.setattr("sys.stdin", io.StringIO("您好，我是小李\n"))
    assert main(["reply", "v-1"]) == 0
    assert parts.conversations.get("v-1").holder == "human"
    assert [(e.author, e.text) for e in parts.conversations.transcript("v-1")] == [("staff", "您好，我是小李")]
    assert main(["close", "v-1"]) == 0
    assert parts.conversations.get("v-1").holder == "bot"


def test_the_all_clear(parts):
    parts.conversations.start_safety_hold("b-B001", parts.clock.now())
    assert main(["clear-safety", "b-B001"]) == 0
    assert not parts.conversations.get("b-B001").safety_hold


def test_a_wrong_id_is_named(parts, capsys):
    assert main(["show", "v-9"]) == 1
    assert "There is no conversation v-9." in capsys.readouterr().err
