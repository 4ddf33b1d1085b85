"""The events of the web chat's sockets. What a client may ask: resume, say, history, renew, rate.

A socket belongs to the conversation of its token, whatever else the client sends: several tabs and devices share its
room. Each message is answered to its sender (the acknowledgement) and told to the others in the room. A client that
missed something asks with its cursor. Replies are never pushed anywhere but into the room.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from socketio.exceptions import ConnectionRefusedError

from kuanxin.channels.inbound import Refused, clean, read_message
from kuanxin.channels.web.limits import RateLimit
from kuanxin.channels.web.tokens import Proof, prove
from kuanxin.conversations.model import ConversationNotFound, ConversationsUnavailable
from kuanxin.identity.tokens import TokenRefused
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from socketio import AsyncServer

    from kuanxin.bootstrap import Services
    from kuanxin.channels.guard import Guard, Outcome
    from kuanxin.conversations.model import Entry

logger = logging.getLogger(__name__)

CHANNEL = "web"
PAGE = 50  # entries of one answer
MOST_SOCKETS = 12  # of one conversation on one worker: tabs and devices
POLL_SECONDS = 2.0
NEWEST_NUMBER = 2**31
MOST_RATING_CHARACTERS = 500


@dataclass
class _Room:
    """The sockets of one conversation on this worker, and what they were told."""

    proof: Proof
    sockets: set[str] = field(default_factory=set)
    told: int | None = None  # the number of the last entry that went into the room
    holder: str = "bot"
    staff_typing: bool = False


class Sockets:
    """`ready` is set once the assistant has processed a message."""

    def __init__(self, sio: AsyncServer, guard: Guard, parts: Services) -> None:
        self._sio = sio
        self._guard = guard
        self._parts = parts
        self._max_age = parts.settings.token_max_age_minutes * 60
        self._proofs: dict[str, Proof] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._rooms: dict[str, _Room] = {}
        self._messages = RateLimit(burst=10, per_second=1.0)
        self._questions = RateLimit(burst=20, per_second=2.0)
        sio.on("connect", self.connect)
        sio.on("disconnect", self.disconnect)
        for event in (self.resume, self.say, self.history, self.renew, self.rate):
            sio.on(event.__name__, self._answering(event))

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        try:
            proof = prove(self._parts.identity, auth.get("token") if isinstance(auth, dict) else None, self._max_age)
        except TokenRefused as refused:
            raise ConnectionRefusedError("token_expired" if refused.expired else "token_invalid") from None
        conversation = proof.speaker.conversation_id
        room = self._rooms.setdefault(conversation, _Room(proof))
        if len(room.sockets) >= MOST_SOCKETS:
            raise ConnectionRefusedError("too_many_sockets")
        room.sockets.add(sid)
        self._rest_on(sid, proof)
        await self._sio.enter_room(sid, conversation)

    async def disconnect(self, sid: str, reason: Any = None) -> None:
        proof = self._proofs.pop(sid, None)
        if end := self._ends.pop(sid, None):
            end.cancel()
        if proof is None:
            return
        room = self._rooms.get(proof.speaker.conversation_id)
        if room is not None:
            room.sockets.discard(sid)
            if not room.sockets:
                del self._rooms[proof.speaker.conversation_id]

    async def resume(self, sid: str, proof: Proof, data: dict[str, Any]) -> dict[str, Any]:
        """What the client missed since its cursor; without one the latest entries."""
        cursor = _number(data, "cursor")
        entries, holder = [], "bot"
        after = cursor or None
        while True:
            page = await self._read(proof, after, PAGE)
            entries += page.entries
            holder = page.holder
            if after is None or len(page.entries) < PAGE:
                break
            after = page.entries[-1].number
        room = self._rooms[proof.speaker.conversation_id]
        room.holder = holder
        if entries:
            room.told = max(room.told or 0, entries[-1].number)
        elif room.told is None:
            room.told = cursor
        return {
            "ok": True,
            "conversation": _opaque(proof.speaker.conversation_id),
            "entries": [_wire(entry) for entry in entries],
            "earlier": bool(entries) and entries[0].number > 1,
            "holder": holder,
            "expires_in": proof.seconds_left,
        }

    async def say(self, sid: str, proof: Proof, data: dict[str, Any]) -> dict[str, Any]:
        """Carries a message out, once for each id of the client."""
        conversation = proof.speaker.conversation_id
        fields = {"text": data.get("text"), "button": data.get("button"), "message_id": data.get("id")}
        if not data.get("id"):
            raise Refused(422, "message_id", "没有消息编号。")
        inbound = read_message(fields, proof.speaker, CHANNEL)
        if wait := self._messages.wait(conversation):
            return {"ok": False, "error": "too_fast", "retry_in": round(wait, 2)}
        await self._sio.emit("typing", True, room=conversation)
        try:
            outcome = await self._guard.handle(inbound)
        finally:
            await self._sio.emit("typing", False, room=conversation)
        told = await self._tell(conversation, proof, skip=sid)
        known = {entry.number: entry for entry in (*told, *outcome.entries)}
        return {"ok": True, "entries": [_wire(known[number]) for number in sorted(known)]}

    async def history(self, sid: str, proof: Proof, data: dict[str, Any]) -> dict[str, Any]:
        """The page of entries before a number."""
        before = _number(data, "before") or NEWEST_NUMBER
        after = max(0, before - 1 - PAGE)
        page = await self._read(proof, after, PAGE)
        return {
            "ok": True,
            "entries": [_wire(entry) for entry in page.entries if entry.number < before],
            "earlier": after > 0,
        }

    async def renew(self, sid: str, proof: Proof, data: dict[str, Any]) -> dict[str, Any]:
        """Rests the connection on a newer token of the same borrower; another's ends it."""
        try:
            renewed = prove(self._parts.identity, data.get("token"), self._max_age)
        except TokenRefused as refused:
            return {"ok": False, "error": "expired" if refused.expired else "refused"}
        if renewed.speaker.conversation_id != proof.speaker.conversation_id:
            await self._sio.disconnect(sid)
            return {"ok": False, "error": "refused"}
        self._rest_on(sid, renewed)
        return {"ok": True, "expires_in": renewed.seconds_left}

    async def rate(self, sid: str, proof: Proof, data: dict[str, Any]) -> dict[str, Any]:
        """How the borrower found the conversation: 1 to 5 and some words."""
        score, words = data.get("score"), data.get("words") or ""
        if type(score) is not int or not 1 <= score <= 5 or not isinstance(words, str):
            raise Refused(422, "score", "评分是1到5。")
        words = clean(words[:MOST_RATING_CHARACTERS])
        now = self._parts.clock.now()
        try:
            await asyncio.to_thread(self._parts.conversations.rate, proof.speaker.conversation_id, score, words, now)
        except ConversationNotFound:
            raise Refused(422, "nothing_said", "还没有聊过，等聊完再评价吧。") from None
        return {"ok": True}

    async def follow(self) -> None:
        """Brings to open chats what was written elsewhere: by colleagues, over another channel, by a worker that Redis
        did not connect us with. Runs as long as the server."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._catch_up()
            except ConversationsUnavailable:
                logger.warning("what was written elsewhere cannot be read at the moment")

    async def _catch_up(self) -> None:
        heads = await asyncio.to_thread(self._parts.conversations.heads, list(self._rooms))
        for conversation, head in heads.items():
            room = self._rooms.get(conversation)
            if room is None or room.told is None:
                continue
            if head.staff_typing != room.staff_typing:
                room.staff_typing = head.staff_typing
                await self._sio.emit("typing", head.staff_typing, room=conversation, ignore_queue=True)
            if head.last_number > room.told or head.holder != room.holder:
                await self._tell(conversation, room.proof, here_only=True)
                room.told = max(room.told, head.last_number)  # also past what this borrower may not see now

    async def _tell(
        self, conversation: str, proof: Proof, skip: str | None = None, here_only: bool = False
    ) -> tuple[Entry, ...]:
        """Gives the room what is new; returns it. Entries may be told twice: clients know their numbers.

        `here_only`: to this worker's sockets; the others look for themselves.
        """
        room = self._rooms.get(conversation)
        page = await self._read(proof, room.told if room else None, PAGE)
        if room is not None:
            if page.entries:
                room.told = max(room.told or 0, page.entries[-1].number)
            if room.holder != page.holder:
                room.holder = page.holder
                await self._sio.emit("holder", page.holder, room=conversation, ignore_queue=here_only)
        if page.entries:
            entries = [_wire(entry) for entry in page.entries]
            await self._sio.emit("entries", entries, room=conversation, skip_sid=skip, ignore_queue=here_only)
        return page.entries

    async def _read(self, proof: Proof, after: int | None, limit: int) -> Outcome:
        return await asyncio.to_thread(self._guard.history, proof.speaker, CHANNEL, after, limit)

    def _rest_on(self, sid: str, proof: Proof) -> None:
        self._proofs[sid] = proof
        self._rooms[proof.speaker.conversation_id].proof = proof
        if end := self._ends.pop(sid, None):
            end.cancel()
        loop = asyncio.get_running_loop()
        self._ends[sid] = loop.call_later(proof.seconds_left, lambda: asyncio.ensure_future(self._sio.disconnect(sid)))

    def _answering(
        self, event: Callable[[str, Proof, dict[str, Any]], Awaitable[dict[str, Any]]]
    ) -> Callable[..., Awaitable[dict[str, Any]]]:
        """The event as an acknowledgement that always comes: refusals and failures have words too."""

        @wraps(event)
        async def answer(sid: str, data: Any = None) -> dict[str, Any]:
            proof = self._proofs.get(sid)
            if proof is None or proof.seconds_left <= 0:
                return {"ok": False, "error": "expired"}
            if not isinstance(data, dict):
                return {"ok": False, "error": "not_understood"}
            if wait := self._questions.wait(sid):
                return {"ok": False, "error": "too_fast", "retry_in": round(wait, 2)}
            try:
                return await event(sid, proof, data)
            except Refused as refused:
                error = "too_fast" if refused.status == 429 else refused.code
                return {"ok": False, "error": error, "text": refused.text}
            except Exception as error:
                log_where(logger, f"{event.__name__} broke", error)
                return {"ok": False, "error": "unavailable"}

        return answer


def _opaque(conversation: str) -> str:
    """So that a page can tell one borrower's conversation from another's without learning an id."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:16]


def _number(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    return value if type(value) is int and 0 <= value < NEWEST_NUMBER else 0


def _wire(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "author": entry.author,
        "text": entry.text,
        "card": entry.card,
        "buttons": list(entry.buttons),
        "message_id": entry.message_id if entry.author == "borrower" else None,
    }
