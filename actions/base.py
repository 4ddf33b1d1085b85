"""What all actions share: reading the turn, asking off the event loop, sending replies, refusing what may not be said."""

from __future__ import annotations

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rasa_sdk import Action
from rasa_sdk.events import FollowupAction, SlotSet

from actions.readings import otherwise
from actions.turn import Answer, NotTheBorrower, NotVerified, Turn
from kuanxin.conversations.replies import Button, Card, Reply
from kuanxin.logs import of_conversation
from kuanxin.servicing.ports import BookUnavailable

if TYPE_CHECKING:
    from rasa_sdk import Tracker
    from rasa_sdk.executor import CollectingDispatcher
    from rasa_sdk.types import DomainDict

logger = logging.getLogger(__name__)

Responder = Callable[[Turn], Answer]
RESPONDERS: dict[str, Responder] = {}
ACTIONS: list[type[Action]] = []  # keeps the made classes alive: a class knows its subclasses only weakly

HUMAN = Button("转人工客服", "request_human")
DISCLOSURE = "您好，我是宽心，一个 AI 助手，专门帮还款遇到困难的朋友想办法。随时可以说“转人工”。"
# after these nothing else of a message is answered: the person comes first
STAND_ALONE = {"express_distress", "third_party_contact"}
REDACTED_NOTE = "为了您的安全，刚才消息里的证件号、卡号、密码或验证码已隐去。这里不需要这些，请不要发给任何人。"


class KuanxinAction(Action, ABC):
    """An action that reads a turn and answers it. Subclasses give `answer`; it may block, it never runs on the event loop."""

    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def answer(self, turn: Turn) -> Answer: ...

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        turn = Turn.of(tracker)
        of_conversation(turn.conversation)
        answer = await asyncio.to_thread(guarded, self.answer, turn)
        for reply in answer.replies:
            send(dispatcher, reply)
        events: list[dict[str, Any]] = [SlotSet(name, value) for name, value in answer.slots.items()]
        if answer.followup:
            events.append(FollowupAction(answer.followup))
        return events


def guarded(respond: Responder, turn: Turn) -> Answer:
    """The answer, or the right words where it may not or cannot be given."""
    if turn.safety_hold:
        respond = RESPONDERS["express_distress"]
    try:
        return respond(turn)
    except NotVerified:
        return Answer((sign_in(turn),))
    except NotTheBorrower:
        return RESPONDERS["third_party_contact"](turn)
    except BookUnavailable:
        logger.exception("loan book unavailable")
        return Answer((book_unavailable(turn),))


def book_unavailable(turn: Turn) -> Reply:
    return Reply(
        "我暂时查不到账务信息，不会凭印象给您报数字。您可以过几分钟再问我一次，也可以让同事来帮您。",
        buttons=(Button("再试一次", turn.intent, _again(turn)), HUMAN),
    )


def answers(intent: str) -> Callable[[Responder], Responder]:
    """Makes a function the answer to an intent: registers it and gives Rasa the action `action_<intent>`."""

    def register(responder: Responder) -> Responder:
        RESPONDERS[intent] = responder
        ACTIONS.append(
            type(
                f"Answer_{intent}",
                (KuanxinAction,),
                {
                    "__doc__": responder.__doc__,
                    "__module__": responder.__module__,
                    "name": lambda self: f"action_{intent}",
                    "answer": lambda self, turn: complete(turn, guarded(responder, turn)),
                },
            )
        )
        return responder

    return register


def complete(turn: Turn, answer: Answer) -> Answer:
    """Adds what belongs around the main answer: who is speaking, a note on hidden numbers, further wishes and readings."""
    first, further = opening(turn), ()
    if turn.intent not in STAND_ALONE and not turn.safety_hold:
        further = tuple(reply for wish in turn.also if wish != turn.intent for reply in briefly(wish, turn))
        further += otherwise(turn)
    understood = {"unclear": 0} if turn.slots.get("unclear") else {}
    return Answer(first + answer.replies + further, {**understood, **answer.slots}, answer.followup)


def opening(turn: Turn) -> tuple[Reply, ...]:
    if turn.safety_hold or turn.intent == "express_distress":
        return ()
    said = []
    if turn.first_contact and turn.intent not in {"greet", "ask_bot_identity"}:
        said.append(Reply(DISCLOSURE))
    if turn.redacted:
        said.append(Reply(REDACTED_NOTE))
    return tuple(said)


def briefly(intent: str, turn: Turn) -> tuple[Reply, ...]:
    """The answer to a further wish of the same message: its first reply, without buttons that would compete."""
    responder = RESPONDERS.get(intent)
    if responder is None:
        return ()
    return tuple(Reply(reply.text, reply.card) for reply in guarded(responder, turn).replies[:1])


def send(dispatcher: CollectingDispatcher, reply: Reply) -> None:
    """One Rasa message for one reply; buttons carry what they mean as data, ids are issued by the channel."""
    dispatcher.utter_message(
        text=reply.text,
        buttons=[
            {"title": b.title, "payload": f"/{b.intent}{json.dumps(b.entities, ensure_ascii=False)}"}
            for b in reply.buttons
        ],
        json_message={"card": reply.card.as_dict()} if reply.card else {},
    )


def sign_in(turn: Turn) -> Reply:
    """Asks to sign in on the bank's page, and offers to go on with the same wish after it."""
    url = turn.services.identity.sign_in_link(turn.conversation, turn.now)
    return Reply(
        "这个问题要看您自己的账务，需要先确认是您本人。请点下面的链接到银行页面登录（10分钟内有效，只能用一次），"
        "登录后回来点“我登录好了”。不想登录也没关系，一般的问题我都可以答，也可以转人工。",
        card=Card("sign_in", "登录银行页面", facts=(("登录链接", url),), data={"url": url}),
        buttons=(Button("我登录好了，继续", turn.intent, _again(turn)), HUMAN),
    )


def _again(turn: Turn) -> dict[str, Any]:
    return {e["entity"]: e["value"] for e in turn.entities if e.get("value") is not None}
