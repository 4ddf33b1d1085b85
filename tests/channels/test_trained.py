"""WeChat and 微信客服 in front of the trained assistant: typed sentences to an arrangement, read off the wire."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kuanxin.bootstrap import compose
from kuanxin.conversations.timing import LATE
from kuanxin.operate.assistant import running_assistant
from kuanxin.settings import Settings
from tests.channels.platform import Assistant, Platform, standin, until
from tests.channels.standins import wechat, wecom
from tests.channels.wechat.conftest import Follower
from tests.channels.wecom.conftest import Customer, items
from tests.web.browser import load_demo_book

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Stage:
    assistant: Assistant
    wechat: Platform
    wecom: Platform


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    var = tmp_path_factory.mktemp("trained")
    load_demo_book(var)
    with standin("wechat") as first, standin("wecom") as second, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "WECHAT_APP_ID": wechat.APP_ID,
            "WECHAT_SECRET": wechat.SECRET,
            "WECHAT_TOKEN": wechat.TOKEN,
            "WECHAT_AES_KEY": wechat.AES_KEY,
            "WECHAT_API_URL": first.url,
            "WECOM_CORP_ID": wecom.CORP_ID,
            "WECOM_SECRET": wecom.SECRET,
            "WECOM_TOKEN": wecom.TOKEN,
            "WECOM_AES_KEY": wecom.AES_KEY,
            "WECOM_API_URL": second.url,
        }.items():
            patch.setenv(f"KUANXIN_{name}", value)
        with running_assistant(var) as running:
            parts = compose(Settings(var=var))
            yield Stage(Assistant(running.url, parts), first, second)
            parts.engine.dispose()


def agreed(stage: Stage, borrower: str) -> tuple[str, str]:
    """The number and the kind of the borrower's only arrangement."""
    parts = stage.assistant.parts
    (arrangement,) = parts.servicing.arrangements(borrower, parts.clock.now())
    return arrangement.id, arrangement.kind.value


def nothing_agreed(stage: Stage, borrower: str) -> bool:
    parts = stage.assistant.parts
    return not parts.servicing.arrangements(borrower, parts.clock.now())


def test_in_wechat_a_plan_within_what_can_be_paid(stage: Stage) -> None:
    person = Follower("oTrained0000000000000000001", stage.wechat, stage.assistant)
    person.does(MsgType="event", Event="subscribe")
    person.hears("AI 助手")
    person.asks("我预期了 欠多少啊", "确认是您本人")  # nothing about a loan before the sign-in
    person.signs_in("B004")
    person.hears("已经和您的账务绑定")
    assert "逾期：41天" in person.asks("欠多少", "现在应还")
    person.asks("一次还不上 能分其吗", "每个月最多")
    assert "1. 确认，就这样" in person.asks("一千五左右", "请核对方案")
    told = person.asks("１", "您的约定")
    number, kind = agreed(stage, "B004")
    assert kind == "re_instalment"
    assert f"编号：{number}" in told


def test_words_sent_before_an_offer_agree_to_nothing_and_are_heard_all_the_same(stage: Stage) -> None:
    """“确认” was meant for the first offer; it comes after the second one."""
    person = Follower("oTrained0000000000000000002", stage.wechat, stage.assistant)
    person.begins_as("B010")
    person.asks("分12期", "请核对方案")
    person.asks("分6期", "请核对方案")
    stage.assistant.has_sent()
    for words in ("确认", "同意", "不用了"):
        before = len(person.texts)
        person.says(words, created=int(time.time()) - 30)
        assert "1. 确认，就这样" in person.hears(LATE, before)
        assert nothing_agreed(stage, "B010")
    before = len(person.texts)
    person.says("罚息怎么算", created=int(time.time()) - 30)
    assert "还给您留着" in person.hears("罚息率", before)
    time.sleep(4)
    before = len(person.texts)
    person.says("利息怎么算")
    person.hears("还给您留着", before)
    stage.assistant.has_sent()
    person.says("确认", created=int(time.time()) - 1)  # before that answer, but long after the offer was first shown
    person.hears("您的约定", before)
    _, kind = agreed(stage, "B010")
    assert kind == "re_instalment"


def test_on_the_page_an_old_button_is_about_its_own_offer(stage: Stage) -> None:
    """Whenever it is pressed, it agrees to nothing newer and declines nothing newer."""

    def offered(words: str) -> dict[str, str]:
        said = stage.assistant.on_the_page("B013", words)
        return {button["title"]: button["id"] for message in said for button in message["buttons"]}

    first, second = offered("分12期"), offered("分6期")
    for title in ("确认，就这样", "不用了"):
        said = stage.assistant.on_the_page("B013", button=first[title])
        assert "之前的方案" in said[0]["text"]
        assert "还给您留着" in said[-1]["text"]
        assert nothing_agreed(stage, "B013")
    stage.assistant.on_the_page("B013", button=second["确认，就这样"])
    assert agreed(stage, "B013")


def test_despair_that_comes_late_is_heard_at_once(stage: Stage) -> None:
    person = Follower("oTrained0000000000000000003", stage.wechat, stage.assistant)
    person.begins_as("B005")
    person.asks("分6期", "请核对方案")
    stage.assistant.has_sent()
    before = len(person.texts)
    person.says("转人工", created=int(time.time()) - 60)
    person.hears("转人工", before)
    person.says("我不想活了", created=int(time.time()) - 60)
    person.hears("您现在安全吗", before)
    assert nothing_agreed(stage, "B005")


def test_in_wecom_a_later_date(stage: Stage) -> None:
    customer = Customer("wmTrained000000000000000000001", stage.wecom, stage.assistant)
    customer.happens(customer.event("enter_session", welcome_code="code-trained"))
    until(lambda: stage.assistant.parts.addresses.find("wecom", customer.address))
    customer.signs_in("B001")
    customer.asks("能不能晚几天还", "哪天方便")
    consent = customer.asks("三天后", "请核对方案")
    yes = items(consent)["确认，就这样"]
    told = customer.asks("确认，就这样", "您的约定", menu_id=yes)
    number, kind = agreed(stage, "B001")
    assert kind == "promise_to_pay"
    assert number in str(told)
