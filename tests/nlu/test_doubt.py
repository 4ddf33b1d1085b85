"""Sure answers stand alone; likely ones carry what else was perhaps meant."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from kuanxin.nlu.clauses import CLAUSE
from kuanxin.nlu.doubt import PERHAPS, Doubt
from kuanxin.nlu.wishes import WishMerger

RANKING = [("ask_autopay", 0.6), ("ask_payment_result", 0.3), ("request_deduction", 0.06), ("thank", 0.01)]


def _message(first: float) -> Message:
    ranking = [{"name": n, "confidence": c} for n, c in [("ask_autopay", first), *RANKING[1:]]]
    return Message(data={"text": "怎么没扣", "intent": dict(ranking[0]), "intent_ranking": ranking})


@pytest.mark.parametrize(
    ("confidence", "perhaps"),
    [(0.75, None), (0.9, None), (0.74, ["ask_payment_result", "request_deduction"])],
)
def test_only_below_the_threshold_is_there_a_perhaps(confidence: float, perhaps: list[str] | None) -> None:
    (message,) = Doubt({"sure": 0.75, "possible": 0.03, "most": 2, "heard": {}}).process([_message(confidence)])
    assert message.get(PERHAPS) == perhaps


def test_a_button_has_no_reading_to_doubt() -> None:
    (message,) = Doubt(Doubt.get_default_config()).process([Message(data={"intent": {"name": None}})])
    assert message.get(PERHAPS) is None


@pytest.mark.parametrize(("first", "intent"), [("report_hardship", "report_hardship"), ("ask_autopay", "nlu_fallback")])
def test_hardship_is_believed_however_it_is_worded(first: str, intent: str) -> None:
    fallback = {"name": "nlu_fallback", "confidence": 0.7}
    ranking = [fallback, {"name": first, "confidence": 0.3}, {"name": "ask_payment_methods", "confidence": 0.2}]
    message = Message(data={"text": "兜里风大", "intent": dict(fallback), "intent_ranking": ranking})
    Doubt(Doubt.get_default_config()).process([message])
    assert message.get("intent")["name"] == intent
    assert message.get(PERHAPS) == (["ask_payment_methods"] if intent == first else None)


def test_what_only_a_clause_says_is_likely_but_never_sure() -> None:
    whole = _message(0.45)
    clauses = [
        Message(data={"text": text, CLAUSE: True, "intent": {"name": name}, "intent_ranking": [_sure(name)]})
        for text, name in (("钱进去了", "inform"), ("怎么没扣", "ask_autopay"), ("能分期吗", "request_instalment_plan"))
    ]
    merged = WishMerger(0.6).process([whole, *clauses])
    (message,) = Doubt({"sure": 0.9, "possible": 0.03, "most": 2, "heard": {}}).process(merged)
    assert message.get("intent") == _sure("request_instalment_plan")
    assert message.get(PERHAPS) == ["ask_payment_result", "request_deduction"]


def _sure(name: str) -> dict[str, object]:
    return {"name": name, "confidence": 0.99}
