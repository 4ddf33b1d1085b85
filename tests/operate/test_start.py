"""Every server checks all of its settings before anything else, and ends so that a supervisor leaves it be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import requests

from kuanxin.operate.assistant import free_port
from kuanxin.operate.start import SERVERS
from kuanxin.settings import ROOT, table

if TYPE_CHECKING:
    from pathlib import Path


def _environment(var: Path, **settings: object) -> dict[str, str]:
    ours = {f"KUANXIN_{name}": str(value) for name, value in settings.items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("KUANXIN_")}
    return {**others, "PYTHONPATH": str(ROOT), "KUANXIN_VAR": str(var), **ours}


def _said(step: list[str], environment: dict[str, str]) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "kuanxin.operate", *step]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.split("\n")


@pytest.mark.parametrize("step", [*(["start", name] for name in SERVERS), ["prepare"], ["install"]], ids=" ".join)
def test_every_server_names_every_mistake_and_ends_with_78(tmp_path: Path, step: list[str]) -> None:
    mistakes = {"DATABASE_URL": "mysql://root:hunter2@db/x", "REDIS_URL": "localhost", "DATABASE_ULR": "x"}
    status, said = _said(step, _environment(tmp_path / "var", **mistakes))
    assert status == os.EX_CONFIG
    lines = [line for line in said if line]
    assert lines[0] == "KUANXIN_DATABASE_ULR: there is no such setting, expected KUANXIN_DATABASE_URL"
    assert sorted(line.split(":")[0] for line in lines[1:]) == ["KUANXIN_DATABASE_URL", "KUANXIN_REDIS_URL"]
    assert "hunter2" not in str(said)
    assert not (tmp_path / "var").exists()


def test_keys_and_files_that_cannot_be_used_are_named_together(tmp_path: Path) -> None:
    broken = tmp_path / "policy.yml"
    broken.write_text("relief: [", "utf-8")
    settings = {"TOKEN_KEY": "short", "POLICY_FILE": broken, "SMS_GATEWAY": "http"}
    status, said = _said(["start", "notices"], _environment(tmp_path / "var", **settings))
    assert status == os.EX_CONFIG
    for name in ("KUANXIN_TOKEN_KEY: ", "KUANXIN_POLICY_FILE: ", "KUANXIN_SMS_URL: "):
        assert sum(line.startswith(name) for line in said) == 1, (name, said)
    assert "Traceback" not in str(said)


def test_a_worker_of_a_release_that_is_not_installed_yet_ends_to_be_started_again(tmp_path: Path) -> None:
    status, said = _said(["start", "rasa"], _environment(tmp_path / "var"))
    assert status == 1
    assert said[-2] == "The tables are not yet those of this release: `python -m kuanxin.operate install`."


def test_a_server_becomes_what_it_is_named(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "kuanxin.operate", "start", "actions"]
    server = subprocess.Popen(command, cwd=ROOT, env=_environment(tmp_path, ACTION_PORT=port))
    try:
        until = time.monotonic() + 120
        while True:
            try:
                assert requests.get(f"http://127.0.0.1:{port}/health", timeout=5).json() == {"status": "ok"}
                break
            except requests.ConnectionError:
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
    finally:
        server.terminate()
        assert server.wait(30) == 0


def test_a_worker_of_which_one_server_fails_ends_the_other(tmp_path: Path) -> None:
    """The Rasa server finds no tables; an action server alone would be a worker that answers nobody."""
    port = free_port()
    status, said = _said(["start", "worker"], _environment(tmp_path, ACTION_PORT=port, RASA_PORT=free_port()))
    assert status == 1
    assert "The tables are not yet those of this release" in str(said)
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(port) in (p.info["cmdline"] or ())]


def test_the_documented_table_is_that_of_the_code() -> None:
    assert table() in (ROOT / "docs" / "operation.md").read_text("utf-8")
