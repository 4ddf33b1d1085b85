"""A loan as plain JSON and back. What the reading refuses is tried over HTTP in tests/gateways."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest

from kuanxin.servicing.model import Terms
from kuanxin.servicing.wire import (
    SHANGHAI,
    borrower_from_json,
    borrower_to_json,
    loan_from_json,
    loan_to_json,
    moment_from_json,
    moment_to_json,
    terms_to_json,
)
from tests.builders import a_borrower, a_loan, an_event


def china(*clock: int) -> datetime:
    return datetime(*clock, tzinfo=SHANGHAI)


def test_nothing_is_lost_on_the_way():
    loan = a_loan(rows=20, version=7, events=(an_event("E1", amount=1, nested={"a": [1, None]}), an_event("E2")))
    assert loan_from_json(json.loads(json.dumps(loan_to_json(loan)))) == loan
    assert borrower_from_json(json.loads(json.dumps(borrower_to_json(a_borrower())))) == a_borrower()


def test_small_rates_are_written_out():
    assert terms_to_json(Terms(Decimal("0.0000005")))["annual_rate"] == "0.0000005"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T02:00:00Z", china(2026, 11, 23, 10, 0)),
        ("2026-11-23t02:00:00.5z", china(2026, 11, 23, 10, 0, 0, 500_000)),
        ("2026-11-23T10:00:00.123456789+08:00", china(2026, 11, 23, 10, 0, 0, 123_456)),
        ("2026-11-22T16:00:00+00:00", china(2026, 11, 23)),
    ],
)
def test_moments_of_other_systems(text, moment):
    assert moment_from_json(text) == moment
    assert moment_from_json(moment_to_json(moment_from_json(text))) == moment


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T10:00:00", "2026-02-30T10:00:00Z", "0001-01-01T00:00:00+23:59", "٢026-11-23T10:00:00Z"],
)
def test_what_is_no_moment(text):
    with pytest.raises(ValueError, match=r"not a moment|day is out of range"):
        moment_from_json(text)


def test_a_moment_before_standard_time_keeps_its_form():
    assert moment_to_json(china(105, 11, 15)).endswith("+08:00")
