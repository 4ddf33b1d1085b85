"""Finds what is to be sent to whom, over the whole book, and writes it into the outbox.

A borrower gets at most one notice a day that counts, so the planner takes the one that matters most; holds, hours and
room are looked at here so that nothing is written in vain, and again at the moment of sending, which decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kuanxin.notices.catalogue import NATURES
from kuanxin.notices.causes import first_of_all, of_loan, of_wish
from kuanxin.notices.policy import Later, Not, decide
from kuanxin.servicing.ports import LoanChanged
from kuanxin.servicing.state import due_transitions, state_of
from kuanxin.servicing.status import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from kuanxin.notices.catalogue import Catalogue
    from kuanxin.notices.causes import Cause, Wish
    from kuanxin.notices.policy import Person
    from kuanxin.servicing.model import Loan
    from kuanxin.servicing.ports import LoanBook
    from kuanxin.store.outbox import Outbox


@dataclass
class Plan:
    """What a run found. `kept_back`: causes that the rules keep back today, by reason."""

    borrowers: int = 0
    loans: int = 0
    new: Counter[str] = field(default_factory=Counter)  # by kind, not in the outbox before
    kept_back: Counter[str] = field(default_factory=Counter)
    causes: list[Cause] = field(default_factory=list)  # of a dry run


class Planner:
    """Composed in kuanxin.bootstrap."""

    def __init__(self, outbox: Outbox, book: LoanBook, catalogue: Catalogue) -> None:
        self._outbox = outbox
        self._book = book
        self._catalogue = catalogue

    def plan(
        self,
        lots: Iterable[Mapping[str, Sequence[Loan]]],
        now: datetime,
        *,
        dry: bool = False,
        told: Callable[[int], None] = lambda borrowers: None,
    ) -> Plan:
        """Goes through the book once. May be repeated and run twice at the same time: a cause stands once.

        `dry` writes nothing, neither notices nor what became of arrangements. `told` hears how many borrowers are done.
        """
        plan = Plan()
        for lot in lots:
            ids = list(lot)
            people = self._outbox.people(ids, now)
            wishes: dict[str, list[Wish]] = {}
            for wish in self._outbox.wishes(ids):
                wishes.setdefault(wish.borrower_id, []).append(wish)
            allowed: list[list[Cause]] = []
            if not dry:
                changed = (loan for loans in lot.values() for loan in loans if loan.events)
                agreed = (one for loan in changed for one in state_of(loan, now).arrangements)
                self._outbox.note_states({one.id: one.state.value for one in agreed})
            for borrower_id, loans in lot.items():
                if not dry:
                    self._record(loans, now)
                allowed.append(self._allowed(people[borrower_id], loans, wishes.get(borrower_id, []), now, plan))
            standing = self._outbox.standing([cause.id for of_one in allowed for cause in of_one])
            causes = [cause for of_one in allowed for cause in _of_today(of_one, standing)]
            plan.borrowers += len(ids)
            plan.loans += sum(map(len, lot.values()))
            plan.new.update(cause.kind.value for cause in causes)
            if dry:
                plan.causes += causes
            else:
                self._outbox.add(causes, now)
            told(plan.borrowers)
        return plan

    def _record(self, loans: Iterable[Loan], now: datetime) -> None:
        """Writes down which arrangements were kept or broken; what follows from it is planned from the state itself."""
        for loan in loans:
            if loan.events and (events := due_transitions(loan, now)):
                try:
                    self._book.append(loan, events)
                except LoanChanged:
                    continue  # somebody writes to it at this moment: the next run does it

    def _allowed(
        self, person: Person, loans: Sequence[Loan], wishes: Sequence[Wish], now: datetime, plan: Plan
    ) -> list[Cause]:
        found = [cause for loan in loans for cause in of_loan(status_of(loan, now), self._catalogue.timing)]
        wished = [(of_wish(wish), wish.asked_at) for wish in wishes]
        allowed = []
        for cause, asked_at in [*((cause, None) for cause in found), *wished]:
            if cause.not_before > now:
                continue
            weight = NATURES[cause.kind].weight
            decision = decide(weight, person, self._catalogue.hours, now, cause.expires, asked_at)
            if isinstance(decision, Not):
                plan.kept_back[decision.why] += 1
            elif isinstance(decision, Later) and cause.counts and decision.at.date() > now.date():
                plan.kept_back["not today"] += 1
            else:
                allowed.append(cause)
        return allowed


def _of_today(allowed: Iterable[Cause], standing: Container[str]) -> list[Cause]:
    """What is new: everything that does not count, and of the rest the one that matters most."""
    new = [cause for cause in allowed if cause.id not in standing]
    first = first_of_all(cause for cause in new if cause.counts)
    return [cause for cause in new if not cause.counts or cause is first]
