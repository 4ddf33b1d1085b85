"""The demo bank's page in Debian's Chromium, with the widget on it and a scripted assistant behind it.

A violation of the page's Content-Security-Policy, an error of a script and a request to another host fail the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import yaml
from playwright.sync_api import sync_playwright

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.clock import Clock
from kuanxin.store.engine import database_url, make_engine, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Pattern

    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
WATCH = """addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP violated: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));"""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("The browser tests need Chromium: scripts/web.sh --test installs it (Debian, as root)")
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    quiet += ("--disable-component-update", "--disable-sync", "--lang=zh-CN")
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*root, *quiet],
            env={**os.environ, "LANGUAGE": "zh_CN"},  # of the browser's own parts, such as the date field
        )
        yield browser
        browser.close()


def load_demo_book(var: Path, *more: dict[str, Any]) -> None:
    """The demo borrowers, and more of the same form."""
    book = yaml.safe_load(DEMO_BOOK.read_text("utf-8"))
    book["borrowers"] += more
    engine = make_engine(database_url({"KUANXIN_VAR": str(var)}))
    migrate(engine)
    import_book(engine, book, Clock(engine).now())
    engine.dispose()


@contextmanager
def demo_bank(var: Path, page_port: int, chat_url: str) -> Iterator[str]:
    """The demo bank in a process of its own, over the same database and key."""
    environment = os.environ | {
        "KUANXIN_VAR": str(var),
        "KUANXIN_PAGE_PORT": str(page_port),
        "KUANXIN_PUBLIC_URL": chat_url,
        "PYTHONPATH": str(ROOT),
    }
    with (var / "bank.log").open("wb") as log:
        command = [sys.executable, "-m", "web.demo_bank"]
        bank = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{page_port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(url, timeout=2)
            break
        except requests.RequestException:
            if bank.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((var / "bank.log").read_text()) from None
            time.sleep(0.1)
    try:
        yield url
    finally:
        bank.terminate()
        bank.wait(10)


class Visit:
    """Somebody at the bank's page. `faults` holds what must not happen."""

    def __init__(self, browser: Browser, bank: str, hosts: set[str], **look: Any) -> None:
        self.bank = bank
        self.faults: list[str] = []
        self._hosts = hosts
        self.context: BrowserContext = browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", accept_downloads=True, **look
        )
        self.context.add_init_script(WATCH)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = self.tab()

    def tab(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda m: self.faults.append(m.text) if "CSP violated" in m.text else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self._check_host)
        return page

    def sign_in(self, name: str, page: Page | None = None) -> None:
        page = page or self.page
        page.goto(self.bank)
        page.get_by_role("button", name=name).click()
        page.wait_for_url("**/account")

    def open(self, page: Page | None = None) -> None:
        page = page or self.page
        page.get_by_role("button", name="打开还款帮手对话").click()
        page.get_by_label("输入消息").wait_for()

    def say(self, text: str, page: Page | None = None) -> None:
        page = page or self.page
        page.get_by_label("输入消息").fill(text)
        page.keyboard.press("Enter")

    def hear(self, text: str | Pattern[str], timeout: float = 30_000, page: Page | None = None) -> None:
        """Waits until the assistant has said this."""
        bubbles = (page or self.page).locator(".kx-line[data-author=assistant] .Bubble")
        bubbles.filter(has_text=text).last.wait_for(timeout=timeout)

    def close(self) -> None:
        self.context.close()

    def _check_host(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc not in self._hosts:
            self.faults.append(f"asked another host: {request.url}")


@contextmanager
def visiting(browser: Browser, bank: str, chat: str) -> Iterator[Callable[..., Visit]]:
    """Gives visits to whoever asks; a fault on any of them fails the test at its end."""
    opened: list[Visit] = []

    def visit(**look: Any) -> Visit:
        hosts = {bank.removeprefix("http://"), chat.removeprefix("http://")}
        opened.append(Visit(browser, bank, hosts, **{"viewport": DESKTOP, **look}))
        return opened[-1]

    yield visit
    faults = [fault for one in opened for fault in one.faults]
    for one in opened:
        one.close()
    assert faults == []


def signed_in(visits: Callable[..., Visit], who: str = "逾期41天", **look: Any) -> Visit:
    """Somebody who has opened the chat."""
    visit = visits(**look)
    visit.sign_in(who)
    visit.open()
    return visit


def until(page: Page, expression: str, seconds: float = 20) -> None:
    """Asks again and again from outside: the page's own policy refuses code that polls inside of it."""
    for _ in range(int(seconds * 10)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {expression}")
