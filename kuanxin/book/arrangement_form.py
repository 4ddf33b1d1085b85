"""Arrangements in the import form: what a borrower asked for and agreed to, and when. The rules make the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kuanxin.book.fields import REQUIRED
from kuanxin.servicing.model import Method, ReliefKind
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    Extension,
    PartialPayment,
    PenaltyWaiver,
    PromiseToPay,
    ReducedInterim,
    ReInstalment,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kuanxin.book.fields import Section
    from kuanxin.servicing.quotes import ReliefRequest

# "date", not "on": YAML reads a bare on as true
WISH = ("kind", "agreed", "date", "to", "amount", "rows", "scope", "method", "first_due", "monthly", "months", "day")


class Wish(NamedTuple):
    """An arrangement to be made on a loan as it stood at `agreed`."""

    loan_id: str
    request: ReliefRequest
    agreed: datetime
    section: Section


# The fields that each kind has, read by the builder beside them.
_KINDS: dict[ReliefKind, tuple[tuple[str, ...], Callable[[Section], ReliefRequest]]] = {
    ReliefKind.PROMISE_TO_PAY: (("date", "amount"), lambda s: PromiseToPay(s.day("date"), s.yuan("amount", None))),
    ReliefKind.EXTENSION: (("to",), lambda s: Extension(s.day("to"))),
    ReliefKind.RE_INSTALMENT: (
        ("rows", "scope", "method", "first_due"),
        lambda s: ReInstalment(
            s.whole("rows", least=1, most=360),
            s.word("scope", ("balance", "arrears"), "balance"),
            s.choice("method", Method, None),
            s.day("first_due", None),
        ),
    ),
    ReliefKind.REDUCED_INTERIM: (
        ("monthly", "months"),
        lambda s: ReducedInterim(s.yuan("monthly"), s.whole("months", least=1, most=120)),
    ),
    ReliefKind.DUE_DATE_CHANGE: (("day",), lambda s: DueDateChange(s.whole("day", least=1, most=31))),
    ReliefKind.PENALTY_WAIVER: (("amount",), lambda s: PenaltyWaiver(s.yuan("amount", None))),
    ReliefKind.PARTIAL_PAYMENT: (("amount", "date"), lambda s: PartialPayment(s.yuan("amount"), s.day("date"))),
    ReliefKind.EARLY_SETTLEMENT: (("date",), lambda s: EarlySettlement(s.day("date"))),
}


def read_wish(section: Section, loan_id: str, now: datetime) -> Wish | None:
    """None where something is wrong; the problems are noted."""
    kind = section.choice("kind", ReliefKind, REQUIRED)
    agreed = section.moment("agreed")
    if agreed and agreed > now:
        section.wrong("agreed", f"is {agreed:%Y-%m-%d %H:%M}, in the future", "Write when the borrower agreed.")
    if kind is None:
        return None
    names, build = _KINDS[kind]
    for name in WISH[2:]:
        if section.has(name) and name not in names:
            section.wrong(name, f"says nothing about {kind.value}", f"It has: {', '.join(names)}.")
    request = build(section)
    return Wish(loan_id, request, agreed, section) if section.sound and agreed else None
