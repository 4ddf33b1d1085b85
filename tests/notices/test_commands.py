"""`python -m kuanxin.notices`: what an operator sees, and the process that `make run` starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kuanxin import bootstrap
from kuanxin.book.importer import import_book
from kuanxin.notices.__main__ import main
from kuanxin.settings import ROOT
from kuanxin.store.engine import make_engine, migrate
from tests.notices.world import MONDAY, a_borrower


@pytest.fixture
def var(tmp_path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("KUANXIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KUANXIN_VAR", str(tmp_path))
    monkeypatch.setenv("KUANXIN_NOW", MONDAY.isoformat())
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(bootstrap, "_made", None)
    engine = make_engine()
    migrate(engine)
    import_book(engine, {"kind": "test", "borrowers": [a_borrower(), a_borrower("B2", due="today")]}, MONDAY)
    engine.dispose()
    return tmp_path


def sent(var) -> list[str]:
    return sorted(json.loads(file.read_text("utf-8"))["kind"] for file in var.glob("outbox/notice-*.json"))


def test_plan_send_and_status(var, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "Nothing was planned yet" in capsys.readouterr().out
    assert main(["plan", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "2 borrowers, 2 loans" in shown
    assert "due_today" in shown
    assert "nothing was written" in shown
    assert main(["send"]) == 0
    assert "Nothing is due." in capsys.readouterr().out
    assert main(["plan"]) == 0
    capsys.readouterr()
    assert main(["send", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "B1 overdue: goes out by sms" in shown
    assert "从11月22日起逾期1天" in shown
    assert sent(var) == []
    assert main(["send"]) == 0
    assert "2 sent" in capsys.readouterr().out
    assert sent(var) == ["due_today", "overdue"]
    assert main(["status"]) == 0
    assert "overdue" in capsys.readouterr().out
    assert main(["status", "B1"]) == 0
    assert "overdue  sent  【演示银行】您好" in capsys.readouterr().out


def test_a_dry_run_says_what_would_not_go_out(var, capsys: pytest.CaptureFixture[str]) -> None:
    main(["plan"])
    parts = bootstrap.services()
    parts.conversations.open("b-B1", "web", "B1", MONDAY)
    parts.conversations.hold_reminders("b-B1", "hardship", MONDAY)
    parts.outbox.wish("B2", "", MONDAY.time().replace(hour=18), MONDAY.time().replace(hour=19))
    capsys.readouterr()
    main(["send", "--dry-run"])
    shown = capsys.readouterr().out
    assert "B1 overdue: withdrawn: held: hardship" in shown
    assert "B2 due_today: waits until 11-23 18:00" in shown


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["B1", "--hours", "18:00-20:30"], 0, ""),
        (["B1"], 0, ""),
        (["B1", "--hours", "07:00-20:00"], 2, "within 08:00-22:00"),
        (["B1", "--hours", "20:00-18:00"], 2, "write them like"),
        (["B1", "--hours", "25:00-26:00"], 2, "write them like"),
        (["B1", "--way", "pigeon"], 2, "There is: sms"),
        (["B9"], 1, "no borrower B9"),
    ],
)
def test_wishes(var, capsys: pytest.CaptureFixture[str], given: list[str], code: int, said: str) -> None:
    assert main(["wish", *given]) == code
    output = capsys.readouterr()
    assert said in output.out + output.err


def test_a_broken_file_is_named(var, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    broken = var / "notices.yml"
    broken.write_text("sender: 某银行\n", "utf-8")
    monkeypatch.setenv("KUANXIN_NOTICES_FILE", str(broken))
    assert main(["status"]) == 1
    assert "timing: field required. Add it" in capsys.readouterr().err


def test_the_process_plans_sends_and_ends_with_a_signal(var) -> None:
    process = subprocess.Popen([sys.executable, "-m", "kuanxin.notices", "run"], cwd=ROOT, env=dict(os.environ))
    try:
        deadline = time.monotonic() + 90
        while sent(var) != ["due_today", "overdue"]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
