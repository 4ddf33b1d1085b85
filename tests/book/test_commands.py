"""`python -m kuanxin.book` as an operator types it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.fixture
def book(tmp_path):
    """Runs a command in a set-up of its own: book("show", "B001", now=…) → status, output, complaints."""

    def run(*arguments: str, now: str = ""):
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"KUANXIN_VAR", "KUANXIN_NOW", "KUANXIN_DATABASE_URL"}
        }
        done = subprocess.run(
            [sys.executable, "-m", "kuanxin.book", *arguments],
            env={**kept, "KUANXIN_VAR": str(tmp_path / "var"), "KUANXIN_NOW": now, "COLUMNS": "100"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_import_show_export_and_back(book, tmp_path):
    now = "2026-11-23T10:00:00+08:00"
    assert book("import", "--demo", now=now)[:2] == (
        0,
        "Imported (demo): 14 borrowers, 15 loans, 150 instalments, 49 payments, 3 arrangements.\n",
    )
    status, shown, _ = book("show", "B001", now=now)
    assert status == 0
    for words in (
        "演示·王芳",
        "3 days past due, since 2026-11-20",
        "83.70",
        "3 days late",
        "one more day adds 0.68",
    ):
        assert words in shown
    exported = tmp_path / "book.yml"
    assert book("export", "--to", str(exported))[0] == 0
    assert exported.stat().st_mode & 0o077 == 0  # names and phones
    status, _, complaint = book("export", "--to", str(exported))
    assert (status, "exists" in complaint) == (1, True)
    before = exported.read_text("utf-8")
    status, said, complaint = book("import", str(exported), now=now)
    assert status == 0, complaint
    assert "The demo book that stood here was removed." in said
    assert book("export")[1] == before


def test_arrangements_of_the_demo_stand_as_told(book):
    book("import", "--demo")
    for borrower, words in (
        ("B008", "promise_to_pay of"),
        ("B009", "broken"),
        ("B014", "re_instalment of"),
        ("B011", "settled"),
    ):
        assert words in book("show", borrower)[1]


def test_what_is_wrong_is_said_on_the_error_stream(book, tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("kind: demo\nborrowers:\n  - {id: B1, nam: x}\n", "utf-8")
    status, said, complaint = book("import", str(wrong))
    assert (status, said) == (1, "")
    assert "wrong.yml:3: borrowers[0].nam is not a field of the form." in complaint
    assert "Did you mean name?" in complaint
    assert "Nothing was imported: 2 problems." in complaint
    assert "There is no book yet" in book("export")[2]


def test_somebody_who_is_not_there(book):
    book("import", "--demo")
    assert book("show", "B404")[::2] == (1, "The book has no borrower B404.\n")


def test_the_clock_of_real_data_cannot_be_fixed(book, tmp_path):
    real = tmp_path / "real.yml"
    real.write_text("kind: real\nborrowers:\n  - {id: C1, name: 王芳}\n", "utf-8")
    status, _, complaint = book("import", str(real), now="2026-11-23T10:00:00+08:00")
    assert (status, "Remove KUANXIN_NOW" in complaint) == (1, True)
    status, said, _ = book("import", str(real))
    assert (status, "KUANXIN_DATA_KEYS is not set" in said) == (0, True)
    status, _, complaint = book("show", "C1", now="2026-11-23T10:00:00+08:00")
    assert (status, "Remove KUANXIN_NOW" in complaint) == (1, True)
    assert book("show", "C1")[0] == 0


def test_a_clock_that_cannot_be_read_names_its_form(book):
    status, _, complaint = book("import", "--demo", now="2026-11-23 10:00")
    assert status == 1
    assert "KUANXIN_NOW" in complaint
    assert "2026-11-23T10:00:00+08:00" in complaint


def test_a_book_of_the_banks_own_system_is_not_ours_to_fill(book, monkeypatch):
    monkeypatch.setenv("KUANXIN_LOAN_BOOK_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KUANXIN_TOKEN_KEY", "k" * 32)
    status, _, complaint = book("import", "--demo")
    assert (status, "bring the data in there" in complaint) == (1, True)


def test_no_file_named(book):
    assert book("import")[0] == 2
    assert book("import", "--demo", "x.yml")[0] == 2
    status, _, complaint = book("import", "none.yml")
    assert (status, "none.yml" in complaint) == (1, True)
