"""What every channel shares between a proved sender and the model: once, in order, redacted, and never a command.

A connector proves who speaks and gives an Inbound; it gets an Outcome back to show. In between the guard

- runs each message once (by conversation and message id) and the messages of one conversation one after the other,
- hides ID, card and phone numbers, passwords and codes before anything is stored, logged or understood,
- turns the id of a button into what it means; typed text is never a command, and nothing else of the client counts,
- lets a borrower sign out with a word, whatever else goes on,
- stays silent where a colleague holds the conversation, and keeps money out of it while somebody may be in danger,
- stamps the message with the time and with who speaks: actions believe that and nothing else,
- has words ready for when something breaks.

The database is asked in threads; the event loop only waits.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from rasa.core.channels.channel import UserMessage

from kuanxin import metrics
from kuanxin.channels.inbound import Refused, without_command
from kuanxin.channels.outbound import Collected
from kuanxin.channels.under_way import begin
from kuanxin.conversations.model import ConversationNotFound, ConversationsUnavailable
from kuanxin.conversations.redaction import redact
from kuanxin.conversations.timing import LATE
from kuanxin.logs import log_where, of_conversation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from kuanxin.bootstrap import Services
    from kuanxin.channels.inbound import Inbound
    from kuanxin.conversations.model import Conversation, Entry, IssuedButton, Recorded
    from kuanxin.identity.service import Speaker

logger = logging.getLogger(__name__)

TURN_SECONDS = 30.0  # less than a message's lease (kuanxin.conversations.service), more than any turn takes
MOST_WAITING = 5  # messages of one conversation that may wait for their turn
POLL_SECONDS = 0.2

FAILED = "抱歉，刚才我这边没处理好，不是您的问题。请过一分钟再发一次；要是还不行，可以在银行App里找客服。"
FAILED_IN_DANGER = (
    "我在。刚才我这边没处理好，但同事已经知道这里的情况。如果现在有危险，请打110或120；想找人说说话，可以打12356。"
)
UNKNOWN_BUTTON = "这个按钮已经不能用了。请直接打字告诉我您想办什么。"
PRESSED_UNKNOWN = "（按了一个不能用的按钮）"
SIGN_OUT = re.compile(
    r"(我要|我想|请|帮我|麻烦)*(退出(登录|登陆)|(解绑|解除绑定|取消绑定|注销登录)(一下)?(这个)?(微信|账号|帐号)?|微信解绑)[吧了。.!！]*"
)
SIGNED_OUT = (
    "好的，已经退出，绑定也解除了：微信这类聊天里不会再看到您的账务。想再查的时候，重新登录一次就行。"
    "银行页面自己的登录，请在银行页面退出。"
)
NOT_SIGNED_IN = "现在没有登录，也没有绑定，这里看不到任何账务。您可以直接打字告诉我想办什么。"


@dataclass(frozen=True)
class Outcome:
    """What became of a message: replies to show and who holds the conversation now. `failed`: the turn broke."""

    entries: tuple[Entry, ...]
    holder: str
    became: Literal["answered", "asked_back", "handed_over", "to_colleague", "failed", "repeated"] = "answered"

    @property
    def failed(self) -> bool:
        return self.became == "failed"


@dataclass(frozen=True)
class _Turn:
    """A message with everything that was found out about it before the model sees it."""

    inbound: Inbound
    now: datetime
    conversation: Conversation
    borrower_id: str | None
    text: str  # redacted
    redacted: tuple[str, ...]
    button: IssuedButton | None

    @property
    def id(self) -> str:
        return self.conversation.id

    @property
    def verified(self) -> bool:
        return self.borrower_id is not None

    @property
    def typed(self) -> bool:
        """Whether it is the model that says what was meant."""
        return not self.button and not self.conversation.safety_hold

    def for_model(self, replies: Collected, policy_version: str) -> UserMessage:
        text = self.text if self.button else without_command(self.text)
        return UserMessage(
            text,
            replies,
            self.id,
            parse_data=self._understood(text),
            input_channel=self.inbound.channel,
            message_id=self.inbound.message_id,
            metadata={
                "now": self.now.isoformat(),
                "borrower": self.borrower_id,
                "channel": self.inbound.channel,
                "conversation": self.id,
                "message_id": self.inbound.message_id,
                "sent_at": self.inbound.sent_at,
                "safety_hold": self.conversation.safety_hold,
                "third_party": self.conversation.third_party,
                "first_contact": not self.conversation.disclosed,
                "redacted": list(self.redacted),
                "policy": policy_version,
            },
        )

    def _understood(self, text: str) -> dict[str, Any] | None:
        """What is certain without the model: a button, or that somebody may be in danger. None for typed text."""
        if self.conversation.safety_hold:
            intent, entities = "express_distress", {}
        elif self.button:
            intent, entities = self.button.intent, self.button.entities
        else:
            return None
        return {
            "text": text,
            "intent": {"name": intent, "confidence": 1.0},
            "intent_ranking": [{"name": intent, "confidence": 1.0}],
            "entities": [
                {"entity": name, "value": value, "start": 0, "end": len(text), "extractor": "button"}
                for name, value in entities.items()
            ],
        }


# Every channel of a process has a guard; a conversation that two of them reach still has one turn at a time.
_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


class Guard:
    """`on_new_message` is Rasa's: it runs a turn and gives the replies to the message's output channel."""

    def __init__(self, on_new_message: Callable[[UserMessage], Awaitable[Any]], parts: Services) -> None:
        self._on_new_message = on_new_message
        self._conversations = parts.conversations
        self._identity = parts.identity
        self._clock = parts.clock
        self._policy_version = parts.servicing.policy.version
        self._waiting: Counter[str] = Counter()

    async def handle(self, inbound: Inbound) -> Outcome:
        """Carries a message out, once. Raises Refused (too many at a time) or, whatever else breaks around the turn,
        ConversationsUnavailable: the same message may be tried again.

        A turn that has begun is finished even where the client hangs up: the replies wait for its next try.
        """
        conversation_id = inbound.speaker.conversation_id
        if self._waiting[conversation_id] >= MOST_WAITING:
            raise Refused(429, "too_many", "消息有点多，我一条一条看，请稍等几秒再发。")
        self._waiting[conversation_id] += 1
        return await asyncio.shield(begin(self._in_order(inbound)))

    def history(self, speaker: Speaker, channel: str, after: int | None, limit: int) -> Outcome:
        """The transcript as this speaker may see it: what was said while signed in only while signed in. Blocks."""
        try:
            self._conversations.get(speaker.conversation_id)
        except ConversationNotFound:
            return Outcome((), "bot")
        conversation, borrower_id = self._arrive(speaker, channel, self._clock.now())
        entries = self._conversations.transcript(conversation.id, after, limit)
        return Outcome(_visible(entries, borrower_id is not None), conversation.holder)

    async def _in_order(self, inbound: Inbound) -> Outcome:
        conversation_id = inbound.speaker.conversation_id
        of_conversation(conversation_id)
        lock = _locks.setdefault((id(asyncio.get_running_loop()), conversation_id), asyncio.Lock())
        began, became = time.perf_counter(), "failed"
        try:
            async with lock:
                metrics.LOCK_WAITS.labels("process").observe(time.perf_counter() - began)
                outcome = await self._once(inbound)
                became = outcome.became
                return outcome
        except (Refused, ConversationsUnavailable):
            raise
        except Exception as error:
            log_where(logger, "a message could not be taken", error)
            raise ConversationsUnavailable(type(error).__name__) from None
        finally:
            if became != "repeated":
                metrics.TURNS.labels(inbound.channel, became).observe(time.perf_counter() - began)
            self._waiting[conversation_id] -= 1
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    async def _once(self, inbound: Inbound) -> Outcome:
        turn, recorded = await asyncio.to_thread(self._receive, inbound)
        while recorded.pending:  # another process is at this very message
            await asyncio.sleep(POLL_SECONDS)
            recorded = await asyncio.to_thread(self._record, turn)
        if not recorded.new:
            return Outcome(_visible(recorded.entries, turn.verified), turn.conversation.holder, "repeated")
        if turn.button is None and SIGN_OUT.fullmatch(turn.text):
            return await asyncio.to_thread(self._sign_out, turn)
        if turn.conversation.holder == "human":
            return replace(await asyncio.to_thread(self._finish, turn, []), became="to_colleague")
        if inbound.button and turn.button is None:
            return await asyncio.to_thread(self._finish, turn, [{"text": UNKNOWN_BUTTON}])
        if inbound.late and not turn.conversation.safety_hold:
            return await asyncio.to_thread(self._ask_again, turn)
        with metrics.certainty() as heard:
            replies = await self._ask_model(turn)
        if not replies:
            failed = FAILED_IN_DANGER if turn.conversation.safety_hold else FAILED
            return replace(await asyncio.to_thread(self._finish, turn, [{"text": failed}]), became="failed")
        if heard and turn.typed:
            metrics.UNDERSTOOD.labels(heard[-1]).inc()
        outcome = await asyncio.to_thread(self._finish, turn, replies, by_model=True)
        if outcome.holder != turn.conversation.holder:
            return replace(outcome, became="handed_over")
        return replace(outcome, became="asked_back") if "asked_back" in heard else outcome

    def _receive(self, inbound: Inbound) -> tuple[_Turn, Recorded]:
        now = self._clock.now()
        conversation, borrower_id = self._arrive(inbound.speaker, inbound.channel, now)
        button = self._conversations.button(conversation.id, inbound.button) if inbound.button else None
        said = inbound.text if inbound.text is not None else (button.title if button else PRESSED_UNKNOWN)
        text, kinds = redact(said)
        turn = _Turn(inbound, now, conversation, borrower_id, text, kinds, button)
        return turn, self._record(turn)

    def _record(self, turn: _Turn) -> Recorded:
        return self._conversations.record_inbound(
            turn.id, turn.inbound.message_id, turn.text, turn.now, verified=turn.verified
        )

    def _arrive(self, speaker: Speaker, channel: str, now: datetime) -> tuple[Conversation, str | None]:
        """The conversation, and the borrower for whom loan facts may be said in it at this moment."""
        conversation = self._conversations.open(speaker.conversation_id, channel, speaker.borrower_id, now)
        at = speaker.signed_in_at
        if speaker.borrower_id and at and (conversation.signed_in_at is None or conversation.signed_in_at < at):
            self._conversations.signed_in(conversation.id, speaker.borrower_id, at)
            conversation = self._conversations.get(conversation.id)
        if conversation.third_party:
            return conversation, None
        return conversation, speaker.borrower_id or self._identity.borrower_of(conversation.id, now)

    def _sign_out(self, turn: _Turn) -> Outcome:
        """The way out is open whoever holds the conversation. The reply answers no message: answers of the assistant
        are left out while a colleague has it."""
        signed_in = self._identity.sign_out(turn.id, turn.inbound.speaker.borrower_id or turn.borrower_id, turn.now)
        reply = {"text": SIGNED_OUT if signed_in else NOT_SIGNED_IN}
        said = self._conversations.record_replies(turn.id, [reply], turn.now, verified=turn.verified)
        return replace(self._finish(turn, []), entries=said)

    def _ask_again(self, turn: _Turn) -> Outcome:
        """A number without its list says nothing: the present question is asked once more."""
        question = self._conversations.last_question(turn.id, turn.verified)
        return self._finish(turn, [{"text": LATE}, *([question] if question else [])])

    async def _ask_model(self, turn: _Turn) -> list[dict[str, Any]]:
        """What the assistant says; nothing when the turn broke.

        Rasa swallows the failure of an action, an unreachable action server too: such a turn ends without a reply.
        """
        collected = Collected()
        try:
            await asyncio.wait_for(self._on_new_message(turn.for_model(collected, self._policy_version)), TURN_SECONDS)
        except Exception as error:
            log_where(logger, "a turn broke", error)
        if not collected.replies:
            logger.error("a turn ended without a reply; is the action server up?")
        return collected.replies

    def _finish(self, turn: _Turn, replies: list[dict[str, Any]], by_model: bool = False) -> Outcome:
        current = self._conversations.get(turn.id)  # actions may have changed it in this turn
        entries = self._conversations.record_replies(
            turn.id,
            replies,
            turn.now,
            message_id=turn.inbound.message_id,
            verified=turn.verified,
            # in distress nobody is told about AI assistants: that waits for the first turn after it
            disclosed=by_model and not current.disclosed and not current.safety_hold,
        )
        return Outcome(entries, current.holder)


def _visible(entries: tuple[Entry, ...], verified: bool) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if verified or not entry.verified)
