"""Dates, amounts, lengths of time, numbers of instalments and choices in a message, resolved against its `now`."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from kuanxin.nlu import contact, dates, quantities
from kuanxin.nlu.found import Found, scan

SHANGHAI = ZoneInfo("Asia/Shanghai")

_DENIED = re.compile(r"(?:不是|不要|不想|别|不)\s*$")


def expressions(text: str, now: datetime) -> list[Found]:
    """All expressions in a message, in reading order; amounts that are not offered (income, debts) come first.

    `now` is aware. What was corrected away (不是3期 是6期) is left out.
    """
    text = _same_length(text)
    today = now.astimezone(SHANGHAI).date()
    rules = quantities.BEFORE_DATES + dates.RULES + quantities.AFTER_DATES
    found = [f for f in scan(text, today, rules) if not _DENIED.search(text[: f.start])]
    found += quantities.bare(text, today, dates.next_day_of_month)
    found += contact.wishes(text)
    return sorted(found, key=lambda f: ("of" not in f.extra, f.start))


def _same_length(text: str) -> str:
    """Full-width forms made plain, character by character, so that positions stay those of the message."""
    plain = (unicodedata.normalize("NFKC", c).lower() for c in text)
    return "".join(p if len(p) == 1 else c for p, c in zip(plain, text, strict=True))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ExpressionExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the expressions of a message as entities.

    Time comes from the message's metadata (`now`, stamped by the channel); without it, as on the command line, from
    the system clock.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ExpressionExtractor:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            stamped = (message.get("metadata") or {}).get("now")
            now = datetime.fromisoformat(stamped) if stamped else datetime.now(SHANGHAI)
            found = [self._as_entity(f) for f in expressions(message.get(TEXT) or "", now)]
            message.set(ENTITIES, (message.get(ENTITIES) or []) + found, add_to_output=True)
        return messages

    def _as_entity(self, found: Found) -> dict[str, Any]:
        return {
            "entity": found.entity,
            "start": found.start,
            "end": found.end,
            "value": found.value,
            **found.extra,
            "extractor": self.name,
        }
