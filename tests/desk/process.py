"""A server of its own for a test, with its log."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import requests

from tests.web.browser import ROOT

if TYPE_CHECKING:
    from pathlib import Path


class Process:
    """A server that can be killed without a farewell and started again as it was."""

    def __init__(self, command: list[str], environment: dict[str, str], url: str, log: Path) -> None:
        self._command, self._environment, self._url, self._log = command, environment, url, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 240
        while True:
            try:
                if requests.get(self._url, timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self._log.read_text("utf-8", "replace")[-3000:])
            time.sleep(0.3)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.wait(10)

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, *fault: Any) -> None:
        self.kill()
