"""Stands in for Slack's events and Web API."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.channels.standins.base import Standin, post, serve

TOKEN, SIGNING_SECRET = "xoxb-stand-in", "signing-secret-of-the-stand-in"


class Slack(Standin):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)

    def call(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        json_body = headers.get("content-type", "").startswith("application/json")
        fields = json.loads(body) if json_body else dict(parse_qsl(body.decode()))
        self.log[-1]["fields"] = fields
        blocks = fields.get("blocks") or []
        if path != "/api/chat.postMessage" or len(fields.get("text", "")) > 4000:
            return {"ok": False, "error": "invalid_arguments"}
        if any(block["type"] == "section" and len(block["text"]["text"]) > 3000 for block in blocks):
            return {"ok": False, "error": "invalid_blocks"}
        return {"ok": True, "channel": fields["channel"], "ts": str(time.time())}

    def says(self, url: str, user: str, text: str, kind: str = "im", **more: Any) -> Any:
        number = next(self.numbers)
        event = {"type": "message", "channel": f"D{user}" if kind == "im" else "C1", "channel_type": kind}
        event |= {"user": user, "text": text, "ts": f"{more.pop('ts', 0) or time.time():.6f}"}
        body = json.dumps({"type": "event_callback", "event_id": f"Ev{number}", "event": event}).encode()
        return [self._post(url, body, "application/json", **more) for _ in range(more.pop("times", 1))]

    def presses(self, url: str, user: str, value: str) -> Any:
        action = {"type": "button", "value": value, "text": {"type": "plain_text", "text": "x"}}
        payload = {"type": "block_actions", "user": {"id": user}, "actions": [action]}
        payload |= {"channel": {"id": f"D{user}"}, "trigger_id": f"T{next(self.numbers)}", "message": {"ts": "1.0"}}
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self._post(url, body, "application/x-www-form-urlencoded")

    def _post(self, url: str, body: bytes, kind: str, forged: bool = False, age: float = 0) -> Any:
        stamp = str(int(time.time() - age))
        key = b"guessed" if forged else SIGNING_SECRET.encode()
        signed = hmac.new(key, f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Slack-Signature": f"v0={signed}", "X-Slack-Request-Timestamp": stamp, "Content-Type": kind}
        return post(url, body, headers)


if __name__ == "__main__":
    serve(Slack())
