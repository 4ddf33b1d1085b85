"""Tells an Official Account's follower: text with numbered choices, a picture where offers are compared."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from kuanxin.channels.line import NotNow, NotTaken
from kuanxin.channels.logs import log_where
from kuanxin.channels.wechat.events import CHANNEL
from kuanxin.documents.offers_picture import offers_picture
from kuanxin.gateways.wechat import WeChatRefused

if TYPE_CHECKING:
    from kuanxin.channels.telling import Message
    from kuanxin.gateways.wechat import OfficialAccount

logger = logging.getLogger(__name__)

# the person wrote too long ago; the messages for one of theirs are used up
NO_MORE = {45015, 45047}


class WeChatCarrier:
    channel = CHANNEL
    most_bytes = 2048
    numbered = True
    quota = 5

    def __init__(self, account: OfficialAccount) -> None:
        self._account = account

    async def send(self, address: str, message: Message, left: int) -> int:
        taken = 0
        for card in message.cards:
            if left - taken > 1 and (png := await asyncio.to_thread(offers_picture, card)):
                taken += await self._picture(address, png)
        try:
            text = {"msgtype": "text", "text": {"content": message.text}}
            await asyncio.to_thread(self._account.send, address, text)
        except WeChatRefused as refused:
            raise (NotNow if refused.code in NO_MORE else NotTaken)(str(refused)) from None
        return taken + 1

    async def _picture(self, address: str, png: bytes) -> int:
        """Figures stand in the text too: without the picture nothing is missing."""
        try:
            media = await asyncio.to_thread(self._account.upload_image, png)
            picture = {"msgtype": "image", "image": {"media_id": media}}
            await asyncio.to_thread(self._account.send, address, picture)
        except WeChatRefused as refused:
            if refused.code in NO_MORE:
                raise NotNow(str(refused)) from None
            log_where(logger, "a picture was not taken", refused)
            return 0
        return 1
