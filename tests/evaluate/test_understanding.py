"""Thresholds are recommended from what was right at which confidence."""

from __future__ import annotations

from kuanxin.evaluate.understanding import Question, Understood, figures


def _read(confidence: float, *, right: bool) -> Understood:
    question = Question("怎么还款", "ask_payment_methods")
    return Understood(question, ((question.intent if right else "thank", confidence),), asked_back=False)


def test_asking_back_ends_where_two_of_three_first_readings_below_are_right() -> None:
    low = [_read(0.25, right=False), _read(0.255, right=False), _read(0.355, right=True)]
    found = figures([*low, *(_read(0.755, right=True) for _ in range(9))])
    # below 0.76 stand all twelve, ten of them right; below 0.75 the three, one of them right
    assert found.ask_back_below.confidence == 0.75


def test_sure_begins_where_ninety_eight_of_a_hundred_are_right() -> None:
    readings = [_read(0.505, right=False), _read(0.605, right=False), *(_read(0.905, right=True) for _ in range(49))]
    recommended = figures(readings).recommended
    assert recommended is not None
    # from 0.51 on one of fifty is wrong: just right enough
    assert recommended.confidence == 0.51


def test_where_everything_is_right_nothing_is_asked_back() -> None:
    assert figures([_read(0.305, right=True)]).ask_back_below.confidence == 0.3
