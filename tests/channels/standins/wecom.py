"""Stands in for WeCom's customer service in WeChat (微信客服)."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from tests.channels.standins.base import Standin, post, serve
from tests.channels.standins.sealing import seal, sealed_request, signature

CORP_ID, SECRET, KFID = "ww0123456789abcdef", "secret-of-kf", "wkAbCdEf0123456789AbCdEf01234567"
TOKEN, AES_KEY = "callback-token", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
PAGE = 2  # small, so that everything has several pages
MESSAGE_ID = re.compile(r"[0-9a-zA-Z_-]{1,32}")
BODIES = {"text": {"content"}, "image": {"media_id"}, "msgmenu": {"head_content", "list"}}
# which states of a session an application may move to which
MOVES = {0: {1, 2, 3}, 1: {2, 3, 4}, 2: {3, 4}, 3: {4}, 4: set()}


class WeCom(Standin):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.ends = "", 0.0
        self.lines: list[dict[str, Any]] = []
        self.left: dict[str, int] = {}
        self.states: dict[str, int] = {}
        self.codes: set[str] = set()
        self.message_ids: set[str] = set()
        self.media: set[str] = set()
        self.numbers = itertools.count(4622416642169452000)

    # the platform's API

    def call(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        if path == "/cgi-bin/gettoken":
            if query != {"corpid": CORP_ID, "corpsecret": SECRET}:
                return _error(40001)
            if self.ends < time.time():
                self.token, self.ends = secrets.token_hex(16), time.time() + 7200
            return {"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7200}
        if query.get("access_token") != self.token:
            return _error(40014)
        if self.ends < time.time():
            return _error(42001)
        if path == "/cgi-bin/media/upload" and b"\x89PNG" in body:
            self.media.add(media := secrets.token_hex(8))
            return {"errcode": 0, "type": "image", "media_id": media}
        return getattr(self, "_" + path.rsplit("/cgi-bin/kf/")[-1].replace("/", "_"))(json.loads(body))

    def _account_list(self, asked: dict[str, Any]) -> Any:
        return {"errcode": 0, "account_list": [{"open_kfid": KFID, "name": "宽心"}]}

    def _sync_msg(self, asked: dict[str, Any]) -> Any:
        if set(asked) != {"cursor", "token", "limit", "open_kfid"} or asked["open_kfid"] != KFID:
            return _error(40058)
        begin = int(asked["cursor"] or 0)
        page = self.lines[begin : begin + PAGE]
        end = begin + len(page)
        more = int(end < len(self.lines))
        return {"errcode": 0, "next_cursor": str(end), "has_more": more, "msg_list": page}

    def _send_msg(self, sent: dict[str, Any]) -> Any:
        customer = sent.get("touser", "")
        if (code := self._wrong(sent, {"touser", "open_kfid"})) is not None:
            return _error(code)
        if sent["open_kfid"] != KFID:
            return _error(95000)
        if self.states.get(customer, 0) not in {0, 1}:
            return _error(95018)
        if customer not in self.left:
            return _error(95002)
        if not self.left[customer]:
            return _error(95001)
        self.left[customer] -= 1
        return {"errcode": 0, "msgid": sent["msgid"]}

    def _send_msg_on_event(self, sent: dict[str, Any]) -> Any:
        if (code := self._wrong(sent, {"code"})) is not None:
            return _error(code)
        if sent["code"] not in self.codes or sent["msgtype"] == "image":
            return _error(95007)
        self.codes.remove(sent["code"])
        return {"errcode": 0, "msgid": sent["msgid"]}

    def _wrong(self, sent: dict[str, Any], besides: set[str]) -> int | None:
        kind = sent.get("msgtype", "")
        if set(sent) != {"msgid", "msgtype", kind, *besides} or set(sent[kind]) != BODIES.get(kind):
            return 40058
        if not MESSAGE_ID.fullmatch(sent["msgid"]) or sent["msgid"] in self.message_ids:
            return 40058
        self.message_ids.add(sent["msgid"])
        if kind == "text" and len(sent["text"]["content"].encode()) > 2048:
            return 45002
        if kind == "image" and sent["image"]["media_id"] not in self.media:
            return 40007
        return _wrong_menu(sent["msgmenu"]) if kind == "msgmenu" else None

    def _service_state_get(self, asked: dict[str, Any]) -> Any:
        return {"errcode": 0, "service_state": self.states.get(asked["external_userid"], 0)}

    def _service_state_trans(self, asked: dict[str, Any]) -> Any:
        customer, wanted = asked["external_userid"], asked["service_state"]
        if wanted not in MOVES[self.states.get(customer, 0)]:
            return _error(95016)
        self.states[customer] = wanted
        return {"errcode": 0, "msg_code": secrets.token_hex(8)}

    # what a test orders

    def expire(self) -> Any:
        self.ends = 0.0
        return {}

    def lost_window(self, customer: str) -> Any:
        self.left.pop(customer, None)
        return {}

    def state(self, customer: str) -> Any:
        return self.states.get(customer, 0)

    def happen(self, url: str, lines: list[dict[str, Any]], times: int = 1, **sealing: Any) -> Any:
        """Things happen at the account; the callback is told once (or several times) that something did."""
        with self.lock:
            for line in lines:
                self._happens(line)
        inner = {"ToUserName": CORP_ID, "CreateTime": int(time.time()), "MsgType": "event"}
        inner |= {"Event": "kf_msg_or_event", "Token": secrets.token_hex(8), "OpenKfId": KFID}
        xml = "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in inner.items()) + "</xml>"
        corp_id, answers = sealing.pop("corp_id", CORP_ID), []
        for _ in range(times):
            query, body = sealed_request(TOKEN, AES_KEY, corp_id, xml, **sealing)
            query.pop("signature")
            query.pop("encrypt_type")
            answers.append(post(f"{url}?{urlencode(query)}", body, {"Content-Type": "text/xml"}))
        return answers

    def echo_query(self, forged: bool = False) -> Any:
        stamp, nonce, echo = str(int(time.time())), "n1", seal(AES_KEY, CORP_ID, "4711")
        signed = signature("guessed" if forged else TOKEN, stamp, nonce, echo)
        return {"msg_signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": echo}

    def _happens(self, line: dict[str, Any]) -> None:
        whole = {"msgid": str(next(self.numbers)), "send_time": int(time.time()), "open_kfid": KFID, **line}
        event = whole.get("event", {})
        customer = whole.get("external_userid") or event.get("external_userid")
        if whole.get("origin") == 3:
            self.left[customer] = 5
            if self.states.get(customer) == 4:
                self.states[customer] = 0
        if event.get("welcome_code"):
            self.codes.add(event["welcome_code"])
        if event.get("event_type") == "session_status_change":
            self.states[customer] = 4 if event["change_type"] == 3 else 3
        self.lines.append(whole)


def _wrong_menu(menu: dict[str, Any]) -> int | None:
    if len(menu["head_content"].encode()) > 1024 or not 1 <= len(menu["list"]) <= 10:
        return 95008
    for item in menu["list"]:
        if set(item) != {"type", "click"} or set(item["click"]) != {"id", "content"}:
            return 95009
        if len(item["click"]["content"].encode()) > 128 or len(item["click"]["id"].encode()) > 128:
            return 95009
    return None


def _error(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "of the stand-in"}


if __name__ == "__main__":
    serve(WeCom())
