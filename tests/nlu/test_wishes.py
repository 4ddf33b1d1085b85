"""What a message asks for first, and what it asks for beside it."""

from __future__ import annotations

import pytest

from kuanxin.nlu.wishes import Reading, wishes

SURE = 0.6


@pytest.mark.parametrize("courtesy", ["thank", "greet", "goodbye"])
def test_a_courtesy_never_leads_over_a_wish(courtesy: str) -> None:
    whole = Reading("钱够了 多谢", ((courtesy, 0.9), ("request_deduction", 0.1)))
    clauses = [Reading("钱够了", (("request_deduction", 0.8),)), Reading("多谢", (("thank", 1.0),))]
    assert [wish.intent for wish in wishes(whole, clauses, SURE)] == ["request_deduction"]


def test_a_fact_beside_a_wish_does_not_lead() -> None:
    whole = Reading("怎么还 钱够了", (("ask_payment_methods", 0.9), ("request_deduction", 0.1)))
    clauses = [Reading("怎么还", (("ask_payment_methods", 0.9),)), Reading("钱够了", (("request_deduction", 0.8),))]
    assert [wish.intent for wish in wishes(whole, clauses, SURE)] == ["ask_payment_methods"]
