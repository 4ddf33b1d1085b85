"""A platform on this machine: a process of its own that keeps every byte it is sent and obeys a test through /control.

python -m tests.channels.standins.wechat PORT
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Standin:
    """Subclasses answer calls in `call`. `faults` are errors to answer with, before anything else is looked at."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.log: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []

    def call(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        raise NotImplementedError

    def control(self, order: str, data: Any) -> Any:
        """`log`: everything so far; `fault`: {"path", "answer"} for the next such call."""
        if order == "log":
            return self.log
        if order == "fault":
            self.faults.append(data)
            return {}
        return getattr(self, order)(**data)

    def taken(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        with self.lock:
            call = {"method": method, "path": path, "query": query, "body": body.decode("utf-8", "backslashreplace")}
            self.log.append(call)
            for fault in self.faults:
                if path.endswith(fault["path"]):
                    self.faults.remove(fault)
                    call["answer"] = fault["answer"]
                    return fault["answer"]
            call["answer"] = self.call(method, path, query, headers, body)
            return call["answer"]


def post(url: str, body: bytes, headers: dict[str, str], seconds: float = 5.0) -> tuple[int, str]:
    """Status (0: no answer in time) and text."""
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def serve(standin: Standin) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if parts.path.startswith("/control/"):
                answer = standin.control(parts.path.removeprefix("/control/"), json.loads(body or b"{}"))
            else:
                query = dict(parse_qsl(parts.query))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = standin.taken(self.command, parts.path, query, headers, body)
            written = json.dumps(answer, ensure_ascii=False).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
