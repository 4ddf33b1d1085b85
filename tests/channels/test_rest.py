"""The REST channel over real HTTP: who may speak, what is taken, what comes back."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from sanic import Sanic

from kuanxin.channels.inbound import MOST_CHARACTERS
from kuanxin.channels.rest import ChatChannel
from tests.channels.conftest import ScriptedModel, wait_until_healthy
from tests.web_server import serving


def error_of(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error"]["message"]
    return answer.status_code, answer.json()["error"]["code"]


def test_a_borrower_is_answered_with_text_card_and_buttons_by_id(chat, borrower):
    answer = chat.say(chat.token(borrower), "我欠多少")
    assert answer.status_code == 200
    body = answer.json()
    assert body["holder"] == "bot"
    (message,) = body["messages"]
    assert message["text"] == "答：我欠多少"
    assert message["card"] == {"kind": "loan", "title": "卡片"}
    assert [set(button) for button in message["buttons"]] == [{"id", "title"}]
    assert "ask_loan_status" not in answer.text
    assert chat.model.seen[0].metadata == {
        "now": "2026-11-23T10:00:00+08:00",
        "borrower": borrower,
        "channel": "chat",
        "conversation": f"b-{borrower}",
        "message_id": chat.model.seen[0].message_id,
        "sent_at": None,
        "safety_hold": False,
        "third_party": False,
        "first_contact": True,
        "redacted": [],
        "policy": chat.services.servicing.policy.version,
    }


def test_a_visitor_speaks_for_nobody(chat):
    token = chat.visitor()
    assert chat.say(token, "怎么还款").status_code == 200
    assert chat.model.seen[0].metadata["borrower"] is None
    assert chat.model.seen[0].sender_id.startswith("v-")
    assert chat.visitor() != token


def test_history_comes_after_a_cursor_and_only_to_its_owner(chat, borrower):
    token = chat.token(borrower)
    chat.say(token, "第一句")
    chat.say(token, "第二句")
    everything = chat.history(token, after=0).json()["messages"]
    assert [(m["id"], m["from"], m["text"]) for m in everything] == [
        (1, "borrower", "第一句"),
        (2, "assistant", "答：第一句"),
        (3, "borrower", "第二句"),
        (4, "assistant", "答：第二句"),
    ]
    assert chat.history(token, after=2).json()["messages"] == everything[2:]
    assert chat.history(token, limit=1).json()["messages"] == everything[3:]
    assert chat.history(chat.visitor()).json() == {"messages": [], "holder": "bot"}
    assert error_of(chat.history(token, after="-1")) == (422, "after")


def test_tokens_that_prove_nothing(chat, borrower):
    key, now = chat.services.settings.bank_key(), int(time.time())
    good = {"sub": borrower, "aud": "kuanxin", "iat": now, "exp": now + 60}

    def forged(key: str | None, algorithm: str = "HS256", **changes: object) -> str:
        return jwt.encode({**good, **changes}, key, algorithm)

    assert chat.say(forged(key), "在吗").status_code == 200
    refused = {
        "foreign key": forged("x" * 40),
        "no signature": forged(None, "none"),
        "another algorithm with the same key": forged(key, "HS512"),
        "another audience": forged(key, aud="somebody-else"),
        "no audience": jwt.encode({k: v for k, v in good.items() if k != "aud"}, key),
        "no expiry": jwt.encode({k: v for k, v in good.items() if k != "exp"}, key),
        "issued in the future": forged(key, iat=now + 600, exp=now + 900),
        "an id that is no borrower's": forged(key, sub="../B001"),
        "an empty id": forged(key, sub=""),
        "a number as id": forged(key, sub=17),
        "a sign-in later than the token": forged(key, auth_time=now + 600),
        "absurd time": forged(key, auth_time="yesterday"),
        "an assertion": forged(key, ticket="t" * 43),
        "a visitor's token with the bank's key": forged(key, aud="kuanxin-visitor", sub=f"b-{borrower}"),
        "no token at all": "abc",
    }
    for what, token in refused.items():
        assert error_of(chat.say(token, "在吗")) == (401, "token_invalid"), what
        assert error_of(chat.history(token)) == (401, "token_invalid"), what
    expired = {
        "expired": forged(key, iat=now - 300, exp=now - 60),
        "older than the configured age": forged(key, iat=now - 3 * 3600, exp=now + 3600),
    }
    for what, token in expired.items():
        assert error_of(chat.say(token, "在吗")) == (401, "token_expired"), what
    answer = chat.post(None, {"text": "在吗"})
    assert error_of(answer) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert len(chat.model.seen) == 1


def test_what_is_no_message_is_refused_in_words(chat, borrower):
    token = chat.token(borrower)
    assert error_of(chat.post(token, {})) == (422, "text_or_button")
    assert error_of(chat.post(token, {"text": "a", "button": "b"})) == (422, "text_or_button")
    assert error_of(chat.post(token, ["text"])) == (422, "json")
    assert error_of(chat.post(token, {"text": 5})) == (422, "text")
    assert error_of(chat.post(token, {"text": "a", "message_id": "x" * 65})) == (422, "message_id")
    assert error_of(chat.post(token, {"button": "a b"})) == (422, "button")
    for blank in ("", "  \u3000\n", "\u200b\u202e", "\x00\x07", "/", "／ / "):
        assert error_of(chat.post(token, {"text": blank})) == (422, "empty"), repr(blank)
    assert error_of(chat.say(token, "长" * (MOST_CHARACTERS + 1))) == (422, "too_long")
    assert error_of(chat.say(token, "长" * 10_000)) == (413, "too_large")
    for body in (b"", b"{", b'"\xff"', b"[" * 10_000):
        answer = requests.post(
            f"{chat.url}/messages", data=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        assert error_of(answer) == (422, "json"), body[:10]
    assert chat.model.seen == []
    assert chat.say(token, "长" * MOST_CHARACTERS).status_code == 200


def test_a_huge_body_is_cut_off_before_it_is_read(chat):
    address = urlsplit(chat.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"POST /webhooks/chat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 65536
        )
        assert b"413" in connection.recv(4096).split(b"\r\n")[0]


def test_control_characters_broken_text_and_turned_text_are_cleaned(chat, borrower):
    body = b'{"text": "a\\ud800b\\u0000c\\u202ed \\ud83d\\udc68\\u200d\\ud83d\\udc69\\n\\u4f60"}'
    headers = {"Authorization": f"Bearer {chat.token(borrower)}"}
    assert requests.post(f"{chat.url}/messages", data=body, headers=headers, timeout=10).status_code == 200
    assert chat.model.seen[0].text == "abcd 👨\u200d👩\n你"


def test_what_a_client_claims_beside_its_text_is_ignored(chat, borrower):
    claims = {
        "metadata": {"borrower": "B999", "now": "2030-01-01T00:00:00+08:00"},
        "entities": [{"entity": "loan", "value": "L999"}],
        "intent": {"name": "affirm"},
        "parse_data": {"intent": {"name": "affirm"}},
        "sender": "b-B999",
        "conversation": "b-B999",
    }
    assert chat.post(chat.token(borrower), {"text": "在吗", **claims}).status_code == 200
    (message,) = chat.model.seen
    assert message.sender_id == f"b-{borrower}"
    assert message.metadata["borrower"] == borrower
    assert message.metadata["now"] == "2026-11-23T10:00:00+08:00"
    assert message.parse_data is None


def test_answers_are_for_nobody_elses_page_or_cache(chat, borrower):
    answer = requests.post(
        f"{chat.url}/messages",
        json={"text": "在吗"},
        headers={"Authorization": f"Bearer {chat.token(borrower)}", "Origin": "https://evil.example"},
        timeout=10,
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_form_with_bytes_that_are_no_token(chat):
    for header in ("Bearer", "Bearer ", "Basic abc", "Bearer \xff"):
        answer = requests.post(
            f"{chat.url}/messages",
            json={"text": "在吗"},
            headers={"Authorization": header.encode("latin-1")},
            timeout=10,
        )
        assert answer.status_code == 401, header


class TestReadiness:
    def test_nobody_is_served_before_a_message_went_all_the_way(self, chat):
        model = ScriptedModel()
        ready = {"yes": False}

        async def starting(message):
            if ready["yes"]:
                await model(message)  # until then: as when the action server is not up, no reply

        app = Sanic("warming", configure_logging=False)
        app.blueprint(ChatChannel(chat.services).blueprint(starting), url_prefix="/webhooks/chat")
        with serving(app) as address:
            url = f"{address}/webhooks/chat"
            time.sleep(1.5)
            health = requests.get(f"{url}/health", timeout=5)
            assert (health.status_code, health.json()) == (503, {"status": "starting"})
            headers = {"Authorization": f"Bearer {chat.token()}"}
            early = requests.post(f"{url}/messages", json={"text": "在吗"}, headers=headers, timeout=5)
            assert error_of(early) == (503, "starting")
            assert early.headers["Retry-After"]
            ready["yes"] = True
            wait_until_healthy(url)
            late = requests.post(f"{url}/messages", json={"text": "在吗"}, headers=headers, timeout=5)
            assert late.status_code == 200

    def test_the_warm_up_is_marked_as_nobodys_conversation(self, chat):
        with chat.services.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id, channel FROM conversations WHERE id LIKE 'v-warm-up%'").all()
        assert rows
        assert {channel for _, channel in rows} == {"warm-up"}


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_public_key_is_no_secret(chat, algorithm, tmp_path):
    """With a public key configured, a token "signed" by HMAC with that public key proves nothing."""
    import base64
    import hashlib
    import hmac
    import json

    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    from kuanxin.bootstrap import compose
    from kuanxin.identity.tokens import TokenRefused
    from kuanxin.settings import Settings

    private = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if algorithm == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key_file = tmp_path / "bank.pem"
    key_file.write_bytes(public)
    identity = compose(Settings(var=tmp_path, token_algorithm=algorithm, token_key=f"file:{key_file}")).identity
    now = int(time.time())
    claims = {"sub": "B001", "aud": "kuanxin", "iat": now, "exp": now + 60}

    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert identity.speaker(jwt.encode(claims, secret, algorithm)).borrower_id == "B001"

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    unsigned = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    mark = base64.urlsafe_b64encode(hmac.new(public, unsigned, hashlib.sha256).digest()).rstrip(b"=")
    with pytest.raises(TokenRefused):
        identity.speaker((unsigned + b"." + mark).decode())
