"""What keeps the assistant from starting is said in one sentence with what to do."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kuanxin.operate import model, prepare
from kuanxin.operate.assistant import free_port
from kuanxin.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_busy_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = Settings(var=tmp_path, rasa_port=free_port(), action_port=port, page_port=free_port())
        with pytest.raises(prepare.CannotStart, match=f"Port {port} .*KUANXIN_ACTION_PORT="):
            prepare._check_ports(settings)


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "ROOM_MB", 10**9)
    with pytest.raises(prepare.CannotStart, match="disk is nearly full"):
        prepare._check_room(tmp_path)


def test_the_fingerprint_follows_the_training_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in model.TRAINED_FROM:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "." in name:
            path.write_text(name)
        else:
            path.mkdir()
            (path / "one.yml").write_text("- 我欠多少")
    monkeypatch.setattr(model, "ROOT", tmp_path)
    before = model.fingerprint()
    assert model.fingerprint() == before
    (tmp_path / "data" / "one.yml").write_text("- 我欠多少\n- 几号还")
    assert model.fingerprint() != before


def test_a_failed_training_says_so_and_leaves_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model, "ROOT", tmp_path)
    monkeypatch.setattr(model.subprocess, "run", lambda *_, **__: type("Done", (), {"returncode": 1})())
    with pytest.raises(RuntimeError, match="training failed"):
        model.ensure_model()
    assert not list(tmp_path.rglob("*.tar.gz"))
