"""What SMS gateways report of their own accord: delivery receipts and replies, each in its own JSON.

Aliyun: SmsReport and SmsUp over HTTP. Tencent: its callbacks for 下发状态 and 回复. Our own: docs/integration/sms.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

DONE = {"http": {"status": "ok"}, "aliyun": {"code": 0, "msg": "ok"}, "tencent": {"result": 0, "errmsg": "OK"}}
MOST_CHARACTERS = 500


class NotByTheContract(ValueError):
    """The body is none that this gateway sends."""


@dataclass(frozen=True)
class Receipt:
    delivered: bool
    why: str
    id: str = ""  # ours, where the gateway gives it back
    receipt: str = ""  # the gateway's


@dataclass(frozen=True)
class SmsReply:
    phone: str
    text: str
    id: str  # the same at every repetition


def receipts(gateway: str, body: bytes) -> list[Receipt]:
    """Raises NotByTheContract."""
    read = {"http": _own_receipt, "aliyun": _aliyun_receipt, "tencent": _tencent_receipt}[gateway]
    return _each(body, read)


def replies(gateway: str, body: bytes) -> list[SmsReply]:
    """Raises NotByTheContract."""
    read = {"http": _own_reply, "aliyun": _aliyun_reply, "tencent": _tencent_reply}[gateway]
    return _each(body, read)


def _each(body: bytes, read: Any) -> list[Any]:
    try:
        data = json.loads(body)
        return [read(one) for one in (data if isinstance(data, list) else [data])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotByTheContract from None


def _own_receipt(one: dict[str, Any]) -> Receipt:
    if one["state"] not in ("delivered", "undelivered"):
        raise ValueError
    return Receipt(one["state"] == "delivered", str(one.get("why", "")), id=_text(one["id"]))


def _aliyun_receipt(one: dict[str, Any]) -> Receipt:
    if not isinstance(one["success"], bool):
        raise ValueError
    return Receipt(one["success"], str(one.get("err_code", "")), _text(one.get("out_id") or ""), _text(one["biz_id"]))


def _tencent_receipt(one: dict[str, Any]) -> Receipt:
    if one["report_status"] not in ("SUCCESS", "FAIL"):
        raise ValueError
    return Receipt(one["report_status"] == "SUCCESS", str(one.get("errmsg", "")), receipt=_text(one["sid"]))


def _own_reply(one: dict[str, Any]) -> SmsReply:
    return _reply(one["from"], one["text"], one["id"])


def _aliyun_reply(one: dict[str, Any]) -> SmsReply:
    return _reply(one["phone_number"], one["content"], str(one.get("sequence_id") or ""), one.get("send_time"))


def _tencent_reply(one: dict[str, Any]) -> SmsReply:
    return _reply(one["mobile"], one["text"], "", one["time"])


def _reply(phone: object, text: object, id: str, sent: object = None) -> SmsReply:
    said = _text(text)[:MOST_CHARACTERS]
    made = hashlib.sha256(f"{_text(phone)}|{said}|{id}|{sent}".encode()).hexdigest()[:32]
    return SmsReply(_text(phone), said, made)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
