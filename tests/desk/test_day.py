"""A day at the desk in two browsers: a borrower on the bank's page, a colleague at the desk, the real assistant.

The servers of the assistant and of the desk are killed and started again in the middle; nothing is lost or said twice.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import expect

from kuanxin.bootstrap import compose
from kuanxin.operate.assistant import running_assistant
from kuanxin.settings import Settings
from tests.desk.pictures import sign_in
from tests.desk.process import Process
from tests.services import free_port
from tests.web.browser import DESKTOP, ROOT, WATCH, Visit, chromium, demo_bank, load_demo_book

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

AXE = ROOT / "web" / "widget" / "node_modules" / "axe-core" / "axe.min.js"
LATE = "逾期41天"


class House:
    """Everything that runs: the assistant, the bank's page, the desk."""

    def __init__(
        self, var: Path, bank: str, desk: str, rasa_url: str, rasa: Process, actions: Process, desk_process: Process
    ) -> None:
        self.var, self.bank, self.desk, self.rasa_url = var, bank, desk, rasa_url
        self.rasa, self.actions, self.desk_process = rasa, actions, desk_process
        self.parts = compose(Settings(var=var))
        self.password = (var / "desk-demo-login.txt").read_text("ascii")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    var, page_port, desk_port = tmp_path_factory.mktemp("day"), free_port(), free_port()
    patch = pytest.MonkeyPatch()
    patch.setenv("KUANXIN_PAGE_PORT", str(page_port))
    patch.setenv("KUANXIN_STAFF_HOURS", "mon-sun 00:00-23:59")
    load_demo_book(var)
    with running_assistant(var) as assistant, demo_bank(var, page_port, assistant.url) as bank:
        environment = assistant.environment | {"KUANXIN_DESK_PORT": str(desk_port)}
        subprocess.run([sys.executable, "-m", "desk", "prepare"], cwd=ROOT, env=environment, check=True)
        url = f"http://127.0.0.1:{desk_port}"
        bind = ["--bind", f"127.0.0.1:{desk_port}"]
        serve = ["gunicorn", "desk.wsgi", *bind, "--worker-class", "gthread", "--threads", "6"]
        desk = Process([sys.executable, "-m", *serve], environment, f"{url}/sign-in/", var / "desk.log")
        desk.start()
        actions_url = f"http://127.0.0.1:{environment['KUANXIN_ACTION_PORT']}/health"
        with (
            _restartable(assistant, "rasa", f"{assistant.chat}/health") as rasa,
            _restartable(assistant, "actions", actions_url) as actions,
        ):
            yield House(var, bank, url, assistant.url, rasa, actions, desk)
        desk.kill()
    patch.undo()


@contextmanager
def _restartable(assistant: Any, name: str, health: str) -> Iterator[Process]:
    first = assistant.processes[name]
    again = Process(list(first.args), assistant.environment, health, assistant.var / f"{name}.log")
    kill = again.kill

    def kill_either() -> None:
        if first.poll() is None:
            first.kill()
            first.wait(10)
        kill()

    again.kill = kill_either  # type: ignore[method-assign]
    yield again
    kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def borrower(browser: Browser, house: House) -> Iterator[Visit]:
    hosts = {address.removeprefix("http://") for address in (house.bank, house.rasa_url)}
    visit = Visit(browser, house.bank, hosts, viewport=DESKTOP)
    yield visit
    assert visit.faults == []
    visit.close()


@pytest.fixture
def at_desk(browser: Browser, house: House) -> Iterator[Any]:
    """Opens a browser of its own for a login; violations of the desk's own policy fail the test."""
    contexts, faults = [], []

    def open_desk(login: str) -> Page:
        context = browser.new_context(locale="zh-CN", viewport=DESKTOP, accept_downloads=True)
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: faults.append(m.text) if "CSP violated" in m.text else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        sign_in(page, house.desk, login, house.password)
        return page

    yield open_desk
    for context in contexts:
        context.close()
    assert faults == []


