"""Tells an Official Account's follower: text with numbered choices, a picture where offers are compared."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from kuanxin.channels.line import NotNow, NotTaken
from kuanxin.channels.wechat.events import CHANNEL
from kuanxin.documents.offers_picture import offers_picture
from kuanxin.gateways.wechat import WeChatRefused
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from kuanxin.channels.telling import Message
    from kuanxin.gateways.wechat import OfficialAccount

logger = logging.getLogger(__name__)


class WeChatCarrier:
    channel = CHANNEL
    most_bytes = 2048
    numbered = True
    quota = 5
    no_more = frozenset({45015, 45047})  # the person wrote too long ago; the messages for one of theirs are used up

    def __init__(self, account: OfficialAccount) -> None:
        self.account = account

    async def send(self, address: str, message: Message, left: int) -> int:
        taken = 0
        for card in message.cards:
            if left - taken > 1 and (png := await asyncio.to_thread(offers_picture, card)):
                taken += await self._picture(address, png)
        return taken + await self.say(address, message)

    async def say(self, address: str, message: Message) -> int:
        """The words and choices; how many messages that took."""
        await self.post(address, {"msgtype": "text", "text": {"content": message.text}}, message)
        return 1

    async def post(self, address: str, body: dict[str, Any], message: Message | None = None) -> None:
        """Raises NotNow, NotTaken."""
        try:
            await asyncio.to_thread(self.hand_over, address, body, message)
        except WeChatRefused as refused:
            raise (NotNow if refused.code in self.no_more else NotTaken)(str(refused)) from None

    def hand_over(self, address: str, body: dict[str, Any], message: Message | None) -> None:
        """The call itself, in a thread. `message`: what did not arrive where the body does not."""
        self.account.send(address, body)

    async def _picture(self, address: str, png: bytes) -> int:
        """Figures stand in the text too: without the picture nothing is missing."""
        try:
            media = await asyncio.to_thread(self.account.upload_image, png)
            await self.post(address, {"msgtype": "image", "image": {"media_id": media}})
        except (WeChatRefused, NotTaken) as refused:
            log_where(logger, "a picture was not taken", refused)
            return 0
        return 1
