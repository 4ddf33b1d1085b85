"""The reference: the bot that `rasa init` makes, trained and started as its documentation says."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

from kuanxin.operate.assistant import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "rasa"]
# of its own training data: one turn each that ends with an answer
MESSAGES = ("hey", "perfect", "I am sad", "yes", "are you a bot?", "no", "goodbye", "hello there")


def make(folder: Path) -> float:
    """Creates and trains the bot; returns the seconds that training took."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "domain.yml").exists():
        seconds_of([*COMMAND, "init", "--no-prompt", "--init-dir", str(folder)], folder, folder / "init.log")
    return seconds_of([*COMMAND, "train", "--force"], folder, folder / "train.log")


def seconds_of(command: list[str], folder: Path, log: Path) -> float:
    """Runs a command that talks a lot and returns its seconds. Raises RuntimeError that names the log."""
    began = time.monotonic()
    with log.open("wb") as out:
        failed = subprocess.run(command, cwd=folder, check=False, stdout=out, stderr=subprocess.STDOUT).returncode
    if failed:
        raise RuntimeError(f"{' '.join(command[1:4])} failed; see {log}")
    return time.monotonic() - began


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Its REST address, its process, and the seconds until its first message was answered."""
    port, began = free_port(), time.monotonic()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*COMMAND, "run", "--port", str(port)], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    try:
        while True:
            try:
                requests.post(url, json={"sender": "warm-up", "message": "hey"}, timeout=30).raise_for_status()
                break
            except requests.RequestException:
                if server.poll() is not None:
                    raise RuntimeError(f"the bare bot ended; see {folder / 'server.log'}") from None
                time.sleep(0.25)
        yield url, server, time.monotonic() - began
    finally:
        server.terminate()
        server.wait(timeout=30)