def heard(page: Page, text: str) -> Any:
    return page.locator(".kx-line .Bubble").filter(has_text=text)


def test_hand_over_and_back_with_both_servers_killed_in_the_middle(borrower: Visit, at_desk: Any, house: House) -> None:
    borrower.sign_in(LATE)
    borrower.open()
    borrower.say("转人工")
    borrower.hear("正在为您转接同事")

    agent = at_desk("demo-agent")
    agent.goto(f"{house.desk}/queue/")
    row = agent.locator("tr[data-row]").filter(has_text="想要：转人工").filter(has_text="我来接手")
    row.get_by_role("button", name="我来接手").click()
    agent.wait_for_url("**/conversations/**")
    where = agent.url.split("#")[0]

    borrower.say("你是真人吗")  # the assistant stays silent
    expect(agent.locator("li.borrower").filter(has_text="你是真人吗")).to_be_visible(timeout=10_000)
    agent.get_by_label("回复客户").fill("是的，我是客服小林，我在看您的账。")
    agent.get_by_role("button", name="发出").click()
    expect(heard(borrower.page, "我是客服小林")).to_be_visible(timeout=10_000)
    expect(heard(borrower.page, "AI 助手，不是真人")).to_have_count(0)

    house.desk_process.kill()
    borrower.say("桌子坏了我还在说")
    house.desk_process.start()
    agent.goto(where)  # still signed in, still holding
    expect(agent.locator("li.borrower").filter(has_text="桌子坏了我还在说")).to_have_count(1)
    agent.get_by_label("回复客户").fill("看到了，请继续。")
    agent.get_by_role("button", name="发出").click()
    expect(heard(borrower.page, "看到了，请继续。")).to_be_visible(timeout=10_000)

    house.rasa.kill()
    borrower.say("服务器停了这句也别丢")
    agent.get_by_label("回复客户").fill("我这边照常，稍等。")
    agent.get_by_role("button", name="发出").click()
    house.rasa.start()
    expect(heard(borrower.page, "我这边照常，稍等。")).to_have_count(1, timeout=30_000)
    agent.goto(where)
    expect(agent.locator("li.borrower").filter(has_text="服务器停了这句也别丢")).to_have_count(1, timeout=30_000)

    agent.reload()
    agent.get_by_label("结果，给同事看").fill("聊过了，想晚几天还。")
    agent.get_by_role("button", name="交回助手").click()
    agent.wait_for_url("**/queue/")
    expect(heard(borrower.page, "继续陪您")).to_have_count(1, timeout=10_000)
    borrower.say("谢谢")
    borrower.hear("不客气")
    for words in ("是的，我是客服小林", "看到了，请继续", "我这边照常"):
        expect(heard(borrower.page, words)).to_have_count(1)
    agent.goto(where)
    expect(agent.locator(".seen").filter(has_text="感谢")).to_have_count(1)  # what was understood stands beside it


def test_the_action_server_is_killed_in_the_middle_of_a_form(borrower: Visit, house: House) -> None:
    borrower.sign_in(LATE)
    borrower.open()
    borrower.say("我想晚几天还")
    borrower.hear("哪天方便还")
    house.actions.kill()
    borrower.say("三天后")
    borrower.hear("没处理好")
    house.actions.start()
    borrower.say("三天后")
    borrower.hear("这样可以吗")


