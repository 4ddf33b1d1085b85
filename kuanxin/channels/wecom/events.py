"""What a line of sync_msg means to us."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kuanxin.channels.inbound import BUTTON_ID
from kuanxin.channels.wecom.carrier import CHANNEL, address_of
from kuanxin.conversations.channels import Received
from kuanxin.conversations.timing import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOMER, SYSTEM, COLLEAGUE = 3, 4, 5  # who it comes from
TAKEN, ENDED = {1, 2, 4}, {3}  # changes of a session: a colleague has it now; it is over
SEND_AGAIN = {0, 4, 5, 6, 13}  # reasons of a failure that another day may not have; a refusal is final
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


def received(line: Mapping[str, Any]) -> Received | None:
    """None for what needs no answer."""
    event = line.get("event") or {}
    open_kfid = line.get("open_kfid") or event.get("open_kfid")
    customer = line.get("external_userid") or event.get("external_userid")
    if not (isinstance(open_kfid, str) and isinstance(customer, str) and line.get("msgid")):
        return None
    sent_at = seconds(line.get("send_time"))
    came = Received(CHANNEL, address_of(open_kfid, customer), _id(str(line["msgid"])), sent_at=sent_at)
    if line.get("msgtype") == "event":
        return _event(came, event)
    said = (line.get("text") or {}) if line.get("msgtype") == "text" else {}
    if line.get("origin") == COLLEAGUE:
        return _with(came, "colleague", text=str(said.get("content") or f"[{line.get('msgtype')}]"))
    if line.get("origin") != CUSTOMER:
        return None
    menu = said.get("menu_id")
    if isinstance(menu, str) and BUTTON_ID.fullmatch(menu):
        return _with(came, "text", text=said.get("content"), button=menu)
    return _with(came, "text", text=said.get("content"))


def _event(came: Received, event: Mapping[str, Any]) -> Received | None:
    kind = event.get("event_type")
    if kind == "enter_session":
        code = event.get("welcome_code")
        return _with(came, "hello", text=code) if code else None  # none: greeted within the last two days
    if kind == "msg_send_fail":
        again = event.get("fail_type") in SEND_AGAIN
        return _with(came, "failed", text=event.get("fail_msgid")) if again else None
    if kind == "session_status_change":
        change = event.get("change_type")
        return _with(came, "taken") if change in TAKEN else _with(came, "ended") if change in ENDED else None
    return None


def _with(came: Received, kind: str, text: str | None = None, button: str | None = None) -> Received:
    return replace(came, kind=kind, text=text, button=button)


def _id(message_id: str) -> str:
    return message_id if _PLAIN_ID.fullmatch(message_id) else hashlib.sha256(message_id.encode()).hexdigest()[:40]
