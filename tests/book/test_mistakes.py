"""Every mistake in a book is named at once: its place, its field, what is wrong, what to do. Nothing is written."""

from __future__ import annotations

import pytest

from kuanxin.book.importer import import_book
from kuanxin.book.problems import ImportRefused, Place
from kuanxin.book.reader import read
from kuanxin.store.settings import book_settings
from tests.builders import NOW

PAID = [
    {"id": "Z1", "amount": "1046.50", "at": "2026-09-20"},
    {"id": "Z2", "amount": "1030.00", "at": "2026-10-20"},
]
ROW = {"due_date": "2026-09-20", "principal": "3000.00", "interest": "0"}


def problems(engine, data):
    with pytest.raises(ImportRefused) as refused:
        import_book(engine, data, NOW)
    assert book_settings(engine) is None
    return refused.value.problems


@pytest.mark.parametrize(
    ("change", "field", "message", "remedy"),
    [
        ({"principal": 3000.5}, "principal", "is a floating-point number (3000.5)", 'quotes: principal: "3000.50"'),
        ({"principal": "3,000.001"}, "principal", "is not an amount in yuan", "at most two decimals"),
        ({"principal": "０"}, "principal", "is not an amount in yuan", "at most two decimals"),
        ({"principal": True}, "principal", "is not an amount in yuan", "at most two decimals"),
        ({"principal": "-5"}, "principal", "is -5", "above 0"),
        (
            {"principal": "2999.99"},
            "instalments",
            "repay 3000.00 of principal, 2999.99 were lent",
            "Correct the rows",
        ),
        ({"annual_rate": 0.18}, "annual_rate", "is a floating-point number", 'annual_rate: "0.18"'),
        ({"annual_rate": "18"}, "annual_rate", "would be 1800%", "18%"),
        ({"annual_rate": "-1%"}, "annual_rate", "is not a rate", "0.18"),
        ({"annual_rate": None}, "annual_rate", "is missing", "Add annual_rate"),
        ({"daily_rate": "0.05%"}, "daily_rate", "stands beside annual_rate", "Keep the one"),
        (
            {"annual_rate": None, "daily_rate": "0.05%", "day_basis": "act/act"},
            "daily_rate",
            "no fixed year",
            "annual_rate",
        ),
        (
            {"annual_rate": None, "daily_rate": "0.05%", "day_basis": "act/act-last-day"},
            "daily_rate",
            "no fixed year",
            "annual_rate",
        ),
        ({"method": "equal_principle"}, "method", "is unknown ('equal_principle')", "Did you mean equal_principal?"),
        ({"repayment_order": "fees, interest"}, "repayment_order", "not an order of all components", "Name each once"),
        ({"grace_days": "three"}, "grace_days", "is not a whole number", "from 0 to 60"),
        ({"autopay": "maybe"}, "autopay", "is neither yes nor no", "true or false"),
        ({"card_tail": "6222020200112233445"}, "card_tail", "is '6222020200112233445'", "only the last four digits"),
        ({"prinzipal": "1"}, "prinzipal", "is not a field of the form", "Did you mean principal?"),
        ({"id": "贷款 1"}, "id", "is '贷款 1'", "letters and digits"),
        ({"id": 7}, "id", "is a number, not text", 'id: "7"'),
        ({"product": "  "}, "product", "is empty", "Write it"),
        ({"disbursed": "20.8.2026"}, "disbursed", "is not a day (20.8.2026)", "2026-11-23"),
        ({"disbursed": "today-90"}, "disbursed", "counts from today, which real data cannot", "Write the day itself"),
        (
            {"disbursed": "2026-09-20"},
            "instalments[0].due_date",
            "is 2026-09-20, not after 2026-09-20",
            "Due days rise",
        ),
        ({"instalments": []}, "instalments", "has no rows", "Write the rows"),
        ({"instalments": None}, "instalments", "is missing", "Add instalments"),
        ({"instalments": 3}, "first_due", "needs exactly one of first_due and next_due", "first_due (row 1)"),
        ({"instalments": 3, "first_due": "2026-08-20"}, "disbursed", "first row is due on 2026-08-20", "pay-out day"),
        ({"instalments": 3, "first_due": "2026-09-20", "paid_rows": 1}, "paid_rows", "makes payments up", "themselves"),
        ({"first_due": "2026-09-20"}, "first_due", "stands beside rows that have their own days", "Remove it"),
        ({"instalments": [{**ROW, "number": 2}]}, "instalments[0].number", "the row before makes it 1", "in order"),
        ({"instalments": [{**ROW, "interest": None}]}, "instalments[0].interest", "is missing", "Add interest"),
        ({"instalments": ["20.9."]}, "instalments[0]", "is not a set of fields", "name: value"),
        ({"payments": {"id": "Z1"}}, "payments", "is not a list", "dash"),
        ({"payments": [{"id": "Z1", "at": "2026-09-20"}]}, "payments[0].amount", "is missing", "Add amount"),
        (
            {"payments": [{"id": "Z1", "amount": "1", "at": "2026-11-23 10:01"}]},
            *("payments[0].at", "is 2026-11-23 10:01, in the future", "when the money arrived"),
        ),
        (
            {"payments": [{"id": "Z1", "amount": "1", "at": "2026-09-20", "status": "ok"}]},
            *("payments[0].status", "is unknown ('ok')", "posted, pending, failed"),
        ),
        (
            {"payments": [{"id": "Z1", "amount": "1", "at": "2026-09-20", "failure": "余额不足"}]},
            *("payments[0].failure", "belongs to a payment that failed", "status: failed"),
        ),
        (
            {"payments": [{"id": "Z1", "pays_row": 1, "at": "2026-09-20"}]},
            *("payments[0].pays_row", "is for loans of a demo or test book", "Write the amount"),
        ),
        (
            {"payments": [{"id": "Z1", "amount": "1", "at": "2026-08-19 23:59"}]},
            *("payments[0].at", "before the loan was paid out (2026-08-20)", "Correct one of the two"),
        ),
        (
            {"payments": [*PAID, {"id": "Z3", "amount": "1015.51", "at": "2026-11-20"}]},
            *("payments", "are 0.01 more than all that was ever owed", "Correct the amounts"),
        ),
        ({"events": [{"id": "E1"}]}, "events", "cannot be read: event.kind: missing", "as `export` wrote them"),
        (
            {"arrangements": [{"kind": "extension", "agreed": "2026-11-20", "date": "2026-12-01", "to": "2026-12-01"}]},
            *("arrangements[0].date", "says nothing about extension", "It has: to"),
        ),
        (
            {"arrangements": [{"kind": "promise", "agreed": "2026-12-20"}]},
            *("arrangements[0].agreed", "is 2026-12-20 12:00, in the future", "when the borrower agreed"),
        ),
    ],
)
def test_a_mistake_in_a_loan(engine, real, loan, change, field, message, remedy):
    loan.update(change)
    found = {problem.field: problem for problem in problems(engine, real)}
    named = found[f"borrowers[0].loans[0].{field}"]
    assert message in named.message
    assert remedy in named.remedy


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"kind": "production"}, "kind", "is unknown"),
        ({"kind": None}, "kind", "is missing"),
        ({"now": "2026-11-23T10:00:00+08:00"}, "now", "fixes the clock of real data"),
        ({"borrowers": []}, "borrowers", "has no entries"),
        ({"borrower": []}, "borrower", "is not a field of the form"),
        ({"borrowers": [{"id": "C1"}]}, "borrowers[0].name", "is missing"),
        ({"payments": [{"id": "Z9", "amount": "1", "at": "2026-09-20"}]}, "payments[0].loan", "is missing"),
    ],
)
def test_a_mistake_in_the_book(engine, real, change, field, message):
    found = {problem.field: problem for problem in problems(engine, {**real, **change})}
    assert message in found[field].message


