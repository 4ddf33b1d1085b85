"""The import form (docs/integration/import-form.md) to borrowers and loans. All that is wrong is told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kuanxin.book.arrangement_form import WISH, Wish, read_wish
from kuanxin.book.fields import Reading, Section
from kuanxin.book.loan_form import LOAN, PAYMENT, LoanForm, read_payment
from kuanxin.book.problems import ImportRefused
from kuanxin.servicing.model import Borrower, Loan, Payment

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.book.reader import At, Source

KINDS = ("real", "demo", "test")
_BOOK = ("kind", "now", "borrowers", "payments")
_BORROWER = ("id", "name", "phone", "demo", "loans")


@dataclass
class Book:
    """What an import brings, checked in itself but not yet against the book that stands.

    `now` is the fixed clock of a demo or test book, None where it follows the real time. `arrived` are payments on
    loans that stand in the book already. `at` tells where an id was written, for problems that show later.
    """

    kind: str
    now: datetime | None
    borrowers: list[Borrower] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    arrived: list[tuple[str, Payment]] = field(default_factory=list)
    at: dict[tuple[str, str], At] = field(default_factory=dict)


def read_book(source: Source, clock_now: datetime) -> tuple[Book, Reading]:
    """Reads the form as of `clock_now` (or the `now` that it fixes). Raises ImportRefused with all problems."""
    reading = Reading(source)
    root = reading.root(_BOOK)
    kind = root and root.word("kind", KINDS)
    if not root or not kind:
        raise ImportRefused(reading.problems)
    fixed = root.moment("now", None)
    if fixed and kind == "real":
        root.wrong("now", "fixes the clock of real data", "Remove it: arrears of real loans follow the real time.")
    now = fixed or clock_now
    if kind != "real":
        reading.today = now.date()
    book = Book(kind, fixed)
    _Walk(book, reading, now).everything(root)
    if reading.problems:
        raise ImportRefused(reading.problems)
    return book, reading


class _Walk:
    def __init__(self, book: Book, reading: Reading, now: datetime) -> None:
        self._book = book
        self._reading = reading
        self._now = now

    def everything(self, root: Section) -> None:
        for section in root.sections("borrowers", _BORROWER):
            self._borrower(section)
        for section in root.sections("payments", ("loan", *PAYMENT)):
            loan_id = section.ident("loan")
            payment = read_payment(section, self._now)
            if payment and loan_id:
                self._once("payment", payment.id, section.at)
                self._book.arrived.append((loan_id, payment))
        if not (root.raw("borrowers") or root.raw("payments")):
            root.wrong("borrowers", "has no entries", "Write at least one borrower.")

    def _borrower(self, section: Section) -> None:
        borrower_id = section.ident("id")
        name = section.text("name")
        phone = section.text("phone", "", longest=32)
        demo = section.flag("demo", self._book.kind == "demo")
        if borrower_id:
            self._once("borrower", borrower_id, section.at)
        for loan in section.sections("loans", LOAN):
            self._loan(loan, borrower_id or "")
        if section.sound:
            self._book.borrowers.append(Borrower(borrower_id, name, phone, demo))

    def _loan(self, section: Section, borrower_id: str) -> None:
        loan = LoanForm(section, borrower_id, self._book.kind, self._now).loan()
        for name in ("payments", "events"):
            for entry_id, at in section.ids(name):
                self._once(name[:-1], entry_id, at)
        for loan_id, at in section.ids(None):
            self._once("loan", loan_id, at)
        wishes = [
            read_wish(wish, loan_id, self._now)
            for loan_id, _ in section.ids(None)
            for wish in section.sections("arrangements", WISH)
        ]
        if loan is None:
            return
        for payment in loan.payments:
            if payment.id not in dict(section.ids("payments")):  # made by paid_rows
                self._once("payment", payment.id, section.at)
        self._book.loans.append(loan)
        self._book.wishes.extend(wish for wish in wishes if wish)

    def _once(self, what: str, name: str, at: At) -> None:
        first = self._book.at.setdefault((what, name), at)
        if first != at:
            before = self._reading.source.place(first)
            self._reading.note((*at, "id"), f"{name} is used twice, first at {before}", f"Give each {what} its own id.")
