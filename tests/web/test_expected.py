"""What people expect of a chat, seen in a browser: each of these is missed only when it is not there."""

from __future__ import annotations

import asyncio
import re
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.conversations.replies import as_text
from tests.services import find_or_install
from tests.web.browser import PHONE, signed_in, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.assistant import Running
    from tests.web.browser import Visit

SHADOW = "document.querySelector('kuanxin-chat').shadowRoot"
OF_LATE = "b-B004"  # the conversation of the borrower who is 41 days past due


def menu(page: Page, item: str) -> None:
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("button", name=item).click()


def test_dots_while_the_assistant_thinks_and_quick_replies_that_go_when_used(
    visits: Callable[..., Visit], chat: Running
) -> None:
    answer = chat.behind

    async def slow(message: Any) -> None:
        await asyncio.sleep(1.5)
        await answer(message)

    chat.behind = slow
    visit = signed_in(visits)
    page = visit.page
    visit.say("想一想")
    page.get_by_text("宽心正在输入").wait_for(state="attached")
    assert page.locator(".Typing").is_visible()
    visit.hear("您说的是：想一想")
    expect(page.locator(".Typing")).to_have_count(0)
    page.get_by_role("group", name="可以点选的回答").get_by_role("button", name="转人工客服").click()
    expect(page.get_by_role("group", name="可以点选的回答")).to_have_count(0)
    visit.hear("您说的是：request_human")


def test_history_has_dates_and_goes_back_page_by_page(visits: Callable[..., Visit], chat: Running) -> None:
    now, conversations = chat.parts.clock.now(), chat.parts.conversations
    conversations.open("b-B013", "web", "B013", now)
    for days, lines in ((9, 40), (1, 40), (0, 30)):
        replies = [{"text": f"{days}天前的第{n}句"} for n in range(lines)]
        conversations.record_replies("b-B013", replies, now - timedelta(days=days), verified=True)
    visit = signed_in(visits, "逾期30天")
    page = visit.page
    dates = page.locator(".kx-system time")
    expect(dates).to_have_text(["昨天", "今天"])
    page.get_by_role("button", name="查看更早的消息").click()
    long_ago = now - timedelta(days=9)
    expect(dates).to_have_text([re.compile(f"{long_ago.month}月{long_ago.day}日"), "昨天", "今天"])
    page.get_by_role("button", name="查看更早的消息").click()
    page.get_by_text("9天前的第0句").wait_for()
    assert page.locator(".kx-line").count() == 110
    expect(page.get_by_role("button", name="查看更早的消息")).to_have_count(0)


