"""Despair is heard whatever it is typed like, and figures of speech are not despair."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.nlu.training_data.message import Message

from kuanxin.evaluate.questions import read_questions
from kuanxin.nlu.distress import EXPRESS_DISTRESS, DistressNet, reason

SET = read_questions(Path("tests/data/questions/distress.tsv"))


def _message(text: str, *ranking: tuple[str, float]) -> Message:
    listed = [{"name": name, "confidence": confidence} for name, confidence in ranking]
    return Message(data={"text": text, "intent": dict(listed[0]), "intent_ranking": listed})


def _read(message: Message) -> tuple[str, float, str | None]:
    DistressNet(0.25).process([message])
    return message.get("intent")["name"], message.get("intent")["confidence"], message.get("distress")


def test_the_rules_alone_hear_nearly_every_statement_of_the_set() -> None:
    statements = [q.text for q in SET if q.intent == EXPRESS_DISTRESS]
    unheard = [text for text in statements if reason(text) is None]
    assert len(statements) >= 200
    assert len(unheard) <= len(statements) * 0.01, unheard


@pytest.mark.parametrize("text", [q.text for q in SET if q.intent != EXPRESS_DISTRESS])
def test_a_look_alike_is_not_despair(text: str) -> None:
    assert reason(text) is None


SPELLINGS = ["不 想 活 了", "不想活了！！！", "不想火了", "想4", "ＺＳ算了", "我想死😭", "累死了 真想死"]


@pytest.mark.parametrize("text", SPELLINGS)
def test_spelling_does_not_hide_it(text: str) -> None:
    assert reason(text) is not None


def test_a_rule_overrides_whatever_the_classifier_was_sure_of() -> None:
    message = _message("不想活了 额度什么时候恢复", ("ask_reborrow", 0.99), ("ask_new_loan", 0.01))
    assert _read(message) == (EXPRESS_DISTRESS, 1.0, "not_to_live")
    assert [r["name"] for r in message.get("intent_ranking")] == [EXPRESS_DISTRESS, "ask_reborrow", "ask_new_loan"]


def test_the_classifier_s_suspicion_is_enough() -> None:
    message = _message("车停在水库边", ("out_of_scope", 0.6), (EXPRESS_DISTRESS, 0.3))
    assert _read(message) == (EXPRESS_DISTRESS, 1.0, "classifier")


def test_a_faint_suspicion_is_not() -> None:
    assert _read(_message("账单", ("ask_loan_status", 0.8), (EXPRESS_DISTRESS, 0.1)))[0] == "ask_loan_status"


def test_a_figure_of_speech_clears_the_suspicion() -> None:
    message = _message("今天累死了", (EXPRESS_DISTRESS, 0.7), ("out_of_scope", 0.2))
    assert _read(message) == ("out_of_scope", 0.2, None)
