"""Quotes as they are stored and sent: one JSON form, one hash over everything that is agreed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kuanxin.servicing.model import Amounts, Method, ReliefKind
from kuanxin.servicing.offers import offer
from kuanxin.servicing.quotes import (
    KIND_OF,
    DueDateChange,
    EarlySettlement,
    Extension,
    PartialPayment,
    PenaltyWaiver,
    PromiseToPay,
    Quote,
    ReducedInterim,
    ReInstalment,
    quote_from_json,
    quote_hash,
    quote_to_json,
)
from tests.servicing.books import NOW, TODAY, a_loan, days, the_policy

LATE, AHEAD = a_loan(days_past_due=3), a_loan(due_in=5)
QUOTES = [
    offer(loan, the_policy(), request, NOW)
    for loan, request in (
        (LATE, PromiseToPay(days(5))),
        (LATE, PromiseToPay(days(5), 200_00)),
        (LATE, Extension(days(12))),
        (LATE, ReInstalment(6, "arrears")),
        (LATE, ReInstalment(6, method=Method.EQUAL_INSTALMENT, first_due=days(20))),
        (LATE, ReducedInterim(400_00, 3, 900_00)),
        (AHEAD, DueDateChange(12)),
        (LATE, PenaltyWaiver()),
        (LATE, PenaltyWaiver(1_00)),
        (LATE, PartialPayment(500_00, TODAY)),
        (AHEAD, EarlySettlement(days(1))),
    )
]


def test_every_kind_is_among_them() -> None:
    assert {quote.kind for quote in QUOTES} == set(ReliefKind) == set(KIND_OF.values())


@pytest.mark.parametrize("quote", QUOTES, ids=lambda q: q.kind.value)
def test_a_quote_comes_back_from_json_as_it_was(quote: Quote) -> None:
    stored = json.dumps(quote_to_json(quote), ensure_ascii=False)
    assert quote_from_json(json.loads(stored)) == quote
    assert quote_from_json(json.loads(stored)).as_of.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize("quote", QUOTES, ids=lambda q: q.kind.value)
def test_the_hash_covers_everything(quote: Quote) -> None:
    assert quote_hash(quote) == quote.hash
    assert len(quote.hash) == 64
    changed = {
        "borrower_id": "B002",
        "loan_id": "L009",
        "loan_version": 7,
        "kind": next(kind for kind in ReliefKind if kind is not quote.kind),
        "request": Extension(days(13)),
        "as_of": quote.as_of + timedelta(seconds=1),
        "expires_at": quote.expires_at + timedelta(seconds=1),
        "policy_version": "2027-01+00000000",
        "needs_person": not quote.needs_person,
        "rows": quote.rows[1:],
        "owed_now": quote.owed_now + Amounts(1),
        "total": quote.total + Amounts(0, 1),
        "total_if_paid_now": quote.total_if_paid_now + 1,
        "total_if_nothing": quote.total_if_nothing + 1,
        "nothing_until": quote.nothing_until + timedelta(days=1),
        "apr": Decimal("0.1") if quote.apr is None else None,
        "facts": {**quote.facts, "more": 1},
    }
    assert set(changed) | {"hash"} == {f.name for f in fields(Quote)}
    hashes = {quote_hash(replace(quote, **{name: value})) for name, value in changed.items()}
    assert len(hashes | {quote.hash}) == len(changed) + 1


def test_amounts_are_integers_and_rates_are_text() -> None:
    data = quote_to_json(QUOTES[2])
    assert data["rows"][0]["amounts"] == {"principal": 100_000, "interest": 14_550, "penalty": 225, "fees": 0}
    assert data["apr"] == str(QUOTES[2].apr)
    assert data["request"] == {"to": "2026-12-05"}


@pytest.mark.parametrize("broken", [{"kind": "holiday"}, {"as_of": "yesterday"}, {"rows": [{}]}, {"request": {"x": 1}}])
def test_what_is_no_quote_is_not_read(broken: dict) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        quote_from_json({**quote_to_json(QUOTES[2]), **broken})


def test_the_largest_payment() -> None:
    assert QUOTES[4].monthly == max(row.amounts.total for row in QUOTES[4].rows)
    assert replace(QUOTES[4], rows=()).monthly == 0