def test_two_claim_at_once_and_one_holds_it(borrower: Visit, at_desk: Any, house: House) -> None:
    borrower.sign_in("逾期8天")
    borrower.open()
    borrower.say("转人工")
    borrower.hear("正在为您转接同事")
    colleagues = [at_desk("demo-agent"), at_desk("demo-supervisor")]
    for colleague in colleagues:
        colleague.goto(f"{house.desk}/conversations/b-B006/")
        expect(colleague.get_by_role("button", name="我来接手")).to_be_visible()
    # the browser belongs to this thread: one of the two claims is a request beside it, with the other one's session
    other = colleagues[1]
    form = {"csrfmiddlewaretoken": other.locator("form[action$='/claim/'] [name=csrfmiddlewaretoken]").input_value()}
    cookies = {cookie["name"]: cookie["value"] for cookie in other.context.cookies()}
    with ThreadPoolExecutor(1) as pool:
        claimed = pool.submit(requests.post, f"{other.url}claim/", data=form, cookies=cookies, timeout=20)
        colleagues[0].get_by_role("button", name="我来接手").click()
        assert claimed.result().status_code == 200
    for colleague in colleagues:
        colleague.goto(f"{house.desk}/conversations/b-B006/")
    holding = [colleague for colleague in colleagues if colleague.get_by_label("回复客户").count()]
    assert len(holding) == 1
    holding[0].get_by_label("回复客户").fill("我接手了，请讲。")
    holding[0].get_by_role("button", name="发出").dblclick()
    expect(heard(borrower.page, "我接手了，请讲。")).to_have_count(1, timeout=10_000)


def test_a_counter_offer_is_taken_by_its_button_and_stands(borrower: Visit, at_desk: Any, house: House) -> None:
    counter_offered(borrower, at_desk, house, LATE)
    assert arrangements(house, "B004")[-1] == ("penalty_waiver", "refused")
    borrower.page.get_by_role("button", name="看看这个方案").last.click()
    borrower.hear("这样可以吗")
    assert arrangements(house, "B004")[-1] == ("penalty_waiver", "refused")  # seen is not agreed
    borrower.page.get_by_role("button", name="确认，就这样").last.dblclick()
    borrower.hear("方案已生效")
    borrower.say("同意")  # a second yes agrees to nothing more
    borrower.hear("您想先办哪件")
    assert arrangements(house, "B004")[-2:] == [("penalty_waiver", "refused"), ("re_instalment", "active")]
    expect(heard(borrower.page, "方案已生效")).to_have_count(1)
    status = house.parts.servicing.status("B004", "L004", house.parts.clock.now())
    assert (len(status.open_rows), status.days_past_due) == (6, 0)
    reviewer = at_desk("demo-reviewer")
    reviewer.goto(f"{house.desk}/conversations/?kind=re_instalment&state=active")
    expect(reviewer.locator("a[href='/conversations/b-B004/']").first).to_be_visible()


def test_a_counter_offer_is_declined_in_words_and_taken_after_all(borrower: Visit, at_desk: Any, house: House) -> None:
    """More than 90 days past due: the policy wants a person, so consent brings the plan back to the desk."""
    counter_offered(borrower, at_desk, house, "逾期95天")
    refused = arrangements(house, "B005")
    borrower.say("不用了")
    borrower.hear("同事建议的方案不办")
    assert arrangements(house, "B005") == refused
    borrower.page.get_by_role("button", name="看看这个方案").last.click()
    borrower.hear("这样可以吗")
    borrower.say("同意")
    expect(heard(borrower.page, "申请已提交")).to_have_count(2, timeout=20_000)
    assert arrangements(house, "B005")[-1] == ("re_instalment", "requested")
    for login in ("demo-decider", "demo-decider-2"):  # above the limit: four eyes
        decider = at_desk(login)
        decider.goto(f"{house.desk}/decisions/")
        decider.locator("tr[data-row] a[href*='/decisions/']").last.click()
        expect(decider.get_by_text("另提的方案，客户已经同意")).to_be_visible()
        decider.get_by_label("原因（不通过时客户会看到）").fill("按商量好的办")
        decider.locator("button[name=approved][value=yes]").click()
    expect(heard(borrower.page, "审核通过")).to_have_count(1, timeout=10_000)
    assert arrangements(house, "B005")[-1] == ("re_instalment", "active")


