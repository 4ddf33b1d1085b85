"""A whole worker is told to stop under borrowers who wait for an answer, as an update or a scaling down does it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
from sqlalchemy import text

from kuanxin.operate.assistant import free_port
from kuanxin.operate.model import ROOT
from tests.faults.stage import AMOUNT, OWED, START_SECONDS, THOROUGHLY, Borrower, Faulty, faulty
from tests.web.assistant import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import PostgreSQL, Redis

SOON_SECONDS = 10
COMMAND = [sys.executable, "-m", "kuanxin.operate", "start", "worker"]
PAGE = "http://127.0.0.1:5080"  # the demo bank's


@dataclass
class Stopping:
    """A worker as Compose, Kubernetes and systemd start it."""

    url: str
    ports: list[int]
    process: subprocess.Popen[bytes]
    log: Path

    def servers(self) -> dict[str, psutil.Process]:
        found = {}
        for server in psutil.Process(self.process.pid).children(recursive=True):
            for name, module in (("rasa", "rasa"), ("actions", "rasa_sdk")):
                if module in server.cmdline():
                    found[name] = server
        return found


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgreSQL, redis_server: Redis) -> Iterator[Any]:
    """Another worker, which stays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUANXIN_REDIS_URL", redis_server.url)
        patch.setenv("KUANXIN_WEB_ORIGINS", PAGE)
        with faulty(tmp_path_factory.mktemp("stop"), postgres_server.fresh_database()) as found:
            yield found


@contextmanager
def a_worker(other: Faulty) -> Iterator[Stopping]:
    ports = {f"KUANXIN_{name}_PORT": str(free_port()) for name in ("RASA", "ACTION")}
    environment = other.assistant.environment | ports
    environment.pop("KUANXIN_FAULTS", None)  # of these tests, no setting
    log = other.assistant.var / f"worker-{uuid.uuid4().hex[:8]}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    numbers = list(map(int, ports.values()))
    worker = Stopping(f"http://127.0.0.1:{numbers[0]}", numbers, process, log)
    servers = {}
    try:
        until = time.monotonic() + START_SECONDS
        while not _ready(worker.url):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < until, log.read_text()[-2000:]
            time.sleep(0.2)
        servers = worker.servers()
        yield worker
    finally:
        if process.poll() is None:
            servers = worker.servers()
            process.kill()
            process.wait(10)
        for left in servers.values():
            with suppress(psutil.NoSuchProcess):
                left.kill()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/webhooks/chat/health", timeout=5).ok
    except requests.RequestException:
        return False


async def in_the_web_chat(borrower: Borrower, workers: tuple[str, ...], text: str) -> str:
    """As the widget does: where the connection breaks before the answer, it is asked for over the next worker's."""
    message_id = uuid.uuid4().hex
    for url in workers:
        client = Client(url)
        await client.connect(borrower.token, {"Origin": PAGE})
        broken = asyncio.create_task(client.disconnected.wait())
        saying = asyncio.create_task(client.sio.call("say", {"id": message_id, "text": text}, timeout=60))
        await asyncio.wait((saying, broken), return_when=asyncio.FIRST_COMPLETED)
        if saying.done():
            await client.sio.disconnect()
            return "\n".join(entry["text"] for entry in saying.result()["entries"])
        saying.cancel()
    raise AssertionError("no worker answered")


