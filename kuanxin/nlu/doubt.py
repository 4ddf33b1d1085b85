"""Sure, or likely but not sure: what else a message may have meant goes along with an answer that is only likely."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME as FALLBACK
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

from kuanxin.nlu.wishes import LED_BY_CLAUSE

PERHAPS = "perhaps"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class Doubt(GraphComponent):
    """Writes `perhaps`, the next likely intents, into a message whose intent stays below the confidence `sure`.

    A message without it was understood for sure, or is asked back by the FallbackClassifier before. What only a clause
    says is never sure, however clear the clause is by itself. `possible` is what a reading needs to be worth a button,
    `most` how many are. Needs in `heard` are not asked back where they come first with at least the confidence given
    there: who says to be out of money, in whatever words, is believed.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"sure": 0.75, "possible": 0.03, "most": 2, "heard": {"report_hardship": 0.15}}

    def __init__(self, config: dict[str, Any]) -> None:
        self._sure, self._possible, self._most = config["sure"], config["possible"], config["most"]
        self._heard: dict[str, float] = config["heard"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Doubt:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            ranking = [r for r in message.get(INTENT_RANKING_KEY) or () if r["name"] != FALLBACK]
            intent = (message.get(INTENT) or {}).get("name")
            first = ranking[0] if ranking else {"name": None, "confidence": 0.0}
            if intent == FALLBACK and first["confidence"] >= self._heard.get(first["name"], 1.0):
                intent = first["name"]
                message.set(INTENT, dict(first), add_to_output=True)
                message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            sure = first["confidence"] >= self._sure and not message.get(LED_BY_CLAUSE)
            if intent in (None, FALLBACK) or sure:
                continue
            likely = [r["name"] for r in ranking[1:] if r["confidence"] >= self._possible]
            message.set(PERHAPS, likely[: self._most], add_to_output=True)
        return messages