def test_a_plain_yes_opens_the_colleagues_plan_and_agrees_to_nothing(
    borrower: Visit, at_desk: Any, house: House
) -> None:
    counter_offered(borrower, at_desk, house, "逾期3天")
    refused = arrangements(house, "B001")
    assert refused[-1] == ("penalty_waiver", "refused")
    borrower.say("同意")
    borrower.hear("这样可以吗")
    assert arrangements(house, "B001") == refused
    borrower.say("不同意")
    borrower.hear("不办也完全可以")
    assert arrangements(house, "B001") == refused


def counter_offered(borrower: Visit, at_desk: Any, house: House, who: str) -> None:
    """A wish for a waiver, answered by a colleague with six instalments instead."""
    decider = waiver_asked_for(borrower, at_desk, house, who)
    decider.get_by_label("期数").fill("6")
    decider.get_by_label("对客户说").fill("分6期，每期轻一些")
    decider.get_by_role("button", name="算好并发给客户").click()
    decider.wait_for_url("**/decisions/")
    expect(heard(borrower.page, "分6期，每期轻一些")).to_have_count(2, timeout=10_000)


def waiver_asked_for(borrower: Visit, at_desk: Any, house: House, who: str) -> Page:
    """The request of this borrower, open before a decider."""
    borrower.sign_in(who)
    borrower.open()
    borrower.say("能不能减免罚息")
    borrower.hear("这样可以吗")
    borrower.page.get_by_role("button", name="确认，就这样").last.click()
    borrower.hear("申请已提交")
    decider = at_desk("demo-decider")
    decider.goto(f"{house.desk}/decisions/")
    decider.locator("tr[data-row] a[href*='/decisions/']").last.click()
    return decider


def arrangements(house: House, borrower_id: str) -> list[tuple[str, str]]:
    return [(a.kind.value, a.state.value) for a in house.parts.servicing.arrangements(borrower_id)]


def test_a_decision_reaches_the_borrower_where_they_are(borrower: Visit, at_desk: Any, house: House) -> None:
    decider = waiver_asked_for(borrower, at_desk, house, "逾期30天")
    decider.get_by_label("原因（不通过时客户会看到）").fill("这次先请还上上一期")
    decider.get_by_role("button", name="不通过").click()
    decider.wait_for_url("**/decisions/")
    expect(heard(borrower.page, "这次先请还上上一期")).to_have_count(1, timeout=10_000)