def test_a_message_that_failed_says_so_and_is_sent_again(
    visits: Callable[..., Visit], chat: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise ConversationsUnavailable

    visit = signed_in(visits)
    page = visit.page
    with monkeypatch.context() as outage:
        outage.setattr(chat.parts.conversations, "record_inbound", gone)
        visit.say("发不出去的一句")
        page.get_by_text("没有发出去").wait_for(timeout=60_000)
    page.get_by_role("button", name="重新发送").click()
    visit.hear("您说的是：发不出去的一句")
    assert page.locator(".kx-line[data-author=borrower]").filter(has_text="发不出去的一句").count() == 1


def test_copy_and_print(visits: Callable[..., Visit], chat: Running, tmp_path: Path) -> None:
    visit = signed_in(visits, viewport=PHONE)
    page = visit.page
    page.add_init_script("print = () => (window.printed = document.querySelector('kuanxin-chat').dataset)")
    page.reload()
    visit.open()
    before = chat.parts.conversations.transcript(OF_LATE)[-1].number
    visit.say("欠多少")
    # the answer to this one: the conversation may have others of the same words
    while (said := chat.parts.conversations.transcript(OF_LATE)[-1]).number < before + 2:
        page.wait_for_timeout(100)
    until(page, f"[...{SHADOW}.querySelectorAll('.kx-line')].at(-1).dataset.author === 'assistant'")
    page.get_by_role("button", name="复制", exact=True).last.click()
    page.get_by_text("已复制").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == as_text({"text": said.text, "card": said.card})
    menu(page, "复制全部对话")
    until(page, "navigator.clipboard.readText().then((text) => /我：欠多少/.test(text))")
    menu(page, "打印对话")
    until(page, "window.printed !== undefined")
    # what comes onto paper while it prints
    page.evaluate("document.querySelector('kuanxin-chat').setAttribute('data-printing', '')")
    page.pdf(path=tmp_path / "printed.pdf")
    program = find_or_install("pdftotext", "poppler-utils", "/usr/bin")
    text = subprocess.run([program, tmp_path / "printed.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "现在应还" in text
    assert "演示页面" not in text
    assert "想说什么都可以" not in text


def test_a_person_joins_and_leaves_visibly(visits: Callable[..., Visit], chat: Running) -> None:
    conversations = chat.parts.conversations
    visit = signed_in(visits, "9天后到期")
    page, conversation = visit.page, "b-B002"
    visit.say("转人工")
    visit.hear("您说的是：转人工")
    now = chat.parts.clock.now()
    conversations.hand_over(conversation, "asked", "normal", "想找人", now)
    page.get_by_text("正在等待客服同事").wait_for()
    chat.parts.staff.claim(conversation, "wang", now)
    page.get_by_text("客服同事正在和您聊").wait_for()
    chat.parts.staff.typing(conversation, "wang")
    page.get_by_text("客服同事正在输入").wait_for(state="attached")
    assert page.locator(".Typing").is_visible()
    conversations.record_replies(conversation, [{"text": "您好，我是小王"}], now, author="staff", verified=True)
    page.get_by_text("客服同事已加入对话").wait_for()
    page.get_by_text("您好，我是小王").first.wait_for()
    visit.say("谢谢小王")
    page.locator(".kx-line[data-author=borrower][data-number]").filter(has_text="谢谢小王").wait_for()
    conversations.give_back(conversation, now)
    page.get_by_text("AI 助手，可随时转人工").wait_for()
    visit.say("还有一件事")
    visit.hear("您说的是：还有一件事")
    page.get_by_text("客服同事已离开").wait_for()


def test_it_locks_by_itself_and_leaves_nothing(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.page
    page.clock.install()
    visit.sign_in("逾期41天")
    visit.open()
    visit.say("只有我能看")
    visit.hear("您说的是：只有我能看")
    page.clock.fast_forward("09:00")
    assert page.get_by_text("只有我能看").first.is_visible()
    page.clock.fast_forward("02:00")
    page.get_by_text("已锁定，保护您的信息").wait_for()
    assert "只有我能看" not in page.evaluate(f"{SHADOW}.textContent")
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_look_follows_the_system_and_the_bank_s_variables(visits: Callable[..., Visit], scheme: str) -> None:
    visit = visits(color_scheme=scheme)
    page = visit.page
    visit.sign_in("逾期41天")
    launcher = page.locator(".kx-launcher")
    launcher.wait_for()
    before = launcher.evaluate("e => getComputedStyle(e).backgroundColor")
    assert before == {"light": "rgb(31, 107, 79)", "dark": "rgb(127, 208, 174)"}[scheme]
    name = {"light": "--kuanxin-brand", "dark": "--kuanxin-brand-dark"}[scheme]
    page.evaluate("name => document.documentElement.style.setProperty(name, 'rgb(12, 34, 156)')", name)
    assert launcher.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(12, 34, 156)"


def test_less_motion_where_it_is_asked_for(visits: Callable[..., Visit]) -> None:
    moving = "e => parseFloat(getComputedStyle(e).animationDuration)"
    assert signed_in(visits).page.locator(".kx-panel").evaluate(moving) > 0.1
    assert signed_in(visits, reduced_motion="reduce").page.locator(".kx-panel").evaluate(moving) < 0.01


def test_everything_that_can_be_used_has_a_chinese_name(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits)
    page = visit.page
    for word in ("方案", "约好", "哪天", "几号", "多少"):
        before = page.locator(".kx-card").count()
        visit.say(word)
        page.locator(".kx-card").nth(before).wait_for()
    page.get_by_role("button", name="更多操作").click()
    snapshot = page.locator(".kx-panel").aria_snapshot()
    names = re.findall(r"- (?:button|textbox|combobox|region|list|group|dialog|table|link)(?: \"([^\"]*)\")?", snapshot)
    unnamed = [name for name in names if name and not re.search("[\u4e00-\u9fff]", name) and name != "English"]
    assert len(names) > 10
    assert unnamed == []
    assert re.findall(r"- (?:button|textbox|combobox|dialog|region)(?::|$)", snapshot, re.MULTILINE) == []


def test_a_long_answer_is_read_from_its_beginning(visits: Callable[..., Visit]) -> None:
    visit = signed_in(visits, viewport=PHONE)
    page = visit.page
    visit.say("你好")
    visit.hear("您说的是：你好")
    visit.say("计划")
    page.get_by_role("button", name="看最新消息").wait_for()
    expect(page.get_by_text("这是还款计划。").last).to_be_in_viewport()
    page.get_by_role("button", name="看最新消息").click()
    expect(page.get_by_role("button", name="看最新消息")).to_have_count(0)


def test_the_first_look_says_who_speaks_and_how_to_begin(visits: Callable[..., Visit], chat: Running) -> None:
    visit = signed_in(visits, "今天到期", viewport=PHONE, has_touch=True, is_mobile=True)
    page = visit.page
    page.get_by_text("我是宽心，一个 AI 助手").wait_for()
    # no keyboard comes up over it by itself
    assert page.evaluate(f"{SHADOW}.activeElement.className") == "kx-messages"
    page.get_by_role("button", name="我现在欠多少").tap()
    visit.hear("您说的是：我现在欠多少")
    assert page.evaluate(f"{SHADOW}.activeElement.className") == "kx-messages"
    expect(page.get_by_text("我是宽心，一个 AI 助手")).to_have_count(0)