def test_what_is_no_book_at_all(engine):
    assert problems(engine, ["kind"])[0].message == "is not a set of fields"


def test_ids_used_twice(engine, real, loan):
    real["borrowers"].append({"id": "C1", "name": "李强", "loans": [loan]})
    found = [(problem.field, problem.message) for problem in problems(engine, real)]
    assert [(field, message.split(",")[0]) for field, message in found] == [
        ("borrowers[1].id", "C1 is used twice"),
        ("borrowers[1].loans[0].payments[0].id", "Z1 is used twice"),
        ("borrowers[1].loans[0].id", "K1 is used twice"),
    ]


def test_a_payment_id_that_paid_rows_makes(engine):
    loans = [
        {"id": "K1", "principal": "10", "instalments": 1, "first_due": "2026-10-01", "paid_rows": 1},
        {
            **{"id": "K2", "principal": "10", "instalments": 1, "first_due": "2026-10-01"},
            "payments": [{"id": "K1-A1", "amount": "1", "at": "2026-10-01"}],
        },
    ]
    found = problems(engine, {"kind": "test", "borrowers": [{"id": "B", "name": "测", "loans": loans}]})
    assert [problem.message.split(",")[0] for problem in found] == ["K1-A1 is used twice"]


def test_mistakes_in_a_file_are_told_together_with_their_lines(engine, files):
    folder = files(
        book_yml="""\
kind: real
borrowers:
  - id: 001
    name: 王芳
    loans:
      - id: K1
        product: 微粒贷
        principal: 3000.5
        disbursed: 2026-13-01
        disbursed: 2026-08-20
        annual_rate: "0.18"
        instalments: 3
        first_due: 2026-09-20
        payments:
          - {id: Z1, amount: "1", at: 2026-09-20 08:30, statos: posted}
"""
    )
    source = read([folder / "book.yml"])
    assert [(problem.place, problem.field.split(".")[-1]) for problem in problems(engine, source)] == [
        (Place("book.yml", 3), "id"),
        (Place("book.yml", 8), "principal"),
        (Place("book.yml", 10), "disbursed"),
        (Place("book.yml", 15), "statos"),
    ]


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [("kind: real\nborrowers: [\n", 3, "expected"), ("kind: real\n\tborrowers: x\n", 2, "tab character")],
)
def test_a_file_that_is_not_yaml(files, text, row, message):
    with pytest.raises(ImportRefused, match=message) as refused:
        read([files(book_yml=text) / "book.yml"])
    assert refused.value.problems[0].place == Place("book.yml", row)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ImportRefused, match="No such file"):
        read([tmp_path / "none.yml"])
    with pytest.raises(ImportRefused, match="no book found"):
        read([tmp_path])


def test_a_file_that_is_not_text(tmp_path):
    (tmp_path / "book.yml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ImportRefused, match="neither UTF-8 nor GB18030"):
        read([tmp_path / "book.yml"])


def test_terms_shared_by_an_anchor_are_no_second_writing(engine, files):
    folder = files(
        book_yml="""\
kind: test
borrowers:
  - id: B1
    name: 测试
    loans:
      - &like {id: K1, principal: "100", instalments: 2, first_due: 2026-10-01, grace_days: 3}
      - {<<: *like, id: K2}
"""
    )
    assert import_book(engine, read([folder / "book.yml"]), NOW).loans == 2