@contextmanager
def told_to_stop(
    other: Faulty, worker: Stopping, slow: str, seconds: float, how: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    """Turns that begin in this block wait for this table of the database. Meanwhile the worker is told."""
    with other.stage.services.engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {slow} IN ACCESS EXCLUSIVE MODE"))
        yield
        time.sleep(2)
        os.killpg(worker.process.pid, how)
        time.sleep(seconds)


def ports_are_free(worker: Stopping) -> bool:
    for port in worker.ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def who_spoke(borrower: Borrower) -> list[str]:
    return [entry["from"] for entry in borrower.heard()]


@pytest.mark.parametrize(
    ("slow", "seconds"),
    [
        pytest.param("conversations", 6, id="before the first action"),
        pytest.param("loans", 22, id="in an action", marks=THOROUGHLY),
    ],
)
def test_it_finishes_every_turn_and_ends(other: Faulty, slow: str, seconds: float) -> None:
    asking, wishing, agreeing = (other.borrower() for _ in range(3))
    assert "一共" in agreeing.say("分6期")
    before = who_spoke(agreeing)
    with a_worker(other) as worker, ThreadPoolExecutor() as pool:
        servers = worker.servers()
        with told_to_stop(other, worker, slow, seconds):
            asked, wished, agreed = (
                pool.submit(borrower.at(worker.url).say, text)
                for borrower, text in ((asking, OWED), (wishing, "分6期"), (agreeing, "确认"))
            )
        assert AMOUNT.search(asked.result(SOON_SECONDS))
        assert "一共" in (said := wished.result(SOON_SECONDS)), said
        assert "生效" in (said := agreed.result(SOON_SECONDS)), said
        assert worker.process.wait(SOON_SECONDS) == 0
        assert not any(server.is_running() for server in servers.values())
        assert "Traceback" not in worker.log.read_text()
    assert who_spoke(asking) == who_spoke(wishing) == before
    assert who_spoke(agreeing) == [*before, "borrower", "assistant"]
    assert agreeing.events() == ["committed"]


def test_what_is_said_in_the_web_chat_is_answered_over_the_next_connection(other: Faulty) -> None:
    """A socket is closed at once; the turn goes on."""
    borrower = other.borrower()
    borrower.say(OWED)
    before = who_spoke(borrower)
    with a_worker(other) as worker, ThreadPoolExecutor() as pool:
        with told_to_stop(other, worker, "loans", 6):
            workers = (worker.url, other.assistant.url)
            answer = pool.submit(asyncio.run, in_the_web_chat(borrower, workers, OWED))
        assert AMOUNT.search(answer.result(SOON_SECONDS))
        assert worker.process.wait(SOON_SECONDS) == 0
    assert who_spoke(borrower) == [*before, "borrower", "assistant"]


def test_a_connection_that_is_kept_gets_its_answer_and_no_further_one(other: Faulty) -> None:
    """As a proxy keeps it, over which one message follows another."""
    borrower = other.borrower()
    with a_worker(other) as worker, requests.Session() as kept, ThreadPoolExecutor() as pool:
        with told_to_stop(other, worker, "loans", 4):
            answer = pool.submit(borrower.at(worker.url).post, OWED, uuid.uuid4().hex, kept)
        assert AMOUNT.search(answer.result(SOON_SECONDS).text)
        with pytest.raises(requests.ConnectionError):
            borrower.at(worker.url).post(OWED, uuid.uuid4().hex, kept)
        assert worker.process.wait(SOON_SECONDS) == 0


def test_one_that_is_killed_leaves_no_server_behind_and_no_turn_unanswered(other: Faulty) -> None:
    """Its two servers run on: they end each other in the order in which it would have done it."""
    borrower = other.borrower()
    with a_worker(other) as worker, ThreadPoolExecutor() as pool:
        with told_to_stop(other, worker, "loans", 4, signal.SIGKILL):
            answer = pool.submit(borrower.at(worker.url).say, OWED)
        assert AMOUNT.search(answer.result(SOON_SECONDS))
        until = time.monotonic() + SOON_SECONDS
        while not ports_are_free(worker):
            assert time.monotonic() < until
            time.sleep(0.1)


def test_with_nobody_there_it_ends_at_once_and_says_nothing(other: Faulty) -> None:
    with a_worker(other) as worker:
        said = worker.log.read_text()
        os.killpg(worker.process.pid, signal.SIGINT)  # Ctrl-C
        assert worker.process.wait(SOON_SECONDS) == 0
        assert worker.log.read_text() == said
