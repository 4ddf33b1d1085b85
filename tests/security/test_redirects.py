"""Whom we call may not send us on: no redirect takes a request, its secret or its text to another host."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest.mock import Mock, patch

import pytest
from aiogram.utils.exceptions import TelegramAPIError
from aiohttp import ClientError
from rasa.utils.endpoints import EndpointConfig
from slack_sdk.errors import SlackApiError

from kuanxin.channels.rasa_pace import remember
from kuanxin.channels.slack import GuardedSlack
from kuanxin.channels.telegram import GuardedTelegram
from kuanxin.chat.client import ChatClient, Refusal, visitor_token, wait_until_ready
from kuanxin.gateways.calls import Unreachable
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.gateways.sms_aliyun import AliyunCarrier
from kuanxin.gateways.sms_http import HttpCarrier
from kuanxin.gateways.sms_tencent import TencentCarrier
from kuanxin.gateways.wechat import OfficialAccount, WeCom
from kuanxin.notices.ports import Accepted, Message
from kuanxin.operate.model import ROOT
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.settings import Settings
from kuanxin.store.channels_repository import SqlSharedValues
from tests.builders import NOW, a_loan, a_quote, an_event
from tests.gateways.hostile import Hostile, answers
from web.demo_bank.app import _bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

MESSAGE = Message("0" * 32, "reminder", "B1", "13800000001", "您好", {}, NOW)
TEMPLATES = {"reminder": "1"}
YES = {"access_token": "theirs", "expires_in": 7200, "errcode": 0, "ok": True, "result": {}, "sub": "1", "keys": []}
ASK_THE_PROVIDER = """
import sys
import django, requests
django.setup()
from desk.accounts import single_sign_on
url, backend = sys.argv[1], single_sign_on.SingleSignOn()
asked = [single_sign_on.provider]
asked.append(lambda: backend.get_token({"client_secret": "s3cret", "code": "1"}))
asked.append(lambda: backend.get_userinfo("a-token", "", {"sub": "1"}))
asked.append(lambda: backend.retrieve_matching_jwk("a-token"))
for ask in asked:
    try:
        print("taken", ask())
    except requests.RequestException:
        pass
    single_sign_on.provider = lambda: dict.fromkeys(("token_endpoint", "userinfo_endpoint", "jwks_uri"), url)
"""


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


def slack(url: str, _: SqlSharedValues) -> None:
    given = {"slack_token": "a-token", "slack_signing_secret": "secret", "api_url": url}
    with pytest.raises(SlackApiError):
        asyncio.run(GuardedSlack.from_credentials(given)._to("U1").send_text_message("U1", "您好"))


def telegram(url: str, _: SqlSharedValues) -> None:
    given = {"access_token": "1:a-token", "verify": "bot", "webhook_url": "https://bank.example", "secret": "s"}

    async def tells() -> None:
        output = GuardedTelegram.from_credentials({**given, "api_url": url}).get_output_channel()
        async with output.session:
            with pytest.raises(TelegramAPIError):
                await output.send_text_message("7", "您好")

    asyncio.run(tells())


def action_server(url: str, _: SqlSharedValues) -> None:
    remember()
    with pytest.raises(ClientError):
        asyncio.run(EndpointConfig(url).request(json={"tracker": {}}))


def identity_provider(url: str, _: SqlSharedValues) -> None:
    command = [sys.executable, "-c", ASK_THE_PROVIDER, url]
    with TemporaryDirectory() as var:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "desk.settings", "KUANXIN_VAR": var}
        environment |= {"KUANXIN_DESK_OIDC": url, "KUANXIN_DESK_OIDC_CLIENT": "desk"}
        environment["KUANXIN_DESK_OIDC_SECRET"] = "s3cret"
        assert not subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout


def terminal(url: str, _: SqlSharedValues) -> None:
    with pytest.raises(Refusal):
        visitor_token(url)
    with pytest.raises(Refusal):
        ChatClient(url, lambda: "a-token").say("我欠多少")
    assert not wait_until_ready(url, 0)


def demo_bank(url: str, _: SqlSharedValues) -> None:
    with patch("web.demo_bank.app.demo_token", return_value="signed"):
        assert _bind(Mock(settings=Settings(public_url=url)), "B001", "a-ticket") in (302, 307)


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize(
    "calls",
    [
        *(loan_book, own_sms, aliyun, tencent, wechat, wecom, slack, telegram),
        *(action_server, identity_provider, terminal, demo_bank),
    ],
)
def test_nobody_is_sent_on(calls: Callable[[str, SqlSharedValues], None], status: int, values: SqlSharedValues) -> None:
    with (
        Hostile([answers(200, YES)]) as elsewhere,
        Hostile([answers(status, YES, f"Location: {elsewhere.url}/inside")]) as called,
    ):
        calls(called.url, values)
        assert called.requests
        assert not elsewhere.requests
