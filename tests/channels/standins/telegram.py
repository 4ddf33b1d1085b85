"""Stands in for Telegram's Bot API."""

from __future__ import annotations

import itertools
import json
import time
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from tests.channels.standins.base import Standin, post, serve

BOT, TOKEN, SECRET = "kuanxin_bot", "123456:stand-in-token-of-the-bot-0000000000", "secret-of-the-webhook"


class Telegram(Standin):
    def __init__(self) -> None:
        super().__init__()
        self.updates = itertools.count(1000)
        self.messages = itertools.count(1)
        self.webhook: dict[str, str] = {}

    def call(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        prefix, _, name = path.rpartition("/")
        if prefix != f"/bot{TOKEN}":
            return {"ok": False, "error_code": 401, "description": "Unauthorized"}
        fields = _fields(headers.get("content-type", ""), body)
        self.log[-1]["fields"] = fields
        if name == "getMe":
            return _ok({"id": 123456, "is_bot": True, "first_name": "宽心", "username": BOT})
        if name == "setWebhook":
            self.webhook = fields
            return _ok(True)
        if name == "sendMessage" and fields.get("text") and len(fields["text"]) <= 4096:
            for row in json.loads(fields.get("reply_markup") or "{}").get("inline_keyboard", ()):
                if any(len(button["callback_data"].encode()) > 64 for button in row):
                    return {"ok": False, "error_code": 400, "description": "Bad Request: BUTTON_DATA_INVALID"}
            chat = {"id": int(fields["chat_id"]), "type": "private"}
            sent = {"message_id": next(self.messages), "date": int(time.time()), "chat": chat, "text": fields["text"]}
            return _ok(sent)
        return {"ok": False, "error_code": 400, "description": "Bad Request"}

    def hook(self) -> Any:
        return self.webhook

    def happen(self, url: str, chat: dict[str, Any], text: str, pressed: str = "", **more: Any) -> Any:
        """Somebody writes, or presses a button under a message."""
        date = more.get("date") or int(time.time())
        message = {"message_id": next(self.messages), "date": date, "chat": chat, "text": text}
        person = {"id": chat["id"], "is_bot": False, "first_name": "某"}
        update: dict[str, Any] = {"update_id": more.get("update_id") or next(self.updates)}
        if pressed:
            update["callback_query"] = {"id": "1", "from": person, "chat_instance": "1", "data": pressed}
            update["callback_query"]["message"] = message
        else:
            update["message"] = {**message, "from": person}
        headers = {"Content-Type": "application/json"}
        if secret := more.get("secret", SECRET):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        return [post(url, json.dumps(update).encode(), headers) for _ in range(more.get("times", 1))]


def _fields(kind: str, body: bytes) -> dict[str, str]:
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(body.decode()))
    parts = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    return {p.get_param("name", header="content-disposition"): p.get_content().strip() for p in parts.iter_parts()}


def _ok(result: Any) -> dict[str, Any]:
    return {"ok": True, "result": result}


if __name__ == "__main__":
    serve(Telegram())
