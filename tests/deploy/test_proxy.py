"""A real nginx with the text of deploy/nginx: what gets through to the servers behind it, and what does not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from kuanxin.operate.assistant import running_assistant
from tests.security.test_doors import INTERNAL
from tests.services import Nginx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the certificate is of this test

OPEN = (
    ("POST", "/webhooks/chat/messages"),
    ("POST", "/webhooks/chat/visitors"),
    ("GET", "/webhooks/web/widget/kuanxin.js"),
    ("GET", "/webhooks/web/socket.io/"),
    ("POST", "/webhooks/wechat/callback"),
    ("GET", "/webhooks/wecom/callback"),
)
CLOSED = (
    *INTERNAL,
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/actions"),
    ("POST", "/webhook"),
    ("GET", "/webhooks/chat/health"),
    ("POST", "/webhooks/wechat/callback/more"),
    ("POST", "/webhooks/WECHAT/callback"),
    ("GET", "/desk/"),
    ("GET", "/accounts/login/"),
)
AROUND = (  # as they stand in the request line
    "/webhooks/chat/../../conversations/b-B001/tracker",
    "/webhooks/chat/..%2f..%2fconversations/b-B001/tracker",
    "/webhooks/chat/%2e%2e/%2e%2e/model",
    "//conversations/b-B001/tracker",
    "/webhooks/web/./../../status",
    "/webhooks/chat/./health",
)


class Anything(BaseHTTPRequestHandler):
    """Opens everything and remembers what arrived: what it did not see, the proxy kept back."""

    arrived: list[tuple[str, str, dict[str, str]]]

    def answer(self) -> None:
        self.arrived.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def proxied(rasa_port: int) -> Iterator[Nginx]:
    nginx = Nginx(rasa_port)
    try:
        yield nginx
    finally:
        nginx.stop()


@pytest.fixture(scope="module")
def front() -> Iterator[Nginx]:
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Anything)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    with proxied(behind.server_port) as nginx:
        yield nginx
    behind.shutdown()


@pytest.fixture
def arrived() -> list[tuple[str, str, dict[str, str]]]:
    Anything.arrived = []
    return Anything.arrived


def _connection(nginx: Nginx) -> ssl.SSLSocket:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(socket.create_connection(("127.0.0.1", nginx.port), timeout=20))


def _raw(nginx: Nginx, request: str) -> str:
    """The first line of the answer to a request whose text nobody put in order."""
    with _connection(nginx) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096).decode("latin-1").splitlines()[0]


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_channels_are_reached(front: Nginx, arrived: list, method: str, path: str) -> None:
    assert requests.request(method, front.url + path, data=b"", verify=False, timeout=10).text == "ok"
    assert [(m, p) for m, p, _ in arrived] == [(method, path)]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_nothing_else_is(front: Nginx, arrived: list, method: str, path: str) -> None:
    assert requests.request(method, front.url + path, json={}, verify=False, timeout=10).status_code == 404
    assert arrived == []


@pytest.mark.parametrize("path", AROUND)
def test_there_is_no_way_around(front: Nginx, arrived: list, path: str) -> None:
    said = _raw(front, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said.split()[1] in {"400", "404"}, said
    assert arrived == []


def test_the_callbacks_of_sms_are_for_the_gateway_only(front: Nginx, arrived: list) -> None:
    answer = requests.post(f"{front.url}/webhooks/sms/a-secret-token/replies", json={}, verify=False, timeout=10)
    assert answer.status_code == 403
    assert arrived == []
    assert "a-secret-token" not in front.log()


def test_a_client_cannot_say_where_it_comes_from(front: Nginx, arrived: list) -> None:
    forged = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "http"}
    requests.get(f"{front.url}/webhooks/chat/messages", headers=forged, verify=False, timeout=10)
    (_, _, headers) = arrived[0]
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")


def test_too_large_is_refused_before_it_is_passed_on(front: Nginx, arrived: list) -> None:
    answer = requests.post(f"{front.url}/webhooks/web/x", data=b"x" * 200_000, verify=False, timeout=10)
    assert answer.status_code == 413
    assert arrived == []


@pytest.mark.parametrize("trailer", ["X-Trailer: y", "GET /status HTTP/1.1\r\nX-Hidden: y"])
def test_a_body_in_chunks_is_passed_on_whole_and_without_trailers(front: Nginx, arrived: list, trailer: str) -> None:
    """Sanic takes a trailer for the beginning of the next request (CVE-2026-85078)."""
    with _connection(front) as connection:
        connection.sendall(b"POST /webhooks/chat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(0.3)  # a proxy that does not wait for the body has begun to pass it on
        connection.sendall(f"2\r\n{{}}\r\n0\r\n{trailer}\r\n\r\n".encode())
        said = connection.recv(4096).decode("latin-1").split()[1]
    assert said in {"200", "400"}
    assert [(m, p) for m, p, _ in arrived] == [("POST", "/webhooks/chat/messages")] * (said == "200")
    for _, _, headers in arrived:
        assert headers["content-length"] == "2"
        assert not headers.keys() & {"transfer-encoding", "x-trailer", "x-hidden"}


def test_what_is_logged_holds_no_query_and_no_unknown_path(front: Nginx) -> None:
    requests.get(f"{front.url}/webhooks/web/documents/x?token=secret-of-a-borrower", verify=False, timeout=10)
    requests.get(f"{front.url}/13712345678/%0aforged", verify=False, timeout=10)
    lines = [json.loads(line) for line in front.log().splitlines()]
    assert {"status", "seconds", "path"} <= set(lines[0])
    assert "/webhooks/web/documents/x" in {line["path"] for line in lines}
    for word in ("secret-of-a-borrower", "13712345678", "forged"):
        assert word not in front.log()


def _asked(front: Nginx, tokens: Iterable[str]) -> set[int]:
    """The statuses of a request with each of these tokens, one after the other over one connection."""
    url, found = f"{front.url}/webhooks/chat/messages", set()
    with requests.Session() as session:
        for token in tokens:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            found.add(session.get(url, headers=headers, verify=False, timeout=10).status_code)
    return found


def test_many_borrowers_behind_one_address_do_not_hold_one_another_back(front: Nginx, arrived: list) -> None:
    assert _asked(front, [f"borrower-{n}" for n in range(60)] * 3) == {200}


@pytest.mark.parametrize("token", ["one-borrower", ""])
def test_too_many_requests_of_one_borrower_or_visitor_are_held_back(front: Nginx, arrived: list, token: str) -> None:
    assert _asked(front, [token] * 200) == {200, 429}
    time.sleep(3)  # for the tests after it, from the same address
    assert _asked(front, ["another-borrower"]) == {200}


def test_inventing_tokens_does_not_lift_the_limit_of_an_address(front: Nginx, arrived: list) -> None:
    """Many connections at once, each with many requests in a row: also on a slow machine faster than the limit."""
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(_connection(front)) for _ in range(30)]
        for n, connection in enumerate(connections):
            heads = [f"Host: x\r\nAuthorization: Bearer invented-{n}-{m}" for m in range(50)]
            heads[-1] += "\r\nConnection: close"
            connection.sendall("".join(f"GET /webhooks/chat/messages HTTP/1.1\r\n{h}\r\n\r\n" for h in heads).encode())
        answers = b"".join(part for connection in connections for part in iter(lambda c=connection: c.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 ") >= 200
    assert answers.count(b"HTTP/1.1 429 ") > 0
    assert len(arrived) == answers.count(b"HTTP/1.1 200 ")
    time.sleep(3)


def test_a_borrower_talks_through_it(tmp_path: Path) -> None:
    with running_assistant(tmp_path) as assistant:
        port = int(assistant.url.rsplit(":", 1)[1])
        with proxied(port) as nginx:
            chat = f"{nginx.url}/webhooks/chat"
            token = requests.post(f"{chat}/visitors", verify=False, timeout=30).json()["token"]
            answer = requests.post(
                f"{chat}/messages",
                json={"message_id": "1", "text": "你好"},
                headers={"Authorization": f"Bearer {token}"},
                verify=False,
                timeout=60,
            )
            assert answer.json()["messages"][0]["text"]
            handshake = (
                "GET /webhooks/web/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
                "Origin: http://127.0.0.1:5080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert _raw(nginx, handshake).split()[1] == "101"
            assert requests.get(f"{chat}/health", verify=False, timeout=10).status_code == 404
