"""Every parser that takes what comes from outside: whatever arrives, it is taken or refused in the parser's own words.

What is sent is arbitrary, or a valid example in which parts were exchanged. `make test-security`
looks ten times further.
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.form import read_book
from kuanxin.book.problems import ImportRefused
from kuanxin.book.reader import Source, read
from kuanxin.channels.inbound import Inbound, Refused, read_message
from kuanxin.channels.wechat import events as wechat_events
from kuanxin.channels.wechat.sealed import NotBelieved, Seal
from kuanxin.channels.wecom import events as wecom_events
from kuanxin.gateways.calls import Answer
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.gateways.sms_callbacks import NotByTheContract, receipts, replies
from kuanxin.identity.service import Speaker
from kuanxin.identity.tokens import BankTokens, TokenRefused, VisitorTokens
from kuanxin.nlu.expressions import expressions
from kuanxin.notices.catalogue import Catalogue, NoticesError
from kuanxin.servicing.model import Borrower
from kuanxin.servicing.policy import Policy, PolicyError
from kuanxin.servicing.ports import BookUnavailable, LoanNotFound
from kuanxin.servicing.wire import borrower_to_json, loan_to_json
from kuanxin.settings import ROOT
from tests.builders import a_loan
from tests.channels.standins.sealing import seal, signature
from tests.web.assistant import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.security.conftest import World

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
KEY, AES_KEY = "k" * 40, "k" * 43
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(
        ["", "0", "-1", "1e999", "NaN", "2026-02-30", "9999-12-31T23:59:59+14:00", "\x00", "\ud800", "9" * 400]
    ),
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
WORDS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from([*"万块期分第年底，。3３〇廿号月天前后大半/-", "下个月", "15号", "三千", "2300.5", '{"']),
        max_size=30,
    ).map("".join),
)
COPIES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@st.composite
def exchanged(draw: Any, example: Any) -> Any:
    """A copy in which one to three parts, at any depth, are another thing, are missing, or stand under another name."""
    tree = {"root": copy.deepcopy(example)}
    for _ in range(draw(st.integers(1, 3))):
        place: Any = tree
        key: Any = "root"
        while isinstance(place[key], (dict, list)) and place[key] and draw(st.integers(0, 5)):
            place = place[key]
            key = draw(st.sampled_from(sorted(place, key=str) if isinstance(place, dict) else range(len(place))))
        what = draw(st.sampled_from(["other", "missing", "renamed"])) if place is not tree else "other"
        if what == "missing":
            del place[key]
        elif what == "renamed" and isinstance(place, dict):
            place[draw(st.text(max_size=5))] = place.pop(key)
        else:
            place[key] = draw(TREES)
    return tree["root"]


@st.composite
def cut(draw: Any, example: bytes) -> bytes:
    """The bytes with a stretch replaced."""
    start = draw(st.integers(0, len(example)))
    end = draw(st.integers(start, min(len(example), start + 20)))
    return example[:start] + draw(st.binary(max_size=20)) + example[end:]


def refused_in_its_words(parse: Callable[[], Any], *refusals: type[Exception]) -> Any:
    """What was made of it; None where it was refused. Any other exception fails the test."""
    try:
        return parse()
    except refusals:
        return None


@COPIES
@given(cut(DEMO_BOOK.read_bytes()) | st.binary())
def test_a_book_as_yaml(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "book.yml"
    file.write_bytes(content)
    source = refused_in_its_words(lambda: read([file]), ImportRefused)
    if source is not None:
        refused_in_its_words(lambda: read_book(source, NOW), ImportRefused)


@COPIES
@given(st.one_of(TREES, exchanged(yaml.safe_load(DEMO_BOOK.read_text("utf-8")))))
def test_a_book_as_data(data: Any) -> None:
    refused_in_its_words(lambda: read_book(Source(data, "book"), NOW), ImportRefused)


@COPIES
@given(
    cut(b"id,borrower,principal,instalments,first_due\nK1,B1,1000.00,5,2026-10-20\n") | st.binary(),
    cut("id,name,phone\nB1,王芳,13800000001\n".encode("gb18030")),
)
def test_a_book_as_csv(tmp_path: Path, loans: bytes, borrowers: bytes) -> None:
    (tmp_path / "book.csv").write_text("kind\ntest\n", "utf-8")
    (tmp_path / "loans.csv").write_bytes(loans)
    (tmp_path / "borrowers.csv").write_bytes(borrowers)
    source = refused_in_its_words(lambda: read([tmp_path]), ImportRefused)
    if source is not None:
        refused_in_its_words(lambda: read_book(source, NOW), ImportRefused)


@given(TREES | exchanged({"text": "我欠多少", "button": None, "message_id": "m1"}))
def test_a_message_over_rest(body: Any) -> None:
    taken = refused_in_its_words(lambda: read_message(body, Speaker("v-1"), "chat"), Refused)
    if taken is not None:
        assert isinstance(taken, Inbound)
        taken.text.encode() if taken.text is not None else None


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_a_token_that_is_none(token: str) -> None:
    for tokens in (BankTokens(KEY, "HS256", "kuanxin", 3600), VisitorTokens(KEY)):
        with pytest.raises(TokenRefused):
            tokens.read(token)


@given(exchanged({"sub": "B001", "aud": "kuanxin", "iat": 1, "exp": 1, "auth_time": 1, "ticket": "t"}))
def test_a_token_with_other_claims(claims: Any) -> None:
    """Signed with the right key all the same: a bank's programs err too."""
    if not isinstance(claims, dict):
        return
    now = int(time.time())
    moved = {name: now if claims.get(name) == 1 else claims[name] for name in claims}
    try:
        token = jwt.encode(moved, KEY, "HS256")
    except (TypeError, ValueError):
        return  # PyJWT makes none of it
    refused_in_its_words(lambda: BankTokens(KEY, "HS256", "kuanxin", 3600).read(token), TokenRefused)


