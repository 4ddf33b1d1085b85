"""The widget on the demo bank's page, played by Chromium: what a borrower does, and what goes wrong on the way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.browser import PHONE, ROOT, signed_in, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.assistant import Running
    from tests.web.browser import Visit

AXE = ROOT / "web" / "widget" / "node_modules" / "axe-core" / "axe.min.js"


def test_ask_compare_pick_agree_and_keep(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits, "逾期95天", viewport=PHONE)
    page = visit.page
    visit.say("方案")
    page.get_by_role("list", name="可以选的方案，并排比较").wait_for()
    page.get_by_text("用表格看").last.click()
    assert page.locator(".kx-card[data-kind=offers] table tbody tr").count() >= 2
    page.get_by_role("button", name="方案1").click()
    page.get_by_text("方案编号").wait_for()
    page.get_by_role("button", name="确认，就这样").click()
    page.get_by_role("region", name="您的约定", exact=True).wait_for()
    with page.expect_download() as pdf:
        page.get_by_role("button", name="下载确认书").click()
    assert Path(pdf.value.path()).read_bytes().startswith(b"%PDF-")
    with page.expect_download() as calendar:
        page.get_by_role("button", name="加到手机日历").click()
    assert b"BEGIN:VEVENT" in Path(calendar.value.path()).read_bytes()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_typing_while_the_network_is_gone_is_sent_once_when_it_is_back(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.say("第一句")
    visit.hear("您说的是：第一句")
    visit.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    visit.say("断网时说的")
    visit.say("还有一句")
    page.locator("[data-state]").nth(1).wait_for()
    page.get_by_text("网络断开了").wait_for(timeout=60_000)
    visit.context.set_offline(False)
    visit.hear("您说的是：断网时说的", timeout=30_000)
    visit.hear("您说的是：还有一句")
    lines = page.locator(".kx-line[data-author=borrower]").all_inner_texts()
    assert sum("断网时说的" in line for line in lines) == 1
    assert page.locator("[data-state]").count() == 0


def test_reload_and_a_second_tab_show_the_same_conversation(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.say("重新打开之前")
    visit.hear("您说的是：重新打开之前")
    page.reload()
    visit.open()
    visit.hear("您说的是：重新打开之前")
    second = visit.tab()
    second.goto(f"{visit.bank}/account")
    second.get_by_role("button", name="打开还款帮手对话").wait_for()
    second.wait_for_timeout(500)
    visit.say("在第一个标签页说的")
    badge = second.get_by_role("button", name=re.compile("1条未读消息"))
    badge.click()
    visit.hear("您说的是：在第一个标签页说的", page=second)


def test_who_is_not_signed_in_is_told_so(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.context.clear_cookies()
    page.reload()
    page.get_by_text("用一位演示用户登录").wait_for()


def test_a_session_that_ends_at_the_bank_keeps_nothing_open(visits: Callable[..., Visit], chat: Running) -> None:
    visit = signed_in(visits)
    page = visit.page
    token = chat.token("D999999")
    page.route("**/chat-token", lambda route: route.fulfill(status=401, json={}))
    page.reload()
    page.get_by_role("button", name="打开还款帮手对话").click()
    page.get_by_text("登录已过期").wait_for()
    page.unroute("**/chat-token")
    page.route("**/chat-token", lambda route: route.fulfill(json={"token": token[:-6] + "AAAAAA"}))
    page.reload()
    page.get_by_role("button", name="打开还款帮手对话").click()
    page.get_by_text("网络断开了").wait_for()
    assert page.locator(".kx-line").count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "\u202e倒着写的\u202c 和 עברית",
        "👨‍👩‍👧 😭 🆘",
        "&lt;b&gt; {{7*7}} ${7*7}",
    ],
)
def test_text_is_only_ever_text(visits: Callable[..., Visit], text: str) -> None:
    visit = signed_in(visits)
    visit.say(text)
    seen = text.replace("\u202e", "").replace("\u202c", "")
    visit.hear(f"您说的是：{seen}")
    assert visit.page.locator(".Bubble img, .Bubble script, .Bubble b").count() == 0


def test_a_very_long_text(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.say("长" * 2001)
    page.get_by_text("超出1个字").wait_for()
    assert page.get_by_role("button", name="发送").is_disabled()
    visit.say("长" * 2000)
    page.get_by_role("button", name="展开全文").last.click()
    page.get_by_role("button", name="收起").last.wait_for()
    width = page.locator(".kx-messages").evaluate("e => e.scrollWidth - e.clientWidth")
    assert width == 0


def test_twenty_messages_in_a_second_all_arrive_in_order(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    for number in range(20):
        visit.say(f"连发{number:02d}")
    visit.hear("您说的是：连发19", timeout=60_000)
    answers = [t for t in page.locator(".kx-line[data-author=assistant] .Bubble").all_inner_texts() if "连发" in t]
    assert answers == [f"您说的是：连发{number:02d}" for number in range(20)]


def test_the_keyboard_is_enough_and_focus_is_kept(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.page
    visit.sign_in("逾期41天")
    focused = "document.querySelector('kuanxin-chat').shadowRoot.activeElement"
    page.get_by_role("button", name="打开还款帮手对话").focus()
    page.keyboard.press("Enter")
    until(page, f"{focused}?.nodeName === 'TEXTAREA'")
    page.keyboard.type("键盘")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="转人工客服").last.wait_for()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    visit.hear("您说的是：request_human")
    until(page, f"{focused}?.nodeName === 'TEXTAREA'")
    page.keyboard.press("Escape")
    until(page, f"{focused}?.classList.contains('kx-launcher')")


def test_one_polite_live_region_says_what_arrived(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    live = visit.page.locator("kuanxin-chat [aria-live], kuanxin-chat [role=alert], kuanxin-chat [role=log]")
    assert live.count() == 1
    assert live.get_attribute("aria-live") == "polite"
    visit.say("读出来")
    expect(live).to_contain_text("读出来")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_card(visits: Callable[..., Visit], scheme: str) -> None:
    visit = signed_in(visits, viewport=PHONE, color_scheme=scheme)
    page = visit.page
    # the page's own policy refuses injected scripts, so axe comes through the debugger
    source = AXE.read_text("utf-8")
    session = visit.context.new_cdp_session(page)
    for word in ("欠多少", "方案", "计划", "核对", "约好", "怎么还", "哪天", "几号", "多少", "登录"):
        before = page.locator(".kx-card").count()
        visit.say(word)
        page.locator(".kx-card").nth(before).wait_for()
    session.send("Runtime.evaluate", {"expression": source})
    for state in ("chat", "menu", "rating"):
        if state == "menu":
            page.get_by_role("button", name="更多操作").click()
        if state == "rating":
            page.get_by_role("button", name="结束并评价").click()
        run = "axe.run('kuanxin-chat', {resultTypes: ['violations']})"
        options = {"expression": run, "awaitPromise": True, "returnByValue": True}
        found = session.send("Runtime.evaluate", options)["result"]["value"]["violations"]
        serious = [v for v in found if v["impact"] in {"serious", "critical"}]
        assert [(v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"]) for v in serious] == [], state


def test_locked_after_idling_and_nothing_is_left(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.say("只有我能看")
    visit.hear("您说的是：只有我能看")
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("button", name="锁定").click()
    page.get_by_text("已锁定，保护您的信息").wait_for()
    inside = page.evaluate("document.querySelector('kuanxin-chat').shadowRoot.textContent")
    assert "只有我能看" not in inside
    page.get_by_role("button", name="继续对话").click()
    visit.hear("您说的是：只有我能看")


def test_the_end_is_rated_and_labels_speak_english(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    visit.say("谢谢")
    visit.hear("您说的是：谢谢")
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="End and rate").click()
    page.get_by_label("4 of 5").check(force=True)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Thank you, it has arrived.").wait_for()


def test_a_date_outside_the_allowed_days_cannot_be_picked(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    page.locator(".kx-line").first.wait_for()
    before = page.locator(".kx-input").count()
    visit.say("哪天")
    page.locator(".kx-input").nth(before).wait_for()
    field = page.get_by_label("选择日期").last
    confirm = page.get_by_role("button", name="就这个").last
    field.fill("2031-01-01")
    assert confirm.is_disabled()
    field.fill(field.get_attribute("min"))
    confirm.click()
    visit.hear(re.compile(r"您说的是：\d{4}年\d+月\d+日"))
