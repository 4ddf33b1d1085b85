"""One message, one need to answer first, and the further ones that must not be lost.

The whole message is read by its own classification and by those of its clauses. A clause adds a wish only where it
asks or wants something by itself and the classifier is sure of it: reasons (工资还没发) and courtesies are no wishes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from kuanxin.nlu.clauses import CLAUSE

ALSO = "also"
LED_BY_CLAUSE = "led_by_clause"  # what leads was read from a clause: the message as a whole does not say it as clearly

# Whoever says this is heard before anything else in the message, in this order.
_FIRST = ("express_distress", "third_party_contact")
# Needs that a dialogue finds a solution for; the others are answered in a paragraph beside it.
_DIALOGUES = frozenset(
    {
        "request_extension",
        "request_instalment_plan",
        "request_due_date_change",
        "ask_partial_payment",
        "request_early_settlement",
        "set_reminder",
        "request_fee_waiver",
    }
)
_HARDSHIP = "report_hardship"
# Of the further wishes, the urgent ones come first; the rest keep the order in which they were written.
_ORDER = {
    intent: at
    for at, intent in enumerate(
        ("request_human", _HARDSHIP, "report_scam", "stop_reminders", "dispute_debt", "report_payment_failure")
    )
}
# A clause taken by itself may mislead (我老公失业了); the whole message must allow for it, if faintly.
_ECHO = 0.05
# Said beside a wish, they never lead: 可以扣了 谢谢
_COURTESIES = frozenset({"greet", "goodbye", "thank"})
# Small talk, bare facts and what is not ours are never a further wish.
_NEVER_FURTHER = _COURTESIES | {
    "affirm",
    "deny",
    "inform",
    "stop",
    "out_of_scope",
    "ask_capabilities",
    "ask_bot_identity",
}


@dataclass(frozen=True)
class Reading:
    """How one text was classified."""

    text: str
    ranking: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, message: Message) -> Reading:
        ranking = message.get(INTENT_RANKING_KEY) or []
        return cls(message.get(TEXT) or "", tuple((r["name"], r["confidence"]) for r in ranking))

    @property
    def intent(self) -> str:
        return self.ranking[0][0] if self.ranking else ""

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    def likelihood(self, intent: str) -> float:
        return next((confidence for name, confidence in self.ranking if name == intent), 0.0)


@dataclass(frozen=True)
class Wish:
    intent: str
    confidence: float
    text: str


_ASKS = re.compile(
    r"[吗么嘛呢]|怎[么样]|咋|如何|多少|几[号点天期个时]|多久|哪|什么|啥|为何|谁|[能可会要行是有][不没][能可会要行是有]|可否|能否|可以|[不没]$"
    r"|(?:^|我|就|还|再|也|先)(?:想|要)(?!是)|帮|请|麻烦|给我|别再|申请|取消|投诉|转人工|[提催]醒我"
)
# 如果逾期了, 还清以后: what the question is about, not a question
_CIRCUMSTANCE = re.compile(r"^(?:如果|要是|假如|因为|由于|比如|既然|就算)|(?:后|的话|的时候|时|之前)$")
# 零钱通里没钱 names an empty pocket, not a person's need
_POCKET = re.compile(r"零钱|微信|余额|卡[里上]|理财|账户|这张|那张")


def _wish(clause: Reading) -> bool:
    """Whether a clause wants something by itself: it asks, or it tells of hardship, which is always answered."""
    if _CIRCUMSTANCE.search(clause.text):
        return False
    if clause.intent == _HARDSHIP:
        return not _POCKET.search(clause.text)
    return bool(_ASKS.search(clause.text))


def wishes(whole: Reading, clauses: list[Reading], sure: float) -> list[Wish]:
    """All wishes of a message, the one to answer first in front. `sure` is what a clause's confidence must reach."""
    primary = Wish(whole.intent, whole.confidence, whole.text)
    if whole.intent in _FIRST:
        return [primary]
    certain = [clause for clause in clauses if clause.confidence >= sure]
    for clause in certain:
        if clause.intent in _FIRST and whole.likelihood(clause.intent) >= _ECHO:
            return [Wish(clause.intent, clause.confidence, clause.text)]
    polite = whole.intent in _COURTESIES
    stated = {c.intent: Wish(c.intent, c.confidence, c.text) for c in reversed(certain) if polite or _wish(c)}
    further = {w.intent: w for w in stated.values() if w.intent != whole.intent and w.intent not in _NEVER_FURTHER}
    if further and whole.intent in stated:
        # a second wish makes the whole less clear; the clause that says it is as clear as before
        primary = max(primary, stated[whole.intent], key=lambda wish: wish.confidence)
    if whole.intent not in _DIALOGUES:
        # what needs a dialogue leads; and where the whole is unclear, the clearest clause does
        leaders = [w for w in further.values() if w.intent in _DIALOGUES]
        if not leaders and (polite or primary.confidence < sure):
            leaders = list(further.values())
        if leaders:
            leader = max(leaders, key=lambda wish: wish.confidence)
            del further[leader.intent]
            if primary.confidence >= sure and primary.intent not in _NEVER_FURTHER:
                further[primary.intent] = primary
            primary = leader
    return [primary, *sorted(further.values(), key=lambda wish: _ORDER.get(wish.intent, len(_ORDER)))]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class WishMerger(GraphComponent):
    """Takes the clauses back out of the list and writes `also` ([{intent, confidence, text}]) into each message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"sure": 0.6}

    def __init__(self, sure: float) -> None:
        self._sure = sure

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> WishMerger:
        return cls(config["sure"])

    def process(self, messages: list[Message]) -> list[Message]:
        groups: list[tuple[Message, list[Reading]]] = []
        for message in messages:
            if message.get(CLAUSE):
                groups[-1][1].append(Reading.of(message))
            else:
                groups.append((message, []))
        for message, clauses in groups:
            self._merge(message, clauses)
        return [message for message, _ in groups]

    def _merge(self, message: Message, clauses: list[Reading]) -> None:
        whole = Reading.of(message)
        first, *further = wishes(whole, clauses, self._sure)
        if (first.intent, first.confidence) != (whole.intent, whole.confidence):
            top = {"name": first.intent, "confidence": first.confidence}
            # further wishes are answered, not alternatives to the first
            answered = {first.intent, *(wish.intent for wish in further)}
            others = [{"name": n, "confidence": c} for n, c in whole.ranking if n not in answered]
            message.set(INTENT, dict(top), add_to_output=True)
            message.set(INTENT_RANKING_KEY, [top, *others], add_to_output=True)
            message.set(LED_BY_CLAUSE, True)
        message.set(ALSO, [vars(wish).copy() for wish in further], add_to_output=True)
