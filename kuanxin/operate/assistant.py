"""A running assistant of its own: Rasa server and action server on free ports, over a database of its own.

For accepting a model (`python -m kuanxin.evaluate dialogues`), tests and benchmarks; `make run` starts the real one.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import requests

from kuanxin.operate.model import ROOT, starting_model
from kuanxin.store.engine import make_engine, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_TIMEOUT_SECONDS = 240
SERVE = "kuanxin.operate.serve"
CONFIGURATION = ("--endpoints", "endpoints.yml", "--credentials", "credentials.yml")


class AssistantDidNotStart(RuntimeError):
    """A server of the assistant ended or never became ready; the text ends with the last lines of its log."""


@dataclass(frozen=True)
class RunningAssistant:
    url: str  # of the Rasa server
    var: Path  # its working files and logs
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]

    @property
    def chat(self) -> str:
        return f"{self.url}/webhooks/chat"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_assistant(
    var: Path,
    database_url: str | None = None,
    model: Path | None = None,
    waiting: Callable[[float], None] = lambda seconds: None,
) -> Iterator[RunningAssistant]:
    """Starts both servers, yields when a message was processed end to end, ends them at the end.

    `waiting` is called about every half second with the seconds since the start. Raises AssistantDidNotStart.
    """
    var.mkdir(parents=True, exist_ok=True)
    rasa_port, action_port = free_port(), free_port()
    environment = os.environ | {
        "KUANXIN_VAR": str(var),
        "KUANXIN_RASA_PORT": str(rasa_port),
        "KUANXIN_ACTION_PORT": str(action_port),
        "KUANXIN_DATABASE_URL": database_url or f"sqlite:///{var / 'kuanxin.db'}",
        "SANIC_HOST": "127.0.0.1",
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    environment.pop("KUANXIN_NOW", None)
    engine = make_engine(environment["KUANXIN_DATABASE_URL"])
    migrate(engine)
    starts_with = starting_model(engine, model)
    engine.dispose()
    commands = {
        "actions": ["rasa_sdk", "--actions", "actions", "--port", str(action_port)],
        "rasa": [
            *("rasa", "run", "--model", str(starts_with), *CONFIGURATION),
            *("--interface", "127.0.0.1", "--port", str(rasa_port)),
        ],
    }
    logs = {name: (var / f"{name}.log").open("wb") for name in commands}
    processes = {name: _start([SERVE, name, *command], environment, logs[name]) for name, command in commands.items()}
    assistant = RunningAssistant(f"http://127.0.0.1:{rasa_port}", var, environment, processes)
    try:
        _wait_until_ready(assistant, waiting)
        yield assistant
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        for log in logs.values():
            log.close()


def _start(command: list[str], environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )


def _wait_until_ready(assistant: RunningAssistant, waiting: Callable[[float], None]) -> None:
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < START_TIMEOUT_SECONDS:
        for name, process in assistant.processes.items():
            if process.poll() is not None:
                raise AssistantDidNotStart(
                    f"the {name} server ended with {process.returncode}:\n{_tail(assistant, name)}"
                )
        try:
            if requests.get(f"{assistant.chat}/health", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        waiting(seconds)
        time.sleep(0.5)
    raise AssistantDidNotStart(f"not ready after {START_TIMEOUT_SECONDS} s:\n{_tail(assistant, 'rasa')}")


def _tail(assistant: RunningAssistant, name: str) -> str:
    lines = (assistant.var / f"{name}.log").read_text("utf-8", "replace").splitlines()
    return "\n".join(lines[-15:])
