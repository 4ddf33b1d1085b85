"""The way between a platform that names people by addresses (WeChat, WeCom, Telegram, Slack) and the guard.

    platform ── receive ──▶ inbox ──▶ guard ──▶ transcript ──▶ deliver ──▶ platform

`receive` keeps a message and returns; the work goes on behind it and survives a crash. Whatever an address has to hear
is in the transcript already: answers to its own messages, what colleagues write, notes that answer nothing. `deliver`
sends what comes after the address's cursor, in as few messages as the platform allows, and moves the cursor. What could
not be sent (a quota, an outage) stands there still and goes with the next chance. Answers that were given in another
channel were read there and are passed over.

A message may be sent twice where a worker dies between sending and moving the cursor; none is lost.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from kuanxin.channels.guard import Guard
from kuanxin.channels.inbound import Inbound, Refused
from kuanxin.channels.telling import News, messages, size
from kuanxin.channels.under_way import begin
from kuanxin.channels.welcome import WELCOME
from kuanxin.conversations.channels import Received, Told
from kuanxin.conversations.choices import chosen
from kuanxin.conversations.model import ConversationNotFound
from kuanxin.conversations.timing import came_before
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage

    from kuanxin.bootstrap import Services
    from kuanxin.channels.telling import Message
    from kuanxin.conversations.model import Entry, IssuedButton
    from kuanxin.identity.addresses import Address

logger = logging.getLogger(__name__)

LEASE_SECONDS = 90.0  # more than a turn and its delivery take; after it another worker goes on
SENDING_SECONDS = 60.0
FOLLOW_SECONDS = 2.0
PAUSE_SECONDS = 15.0  # while a platform cannot be reached
MOST_AHEAD_SECONDS = 300.0  # a time farther in the future is none; the callbacks of such a clock are refused anyway
AHEAD_LASTS_SECONDS = 86400.0  # a clock that was set right counts as ahead for so long
PAGE = 50
QUOTA_OF_EVENTS = 3
GO_ON = "继续"
MORE = "\n\n（微信一次能连发的条数有限，后面还有。回复“继续”接着看。）"
NOT_READABLE = "图片、语音、文件我还看不了，请打字告诉我您想办什么；也可以回复“转人工”，请同事来看。"


class NotNow(Exception):
    """The platform takes no more messages until the person writes again."""


class NotTaken(Exception):
    """The platform will not take this message, now or later: too long, an address that is gone."""


class Carrier(Protocol):
    """What a platform needs to be told. `send` raises NotNow, NotTaken, or anything else for "try again later"."""

    channel: str
    most_bytes: int  # of one text
    numbered: bool  # the platform has no buttons: choices are written into the text
    quota: int  # messages that it takes after one of a person

    async def send(self, address: str, message: Message, left: int) -> int:
        """Sends it; how many of the `left` messages that took."""


class Line:
    def __init__(
        self, parts: Services, carrier: Carrier, on_new_message: Callable[[UserMessage], Awaitable[None]]
    ) -> None:
        self.parts = parts
        self.carrier = carrier
        self.guard = Guard(on_new_message, parts)
        self._order: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, received: Received) -> bool:
        """Keeps what came in, and answers it in the background; False where it came before.

        When this returns the platform may be told that the message arrived. Raises whatever the database raises.
        """
        received = await asyncio.to_thread(self._read, received)
        if not await asyncio.to_thread(self.parts.inbox.keep, received, LEASE_SECONDS):
            return False
        work = begin(self._work(received))
        if received.kind == "failed":  # a number that comes next must not be read beside choices that nobody saw
            await work
        return True

    async def follow(self) -> None:
        """Takes up what a crash left, brings what colleagues wrote. Runs as long as the server."""
        while True:
            try:
                left = await asyncio.to_thread(self.parts.inbox.unfinished, self.carrier.channel, LEASE_SECONDS)
                for received in left:
                    begin(self._work(received))
                for name in await asyncio.to_thread(self.parts.deliveries.behind, self.carrier.channel):
                    address = await asyncio.to_thread(self.parts.addresses.find, self.carrier.channel, name)
                    if address is not None and name not in self._order:  # its own work delivers
                        await self.deliver(address)
            except Exception as error:
                log_where(logger, f"following {self.carrier.channel} broke", error)
            await asyncio.sleep(FOLLOW_SECONDS)

    async def deliver(self, address: Address) -> None:
        """Sends what the address was not told yet. Does nothing while another worker is at it."""
        addresses, pause = self.parts.addresses, 0.0
        if not await asyncio.to_thread(addresses.begin_sending, address, SENDING_SECONDS):
            return
        try:
            while news := await asyncio.to_thread(self._news, address):
                if not await self._send(address, news):
                    break
        except Exception as error:
            log_where(logger, f"{self.carrier.channel} could not be reached", error)
            pause = PAUSE_SECONDS
        finally:
            await asyncio.to_thread(addresses.end_sending, address, pause)

    async def _work(self, received: Received) -> None:
        """One message at a time for each address, in the order in which they came."""
        lock = self._order.setdefault(received.address, asyncio.Lock())
        try:
            async with lock:
                address = await asyncio.to_thread(self._arrive, received)
                if not (received.text == GO_ON and await asyncio.to_thread(self._news, address)):
                    await self.answer(address, received)
                await self.deliver(address)
                await asyncio.to_thread(self.parts.inbox.done, received)
        except Exception as error:  # the inbox gives it out again
            log_where(logger, f"a message of {self.carrier.channel} could not be worked on", error)

    async def answer(self, address: Address, received: Received) -> None:
        """What a kind of event means; a platform with more kinds answers those itself."""
        if received.kind == "hello":
            await asyncio.to_thread(self._note, address, WELCOME, disclosed=True)
            return
        if received.kind == "bye":
            if address.borrower_id is not None:
                await asyncio.to_thread(self.parts.addresses.release, address.borrower_id, address.channel)
            return
        if received.text is None and received.button is None:
            await asyncio.to_thread(self._note, address, {"text": NOT_READABLE})
            return
        inbound = Inbound(
            address.speaker,
            received.channel,
            None if received.button else received.text,
            received.button,
            message_id=received.message_id,
            sent_at=received.sent_at,
            late=await asyncio.to_thread(self._is_late, received, address),
        )
        try:
            await self.guard.handle(inbound.checked())
        except Refused as refused:
            await asyncio.to_thread(self._note, address, {"text": refused.text})

    def _read(self, received: Received) -> Received:
        """With the time of sending by our clock. A number means what stood beside it when it was typed."""
        if received.sent_at is not None:
            received = replace(received, sent_at=self._by_our_clock(received.sent_at))
        address = self.parts.addresses.find(received.channel, received.address)
        meant = self._number(received, address) if address else None
        if meant is None or came_before(received.sent_at, meant.shown_at):
            return received
        return replace(received, button=meant.id)

    def _by_our_clock(self, sent_at: float) -> float:
        """A platform's clock that is ahead of ours shows in messages that seem to come from the future: what it was
        ahead at most is taken off, from late messages too. One that is behind cannot be told from messages that come
        late, and nothing is added: too early is the safe side."""
        name, shared = f"{self.carrier.channel}:ahead", self.parts.shared
        known, seen = float(shared.get(name) or 0.0), sent_at - time.time()
        if seen > MOST_AHEAD_SECONDS:
            return 0.0
        if seen > max(0.0, known - 1.0):  # renewed while it lasts: the times of most platforms are whole seconds
            known = max(known, seen)
            shared.put(name, str(known), AHEAD_LASTS_SECONDS)
        return sent_at - known

    def _number(self, received: Received, address: Address) -> IssuedButton | None:
        """The button beside which a typed number stands now."""
        if received.kind != "text" or not received.text or received.button:
            return None
        index = chosen(received.text, len(address.choices))
        if index is None:
            return None
        return self.parts.conversations.button(address.speaker.conversation_id, address.choices[index])

    def _is_late(self, received: Received, address: Address) -> bool:
        meant = self._number(received, address)
        return meant is not None and came_before(received.sent_at, meant.shown_at)

    def _arrive(self, received: Received) -> Address:
        address = self.parts.addresses.arrive(received.channel, received.address, self.parts.clock.now())
        quota = {"text": self.carrier.quota, "hello": max(address.quota, QUOTA_OF_EVENTS)}.get(received.kind)
        if quota is not None:
            self.parts.addresses.grant(address, quota)
        return address

    def _note(self, address: Address, reply: dict[str, Any], disclosed: bool = False) -> None:
        """Something of the assistant that answers no message, in the address's conversation; `deliver` brings it."""
        speaker, now = address.speaker, self.parts.clock.now()
        self.parts.conversations.open(speaker.conversation_id, self.carrier.channel, speaker.borrower_id, now)
        self.parts.conversations.record_replies(speaker.conversation_id, [reply], now, disclosed=disclosed)

    def _news(self, address: Address) -> tuple[News, ...]:
        """What the address has to hear and did not; what it has not to hear is passed over. Blocks."""
        deliveries, found = self.parts.deliveries, []
        for conversation_id in address.conversations:
            told = deliveries.told(address.channel, address.address, conversation_id)
            entries = self.parts.conversations.transcript(conversation_id, told.number, PAGE)
            if not entries:
                continue
            asked = (entry.message_id for entry in entries if entry.message_id)
            ours = self.parts.inbox.ours(address.channel, address.address, asked)
            may_hear = self._may_hear(address, conversation_id)
            heard = [entry for entry in entries if _for_address(entry, ours, may_hear)]
            if not heard:
                deliveries.tell(address.channel, address.address, {conversation_id: Told(entries[-1].number)})
            found += [News(conversation_id, e, told.part if e.number == told.number + 1 else 0) for e in heard]
        return tuple(found)

    def _may_hear(self, address: Address, conversation_id: str) -> bool:
        """Whether what was said to somebody signed in may go to this address."""
        try:
            somebody_else = self.parts.conversations.get(conversation_id).third_party
        except ConversationNotFound:
            somebody_else = True
        return address.borrower_id is not None and not somebody_else

    async def _send(self, address: Address, news: tuple[News, ...]) -> bool:
        """Whether all of it was sent. Each message moves the cursor on its own."""
        carrier, addresses = self.carrier, self.parts.addresses
        packed = messages(news, carrier.most_bytes - size(MORE), carrier.numbered)
        left, shown = (await asyncio.to_thread(addresses.find, address.channel, address.address)).quota, []
        for index, message in enumerate(packed):
            if left <= 0:
                return False
            if left == 1 and index < len(packed) - 1:
                message = replace(message, text=message.text + MORE)
            try:
                left -= await carrier.send(address.address, message, left)
            except NotNow:
                await asyncio.to_thread(addresses.grant, address, 0)
                return False
            except NotTaken as error:
                logger.error("%s did not take a message: %s", carrier.channel, error)
            else:
                shown += [button["id"] for button in message.buttons]
            await asyncio.to_thread(self._sent, address, message, left, tuple(shown))
        return True

    def _sent(self, address: Address, message: Message, left: int, shown: tuple[str, ...]) -> None:
        self.parts.deliveries.tell(address.channel, address.address, dict(message.told))
        self.parts.addresses.grant(address, max(0, left))
        self.parts.addresses.shown(address, shown)


def _for_address(entry: Entry, ours: frozenset[str], may_hear: bool) -> bool:
    if entry.author == "borrower" or (entry.verified and not may_hear):
        return False
    if entry.author == "staff":
        return entry.message_id is None or entry.message_id not in ours  # a colleague wrote it on that platform
    return entry.message_id is None or entry.message_id in ours
