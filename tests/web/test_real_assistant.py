"""Nothing scripted: the trained model, the action server, the loan book and the demo bank, played in a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kuanxin.bootstrap import compose
from kuanxin.demo import demo_token
from kuanxin.identity.signing import sign_as_bank
from kuanxin.operate.assistant import running_assistant
from kuanxin.settings import Settings
from tests.services import find_or_install, free_port
from tests.web.browser import DESKTOP, PHONE, ROOT, demo_bank, load_demo_book, signed_in, visiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from kuanxin.bootstrap import Services
    from kuanxin.operate.assistant import RunningAssistant
    from tests.web.browser import Visit

SLOW = 60_000  # a turn on a busy machine
SCRIPT = "<img src=x onerror=alert({0})><script>alert({0})</script>"
FIGURES = {"facts": [[SCRIPT, SCRIPT]], "columns": [], "rows": [], "notes": [SCRIPT], "data": {}}
# somebody whose every text in the loan book is an attack
HOSTILE = {
    "id": "B666",
    "name": "演示·" + SCRIPT.format(1),
    "phone": "javascript:alert(2)",
    "loans": [
        {
            "id": "L666",
            "product": SCRIPT.format(3),
            "principal": "9000.00",
            "instalments": 10,
            "paid_rows": 3,
            "next_due": "today-6",
            "autopay": True,
            "card_tail": "1666",  # digits only: the import refuses anything else
            "payments": [
                {
                    "id": "P666",
                    "pays_row": 4,
                    "at": "today-1 09:00",
                    "status": "failed",
                    "method": SCRIPT.format(5),
                    "failure": SCRIPT.format(6) + "{{7*7}}",
                }
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def page_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, page_port: int) -> Iterator[RunningAssistant]:
    var = tmp_path_factory.mktemp("assistant")
    load_demo_book(var, HOSTILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUANXIN_PAGE_PORT", str(page_port))
        with running_assistant(var) as running:
            yield running


@pytest.fixture(scope="module")
def parts(assistant: RunningAssistant) -> Iterator[Services]:
    found = compose(Settings(var=assistant.var))
    yield found
    found.engine.dispose()


@pytest.fixture(scope="module")
def bank(assistant: RunningAssistant, page_port: int) -> Iterator[str]:
    with demo_bank(assistant.var, page_port, assistant.url) as url:
        yield url


@pytest.fixture
def visits(browser: Browser, bank: str, assistant: RunningAssistant) -> Iterator[Callable[..., Visit]]:
    with visiting(browser, bank, assistant.url) as visit:
        yield lambda who, **look: signed_in(visit, who, **{"viewport": PHONE, **look})


def card(visit: Visit, kind: str) -> Any:
    """The card of this kind that came last, once there is one."""
    found = visit.page.locator(f".kx-card[data-kind={kind}]").last
    found.wait_for(timeout=SLOW)
    return found


def press(visit: Visit, title: str | re.Pattern[str]) -> None:
    visit.page.get_by_role("button", name=title).last.click(timeout=SLOW)


def restart(assistant: RunningAssistant, meanwhile: Callable[[], None]) -> None:
    """The Rasa server dies and comes up again on the same port, as under a process manager."""
    server = assistant.processes["rasa"]
    server.send_signal(signal.SIGKILL)
    server.wait(15)
    meanwhile()
    with (assistant.var / "rasa-again.log").open("wb") as log:
        again = subprocess.Popen(server.args, cwd=ROOT, env=assistant.environment, stdout=log, stderr=log)
    assistant.processes["rasa"] = again
    deadline = time.monotonic() + 240
    while True:
        try:
            if requests.get(f"{assistant.chat}/health", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        still = again.poll() is None and time.monotonic() < deadline
        assert still, (assistant.var / "rasa-again.log").read_text()
        time.sleep(0.5)


def test_sign_in_ask_compare_pick_agree_keep_and_find_it_on_another_device(
    visits: Callable[..., Visit], parts: Services, tmp_path: Path
) -> None:
    visit = visits("逾期41天")
    page = visit.page
    visit.say("我现在欠多少")
    assert "逾期41天" in card(visit, "loan").inner_text()
    visit.say("一次还不上，想分期")
    assert card(visit, "input").get_by_label("每个月最多能还（元）").is_enabled()
    press(visit, "说不准，先看几种方案")
    offers = card(visit, "offers")
    offers.get_by_text("用表格看").click()
    rows = offers.locator("table tbody tr")
    assert rows.count() == offers.locator(".kx-offers li").count() >= 2
    total = rows.nth(1).locator("td").nth(2).inner_text()
    press(visit, re.compile("^第2个"))
    assert total in card(visit, "consent").inner_text()
    press(visit, "确认，就这样")
    arrangement = card(visit, "arrangement")
    assert "进行中" in arrangement.inner_text()

    agreed = parts.servicing.arrangements("B004", parts.clock.now())[-1]
    assert agreed.id in arrangement.inner_text()
    with page.expect_download(timeout=SLOW) as pdf:
        arrangement.get_by_role("button", name="下载确认书").click()
    program = find_or_install("pdftotext", "poppler-utils", "/usr/bin")
    pdf.value.save_as(tmp_path / "kept.pdf")
    text = subprocess.run([program, tmp_path / "kept.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert agreed.id in text
    assert agreed.quote.hash in re.sub(r"\s", "", text)
    with page.expect_download(timeout=SLOW) as calendar:
        arrangement.get_by_role("button", name="加到手机日历").click()
    kept = Path(calendar.value.path()).read_bytes()
    assert kept.count(b"BEGIN:VEVENT") == len(agreed.quote.rows)

    laptop = visits("演示·刘洋", viewport=DESKTOP)  # not past due any more
    assert agreed.id in card(laptop, "arrangement").inner_text()


def test_a_date_picked_while_the_server_restarts_is_agreed_to_after_it(
    visits: Callable[..., Visit], assistant: RunningAssistant, parts: Services
) -> None:
    visit = visits("逾期8天")
    page, second = visit.page, visit.tab()
    visit.say("这个月发工资晚，能晚几天还吗")
    press(visit, re.compile("逾期8天"))
    asked = card(visit, "input")
    field = asked.get_by_label("选择日期")
    first, last = field.get_attribute("min"), field.get_attribute("max")
    assert first
    assert last
    assert first < last

    def meanwhile() -> None:
        field.fill(first)
        asked.get_by_role("button", name="就这个").click()
        page.get_by_text("网络断开了").wait_for(timeout=SLOW)
        page.locator("[data-state=queued]").wait_for()

    restart(assistant, meanwhile)
    consent = card(visit, "consent")
    assert page.locator("[data-state]").count() == 0

    visit.context.set_offline(True)  # the line breaks with the very word that counts
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    press(visit, "确认，就这样")
    page.locator("[data-state]").wait_for()
    page.get_by_text("网络断开了").wait_for(timeout=SLOW)
    visit.context.set_offline(False)
    agreed = card(visit, "arrangement").inner_text()
    assert consent.is_visible()

    second.goto(f"{visit.bank}/account")
    visit.open(second)
    second.locator(".kx-card[data-kind=arrangement]").last.wait_for(timeout=SLOW)
    found = parts.servicing.arrangements("B006", parts.clock.now())
    assert len(found) == 1
    assert found[0].id in agreed
    assert found[0].quote.rows[0].due_date.isoformat() == first


def test_tokens_end_are_renewed_and_never_open_another_s_conversation(
    visits: Callable[..., Visit], assistant: RunningAssistant, parts: Services
) -> None:
    visit = visits("逾期95天")
    page, key = visit.page, parts.settings.bank_key()
    visit.say("你好")
    visit.hear(re.compile("宽心"), timeout=SLOW)

    given: list[str] = []

    def short(route: Any) -> None:
        token = sign_as_bank(key, "B005", lifetime_seconds=6) if not given else demo_token(parts, "B005")
        given.append(token)
        route.fulfill(json={"token": token})

    page.route("**/chat-token", short)
    page.reload()
    visit.open()
    visit.hear(re.compile("宽心"), timeout=SLOW)
    page.wait_for_timeout(7_000)  # the first token has ended
    assert len(given) >= 2
    visit.say("谢谢")
    page.locator(".kx-line[data-author=assistant]").nth(1).wait_for(timeout=SLOW)

    # somebody else signs in at the bank on the same device: nothing of the first one stays on the screen
    page.unroute("**/chat-token")
    page.route("**/chat-token", lambda route: route.fulfill(json={"token": demo_token(parts, "B003")}))
    visit.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.get_by_text("网络断开了").wait_for(timeout=SLOW)
    visit.context.set_offline(False)
    page.locator(".kx-line").first.wait_for(state="detached", timeout=SLOW)
    visit.say("我欠多少")
    assert "未逾期" in card(visit, "loan").inner_text()
    assert page.get_by_text("谢谢", exact=True).count() == 0

    forged = demo_token(parts, "B001")[:-6] + "AAAAAA"
    page.unroute("**/chat-token")
    page.route("**/chat-token", lambda route: route.fulfill(json={"token": forged}))
    page.reload()
    page.get_by_role("button", name="打开还款帮手对话").click()
    page.get_by_text("网络断开了").wait_for(timeout=SLOW)
    assert page.locator(".kx-line").count() == 0
    answer = requests.get(
        f"{assistant.url}/webhooks/web/documents/A0.pdf", headers={"Authorization": f"Bearer {forged}"}
    )
    assert answer.status_code == 401


def test_what_attacks_from_the_book_and_from_people_is_only_ever_text(
    visits: Callable[..., Visit], parts: Services
) -> None:
    visit = visits("逾期6天")
    page, conversation = visit.page, "b-B666"
    assert page.get_by_text("演示·<img src=x").first.is_visible()
    visit.say("我还款失败了，怎么回事")
    visit.hear(SCRIPT.format(6) + "{{7*7}}", timeout=SLOW)
    visit.say("我欠多少")
    card(visit, "loan")
    visit.say("能晚几天还吗")
    press(visit, re.compile(r"月\d+日"))
    card(visit, "consent")
    press(visit, "确认，就这样")
    with page.expect_download(timeout=SLOW) as pdf:
        card(visit, "arrangement").get_by_role("button", name="下载确认书").click()
    assert Path(pdf.value.path()).read_bytes().startswith(b"%PDF-")
    parts.conversations.take_over(conversation)
    staff = [{"text": SCRIPT.format(7), "card": {"kind": "other", "title": SCRIPT.format(8), **FIGURES}}]
    parts.conversations.record_replies(conversation, staff, parts.clock.now(), author="staff", verified=True)
    page.get_by_text(SCRIPT.format(7)).first.wait_for(timeout=SLOW)
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("button", name="结束并评价").click()
    page.get_by_label("3分").check(force=True)
    page.get_by_label("还想说点什么").fill(SCRIPT.format(9))
    page.get_by_role("button", name="提交评价").click()
    page.get_by_text("谢谢您，评价已收到").wait_for()
    inside = "document.querySelector('kuanxin-chat').shadowRoot.querySelectorAll('img, script, svg[onload]').length"
    assert page.evaluate(inside) == 0
    assert page.locator("main img, main script:not([data-token-url]), main svg").count() == 0