def test_a_model_is_taught_measured_put_live_and_taken_back_while_a_borrower_is_in_the_middle(
    borrower: Visit, at_desk: Any, house: House
) -> None:
    reviewer, supervisor = at_desk("demo-reviewer"), at_desk("demo-supervisor")
    reviewer.goto(f"{house.desk}/teaching/")
    lesson = reviewer.locator("form.lesson").filter(has_text="上回那个事咋弄的").first
    lesson.locator("select").first.select_option("ask_loan_status")
    lesson.get_by_role("button", name="标注").click()
    supervisor.goto(f"{house.desk}/teaching/")
    supervisor.get_by_role("button", name="同意").click()
    (house.var / "measuring").mkdir()
    shutil.copy(ROOT / "tests" / "data" / "questions" / "hardship.tsv", house.var / "measuring")

    borrower.sign_in("今天到期")
    borrower.open()
    borrower.say("我想晚几天还")
    borrower.hear("哪天方便还")

    administrator = at_desk("demo-administrator")
    administrator.goto(f"{house.desk}/models/")
    administrator.locator("#why-train").fill("新教了一句")
    administrator.get_by_role("button", name="开始训练").click()
    expect(administrator.get_by_text("正在训练", exact=True)).to_be_visible()
    administrator.screenshot(path=str(house.var / "models-training.png"))
    administrator.locator("#why-train").fill("再来一次")
    administrator.get_by_role("button", name="开始训练").click()
    expect(administrator.get_by_text("demo-administrator 正在训练，请等它结束。")).to_be_visible()
    administrator.context.close()  # nobody looks, and the desk itself ends
    house.desk_process.kill()
    house.desk_process.start()

    administrator = at_desk("demo-administrator")
    administrator.goto(f"{house.desk}/models/")
    expect(administrator.get_by_text("训练好了")).to_be_visible(timeout=400_000)  # the page looks by itself
    expect(administrator.get_by_role("table", name="新旧模型对比")).to_contain_text("听对了")
    expect(administrator.get_by_role("table", name="最常弄混的")).to_be_visible()
    administrator.screenshot(path=str(house.var / "models.png"), full_page=True)
    before = house.parts.models.live().model
    borrower.say("你好")
    borrower.hear("先聊哪件事")
    administrator.locator("#why-live").fill("没有变错的")
    administrator.get_by_role("button", name="启用新模型").click()
    answering = administrator.locator("section").filter(has_text="现在回答的模型")
    expect(answering.get_by_text("已载入")).to_be_visible(timeout=60_000)
    live = house.parts.models.live().model
    assert (live.lessons, live.sha256 != before.sha256) == (1, True)

    borrower.say("三天后")  # the form is where it was
    borrower.hear("这样可以吗")
    assert len(set(models_of(house, "b-B003"))) == 2
    administrator.reload()
    administrator.locator("#why-back").fill("先看看再说")
    administrator.get_by_role("button", name="退回上一个").click()
    expect(answering.get_by_text("已载入")).to_be_visible(timeout=60_000)
    assert house.parts.models.live().model == before
    borrower.say("确认")
    borrower.hear("已经记下了")
    assert models_of(house, "b-B003")[-1] == models_of(house, "b-B003")[0]

    auditor = at_desk("demo-auditor")
    auditor.goto(f"{house.desk}/audit/?staff=demo-administrator")
    for words in ("训练模型", "启用模型", "退回模型", "没有变错的", "先看看再说"):
        expect(auditor.locator("tbody").filter(has_text=words)).to_be_visible()
    assert requests.put(f"{house.rasa_url}/model", json={"model_file": live.file}, timeout=10).status_code == 404


def test_a_model_that_cannot_be_loaded_leaves_the_one_that_answers(borrower: Visit, house: House) -> None:
    models, now = house.parts.models, house.parts.clock.now()
    broken = house.var / "models" / "broken.tar.gz"
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"no model at all")
    live = models.live()
    models.put_live(models.register(broken.name, broken, live.model.fits, now, "lin", 1), "lin", "try", now)
    deadline = time.monotonic() + 60
    while models.changes(1, failed=True)[0].failure is None:
        assert time.monotonic() < deadline, "no server has tried it"
        time.sleep(0.3)
    assert models.live().model == live.model
    borrower.sign_in("已结清")
    borrower.open()
    borrower.say("你好")
    borrower.hear("先聊哪件事")


def models_of(house: House, conversation_id: str) -> list[str]:
    """Which model understood each message."""
    return [seen.model for seen in house.parts.staff.store.understandings(conversation_id)]


@pytest.mark.parametrize("login", ["demo-supervisor", "demo-auditor", "demo-administrator"])
def test_pages_are_accessible_and_fit_a_tablet(at_desk: Any, house: House, login: str) -> None:
    page = at_desk(login)
    paths = {
        "demo-supervisor": (
            *("/", "/queue/", "/conversations/?hardship=yes", "/conversations/demo-003/", "/decisions/"),
            *("/teaching/", "/figures/"),
        ),
        "demo-auditor": ("/audit/",),
        "demo-administrator": ("/accounts/", "/models/"),
    }[login]
    told = {}
    for path in paths:
        page.set_viewport_size({"width": 820, "height": 1180})
        page.goto(house.desk + path)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{path} is wider than a tablet"
        page.set_viewport_size(DESKTOP)
        cdp = page.context.new_cdp_session(page)
        cdp.send("Page.setBypassCSP", {"enabled": True})
        page.reload()
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        told |= {(path, v["id"]): [n["html"][:160] for n in v["nodes"][:3]] for v in found}
    assert told == {}
