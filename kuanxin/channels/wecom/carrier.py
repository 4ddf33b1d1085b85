"""Tells a customer of 微信客服: text, a menu whose items carry the ids of our buttons, a picture of compared offers."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from kuanxin.channels.telling import size, split
from kuanxin.channels.wechat.carrier import WeChatCarrier
from kuanxin.conversations.channels import Told

if TYPE_CHECKING:
    from kuanxin.channels.telling import Message
    from kuanxin.conversations.channels import Deliveries, SharedValues
    from kuanxin.gateways.wechat import WeCom

CHANNEL = "wecom"
HEAD_BYTES, ITEM_BYTES, MOST_ITEMS = 1024, 128, 10  # of a menu
REPORTED_SECONDS = 3 * 86400.0  # how long the platform may report that a message did not arrive
CODE_SECONDS = 18.0  # a code of an event is good for 20 s
CHOOSE = "请选择："


class WeComCarrier(WeChatCarrier):
    channel = CHANNEL
    numbered = False
    # five messages for one of the customer's; written too long ago; the session ended; a colleague has it
    no_more = frozenset({95001, 95002, 95013, 95018})

    def __init__(self, account: WeCom, shared: SharedValues) -> None:
        self.account = account
        self._shared = shared

    async def say(self, address: str, message: Message) -> int:
        if not message.buttons:
            return await super().say(address, message)
        items = [
            {"type": "click", "click": {"id": button["id"], "content": split(button["title"], ITEM_BYTES)[0]}}
            for button in message.buttons[:MOST_ITEMS]
        ]
        taken, head = 1, message.text
        if size(head) > HEAD_BYTES:
            taken, head = 1 + await super().say(address, message), CHOOSE
        await self.post(address, {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": items}}, message)
        return taken

    def hand_over(self, address: str, body: dict[str, Any], message: Message | None) -> None:
        """Answers the event that gave a code, where one did; else the customer's own message."""
        message_id = secrets.token_hex(16)
        if message is not None:
            before = {conversation: [told.number, told.part] for conversation, told in message.before}
            self._shared.put(f"wecom:sent:{message_id}", json.dumps(before), REPORTED_SECONDS)
        if body["msgtype"] != "image" and (code := self._shared.get(_code(address))):
            self._shared.put(_code(address), "", 0)
            self.account.post("kf/send_msg_on_event", {"code": code, "msgid": message_id, **body})
            return
        open_kfid, customer = split_address(address)
        sent = {"touser": customer, "open_kfid": open_kfid, "msgid": message_id, **body}
        self.account.post("kf/send_msg", sent)

    def keep_code(self, address: str, code: str) -> None:
        """The first words after this event need no message of the customer."""
        self._shared.put(_code(address), code, CODE_SECONDS)

    def take_back(self, address: str, message_id: str, deliveries: Deliveries) -> bool:
        """A message did not arrive: what it told counts as not told. False where we know nothing of it."""
        kept = self._shared.get(f"wecom:sent:{message_id}")
        if kept is None:
            return False
        for conversation, (number, part) in json.loads(kept).items():
            known = deliveries.told(CHANNEL, address, conversation)
            if (known.number, known.part) > (number, part):
                deliveries.tell(CHANNEL, address, {conversation: Told(number, part)})
        return True


def address_of(open_kfid: str, customer: str) -> str:
    return f"{open_kfid}:{customer}"


def split_address(address: str) -> tuple[str, str]:
    open_kfid, _, customer = address.partition(":")
    return open_kfid, customer


def _code(address: str) -> str:
    return f"wecom:code:{address}"
