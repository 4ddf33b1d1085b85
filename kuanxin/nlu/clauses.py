"""A message that may say several things goes through the pipeline as itself, followed by its clauses.

Rasa's graph hands lists of messages from component to component, so every featurizer and classifier treats the clauses
like messages of their own; `kuanxin.nlu.wishes` puts them back together.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

CLAUSE = "clause"

_PAUSE = re.compile(r"[\s，,。;；!！?？、~～…]+|\.{2,}")
_JOINED = re.compile(r"(?:还有就是|还有|另外|顺便|而且|以及|再问[下一]+|再就是|还想问[下一]*|还要问)(?=\S{4})")
# A question begins after a statement or another question that ended in a particle: 我失业了|能不能分期, 上征信吗|怎么还
_QUESTION = re.compile(
    r"(?<=[了吗么嘛呢吧的])(?=(?:我想|想|请问|那)?(?:能不能|可不可以|会不会|要不要|是不是|能否|可否|可以|有没有|怎么|咋|如何|什么时候|多久|上不上|算不算|影不影响))"
)
_SHORTEST, _MOST = 2, 6


def split(text: str) -> list[str]:
    """The clauses of a message; the message alone where there is nothing to split.

    >>> split("我失业了能不能分期 会不会上征信")
    ['我失业了', '能不能分期', '会不会上征信']
    """
    pieces = [
        part.strip()
        for pause in _PAUSE.split(text)
        for joined in _JOINED.split(pause)
        for part in _QUESTION.split(joined)
    ]
    clauses = [piece for piece in pieces if len(piece) >= _SHORTEST]
    return clauses if 1 < len(clauses) <= _MOST else [text]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ClauseSplitter(GraphComponent):
    """First in the pipeline: puts the clauses of each message behind it, marked as such."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ClauseSplitter:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        out: list[Message] = []
        for message in messages:
            out.append(message)
            clauses = split(message.get(TEXT) or "")
            if len(clauses) > 1:
                out += [Message(data={TEXT: clause, CLAUSE: True}) for clause in clauses]
        return out
