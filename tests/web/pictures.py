"""Pictures for docs/images/web: python -m tests.web.pictures (every card and state, phone and desktop, light, dark)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services import free_port
from tests.web.assistant import web_assistant
from tests.web.browser import DESKTOP, PHONE, ROOT, Visit, chromium, demo_bank, load_demo_book
from tests.web.scripted import scripted

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.assistant import Running

OUT = ROOT / "docs" / "images" / "web"
WORDS = {
    "loan": "欠多少",
    "offers": "方案",
    "schedule": "计划",
    "consent": "核对",
    "arrangement": "约好",
    "payment_methods": "怎么还",
    "input_date": "哪天",
    "input_month_day": "几号",
    "input_amount": "多少",
    "sign_in": "登录",
}
BORROWER, CONVERSATION = "演示·刘洋", "b-B004"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        var, page_port, bank_url = Path(folder), free_port(), ""
        bank_url = f"http://127.0.0.1:{page_port}"
        with web_assistant(var, web_origins=bank_url) as assistant:
            load_demo_book(var)
            assistant.behind = scripted(assistant.parts)
            with demo_bank(var, page_port, assistant.url) as bank, chromium() as browser:
                hosts = {bank.removeprefix("http://"), assistant.url.removeprefix("http://")}
                for device, size in (("phone", PHONE), ("desktop", DESKTOP)):
                    for scheme in ("light", "dark"):
                        visit = Visit(browser, bank, hosts, viewport=size, color_scheme=scheme)
                        _walk(visit, assistant, f"{device}-{scheme}")
                        visit.close()
                        assert not visit.faults, visit.faults


def _walk(visit: Visit, assistant: Running, name: str) -> None:
    page = visit.page
    visit.sign_in(BORROWER)
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"page-{name}.png")
    visit.open()
    for kind, word in WORDS.items():
        before = page.locator(".kx-card").count()
        visit.say(word)
        page.wait_for_function(
            "n => document.querySelector('kuanxin-chat').shadowRoot.querySelectorAll('.kx-card').length > n", arg=before
        )
        page.wait_for_timeout(800)  # no faster than the rate limit
        _picture(page, f"{kind}-{name}")
    _states(visit, assistant, name)


def _states(visit: Visit, assistant: Running, name: str) -> None:
    """What is no card: a person, no network, the end, the lock."""
    page, conversations = visit.page, assistant.parts.conversations
    now, known = assistant.parts.clock.now(), page.locator(".kx-line[data-author=staff]").count()
    conversations.take_over(CONVERSATION)
    conversations.record_replies(CONVERSATION, [{"text": "您好，我是同事小王，我来帮您。"}], now, None, "staff", True)
    page.get_by_text("客服同事正在和您聊").wait_for()
    page.locator(".kx-line[data-author=staff]").nth(known).wait_for()
    _picture(page, f"person-{name}")
    conversations.give_back(CONVERSATION, now)
    visit.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    visit.say("地铁里没有信号")
    page.get_by_text("网络断开了").wait_for(timeout=60_000)
    _picture(page, f"offline-{name}")
    visit.context.set_offline(False)
    page.locator("[data-state]").wait_for(state="detached", timeout=60_000)
    for state, item in (("menu", None), ("rating", "结束并评价"), ("locked", "锁定")):
        if state == "locked":
            page.get_by_role("button", name="返回对话").click()
            page.get_by_role("button", name="更多操作").click()
        if state == "menu":
            page.get_by_role("button", name="更多操作").click()
        if item:
            page.get_by_role("button", name=item).click()
        if state == "rating":
            page.get_by_label("4分").check(force=True)
        _picture(page, f"{state}-{name}")


def _picture(page: Page, name: str) -> None:
    page.wait_for_timeout(300)
    page.locator(".kx-panel").screenshot(path=OUT / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
