"""The web chat: python -m bench.web. Prints, and writes docs/benchmarks.md between its markers.

Time from Enter to the first reply on the page beside the raw REST turn, in the same run with the same sentences; the
size of the script; what an open socket costs one worker.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import websockets

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
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- web: begin -->", "<!-- web: end -->"
SOCKETS = 500
SENTENCES = ("我欠多少", "怎么还款", "逾期会上征信吗", "谢谢", "你能做什么") * 8
PAUSE_SECONDS = 1.1  # what the rate limit grants in the long run; the pause is not measured
FIRST_REPLY = """() => {
  const list = document.querySelector("kuanxin-chat").shadowRoot.querySelector(".kx-messages");
  window.reply = new Promise((done) => {
    let began = 0;
    const entered = (event) => event.key === "Enter" && (began = performance.now());
    document.addEventListener("keydown", entered, {capture: true, once: true});
    const known = list.querySelectorAll(".kx-line[data-author=assistant][data-number]").length;
    new MutationObserver((_, observer) => {
      if (list.querySelectorAll(".kx-line[data-author=assistant][data-number]").length === known) return;
      observer.disconnect();
      requestAnimationFrame(() => done(performance.now() - began));
    }).observe(list, {childList: true, subtree: true});
  });
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        var, page_port = Path(folder), free_port()
        os.environ |= {"KUANXIN_PAGE_PORT": str(page_port)}
        load_demo_book(var)
        with running_assistant(var) as assistant, demo_bank(var, page_port, assistant.url) as bank:
            parts = compose(Settings(var=var, page_port=page_port))
            rest = rest_turns(assistant.chat, demo_token(parts, "B001"))
            browser = browser_turns(bank, assistant.url)
            pid = assistant.processes["rasa"].pid
            tokens = [demo_token(parts, f"BENCH{number}") for number in range(SOCKETS)]
            each = asyncio.run(per_socket_kb(assistant.url, tokens, lambda: memory_mb([pid])))
    size = len(gzip.compress(SCRIPT.read_bytes(), 9)) / 1000
    lines = ["| | p50 | p95 | unit |", "|---|---:|---:|---|"]
    for what, values in (("raw REST turn", rest), ("Enter to first reply in Chromium", browser)):
        lines.append(f"| {what} | {statistics.median(values):.0f} | {percentile(values, 95):.0f} | ms |")
    lines += ["", f"The script is {size:.1f} kB gzipped, all of it loaded at first paint."]
    lines.append(f"{SOCKETS} open sockets on one worker take {each:.0f} kB each.")
    print("\n".join(lines))
    text = DOCUMENT.read_text("utf-8")
    head, rest_of_it = text.split(BEGIN)
    DOCUMENT.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest_of_it.split(END)[1], "utf-8")


def rest_turns(chat: str, token: str) -> list[float]:
    """Milliseconds of whole REST turns."""
    taken, session = [], requests.Session()
    for text in SENTENCES:
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {token}"}
        session.post(f"{chat}/messages", json={"text": text}, headers=headers, timeout=30).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def browser_turns(bank: str, chat: str) -> list[float]:
    """Milliseconds from Enter to the frame that shows the first reply."""
    taken = []
    with chromium() as browser:
        hosts = {bank.removeprefix("http://"), chat.removeprefix("http://")}
        visit = Visit(browser, bank, hosts, viewport=DESKTOP)
        visit.sign_in("逾期41天")
        visit.open()
        for text in SENTENCES:
            visit.page.evaluate(FIRST_REPLY)
            visit.say(text)
            taken.append(visit.page.evaluate("window.reply"))
            visit.page.wait_for_timeout(PAUSE_SECONDS * 1000)
        visit.close()
    return taken


async def per_socket_kb(url: str, tokens: list[str], memory: Callable[[], float]) -> float:
    """Memory that each open, resumed socket adds to the server."""
    address = f"ws{url.removeprefix('http')}/webhooks/web/socket.io/?EIO=4&transport=websocket"
    before = memory()
    open_sockets = [await _resumed(address, token) for token in tokens]
    added = memory() - before
    await asyncio.gather(*(socket.close() for socket in open_sockets))
    return added * 1024 / len(tokens)


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


if __name__ == "__main__":
    main()
