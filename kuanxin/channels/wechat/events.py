"""What an Official Account's messages and events mean to us."""

from __future__ import annotations

import hashlib
from typing import Any

from kuanxin.conversations.channels import Received
from kuanxin.conversations.timing import seconds

CHANNEL = "wechat"
# The account's menu: pressing one says its words. `python -m kuanxin.channels menu` sets it up.
MENU = {"owe": "我欠多少", "later": "我想晚几天还", "plan": "我想分期还", "human": "转人工客服"}


def received(message: dict[str, Any]) -> Received | None:
    """None for what needs no answer: events of pictures on the way, links opened, places told."""
    kind, sender = message.get("MsgType"), message.get("FromUserName")
    if not isinstance(kind, str) or not isinstance(sender, str):
        return None
    if kind == "event":
        return _event(message, sender)
    said = message.get("Content") if kind == "text" else message.get("Recognition") if kind == "voice" else None
    text = said if isinstance(said, str) and said.strip() else None
    message_id = f"m{message.get('MsgId') or _event_id(message, sender)}"
    return Received(CHANNEL, sender, message_id, text=text, sent_at=seconds(message.get("CreateTime")))


def _event(message: dict[str, Any], sender: str) -> Received | None:
    event, key = str(message.get("Event", "")).lower(), str(message.get("EventKey") or "")
    message_id = _event_id(message, sender)
    if event == "subscribe":
        return Received(CHANNEL, sender, message_id, kind="hello")
    if event == "unsubscribe":
        return Received(CHANNEL, sender, message_id, kind="bye")
    if event == "click" and key in MENU:
        return Received(CHANNEL, sender, message_id, text=MENU[key], sent_at=seconds(message.get("CreateTime")))
    return None


def _event_id(message: dict[str, Any], sender: str) -> str:
    """Events have no id: the platform tells them apart by sender and time; two in one second also differ in kind."""
    parts = (sender, message.get("CreateTime"), message.get("Event"), message.get("EventKey"))
    return "e" + hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:40]


def menu() -> dict[str, Any]:
    """As the platform's menu/create takes it: one entry with four lines below, names of at most eight characters."""
    below = [{"type": "click", "name": words.removeprefix("我想"), "key": key} for key, words in MENU.items()]
    return {"button": [{"name": "还款帮助", "sub_button": below}]}
