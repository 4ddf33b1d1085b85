"""A net under the classifier: statements of despair or self-harm are noticed by rule, typos and dialect included.

Missing one is worse than asking once too often, so vague statements count. Figures of speech are taken out first. What
matched is kept with the message, so that staff see why money was no longer talked about.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from kuanxin.nlu.normalise import without_product
from kuanxin.nlu.pinyin import syllable

EXPRESS_DISTRESS = "express_distress"

_LISTS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
_FIGURES = re.compile("|".join(f"(?:{pattern})" for pattern in _LISTS["figures_of_speech"]))
_STATEMENTS = {name: re.compile(pattern.replace(" ", "")) for name, pattern in _LISTS["statements"].items()}
_SOUNDS = re.compile(
    "|".join(rf"(?: {s.replace('* ', '(?:[a-z]+ )?')}(?= ))" for s in _LISTS["by_sound"]).replace("$(?= )", "$")
)
_LETTERS = re.compile(
    r"(?:想|去|要|zi|自)\s*(?:(?:si|4|zs|死)(?=$|[^a-z0-9期号月天日个块点笔周楼万千百元])|s(?=$|[，了算啊吧真]))|(?:^|[^a-z]|wo)xiang，?si(?:，?le)?(?![a-z])|zi，?sha(?![a-z])|(?<![a-z])zs(?=$|了|算)|不想\s*(?:h|huo)(?=$|了)|自(?:s|沙)$"
)
_NOT_SPOKEN = re.compile(r"[^\w一-鿿]+")
_PAUSE = "，"
_A_STATEMENT = 5  # characters of what is said beside a figure of speech that may be a statement by itself


def reason(text: str) -> str | None:
    """Which kind of statement the message makes, None where it makes none.

    >>> reason("手机没电快死了"), reason("真的不想火了")
    (None, 'by_sound')
    """
    literal = _FIGURES.sub(_PAUSE, _spoken(text))
    for name, pattern in _STATEMENTS.items():
        if pattern.search(literal):
            return name
    sounds = (" ".join(map(syllable, literal)), literal.replace(_PAUSE, " "))  # the second: bu xiang huo, in letters
    if any(_SOUNDS.search(f" {spelt} ") for spelt in sounds) or _LETTERS.search(literal):
        return "by_sound"
    return None


def figure_of_speech(text: str) -> bool:
    """Whether the message uses the words of death or ending for something else (笑死, 卡死, 没电), and says nothing beside it.

    >>> figure_of_speech("累死了，明天再说"), figure_of_speech("累死了，我都准备好走了")
    (True, False)
    """
    pieces = _spoken(text).split(_PAUSE)
    beside = [piece for piece in pieces if not _FIGURES.search(piece)]
    return len(beside) < len(pieces) and all(len(piece) < _A_STATEMENT for piece in beside)


def _spoken(text: str) -> str:
    pieces = _NOT_SPOKEN.sub(_PAUSE, without_product(text)).strip(_PAUSE).split(_PAUSE)
    spelt_out = all(len(piece) <= 2 for piece in pieces)  # 不 想 活 了
    return ("" if spelt_out else _PAUSE).join(pieces)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class DistressNet(GraphComponent):
    """Makes express_distress the intent where a rule says so, or where the classifier finds it likely enough.

    `likely`: the classifier's confidence from which its own suspicion is enough, unless the message only uses a figure
    of speech. The property `distress` of the message names the rule, or "classifier"; `suspicion` is that confidence.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"likely": 0.25}

    def __init__(self, likely: float) -> None:
        self._likely = likely

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DistressNet:
        return cls(config["likely"])

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            self._look(message)
        return messages

    def _look(self, message: Message) -> None:
        text, ranking = message.get(TEXT) or "", message.get(INTENT_RANKING_KEY) or []
        others = [r for r in ranking if r["name"] != EXPRESS_DISTRESS]
        suspected = next((r["confidence"] for r in ranking if r["name"] == EXPRESS_DISTRESS), 0.0)
        why = reason(text)
        if why is None and figure_of_speech(text):
            if suspected and others:
                message.set(INTENT, dict(others[0]), add_to_output=True)
                message.set(INTENT_RANKING_KEY, others, add_to_output=True)
            suspected = 0.0
        if why is None and suspected >= self._likely:
            why = "classifier"
        message.set("suspicion", suspected, add_to_output=True)
        if why is not None:
            certain = {"name": EXPRESS_DISTRESS, "confidence": 1.0}
            message.set("distress", why, add_to_output=True)
            message.set(INTENT, dict(certain), add_to_output=True)
            message.set(INTENT_RANKING_KEY, [certain, *others], add_to_output=True)
