"""The line of 微信客服: pulls what happened, and keeps the session of the platform where ours says who answers.

| ours | 微信客服 |
|---|---|
| bot | 1, the assistant; 0 (new) becomes 1 with the first message |
| waiting | 2, in the pool, where colleagues answer in WeCom; else 1: they answer from the desk, through the assistant |
| human | 3, a colleague took it from the pool (we are told by an event); else 1 |
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from kuanxin.channels.line import Line
from kuanxin.channels.wecom.carrier import CHANNEL, WeComCarrier, split_address
from kuanxin.channels.wecom.events import received
from kuanxin.conversations.channels import Told
from kuanxin.gateways.wechat import WeChatRefused
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage

    from kuanxin.bootstrap import Services
    from kuanxin.conversations.channels import Received
    from kuanxin.identity.addresses import Address

logger = logging.getLogger(__name__)

NEW, ASSISTANT, POOL = 0, 1, 2  # states of a session
PAGE = 1000
LOCK_SECONDS = 60.0
POLL_SECONDS = 0.5
PAUSES = (1, 5, 20, 60, 300)  # seconds between tries of a pull that fails
OLD_SECONDS = 600  # what came before the first pull ever is left alone when it is older


class WeComLine(Line):
    carrier: WeComCarrier

    def __init__(
        self, parts: Services, carrier: WeComCarrier, on_new_message: Callable[[UserMessage], Awaitable[None]]
    ) -> None:
        super().__init__(parts, carrier, on_new_message)
        self._pulls: set[asyncio.Task[None]] = set()

    def pull_soon(self, open_kfid: str, token: str) -> None:
        """Something happened at this account: pulls behind the answer to the platform."""
        task = asyncio.create_task(self.pull(open_kfid, token))
        self._pulls.add(task)
        task.add_done_callback(self._pulls.discard)

    async def pull(self, open_kfid: str, token: str) -> None:
        """Tries until it worked: the platform says only once that something happened."""
        for pause in (*PAUSES, None):
            try:
                await self._pull(open_kfid, token)
                return
            except Exception as error:
                log_where(logger, "what happened at WeCom could not be pulled", error)
            if pause is not None:
                await asyncio.sleep(pause)

    async def pull_all(self) -> None:
        """What happened while no worker ran."""
        try:
            accounts = await asyncio.to_thread(self.carrier.account.post, "kf/account/list", {})
        except Exception as error:
            log_where(logger, "the accounts at WeCom could not be listed", error)
            return
        for account in accounts.get("account_list") or ():
            await self.pull(str(account["open_kfid"]), "")

    async def _pull(self, open_kfid: str, token: str) -> None:
        """One worker at a time, page by page. The cursor is kept once everything of a page is in the inbox: after a
        crash a page is pulled again, and what is known of it is left alone."""
        name, shared = f"wecom:cursor:{open_kfid}", self.parts.shared
        key = await asyncio.to_thread(shared.lock, name, LOCK_SECONDS)
        while key is None:
            await asyncio.sleep(POLL_SECONDS)
            key = await asyncio.to_thread(shared.lock, name, LOCK_SECONDS)
        try:
            while await self._page(open_kfid, token, name):
                pass
        finally:
            await asyncio.to_thread(shared.unlock, name, key)

    async def answer(self, address: Address, received: Received) -> None:
        if received.kind == "hello" and received.text:
            await asyncio.to_thread(self.carrier.keep_code, address.address, received.text)
        if received.kind in {"colleague", "taken", "ended", "failed"}:
            await asyncio.to_thread(self._happened, address, received)
            return
        if received.kind == "text":
            await self._session(address, NEW, ASSISTANT)
        await super().answer(address, received)

    async def deliver(self, address: Address) -> None:
        await super().deliver(address)
        if self.parts.settings.wecom_colleagues == "wecom":
            conversation = await asyncio.to_thread(self._conversation, address)
            if conversation is not None and conversation.holder == "waiting":
                await self._session(address, ASSISTANT, POOL)

    async def _page(self, open_kfid: str, token: str, name: str) -> bool:
        """Whether there is another one."""
        cursor = await asyncio.to_thread(self.parts.shared.get, name)
        asked = {"cursor": cursor or "", "token": token, "limit": PAGE, "open_kfid": open_kfid}
        page = await asyncio.to_thread(self.carrier.account.post, "kf/sync_msg", asked)
        for line in page.get("msg_list") or ():
            if cursor is None and time.time() - line.get("send_time", 0) > OLD_SECONDS:
                continue
            came = received(line)
            if came is not None:
                await self.receive(came)
        if page.get("next_cursor"):
            await asyncio.to_thread(self.parts.shared.put, name, page["next_cursor"])
        return bool(page.get("has_more"))

    async def _session(self, address: Address, expected: int, wanted: int) -> None:
        """Moves the platform's session on from the expected state. Where it cannot be, things stay as they are: the
        platform says so again when something is sent."""
        open_kfid, customer = split_address(address.address)
        whose: dict[str, Any] = {"open_kfid": open_kfid, "external_userid": customer}
        post = self.carrier.account.post
        try:
            now = await asyncio.to_thread(post, "kf/service_state/get", whose)
            if now.get("service_state") == expected:
                await asyncio.to_thread(post, "kf/service_state/trans", {**whose, "service_state": wanted})
        except WeChatRefused as refused:
            logger.warning("WeCom's session was not moved to %d: %s", wanted, refused)

    def _happened(self, address: Address, received: Received) -> None:
        conversations, now = self.parts.conversations, self.parts.clock.now()
        speaker = address.speaker
        conversations.open(speaker.conversation_id, CHANNEL, speaker.borrower_id, now)
        if received.kind == "failed":
            if self.carrier.take_back(address.address, received.text or "", self.parts.deliveries):
                self.parts.addresses.grant(address, 0)  # with the customer's next message
                unseen = tuple(button["id"] for one in self._news(address) for button in one.entry.buttons)
                self.parts.addresses.not_shown(address, unseen)
        elif received.kind == "ended":
            conversations.give_back(speaker.conversation_id, now)
        else:
            conversations.take_over(speaker.conversation_id)
            if received.kind == "colleague":
                said = [{"text": received.text}]
                conversations.record_replies(
                    speaker.conversation_id, said, now, message_id=received.message_id, author="staff"
                )
            else:
                self._colleague_goes_on(address)

    def _colleague_goes_on(self, address: Address) -> None:
        """What the assistant could not say while the customer waited is not said after the colleague's words."""
        for conversation_id in address.conversations:
            if latest := self.parts.conversations.transcript(conversation_id, limit=1):
                self.parts.deliveries.tell(CHANNEL, address.address, {conversation_id: Told(latest[-1].number)})

    def _conversation(self, address: Address) -> Any:
        speaker = address.speaker
        return self.parts.conversations.open(
            speaker.conversation_id, CHANNEL, speaker.borrower_id, self.parts.clock.now()
        )
