"""Numbers and passwords that stand nowhere else go through whole conversations; afterwards they are looked for.

Where: every file under KUANXIN_VAR (the database with its side files, the logs of both servers at their most
talkative, the outbox), what they show Prometheus, what RabbitMQ was given, the answers, and the transcripts as
colleagues read them.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
import unicodedata
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from rasa.shared.core.domain import Domain

from kuanxin.gateways.events import QUEUE
from kuanxin.settings import ROOT
from tests.security.conftest import OWNER, SETTINGS
from tests.test_logs import in_logs
from tests.web.assistant import Client

if TYPE_CHECKING:
    from tests.security.conftest import World

ID_CARD, MOBILE, CARD = "11010519491231002X", "13911127654", "6222021234567894"
PASSWORD, CODE = "Zh9canary!pw", "839417"
# what must never be found, as it would stand there: digits in one piece
SPOKEN = (ID_CARD, MOBILE, CARD, PASSWORD, CODE)
LINES = (
    "我欠多少",
    f"我身份证是{ID_CARD}，帮我查",
    f"身份证号码：{ID_CARD[:6]} {ID_CARD[6:14]} {ID_CARD[14:]}",
    f"打我手机{MOBILE}",
    "手机号：" + "".join(chr(ord(c) + 0xFEE0) for c in MOBILE),  # full-width
    f"+86 {MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]} 联系我",
    f"卡号{' '.join(CARD[n : n + 4] for n in range(0, 16, 4))}，从这张卡扣",
    f"换成这张卡：{CARD}",
    f"密码是{PASSWORD}",
    f"登录密码:{PASSWORD} 帮我登录",
    f"验证码{CODE}",
    f"收到的验证码是 {CODE}，填哪",
    f'/inform{{"amount": "{MOBILE}"}}',
    f"asdf qwer {MOBILE} zxcv",  # understood by nobody: kept for teaching
    f"我要投诉，我的电话{MOBILE}，卡{CARD}",
    f"这笔不是我借的，身份证{ID_CARD}被人用了",
    f"钱已经还了还显示逾期，卡号{CARD}",
    f"能分期吗，每月最多还300，工资卡{CARD}",
    f"我生病了没钱，打{MOBILE}找我",
    f"转人工，我电话{MOBILE}",
)


def plain(content: bytes) -> str:
    return unicodedata.normalize("NFKC", content.decode("utf-8", "replace"))


def joined(text: str) -> str:
    return text.translate({ord(c): None for c in " -—"})


def everywhere(world: World) -> dict[str, str]:
    files = [path for path in world.var.rglob("*") if path.is_file() and path.suffix != ".key"]
    places = {str(path.relative_to(world.var)): plain(path.read_bytes()) for path in files}
    return {**places, "figures": world.figures()}


@pytest.fixture(scope="module")
def talked(world: World) -> list[str]:
    """Everything that was answered."""
    heard: list[str] = []
    for talk in (world.borrower(OWNER["id"]), world.visitor()):
        heard += [talk.says(line).text for line in LINES]
        requests.get(f"{talk.chat}/{ID_CARD}?{MOBILE}", timeout=10)  # tells its own sender alone
        for path in (f"messages?after={MOBILE}", f"messages?limit={CARD}"):
            heard.append(
                requests.get(f"{talk.chat}/{path}", headers={"Authorization": f"Bearer {CODE}"}, timeout=10).text
            )
        heard.append(talk.posts("sign-in", json={"assertion": f"{PASSWORD}.{PASSWORD}.{PASSWORD}"}).text)
    asyncio.run(_in_the_web_chat(world))
    heard.append(_by_sms(world))
    _while_the_actions_are_away(world, heard)
    return heard


async def _in_the_web_chat(world: World) -> None:
    client = Client(world.url)
    await client.connect(world.borrower(OWNER["id"]).token, {"X-Phone": MOBILE})
    await client.sio.call("resume", {"cursor": 0, "x": MOBILE}, timeout=30)
    await client.sio.call(
        "say", {"id": uuid.uuid4().hex, "text": f"我的手机{MOBILE}，你好", "metadata": CARD}, timeout=60
    )
    await client.sio.call("say", {"id": uuid.uuid4().hex, "text": {"a": ID_CARD}}, timeout=30)
    rated = await client.sio.call("rate", {"score": 1, "words": f"\x02差，打{MOBILE}，密码是{PASSWORD}"}, timeout=30)
    await client.sio.disconnect()
    assert rated == {"ok": True}


def _by_sms(world: World) -> str:
    address = f"{world.url}/webhooks/sms/{SETTINGS['KUANXIN_SMS_CALLBACK_TOKEN']}/replies"
    reply = {"from": MOBILE, "text": f"我卡号{CARD}", "id": uuid.uuid4().hex}
    answer = requests.post(address, json=reply, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


def _while_the_actions_are_away(world: World, heard: list[str]) -> None:
    """The action server stands still in the middle of a turn, and Rasa says so in its log."""
    actions = world.assistant.processes["actions"]
    actions.send_signal(signal.SIGSTOP)
    try:
        talk = world.borrower(OWNER["id"])
        with pytest.raises(requests.Timeout):
            talk.posts(
                "messages", json={"text": f"欠多少，电话{MOBILE}，密码是{PASSWORD}", "message_id": "away"}, timeout=2
            )
    finally:
        actions.send_signal(signal.SIGCONT)
    until = time.monotonic() + 60
    while (answer := talk.says(f"在吗{MOBILE}")).status_code != 200:
        assert time.monotonic() < until, answer.text
        time.sleep(0.5)
    heard.append(answer.text)


@pytest.fixture(scope="module")
def published(world: World, talked: list[str]) -> list[dict[str, Any]]:
    """What RabbitMQ was given."""
    taken: list[dict[str, Any]] = []
    until = time.monotonic() + 60
    while sum(event["event"] == "message" for event in taken) < 2 * len(LINES):
        assert time.monotonic() < until, taken
        time.sleep(1)
        taken += world.broker.take(QUEUE)
    return taken


def test_what_was_typed_stands_nowhere(world: World, talked: list[str]) -> None:
    places = everywhere(world)
    assert {"rasa.log", "actions.log", "kuanxin.db"} <= set(places)
    assert 'kuanxin_turn_seconds_count{channel="web"' in places["figures"]
    assert "身份证号】" in places["kuanxin.db"] + places["kuanxin.db-wal"]  # it was there, and hidden
    found = [
        (place, secret, joined(text)[max(0, joined(text).index(secret) - 60) :][:100])
        for place, text in {**places, "answers": "\n".join(talked)}.items()
        for secret in SPOKEN
        if secret in joined(text)
    ]
    assert found == []


def test_who_owes_is_in_no_log_or_raw_file(world: World, talked: list[str]) -> None:
    """Names and numbers of the loan book are sealed in the database and written nowhere else."""
    for place, text in everywhere(world).items():
        assert OWNER["phone"] not in text, place
        assert OWNER["name"] not in text, place
        assert OWNER["id"] not in text or not place.endswith((".log", "figures")), place


def test_lines_of_one_conversation_are_found_and_name_nobody(world: World, talked: list[str]) -> None:
    logs = {name: [json.loads(line) for line in world.log(name).splitlines()] for name in ("rasa", "actions")}
    for name, lines in logs.items():
        assert lines
        assert {line["server"] for line in lines} == {name}
    (owner,) = in_logs(world.var, f"b-{OWNER['id']}")
    assert len([line for line in logs["rasa"] if line.get("conversation") == owner]) > len(LINES)


def test_events_hold_what_happened_and_nobody(published: list[dict[str, Any]]) -> None:
    """Word for word: names of the model's domain, and values of known forms; no room for anything else."""
    domain = Domain.load(str(ROOT / "domain.yml"))
    known = {
        "event": {"message", "action", "form"},
        "intent": set(domain.intents),
        "confidence": {"low", "medium", "high"},
        "action": {*domain.action_names_or_texts, *domain.forms},
        "form": {None, *domain.forms},
        "channel": {"chat", "web", "sms", "warm-up"},
    }
    forms = {"id": r"[0-9a-f]{32}", "conversation": r"[0-9a-f]{16}", "time": r"[0-9T:.-]{23}\+00:00"}
    for event in published:
        for name, value in event.items():
            assert re.fullmatch(forms[name], value) if name in forms else value in known[name], event
    assert len({event["conversation"] for event in published}) >= 4


def test_colleagues_read_placeholders(world: World, talked: list[str]) -> None:
    entries = world.parts.conversations.transcript(f"b-{OWNER['id']}")
    said = " ".join(entry.text for entry in entries)
    assert all(word in said for word in ("【身份证号】", "【银行卡号】", "【手机号】", "【密码】", "【验证码】"))


def test_no_secret_of_the_installation_is_in_a_log(world: World, talked: list[str]) -> None:
    secrets = [value for name, value in SETTINGS.items() if name.endswith(("SECRET", "TOKEN", "_KEY"))]
    secrets.append(urlsplit(world.broker.url).password)
    secrets += [path.read_text("ascii") for path in world.var.glob("*.key")]
    for name in ("rasa", "actions"):
        for secret in secrets:
            assert secret not in world.log(name), (name, secret)
    token = world.borrower("B001").token
    world.parts.identity.speaker(token)
    assert token.split(".")[0] + "." not in world.log("rasa")
