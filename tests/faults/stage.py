"""A running assistant whose processes a test can kill, start again and arm (tests/faults/inject)."""

from __future__ import annotations

import hmac
import os
import re
import signal
import subprocess
import time
import uuid
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from bench.load import many_borrowers
from kuanxin.evaluate.stage import Stage
from kuanxin.operate.assistant import RunningAssistant, running_assistant
from kuanxin.operate.model import ROOT
from kuanxin.store.tables_conversations import inbound

if TYPE_CHECKING:
    from collections.abc import Iterator

INJECT = Path(__file__).with_name("inject")
NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
START_SECONDS = 120
EVERY_STEP = os.environ.get("KUANXIN_FAULTS") == "all"  # `make test-faults`
THOROUGHLY = pytest.mark.skipif(not EVERY_STEP, reason="takes long: make test-faults")
AMOUNT = re.compile(r"\d+\.\d\d元")
OWED = "我欠多少"


class Worker:
    """A Rasa server with its action server, and what may happen to them."""

    def __init__(self, assistant: RunningAssistant) -> None:
        self.assistant = assistant

    def kill(self, name: str) -> None:
        self.signal(name, signal.SIGKILL)
        self.assistant.processes[name].wait(15)

    def signal(self, name: str, what: signal.Signals) -> None:
        self.assistant.processes[name].send_signal(what)

    def start(self, name: str, armed: bool = False) -> None:
        """Starts a process that ended; `armed`: it counts its writes. Returns when it answers."""
        old = self.assistant.processes[name]
        environment = dict(self.assistant.environment)
        if armed:
            environment |= {"PYTHONPATH": f"{INJECT}:{ROOT}", "FAULT_COUNTDOWN": str(self._countdown(name))}
        with (self.assistant.var / f"{name}-again.log").open("ab") as log:
            new = subprocess.Popen(old.args, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.assistant.processes[name] = new
        health = (
            f"{self.assistant.chat}/health"
            if name == "rasa"
            else f"http://127.0.0.1:{self.assistant.environment['KUANXIN_ACTION_PORT']}/health"
        )
        until = time.monotonic() + START_SECONDS
        while not _answers(health):
            assert new.poll() is None, (self.assistant.var / f"{name}-again.log").read_text()[-2000:]
            assert time.monotonic() < until, f"{name} did not start"
            time.sleep(0.1)

    def ended(self, name: str) -> bool:
        try:
            self.assistant.processes[name].wait(10)
        except subprocess.TimeoutExpired:
            return False
        return True

    def arm(self, name: str, steps: int) -> None:
        self._countdown(name).write_text(str(steps))

    def disarm(self, name: str) -> int:
        """How many steps were left."""
        left = int(self._countdown(name).read_text())
        self._countdown(name).unlink()
        return left

    def _countdown(self, name: str) -> Path:
        return self.assistant.var / f"{name}-countdown"


class Faulty(Worker):
    """A worker over a book of borrowers who talk with it."""

    def __init__(self, assistant: RunningAssistant) -> None:
        super().__init__(assistant)
        self.stage = Stage(assistant.environment)
        self.stage.set(many_borrowers(), NOW)
        self._borrowers = iter(range(1000))

    def borrower(self, demo: str = "B004") -> Borrower:
        """Another borrower in the same situation, whom no other test has spoken for."""
        return Borrower(self, f"{demo}-{next(self._borrowers)}")

    def pseudonym_of(self, borrower: Borrower) -> str:
        """What stands for this borrower's conversation in events and logs."""
        key = (self.assistant.var / "pseudonyms.key").read_bytes()
        return hmac.new(key, f"b-{borrower.id}".encode(), "sha256").hexdigest()[:16]

    def leases_run_out(self) -> None:
        """As if the minute had passed after which a message that was lost in a crash may be given out again."""
        with self.stage.services.engine.begin() as connection:
            connection.execute(inbound.update().where(inbound.c.answered.is_(False)).values(lease_until=0))


class Borrower:
    """Talks as the widget does: a message that was not answered is sent again under its number."""

    def __init__(self, faulty: Faulty, id: str) -> None:
        self._faulty, self.id = faulty, id
        self.token = faulty.stage.token(id)
        self._chat = faulty.assistant.chat

    def say(self, text: str) -> str:
        return self.send(text, uuid.uuid4().hex)

    def send(self, text: str, message_id: str) -> str:
        """The answer in one text. Raises requests.RequestException where there is none."""
        return "\n".join(message["text"] for message in self._read(self.post(text, message_id)))

    def post(self, text: str, message_id: str, over: requests.Session | None = None) -> requests.Response:
        """`over` what is connected already, else over a connection of its own."""
        return (over or requests).post(
            f"{self._chat}/messages",
            json={"message_id": message_id, "text": text},
            headers=self._headers(),
            timeout=60,
        )

    def heard(self) -> list[dict[str, Any]]:
        """The whole conversation."""
        return self._read(requests.get(f"{self._chat}/messages", headers=self._headers(), timeout=60))

    def agreed(self) -> list[str]:
        """The states of what this borrower has agreed to, as the book has it."""
        return [a.state.value for a in self._faulty.stage.arrangements(self.token)]

    def events(self) -> list[str]:
        loans = self._faulty.stage.services.servicing.book.loans_of(self.id)
        return [event.kind for loan in loans for event in loan.events]

    def at(self, url: str) -> Borrower:
        """The same borrower, who reaches another worker."""
        other = copy(self)
        other._chat = f"{url}/webhooks/chat"
        return other

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _read(self, answer: requests.Response) -> list[dict[str, Any]]:
        body = answer.json()
        if not answer.ok:
            return [{"text": body["error"]["message"]}]
        return list(body["messages"])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def faulty(var: Path, database_url: str | None = None) -> Iterator[Faulty]:
    with running_assistant(var, database_url=database_url) as assistant:
        yield Faulty(assistant)


def documented(fault: str, which: int = 0) -> str:
    """What the borrower is told, by the table in docs/operation.md."""
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| {re.escape(fault)} \|(.*)$", text, re.MULTILINE)
    return re.findall(r"“([^”…]+)", row)[which]
