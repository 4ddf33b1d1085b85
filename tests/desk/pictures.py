"""`python -m tests.desk.pictures URL PASSWORD`: pictures of every page of a running demo desk, for docs/images/desk.

Those of a training are taken by tests/desk/test_day.py, into the folder of its run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.web.browser import ROOT, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ROOT / "docs" / "images" / "desk"
PAGES = {
    "demo-supervisor": {
        "home": "/",
        "queue": "/queue/",
        "conversations": "/conversations/?hardship=yes",
        "conversation": "/conversations/demo-003/",
        "decisions": "/decisions/",
        "teaching": "/teaching/",
        "figures": "/figures/",
    },
    "demo-auditor": {"audit": "/audit/"},
    "demo-administrator": {"accounts": "/accounts/"},
}


def main(url: str, password: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        page.goto(f"{url}/sign-in/")
        save(page, "sign-in")
        for login, pages in PAGES.items():
            page.context.clear_cookies()
            sign_in(page, url, login, password)
            for name, path in pages.items():
                page.goto(url + path)
                save(page, name)
            if login == "demo-supervisor":
                page.goto(f"{url}/decisions/")
                page.locator("td a[href*='/decisions/']").first.click()
                save(page, "decision")
                page.goto(f"{url}/decisions/")
                page.locator("a[href*='/tickets/']").first.click()
                save(page, "ticket")
                page.goto(f"{url}/conversations/?holder=waiting")
                page.locator("tbody a.words").first.click()
                page.get_by_role("button", name="我来接手").click()
                page.wait_for_url("**#reply")
                save(page, "answering")
                page.set_viewport_size({"width": 820, "height": 1180})
                page.goto(f"{url}/conversations/demo-003/")
                save(page, "tablet")
                page.set_viewport_size({"width": 1280, "height": 800})
                page.get_by_role("button", name="English").click()
                page.goto(f"{url}/")
                save(page, "english")
                page.get_by_role("button", name="中文").click()


def sign_in(page: Page, url: str, login: str, password: str) -> None:
    page.goto(f"{url}/sign-in/")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda address: "sign-in" not in address)


def save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(Path(FOLDER) / f"{name}.png"), full_page=name in ("conversation", "decision"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
