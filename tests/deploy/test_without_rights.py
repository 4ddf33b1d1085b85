"""The servers in what their containers give them: no rights, a user of no name, nothing to write to but two folders.

Bubblewrap makes that room from this machine's own files; the image itself takes an engine that builds images.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import requests
import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.evaluate.stage import Stage
from kuanxin.operate.model import ensure_model
from kuanxin.settings import ROOT
from tests.services import find_or_install, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "10001"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text("utf-8"))
START_SECONDS = 120


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As the image sets it, but for where the project lies on this machine."""
    ensure_model()
    var = tmp_path_factory.mktemp("var")
    (lines,) = re.findall(r"^ENV (PATH=(?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    image = dict(pair.split("=", 1) for pair in shlex.split(lines.replace("\\\n", " ")))
    ports = {f"KUANXIN_{name}_PORT": str(free_port()) for name in ("RASA", "ACTION", "DESK")}
    ports["KUANXIN_METRICS_PORT"] = str(free_port(4))
    ours = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return {**image, **ours, **ports, "KUANXIN_VAR": str(var), "KUANXIN_DATABASE_URL": f"sqlite:///{var}/kuanxin.db"}


def _inside(environment: dict[str, str]) -> list[str]:
    var = environment["KUANXIN_VAR"]
    return [
        str(find_or_install("bwrap", "bubblewrap", "/usr/bin")),
        *("--unshare-user", "--uid", USER, "--gid", USER, "--cap-drop", "ALL", "--die-with-parent"),
        *("--unshare-pid", "--as-pid-1"),  # what it leaves behind is gone with it
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--tmpfs", "/tmp", "--ro-bind", str(ROOT), str(ROOT), "--bind", var, var),  # wherever this checkout lies
        *("--chdir", str(ROOT), "--clearenv"),
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
    ]


@contextmanager
def _running(service: str, environment: dict[str, str]) -> Iterator[Path]:
    """The log of a service of the Compose file, which has to end by itself when it is told to."""
    log = Path(environment["KUANXIN_VAR"]).parent / f"{service}.log"
    with log.open("wb") as out:
        command = [*_inside(environment), *COMPOSE["services"][service]["command"]]
        process = subprocess.Popen(command, stdout=out, stderr=out, env={}, start_new_session=True)
        try:
            yield log
            assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
            (first,) = psutil.Process(process.pid).children()  # an engine, too, tells nobody else
            first.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert "Read-only file system" not in log.read_text("utf-8", "replace")


def _answer(url: str, log: Path) -> requests.Response:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            if (answer := requests.get(url, timeout=5)).ok:
                return answer
        except requests.RequestException:
            pass
        assert time.monotonic() < until, log.read_text("utf-8", "replace")[-2000:]
        time.sleep(0.3)


def test_the_room_is_as_narrow_as_the_container(environment: dict[str, str]) -> None:
    tried = f"id -u; touch {ROOT}/x {ROOT}/models/x {Path.home()}/x; touch /tmp/x && chown 0 /etc/hostname"
    done = subprocess.run([*_inside(environment), "sh", "-c", tried], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == USER
    assert done.stderr.count("Read-only file system") == 4
    assert done.returncode


def test_all_servers_install_start_answer_and_end(environment: dict[str, str]) -> None:
    install = [*_inside(environment), *COMPOSE["services"]["install"]["command"]]
    done = subprocess.run(install, capture_output=True, text=True, env={}, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Training" not in done.stdout

    stage = Stage(environment)
    stage.set(yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.fromisoformat("2026-11-23T10:00:00+08:00"))
    desk, chat = (f"http://127.0.0.1:{environment[f'KUANXIN_{name}_PORT']}" for name in ("DESK", "RASA"))
    with (
        _running("worker", environment) as worker,
        _running("notices", environment),
        _running("desk", environment) as at_the_desk,
    ):
        _answer(f"{chat}/webhooks/chat/health", worker)
        said = requests.post(
            f"{chat}/webhooks/chat/messages",
            json={"message_id": uuid.uuid4().hex, "text": "我欠多少"},
            headers={"Authorization": f"Bearer {stage.token('B004')}"},
            timeout=60,
        )
        assert re.search(r"\d+\.\d\d元", said.text), said.text
        assert "<form" in _answer(f"{desk}/", at_the_desk).text
        figures = f"http://127.0.0.1:{int(environment['KUANXIN_METRICS_PORT']) + 3}/metrics"
        assert "kuanxin_desk_request_seconds_count" in _answer(figures, at_the_desk).text
