"""The same book as flat tables, as a spreadsheet or a nightly job writes them."""

from __future__ import annotations

import pytest

from kuanxin.book.importer import import_book
from kuanxin.book.problems import ImportRefused
from kuanxin.book.reader import read
from kuanxin.store.sql_book import SqlLoanBook
from tests.builders import NOW

BOOK = {
    "book_csv": "kind\nreal\n",
    "borrowers_csv": "id,name,phone\nC1,王芳,13800000001\nC2,李强,\n",
    "loans_csv": (
        "id,borrower,product,principal,disbursed,annual_rate,instalments,first_due,autopay,card_tail\n"
        "K1,C1,微粒贷,3000.00,2026-08-20,0.18,,,是,0688\n"
        "K2,C2,微粒贷,1000.00,2026-08-20,18%,5,2026-09-20,,\n"
    ),
    "instalments_csv": (
        "loan,number,due_date,principal,interest\n"
        "K1,1,2026-09-20,1000.00,46.50\nK1,2,2026-10-20,1000.00,30.00\nK1,3,2026-11-20,1000.00,15.50\n"
    ),
    "payments_csv": "loan,id,amount,at,status,method\nK1,Z1,1046.50,2026-09-20 08:30,posted,\n",
}


def test_a_folder_gives_the_same_book_as_yaml(engine, files, real, sqlite_url):
    import_book(engine, read([files(**BOOK)]), NOW)
    stored = SqlLoanBook(engine).loan("C1", "K1")
    assert (stored.autopay, stored.card_tail) == (True, "0688")
    assert [row.interest for row in stored.instalments] == [4_650, 3_000, 1_550]
    assert [payment.amount for payment in stored.payments] == [104_650]
    assert len(SqlLoanBook(engine).loan("C2", "K2").instalments) == 5
    assert SqlLoanBook(engine).borrower("C2").phone == ""


def test_what_a_chinese_spreadsheet_writes(engine, files):
    folder = files(**BOOK)
    for name, coding in (("borrowers.csv", "gb18030"), ("loans.csv", "utf-8-sig")):
        text = (folder / name).read_text("utf-8")
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode(coding))
    import_book(engine, read([folder]), NOW)
    assert SqlLoanBook(engine).borrower("C1").name == "王芳"
    assert SqlLoanBook(engine).loan("C1", "K1").product == "微粒贷"


def test_payments_alone_go_to_loans_that_stand(engine, files, tmp_path):
    import_book(engine, read([files(**BOOK)]), NOW)
    nightly = tmp_path / "payments.csv"
    nightly.write_text("loan,id,amount,at\nK1,Z2,1030.00,2026-10-20 09:00\n", "utf-8")
    kind = tmp_path / "book.csv"
    kind.write_text("kind\nreal\n", "utf-8")
    import_book(engine, read([kind, nightly]), NOW)
    assert [payment.id for payment in SqlLoanBook(engine).loan("C1", "K1").payments] == ["Z1", "Z2"]


def test_mistakes_are_told_together_with_file_and_row(engine, files):
    folder = files(
        **{
            **BOOK,
            "borrowers_csv": "id,name,phone\nC1,王芳\nC2,李强,1,2\nC3,,\n",
            "loans_csv": "id,borrower,product,principal,disbursed,annual_rate\nK1,C9,微粒贷,3000.00,2026-08-20,0.18\n",
            "instalments_csv": "loan,number,due_date,principal,interest\nK7,1,2026-09-20,1000.00,46.50\n",
            "payments_csv": "loan,id,amount,at\nK1,Z1,12.345,2026-09-20\n",
            "extra_csv": "a\n1\n",
        }
    )
    with pytest.raises(ImportRefused) as refused:
        import_book(engine, read([folder]), NOW)
    assert [(str(one.place), one.field.split(".")[-1], one.message) for one in refused.value.problems] == [
        ("borrowers.csv:2", "row", "has fewer cells than the header"),
        ("borrowers.csv:3", "row", "has more cells than the header"),
        ("borrowers.csv:4", "name", "is missing"),
        ("extra.csv", "file", "is not a table of a book"),
        ("instalments.csv:2", "loan", "names no row of loans.csv: 'K7'"),
        ("loans.csv:2", "borrower", "names no row of borrowers.csv: 'C9'"),
        ("payments.csv:2", "amount", "is not an amount in yuan ('12.345')"),
    ]


def test_a_folder_without_its_kind_says_how_to_name_it(engine, files):
    folder = files(**{name: text for name, text in BOOK.items() if name != "book_csv"})
    with pytest.raises(ImportRefused, match="kind: is missing"):
        import_book(engine, read([folder]), NOW)
