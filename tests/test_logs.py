"""One form of log, and nobody named in it, whichever library writes a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from kuanxin.operate.assistant import free_port
from kuanxin.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# each line as some library of a server would write it
WRITTEN = r"""
import logging, warnings, threading, structlog
from kuanxin import logs
logs.configure("rasa", FORM, logging.DEBUG)
own, rasa = logging.getLogger("own"), structlog.get_logger("rasa.core")
own.warning("before any message")
logs.of_conversation("v-1")
own.warning("ticket for %r", "b-B001")
own.warning("two\nlines, the second of b-B001.")
rasa.debug("processor.message", text="我叫王芳", sender_id="b-B001", event_info="Received a message")
for logger in (own, rasa):
    try:
        raise ValueError("王芳 owes 100.00") from KeyError("王芳")
    except ValueError as error:
        logger.exception("it broke")
        if logger is own:
            logs.log_where(own, "it broke", error)
warnings.warn("old", UserWarning)
silent = logging.getLogger("sanic")
silent.propagate = False
silent.error("from a library that keeps to itself")
thread = threading.Thread(target=lambda: {}["王芳"])
thread.start()
thread.join()
own.warning("%d", "cannot be written: 王芳")
raise RuntimeError("no database at b-B001")
"""


def written(form: str, var: Path) -> str:
    environment = os.environ | {"KUANXIN_VAR": str(var), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-c", WRITTEN.replace("FORM", repr(form))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 1
    return done.stderr


def in_logs(var: Path, *conversations: str) -> list[str]:
    """What stands for conversations in the logs of an installation."""
    code = "import sys; from kuanxin.pseudonym import pseudonym; print(*map(pseudonym, sys.argv[1:]))"
    environment = os.environ | {"KUANXIN_VAR": str(var), "PYTHONPATH": str(ROOT)}
    return subprocess.check_output([sys.executable, "-c", code, *conversations], env=environment, text=True).split()


def test_as_json_every_line_is_an_object_of_the_same_fields(tmp_path: Path) -> None:
    said = written("json", tmp_path)
    visitor, borrower = in_logs(tmp_path, "v-1", "b-B001")
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in lines] == [
        "before any message",
        f"ticket for '{borrower}'",
        f"two\nlines, the second of {borrower}.",
        "Received a message",
        "it broke",
        "it broke with ValueError",
        "it broke",
        lines[7]["event"],
        "from a library that keeps to itself",
        "a thread ended",
        f"the process ends: RuntimeError: no database at {borrower}",
    ]
    assert "UserWarning: old" in lines[7]["event"]
    for line in lines:
        assert datetime.fromisoformat(line["time"].replace("Z", "+00:00")).utcoffset().total_seconds() == 0
        assert line["server"] == "rasa"
        assert line["level"] in {"debug", "warning", "error", "critical"}
        assert line["logger"]
    assert "conversation" not in lines[0]
    assert {line["conversation"] for line in lines[1:9]} == {visitor}
    assert lines[3]["sender_id"] == borrower
    broken = [line for line in lines if "exception" in line]
    assert [line["event"].split(":")[0] for line in broken] == [
        "it broke",
        "it broke with ValueError",
        "it broke",
        "a thread ended",
        "the process ends",
    ]
    for line in broken[:3]:
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert line["exception"].endswith("\nValueError")


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_names_anybody(tmp_path: Path, form: str) -> None:
    said = written(form, tmp_path)
    for personal in ("王芳", "B001", "100.00", "v-1"):
        assert personal not in said
    for kept in ("it broke", "Received a message", "ValueError", "from a library", *in_logs(tmp_path, "v-1", "b-B001")):
        assert kept in said


def test_gunicorn_keeps_to_the_form(tmp_path: Path) -> None:
    """The desk's server, with nowhere to listen: one object a line, to the end."""
    port = free_port()
    settings = {"KUANXIN_VAR": str(tmp_path), "KUANXIN_LOG_FORMAT": "json", "KUANXIN_DESK_PORT": str(port)}
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), "KUANXIN_INTERFACE": "192.0.2.1"}
    command = [sys.executable, "-m", "kuanxin.operate", "start", "desk"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert {(line["server"], line["logger"]) for line in lines} == {("desk", "gunicorn.error")}
    assert str(port) in lines[0]["event"]
