"""Stands in for the platform of a WeChat Official Account."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from tests.channels.standins.base import Standin, post, serve
from tests.channels.standins.sealing import sealed_request, signature

APP_ID, SECRET = "wx0123456789abcdef", "app-secret-of-the-stand-in"
TOKEN, AES_KEY = "callback-token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
QUOTA, WINDOW_SECONDS = 5, 48 * 3600
TEXT_BYTES = 2048
ERRORS = {40001: "invalid credential", 42001: "access_token expired", 40003: "invalid openid", 45002: "too long"}
ERRORS |= {45015: "response out of time limit", 45047: "out of response count limit", 47001: "data format error"}
KEYS = {"text": {"content"}, "image": {"media_id"}}


class WeChat(Standin):
    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, float] = {}
        self.current = ""
        self.left: dict[str, int] = {}
        self.media: set[str] = set()
        self.numbers = itertools.count(24000000000000001)

    # the platform's API

    def call(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        if path == "/cgi-bin/stable_token":
            return self._token(json.loads(body))
        if (code := self._token_fault(query)) is not None:
            return _error(code)
        if path == "/cgi-bin/message/custom/send":
            return self._send(json.loads(body))
        if path == "/cgi-bin/media/upload" and query.get("type") == "image" and b"\x89PNG" in body:
            media = secrets.token_hex(16)
            self.media.add(media)
            return {"type": "image", "media_id": media, "created_at": int(time.time())}
        if path == "/cgi-bin/menu/create":
            return _error(0)
        return _error(47001)

    def _token(self, asked: dict[str, str]) -> Any:
        expected = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
        if asked != expected:
            return _error(40001)
        if self.tokens.get(self.current, 0) < time.time():
            self.current = secrets.token_hex(20)
            self.tokens = {self.current: time.time() + 7200}
        return {"access_token": self.current, "expires_in": 7200}

    def _token_fault(self, query: dict[str, str]) -> int | None:
        ends = self.tokens.get(query.get("access_token", ""))
        if ends is None:
            return 40001
        return 42001 if ends < time.time() else None

    def _send(self, sent: dict[str, Any]) -> Any:
        kind = sent.get("msgtype")
        if set(sent) != {"touser", "msgtype", kind} or set(sent[kind]) != KEYS.get(kind, ()):
            return _error(47001)
        if kind == "text" and len(sent["text"]["content"].encode()) > TEXT_BYTES:
            return _error(45002)
        if kind == "image" and sent["image"]["media_id"] not in self.media:
            return _error(47001)
        left = self.left.get(sent["touser"])
        if left is None:
            return _error(45015)
        if left == 0:
            return _error(45047)
        self.left[sent["touser"]] = left - 1
        return _error(0)

    # what a test orders

    def expire(self, code: int) -> Any:
        """The token in use ends: by its time (42001) or because another system asked for one (40001)."""
        self.tokens = {self.current: 0.0} if code == 42001 else {}
        return {}

    def out_of_window(self, openid: str) -> Any:
        self.left.pop(openid, None)
        return {}

    def happen(
        self,
        url: str,
        openid: str,
        fields: dict[str, Any],
        times: int = 1,
        apart: float = 0.0,
        msg_id: int | None = None,
        created: int | None = None,
        **sealing: Any,
    ) -> Any:
        """Something happens to a follower: posted to the callback `times` times, `apart` seconds between."""
        kind = fields.get("MsgType", "text")
        message = {"ToUserName": "gh_account", "FromUserName": openid, "CreateTime": created or int(time.time())}
        message |= {"MsgType": kind, **fields}
        if kind != "event":
            message["MsgId"] = msg_id or next(self.numbers)
        inner = "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in message.items()) + "</xml>"
        with self.lock:
            self.left[openid] = QUOTA if kind != "event" else 3
        answers = []
        for attempt in range(times):
            time.sleep(apart if attempt else 0)
            query, body = sealed_request(TOKEN, AES_KEY, sealing.get("app_id", APP_ID), inner, **_sealing(sealing))
            if sealing.get("plain"):
                query.pop("encrypt_type")
                body = inner.encode()
            answers.append(self._ask(url, query, body))
        return {"answers": answers, "query": query, "body": body.decode()}

    def again(self, url: str, query: dict[str, str], body: str) -> Any:
        """The very bytes of an earlier request."""
        return self._ask(url, query, body.encode())

    def echo_query(self, forged: bool = False) -> Any:
        stamp, nonce = str(int(time.time())), "n1"
        signed = signature("guessed" if forged else TOKEN, stamp, nonce)
        return {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": "5927782489442352469"}

    def _ask(self, url: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        began = time.monotonic()
        status, text = post(f"{url}?{urlencode(query)}", body, {"Content-Type": "text/xml"})
        return {"status": status, "text": text, "seconds": time.monotonic() - began}


def _sealing(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in {"age", "forged"}}


def _error(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": ERRORS.get(code, "ok")}


if __name__ == "__main__":
    serve(WeChat())