@given(
    st.dictionaries(
        st.sampled_from(["timestamp", "nonce", "msg_signature", "encrypt_type", "echostr", "signature"]), st.text()
    ),
    st.binary(),
)
def test_a_sealed_callback_of_somebody_else(query: dict[str, str], body: bytes) -> None:
    for work in (False, True):
        lock = Seal("token", AES_KEY, "wx1", work)
        for opens in (lambda lock=lock: lock.open(query, body), lambda lock=lock: lock.echo(query)):
            with pytest.raises(NotBelieved):
                opens()


@given(st.binary(max_size=200) | st.text().map(str.encode), st.booleans())
def test_a_callback_that_is_signed_and_holds_nonsense(inner: bytes, sealed_well: bool) -> None:
    lock, stamp = Seal("token", AES_KEY, "wx1"), str(int(time.time()))
    encrypted = seal(AES_KEY, "wx1", inner.decode("utf-8", "ignore")) if sealed_well else inner.hex()
    query = {"timestamp": stamp, "nonce": "n", "encrypt_type": "aes"}
    query["msg_signature"] = signature("token", stamp, "n", encrypted)
    body = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    refused_in_its_words(lambda: lock.open(query, body), NotBelieved)


MESSAGE = {"FromUserName": "o1", "MsgType": "text", "Content": "x", "MsgId": "1", "CreateTime": "1", "Event": "CLICK"}
LINE = {"msgid": "1", "external_userid": "w1", "origin": 3, "msgtype": "text", "text": {"content": "x", "menu_id": "1"}}


@given(exchanged(MESSAGE), exchanged(LINE))
def test_what_a_platform_says(message: Any, line: Any) -> None:
    """Believed already: taken, or left out."""
    if isinstance(message, dict):
        wechat_events.received(message)
    if isinstance(line, dict):
        wecom_events.received(line)


@given(WORDS)
def test_what_people_write(text: str) -> None:
    for found in expressions(text, NOW):
        assert 0 <= found.start < found.end <= len(text)


@given(
    st.sampled_from(["http", "aliyun", "tencent"]),
    st.one_of(
        st.binary(),
        TREES.map(lambda tree: json.dumps(tree).encode()),
        exchanged([{"id": "1", "state": "delivered", "from": "1", "text": "x", "success": True, "biz_id": "1"}]).map(
            lambda tree: json.dumps(tree).encode()
        ),
    ),
)
def test_what_an_sms_gateway_reports(gateway: str, body: bytes) -> None:
    refused_in_its_words(lambda: receipts(gateway, body), NotByTheContract)
    refused_in_its_words(lambda: replies(gateway, body), NotByTheContract)


@given(exchanged(yaml.safe_load((ROOT / "policy.yml").read_text("utf-8"))))
def test_a_policy(data: Any) -> None:
    refused_in_its_words(lambda: Policy.parse(data), PolicyError)


@given(exchanged(yaml.safe_load((ROOT / "notices.yml").read_text("utf-8"))))
def test_the_notices(data: Any) -> None:
    refused_in_its_words(lambda: Catalogue.parse(data), NoticesError)


LOAN = loan_to_json(a_loan())
WHO = borrower_to_json(Borrower("B1", "王芳", "13800000001", False))


@given(exchanged(LOAN), exchanged(WHO), exchanged({"loans": [LOAN]}))
def test_what_a_banks_loan_system_answers(loan: Any, who: Any, loans: Any) -> None:
    book = HttpLoanBook("http://127.0.0.1:9", "token")
    for answer, ask in (
        (who, lambda: book.borrower("B1")),
        (loans, lambda: book.loans_of(LOAN["borrower_id"])),
        (loan, lambda: book.loan(LOAN["borrower_id"], LOAN["id"])),
        (loan, lambda: book.quote("B1", "hash")),
    ):
        for status in (200, 404):
            book._caller.call = lambda *_, answer=answer, status=status: Answer(status, answer)
            refused_in_its_words(ask, BookUnavailable, LoanNotFound)


@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])  # none takes long to shrink
@given(
    st.sampled_from(["resume", "say", "history", "renew", "rate"]),
    TREES | exchanged({"cursor": 0, "id": "1", "text": "谢谢", "before": 1, "token": "x", "score": 1, "words": "x"}),
)
def test_what_a_web_chat_sends(world: World, event: str, data: Any) -> None:
    """The answer always comes, and always as what the widget understands."""
    data = json.loads(json.dumps(data), parse_constant=lambda _: None)  # JSON has no NaN and no Infinity
    if isinstance(data, dict) and isinstance(data.get("id"), str):
        data["id"] = uuid.uuid4().hex

    async def ask() -> Any:
        client = Client(world.url)
        await client.connect(world.visitor().token, {})
        try:
            return await client.sio.call(event, data, timeout=5)
        finally:
            await client.sio.disconnect()

    answer = asyncio.run(ask())
    assert isinstance(answer, dict)
    assert isinstance(answer["ok"], bool)
    assert answer.get("error") != "unavailable", (event, data, answer)
