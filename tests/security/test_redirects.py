"""Whom we call may not send us on: no redirect takes a request, its secret or its text to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kuanxin.gateways.calls import Unreachable
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.gateways.sms_aliyun import AliyunCarrier
from kuanxin.gateways.sms_http import HttpCarrier
from kuanxin.gateways.sms_tencent import TencentCarrier
from kuanxin.gateways.wechat import OfficialAccount, WeCom
from kuanxin.notices.ports import Accepted, Message
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.store.channels_repository import SqlSharedValues
from tests.builders import NOW, a_loan, a_quote, an_event
from tests.gateways.hostile import Hostile, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

MESSAGE = Message("0" * 32, "reminder", "B1", "13800000001", "您好", {}, NOW)
TEMPLATES = {"reminder": "1"}
YES = {"access_token": "theirs", "expires_in": 7200, "errcode": 0}


@pytest.fixture
def values(sqlite_url: str, migrated: Callable[[str], Engine]) -> SqlSharedValues:
    return SqlSharedValues(migrated(sqlite_url))


def loan_book(url: str, _: SqlSharedValues) -> None:
    book = HttpLoanBook(url, "a-token")
    for ask in (
        lambda: book.loans_of("B001"),
        lambda: book.keep_quote(a_quote(a_loan())),
        lambda: book.append(a_loan(), (an_event(),)),
    ):
        with pytest.raises(BookUnavailable):
            ask()


def own_sms(url: str, _: SqlSharedValues) -> None:
    assert not isinstance(HttpCarrier(url, "a-token").send(MESSAGE), Accepted)


def aliyun(url: str, _: SqlSharedValues) -> None:
    assert not isinstance(AliyunCarrier("key", "secret", "sign", TEMPLATES, url).send(MESSAGE), Accepted)


def tencent(url: str, _: SqlSharedValues) -> None:
    assert not isinstance(TencentCarrier("key", "secret", "app", "sign", TEMPLATES, url).send(MESSAGE), Accepted)


def wechat(url: str, values: SqlSharedValues) -> None:
    account = OfficialAccount(url, "app", "secret", values)
    with pytest.raises(Unreachable):  # the secret, for a token
        account.send("o1", {"msgtype": "text", "text": {"content": "您好"}})
    values.put("token:wechat:app", "ours", 600)
    with pytest.raises(Unreachable):
        account.send("o1", {"msgtype": "text", "text": {"content": "您好"}})
    with pytest.raises(Unreachable):
        account.upload_image(b"png")


def wecom(url: str, values: SqlSharedValues) -> None:
    corporation = WeCom(url, "corp", "secret", values)
    with pytest.raises(Unreachable):
        corporation.post("kf/sync_msg", {})
    values.put("token:wecom:corp", "ours", 600)
    with pytest.raises(Unreachable):
        corporation.post("kf/sync_msg", {})


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("calls", [loan_book, own_sms, aliyun, tencent, wechat, wecom])
def test_nobody_is_sent_on(calls: Callable[[str, SqlSharedValues], None], status: int, values: SqlSharedValues) -> None:
    with (
        Hostile([answers(200, YES)]) as elsewhere,
        Hostile([answers(status, YES, f"Location: {elsewhere.url}/inside")]) as called,
    ):
        calls(called.url, values)
        assert called.requests
        assert not elsewhere.requests
