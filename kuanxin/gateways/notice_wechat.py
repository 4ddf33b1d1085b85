"""Notices as customer-service messages of a WeChat Official Account, for borrowers who chose that way.

WeChat takes such a message only within 48 hours of something that the follower wrote, and five of them for it; what it
does not take goes by SMS. It cannot be asked what became of one. A phone shows it on its lock screen: neutral wording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.gateways.calls import Unreachable
from kuanxin.gateways.wechat import WeChatRefused
from kuanxin.notices.ports import Accepted, Refused, Unknown

if TYPE_CHECKING:
    from kuanxin.gateways.wechat import OfficialAccount
    from kuanxin.notices.ports import Message, Outcome, Wording


class WeChatNotices:
    wording: Wording = "neutral"

    def __init__(self, account: OfficialAccount) -> None:
        self._account = account

    def send(self, message: Message) -> Outcome:
        try:
            self._account.send(message.address, {"msgtype": "text", "text": {"content": message.text}})
        except WeChatRefused as refused:
            return Refused(str(refused))
        except Unreachable as fault:
            return Unknown(str(fault))
        return Accepted()

    def ask(self, message: Message) -> Outcome:
        return Unknown("WeChat cannot be asked")
