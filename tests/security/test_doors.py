"""What the real server opens, and what every open address does with a body that is none."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from rasa.core.run import configure_app, create_http_input_channels

from tests.security.conftest import AMOUNT, SETTINGS

if TYPE_CHECKING:
    from tests.security.conftest import World

# Rasa's HTTP API and its stock channels: what would read or write conversations, models, commands
INTERNAL = (
    ("GET", "/conversations/b-B001/tracker"),
    ("GET", "/conversations/b-B001/story"),
    ("POST", "/conversations/b-B001/tracker/events"),
    ("PUT", "/conversations/b-B001/tracker/events"),
    ("POST", "/conversations/b-B001/execute"),
    ("POST", "/conversations/b-B001/trigger_intent"),
    ("POST", "/conversations/b-B001/predict"),
    ("POST", "/conversations/b-B001/messages"),
    ("POST", "/model/train"),
    ("POST", "/model/test/stories"),
    ("POST", "/model/test/intents"),
    ("POST", "/model/predict"),
    ("POST", "/model/parse"),
    ("PUT", "/model"),
    ("DELETE", "/model"),
    ("GET", "/status"),
    ("GET", "/domain"),
    ("POST", "/webhooks/rest/webhook"),
    ("POST", "/webhooks/callback/webhook"),
    ("GET", "/webhooks/socketio/"),
    ("GET", "/socket.io/?EIO=4&transport=polling"),
)
SMS_TOKEN = SETTINGS["KUANXIN_SMS_CALLBACK_TOKEN"]
BODIES: dict[str, dict[str, Any]] = {
    "nothing": {"data": b""},
    "half of something": {"data": b'{"text": "'},
    "no text": {"data": b"\xff\xfe\x00\x80" * 50},
    "zeros": {"data": b"\x00" * 2000},
    "depth": {"data": b"[" * 15_000},
    "depth that ends": {"data": b'{"a":' * 2000 + b"1" + b"}" * 2000},
    "a long number": {"data": b'{"text": ' + b"9" * 12_000 + b"}"},
    "not a number": {"data": b'{"text": NaN, "button": Infinity}'},
    "other kinds": {"json": {"text": [], "button": {}, "message_id": 1.5, "assertion": {"a": 1}}},
    "a list": {"json": [{"text": "x"}] * 50},
    "entities of XML": {
        "data": b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
    },
    "a file of this machine": {"data": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml>&a;</xml>'},
    "depth of XML": {"data": b"<a>" * 20_000},
    "too much": {"data": b"x" * (2 * 1024 * 1024)},
    "a form": {"data": {"text": "x", "assertion": "y"}},
    "a file": {"files": {"text": ("x.json", b"{}")}},
    "compressed": {"data": b"\x1f\x8b\x08\x00" + b"\x00" * 100, "headers": {"Content-Encoding": "gzip"}},
}


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, str]]:
    """(method, path) of everything that the server opens: from the router of the application that `rasa run` makes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setattr("kuanxin.bootstrap._made", None)
        app = configure_app(create_http_input_channels(None, "credentials.yml"), enable_api=False)
        found = [(method, f"/{route.path}") for route in app.router.routes for method in route.methods]
        patch.setattr("kuanxin.bootstrap._made", None)
    return found


def _concrete(path: str) -> str:
    """The address with something in the place of each parameter, whose patterns hold brackets of their own."""
    made, depth = "", 0
    for c in path:
        if c == "<" and depth == 0:
            made += SMS_TOKEN if "/sms/" in path else "kuanxin.js" if "/widget/" in path else "A1.pdf"
        depth += {"<": 1, ">": -1}.get(c, 0)
        made += c if depth == 0 and c != ">" else ""
    return made


def test_rasas_own_interface_is_closed(world: World) -> None:
    for method, path in INTERNAL:
        for more in ({}, {"params": {"token": ""}}, {"headers": {"Authorization": "Bearer x"}}):
            answer = requests.request(method, world.url + path, json={}, timeout=10, **more)
            assert answer.status_code in (404, 405), (method, path, answer.status_code)


def test_only_what_is_meant_to_be_open_is_open(routes: list[tuple[str, str]]) -> None:
    paths = {path for _method, path in routes}
    assert paths, "no routes were found"
    meant = tuple(f"/webhooks/{start}" for start in ("chat/", "web/", "sms/", "wechat/callback", "wecom/callback"))
    assert {path for path in paths if not path.startswith(meant)} == {"/"}
    for start in meant:
        assert any(path.startswith(start) for path in paths), start


def test_the_action_server_listens_on_this_machine_only(world: World) -> None:
    port = int(world.assistant.environment["KUANXIN_ACTION_PORT"])
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_body_that_is_none_breaks_nothing(world: World, routes: list[tuple[str, str]]) -> None:
    """Refused with a reason of its own: never a fault of ours, never a trace of code."""
    token = world.borrower("B001").token
    tried = 0
    for method, path in routes:
        address = world.url + _concrete(path)
        for what, body in BODIES.items():
            headers = {"Authorization": f"Bearer {token}", **body.get("headers", {})}
            try:
                answer = requests.request(method, address, timeout=20, **{**body, "headers": headers})
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):  # cut off in the midst of it
                assert what == "too much", (method, path, what)
                continue
            tried += 1
            assert answer.status_code < 500, (method, path, what, answer.status_code, answer.text[:200])
            for word in ("Traceback", "site-packages", "kuanxin/", ".py"):
                assert word not in answer.text, (method, path, what)
    assert tried > 100
    assert world.healthy()
    assert AMOUNT.search(world.borrower("B001").hears("我欠多少"))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhooks/chat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/chat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /webhooks/chat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"GET /webhooks/chat/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /webhooks/web/widget/..%2f..%2f..%2fconfig.yml HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /webhooks/web/documents/..%2fA1.pdf HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /webhooks/chat/health HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request(world: World, raw: bytes) -> None:
    address = urlsplit(world.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        try:
            while part := connection.recv(65536):
                said += part
        except (ConnectionResetError, TimeoutError):
            pass
    assert not said or said.split()[1][:1] == b"4", said[:200]
    assert b"root:" not in said
    assert b"Traceback" not in said
    assert world.healthy()


def test_a_line_break_in_an_address_makes_no_line_in_the_log(world: World) -> None:
    forged = "2026-11-28 ERROR kuanxin borrower B001 signed in"
    for path in (
        f"/x%0a{forged}",
        f"/webhooks/chat/messages?after=%0d%0a{forged}",
        f"/webhooks/sms/a%0a{forged}/replies",
    ):
        requests.post(world.url + path, json={}, headers={"User-Agent": "x"}, timeout=10)
        requests.get(world.url + path, timeout=10)
    world.visitor().says(f"你好\n{forged}")
    for name in ("rasa", "actions"):
        assert not [line for line in world.log(name).splitlines() if line.startswith(forged)]


def test_what_is_not_found_is_not_markup(world: World) -> None:
    for path in ("/<script>alert(1)</script>", "/webhooks/chat/%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = requests.get(world.url + path, headers={"Accept": "text/html"}, timeout=10)
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text
