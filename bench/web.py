"""The web chat: from Enter to the first reply on the page beside the raw REST turn; the script's size; open sockets.

Both ways of a turn alternate in one run, with the same sentences, over the same server.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import websockets

from bench.document import Figures
from bench.measure import memory_mb, percentile
from kuanxin.bootstrap import compose
from kuanxin.demo import demo_token
from kuanxin.operate.assistant import free_port, running_assistant
from kuanxin.operate.model import ROOT
from kuanxin.settings import Settings
from tests.web.browser import DESKTOP, Visit, chromium, demo_bank, load_demo_book

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = ROOT / "web" / "widget" / "dist" / "kuanxin.js"
SOCKETS = 500
ROUNDS = 8
SENTENCES = ("我欠多少", "怎么还款", "逾期会上征信吗", "谢谢", "你能做什么")
PAUSE_SECONDS = 1.1  # what the rate limit grants in the long run; the pause is not measured
FIRST_REPLY = """() => {
  const list = document.querySelector("kuanxin-chat").shadowRoot.querySelector(".kx-messages");
  const answers = ".kx-line[data-author=assistant][data-number]";
  window.reply = new Promise((done) => {
    let began = 0;
    const entered = (event) => event.key === "Enter" && (began = performance.now());
    document.addEventListener("keydown", entered, {capture: true, once: true});
    const known = list.querySelectorAll(answers).length;
    new MutationObserver((_, observer) => {
      if (list.querySelectorAll(answers).length === known) return;
      observer.disconnect();
      requestAnimationFrame(() => done(performance.now() - began));
    }).observe(list, {childList: true, subtree: true});
  });
}"""


@dataclass
class _Measured:
    rest: list[float]  # ms of whole turns
    browser: list[float]  # ms from Enter to the frame that shows the first reply
    per_socket_kb: float
    beside_sockets: list[float]  # ms of REST turns while the sockets are open


def measure() -> list[Figures]:
    """Turns, then what the script and an open socket weigh."""
    found = _run()
    turns = [
        ("raw REST turn", found.rest),
        ("Enter to first reply in Chromium", found.browser),
        (f"raw REST turn, {SOCKETS} sockets open", found.beside_sockets),
    ]
    reference = percentile(found.rest, 50)
    rows = [
        (what, f"{percentile(ms, 50):.0f}", f"{percentile(ms, 95):.0f}", f"{percentile(ms, 50) / reference:.2f}")
        for what, ms in turns
    ]
    size = len(gzip.compress(SCRIPT.read_bytes(), 9)) / 1000
    weights = [
        ("the script, gzipped (all of it is loaded at first paint)", f"{size:.1f} kB"),
        (f"an open socket, of {SOCKETS} on one worker", f"{found.per_socket_kb:.0f} kB"),
    ]
    return [
        Figures(("a turn", "p50, ms", "p95, ms", "p50 / raw REST turn"), rows),
        Figures(("weight", ""), weights),
    ]


def _run() -> _Measured:
    with tempfile.TemporaryDirectory(prefix="kuanxin-bench-") as folder:
        var, page_port = Path(folder), free_port()
        os.environ["KUANXIN_PAGE_PORT"] = str(page_port)  # the page that may open the chat
        load_demo_book(var)
        with running_assistant(var) as assistant, demo_bank(var, page_port, assistant.url) as bank:
            parts = compose(Settings(var=var, page_port=page_port))
            say = _over_rest(assistant.chat, demo_token(parts, "B001"))
            rest, browser = _alternating(say, bank, assistant.url)
            pid = assistant.processes["rasa"].pid
            tokens = [demo_token(parts, f"BENCH{number}") for number in range(SOCKETS)]
            per_socket, beside = asyncio.run(_sockets(assistant.url, tokens, lambda: memory_mb([pid]), say))
            parts.engine.dispose()
    return _Measured(rest, browser, per_socket, beside)


def _over_rest(chat: str, token: str) -> Callable[[str], float]:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"

    def say(text: str) -> float:
        began = time.perf_counter()
        answer = session.post(f"{chat}/messages", json={"text": text}, timeout=30)
        taken = (time.perf_counter() - began) * 1000
        answer.raise_for_status()
        if not answer.json()["messages"]:
            raise RuntimeError(f"no answer to {text}: a turn without an answer is not a turn")
        return taken

    return say


def _alternating(say: Callable[[str], float], bank: str, chat: str) -> tuple[list[float], list[float]]:
    rest, browser = [], []
    with chromium() as chrome:
        visit = Visit(chrome, bank, {bank.removeprefix("http://"), chat.removeprefix("http://")}, viewport=DESKTOP)
        visit.sign_in("逾期41天")
        visit.open()
        for text in SENTENCES * ROUNDS:
            visit.page.evaluate(FIRST_REPLY)
            visit.say(text)
            browser.append(visit.page.evaluate("window.reply"))
            visit.page.wait_for_timeout(PAUSE_SECONDS * 1000)
            rest.append(say(text))
        visit.close()
    return rest, browser


async def _sockets(
    url: str, tokens: list[str], memory: Callable[[], float], say: Callable[[str], float]
) -> tuple[float, list[float]]:
    """Memory that each open, resumed socket adds to the server, and turns meanwhile."""
    address = f"ws{url.removeprefix('http')}/webhooks/web/socket.io/?EIO=4&transport=websocket"
    before = memory()
    opened = [await _resumed(address, token) for token in tokens]
    added = memory() - before
    turns = [await asyncio.to_thread(say, text) for text in islice(SENTENCES * ROUNDS, 20)]
    await asyncio.gather(*(socket.close() for socket in opened))
    return added * 1024 / len(tokens), turns


async def _resumed(address: str, token: str) -> websockets.WebSocketClientProtocol:
    """A socket as the widget opens it: handshake, token, what was missed."""
    socket = await websockets.connect(address)
    await socket.recv()
    await socket.send("40" + json.dumps({"token": token}))
    welcome = await socket.recv()
    assert welcome.startswith("40"), welcome
    await socket.send('420["resume",{"cursor":0}]')
    answer = await socket.recv()
    assert '"ok":true' in answer, answer
    return socket
