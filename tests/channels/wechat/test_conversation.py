"""A whole conversation in WeChat, from the first word to an arrangement, asserted on what went over the wire."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kuanxin.conversations.channels import Received
from kuanxin.documents.offers_picture import offers_picture
from tests.channels.platform import until


@pytest.fixture
def borrowing(follower):
    """A follower whose loan answers: behind the connector stands a model with real figures of the demo book."""
    follower.assistant.behind = None
    return follower


def test_from_hello_to_an_arrangement(borrowing):
    person = borrowing
    person.begins_as("B004")
    loan = person.asks("欠多少", "现在应还")
    assert "逾期：41天" in loan
    assert "1. 怎么还款\n2. 转人工客服" in loan
    offers = person.asks("方案", "可以选的方案")
    assert offers.splitlines()[-4:] == ["1. 方案1", "2. 方案2", "3. 方案3", "4. 不用了"]
    pictures = [body for body in person.sent if body["msgtype"] == "image"]
    assert len(pictures) == 1
    assert person.sent.index(pictures[0]) < [b.get("text", {}).get("content") for b in person.sent].index(offers)
    consent = person.asks("第一个", "请核对方案")
    assert "1. 确认，就这样" in consent
    agreed = person.asks("１", "您的约定")
    (arrangement,) = person.assistant.parts.servicing.arrangements("B004", person.assistant.parts.clock.now())
    assert f"编号：{arrangement.id}" in agreed
    assert len(arrangement.quote.rows) == 3
    assert [message.metadata["borrower"] for message in person.assistant.seen] == ["B004"] * 4
    # the confirmation stands on the bank's page too
    page = person.assistant.parts.conversations.transcript("b-B004", limit=100)
    assert page[-1].card["data"]["arrangement"] == arrangement.id


def test_a_picture_compares_offers_and_only_offers():
    rows = [["1", "3期"], ["2", "6期"]]
    offers = [{"monthly": 91378, "total": 274134}, {"monthly": 46689, "total": 280134}]
    card = {"kind": "offers", "rows": rows, "data": {"offers": offers}}
    assert offers_picture(card).startswith(b"\x89PNG")
    assert offers_picture({**card, "rows": rows[:1], "data": {"offers": offers[:1]}}) is None
    assert offers_picture({"kind": "loan", "data": {}}) is None


def test_without_a_picture_nothing_is_missing(borrowing):
    borrowing.begins_as("B003")
    borrowing.platform.order("fault", path="media/upload", answer={"errcode": 47001, "errmsg": "x"})
    assert "3. 方案3" in borrowing.asks("方案", "可以选的方案")


def test_what_was_receipted_before_a_crash_is_answered_after_it(follower):
    """The worker that took it is gone: its lease ran out, another one goes on."""
    parts = follower.assistant.parts
    follower.asks("在吗", "在吗")
    left = Received("wechat", follower.openid, "m99000001", text="我刚才说的")
    assert parts.inbox.keep(left, lease=-1)
    follower.hears("None：我刚才说的")
    until(lambda: parts.inbox.unfinished("wechat", -1) == ())
    assert not parts.inbox.keep(left, lease=-1)


def test_the_process_of_the_stand_in_is_its_own():
    code = "import sys, tests.channels.standins.wechat; print([m for m in sys.modules if m in {'kuanxin', 'wechatpy'}])"
    root = Path(__file__).resolve().parents[3]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_a_message_that_comes_late_is_answered_once_in_the_order_of_arrival(follower):
    """The platform repeats the first one, which it could not deliver, after the second."""
    now = int(time.time())
    follower.says("第二句", created=now)
    follower.hears("第二句")
    follower.says("第一句", created=now - 5, times=2)
    follower.hears("第一句")
    assert [text.split("\n")[0] for text in follower.texts] == ["None：第二句", "None：第一句"]
