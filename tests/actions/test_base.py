"""What every action keeps: who may be told what, and plain words where the loan book cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from actions.base import REDACTED_NOTE, RESPONDERS, complete, guarded
from actions.turn import Answer, NotTheBorrower, NotVerified, Turn, say
from kuanxin.servicing.ports import BookUnavailable

TURN = Turn(
    now=datetime.fromisoformat("2026-11-23T10:00:00+08:00"),
    conversation="b-B001",
    channel="chat",
    borrower="B001",
    text="我欠多少",
    intent="ask_loan_status",
    confidence=0.9,
    ranking=(),
    entities=(),
    also=(),
    perhaps=None,
    slots={},
    safety_hold=False,
    third_party=False,
    first_contact=False,
    redacted=(),
)


def failing(error: Exception) -> Any:
    def respond(turn: Turn) -> Answer:
        raise error

    return respond


def test_a_book_that_cannot_be_asked_gives_words_a_second_try_and_a_person() -> None:
    (reply,) = guarded(failing(BookUnavailable()), TURN).replies
    assert "暂时查不到账务" in reply.text
    assert [b.intent for b in reply.buttons] == ["ask_loan_status", "request_human"]


def test_any_other_fault_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(failing(ZeroDivisionError()), TURN)


def test_who_said_to_be_somebody_else_is_told_nothing() -> None:
    with pytest.raises(NotTheBorrower):
        replace(TURN, third_party=True).must_be_borrower()
    assert replace(TURN, third_party=True).known is None


def test_nobody_signed_in_is_told_nothing() -> None:
    with pytest.raises(NotVerified):
        replace(TURN, borrower=None).must_be_borrower()
    assert replace(TURN, borrower=None).known is None


def test_during_a_safety_hold_every_action_answers_as_to_despair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESPONDERS, "express_distress", lambda turn: say("安全"))
    answer = guarded(lambda turn: say("欠913.78元"), replace(TURN, safety_hold=True))
    assert [r.text for r in answer.replies] == ["安全"]


def test_further_wishes_are_answered_after_the_main_one_and_never_after_despair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(RESPONDERS, "ask_credit_impact", lambda turn: say("征信", buttons=()))
    both = complete(replace(TURN, also=("ask_credit_impact",)), say("欠款"))
    assert [r.text for r in both.replies] == ["欠款", "征信"]
    alone = complete(replace(TURN, intent="express_distress", also=("ask_credit_impact",)), say("安全"))
    assert [r.text for r in alone.replies] == ["安全"]


def test_the_first_reply_says_what_speaks_and_hidden_numbers_are_mentioned() -> None:
    replies = complete(replace(TURN, first_contact=True, redacted=("id_card",)), say("欠款")).replies
    assert "AI 助手" in replies[0].text
    assert replies[1].text == REDACTED_NOTE
    assert replies[2].text == "欠款"


def test_what_was_not_understood_before_is_forgotten_after_an_answer() -> None:
    assert complete(replace(TURN, slots={"unclear": 2}), say("欠款")).slots["unclear"] == 0


def test_what_is_said_last_corrects_what_was_said_before() -> None:
    turn = replace(TURN, entities=({"entity": "count", "value": 3}, {"entity": "count", "value": 6}))
    assert turn.entity("count") == 6


def test_beside_an_answer_that_is_only_likely_stand_the_other_readings() -> None:
    likely = complete(replace(TURN, perhaps=("ask_payment_result", "thank")), say("欠款"))
    assert [b.intent for r in likely.replies for b in r.buttons] == ["ask_payment_result"]
    sure = complete(replace(TURN, perhaps=None), say("欠款"))
    assert [r.text for r in sure.replies] == ["欠款"]
    despair = complete(replace(TURN, intent="express_distress", perhaps=("report_hardship",)), say("安全"))
    assert [r.text for r in despair.replies] == ["安全"]
