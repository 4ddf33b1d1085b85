"""A server that misbehaves by script: one behaviour for each request, the last one for all that follow."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

Behaviour = Callable[[socket.socket, bytes], None]


class Hostile:
    """`with Hostile([reset, answers(200, {...})]) as server: …` speaks raw HTTP on `server.url`."""

    def __init__(self, behaviours: list[Behaviour]) -> None:
        self.behaviours = behaviours
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()

    def __enter__(self) -> Hostile:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = _read_request(connection)
                if not request:
                    return
                with self._lock:
                    self.requests.append(request)
                    behave = self.behaviours[min(len(self.requests), len(self.behaviours)) - 1]
                behave(connection, request)
            except OSError:
                pass  # the client gave up first


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65_536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length:" in line), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def answers(status: int, data: object = None, *headers: str, raw: bytes | None = None) -> Behaviour:
    body = raw if raw is not None else json.dumps(data).encode()

    def behave(connection: socket.socket, _request: bytes) -> None:
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    return behave


def reset(connection: socket.socket, _request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(connection: socket.socket, _request: bytes) -> None:
    time.sleep(10)


def drips(connection: socket.socket, _request: bytes) -> None:
    """Always something, never enough: no read waits long, the answer never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.1)


def cut_off(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id": "B001", "na')


def nonsense(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"220 smtp ready\r\n")


def does_it_then(url: str, then: Behaviour) -> Behaviour:
    """Passes the request on to a real server. The answer to a POST is hidden behind `then`, others are given."""

    def behave(connection: socket.socket, request: bytes) -> None:
        status, body = _passed_on(url, request)
        assert status < 300
        (then if request.startswith(b"POST ") else answers(status, raw=body))(connection, request)

    return behave


def passes_on(url: str, change: Callable[[dict[str, Any]], None] = lambda loan: None) -> Behaviour:
    """Passes the request on to a real server, and changes the loans in its answer."""

    def behave(connection: socket.socket, request: bytes) -> None:
        status, body = _passed_on(url, request)
        data = json.loads(body) if body else {}
        for loan in data.get("loans", [data] if "instalments" in data else []):
            change(loan)
        answers(status, raw=json.dumps(data).encode() if body else b"")(connection, request)

    return behave


def _passed_on(url: str, request: bytes) -> tuple[int, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    onward = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    onward.request(method, path, body, dict(line.split(": ", 1) for line in lines))
    answer = onward.getresponse()
    return answer.status, answer.read()
