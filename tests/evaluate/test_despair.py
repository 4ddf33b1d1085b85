"""False alarms and what is missed are counted as the assistant reacts, and as it would with another threshold."""

from __future__ import annotations

from kuanxin.evaluate.despair import heard, wrongly
from kuanxin.evaluate.understanding import Question, Share, Understood


def _read(intent: str, despair: str | None, suspicion: float) -> Understood:
    return Understood(Question("…", intent), (), asked_back=False, despair=despair, suspicion=suspicion)


BY_RULE = _read("express_distress", "farewell", 0.0)
SUSPECTED = _read("express_distress", "classifier", 0.3)
MISSED = _read("express_distress", None, 0.2)
ALARM = _read("anything_else", "classifier", 0.5)
QUIET = _read("anything_else", None, 0.1)
ALL = [BY_RULE, SUSPECTED, MISSED, ALARM, QUIET]


def test_what_was_heard_and_missed_is_counted() -> None:
    found = heard(ALL)
    assert (found.false_alarms, found.missed) == (Share(1, 2), Share(1, 3))


def test_a_threshold_moves_the_classifier_s_suspicion_and_never_a_rule() -> None:
    strict, alert = heard(ALL, 0.9), heard(ALL, 0.15)
    assert (strict.false_alarms, strict.missed) == (Share(0, 2), Share(2, 3))
    assert (alert.false_alarms, alert.missed) == (Share(1, 2), Share(0, 3))


def test_false_alarms_are_listed_before_what_was_missed() -> None:
    assert wrongly(ALL) == [ALARM, MISSED]
