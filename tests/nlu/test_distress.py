"""Despair is heard whatever it is typed like, and figures of speech are not despair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rasa.shared.nlu.training_data.message import Message

from kuanxin.evaluate.questions import read_questions
from kuanxin.nlu.distress import EXPRESS_DISTRESS, DistressNet, reason

if TYPE_CHECKING:
    from kuanxin.evaluate.understanding import Question

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


BY_HALVES = {name: read_questions(Path(f"tests/data/questions/despair_{name}.tsv")) for name in ("seen", "apart")}


@pytest.mark.parametrize("questions", BY_HALVES.values(), ids=BY_HALVES)
def test_the_rules_are_seldom_startled_by_everyday_messages(questions: list[Question]) -> None:
    everyday = [q.text for q in questions if q.intent != EXPRESS_DISTRESS]
    startled = [text for text in everyday if reason(text)]
    assert len(everyday) >= 200
    assert len(startled) <= len(everyday) * 0.025, startled


@pytest.mark.parametrize(
    "text",
    ["担心死了", "气得要死", "家里的牛病死了", "等有生意来生意", "工资没了我拿什么交", "要4期", "不是想不开 问问利息"],
)
def test_what_only_sounds_like_despair_is_none(text: str) -> None:
    assert reason(text) is None


BESIDE = [
    *(
        "没想死 就是不想活了",
        "气得要死 想去死",
        "家里牛死了 我也不想活",
        "还不是想死",
        "真的要死了",
        "狗都死了我也该死",
    ),
    *(
        "妈妈我要死了对不起",
        "老婆我快死了",
        "我想去死你们满意吗",
        "在天台收拾好了东西 准备跳",
        "钱没了我也没了",
        "还清就解脱了 今晚跳",
    ),
    *("没想死成 活下来了", "老公跳楼了我也想跳", "控制不住自己想跳", "bu xiang huo le"),
]


@pytest.mark.parametrize("text", BESIDE)
def test_a_look_alike_beside_a_statement_hides_nothing(text: str) -> None:
    assert reason(text) is not None


def test_a_figure_of_speech_does_not_clear_what_is_said_beside_it() -> None:
    message = _message("累死了 我都准备好了今晚就离开", (EXPRESS_DISTRESS, 0.7), ("out_of_scope", 0.2))
    assert _read(message) == (EXPRESS_DISTRESS, 1.0, "classifier")


def test_a_figure_of_speech_clears_the_suspicion() -> None:
    message = _message("今天累死了", (EXPRESS_DISTRESS, 0.7), ("out_of_scope", 0.2))
    assert _read(message) == ("out_of_scope", 0.2, None)
