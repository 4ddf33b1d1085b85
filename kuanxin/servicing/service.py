"""Use cases of servicing: what actions, desk and notices call. Reads and writes only through the loan book.

Every method takes `now` (aware) from its caller. Raises LoanNotFound, BookUnavailable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.affordability import due_day_after
from kuanxin.servicing.model import ArrangementState, LoanEvent, PaymentStatus, ReliefKind
from kuanxin.servicing.offers import offer
from kuanxin.servicing.policy import ReducedInterimRules, ReInstalmentRules
from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.quotes import (
    Arrangement,
    Extension,
    PromiseToPay,
    Quote,
    ReducedInterim,
    Refusal,
    ReInstalment,
    ReliefRequest,
    quote_to_json,
)
from kuanxin.servicing.relief import re_instalment
from kuanxin.servicing.relief.base import Case, forbidden, next_on_day, refuse
from kuanxin.servicing.state import due_transitions, state_of
from kuanxin.servicing.status import OpenRow, Status, status_of
from kuanxin.servicing.wire import SHANGHAI
from kuanxin.servicing.words import money

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.servicing.affordability import Budget
    from kuanxin.servicing.model import Fen, Loan
    from kuanxin.servicing.policy import Policy
    from kuanxin.servicing.ports import LoanBook

__all__ = ["Fitting", "NotUndoable", "OpenRow", "QuoteStale", "Servicing", "Status"]

_OFFERED = 3  # plans that fit are shown three at a time: more is a burden, not a choice
_INTERIM_MONTHS = 3
CLOCKS_DIFFER = timedelta(seconds=30)  # those of two machines, or of one before and after it was set
_GONE = {ArrangementState.UNDONE, ArrangementState.REFUSED, ArrangementState.REPLACED}


class QuoteStale(Exception):
    """The quote expired or the loan changed; `fresh` is the new quote for the same request (or a Refusal)."""

    def __init__(self, fresh: Quote | Refusal) -> None:
        super().__init__("the quote is no longer current")
        self.fresh = fresh


class NotUndoable(Exception):
    """The arrangement cannot be undone or decided any more; the message says why and what to do first."""


@dataclass(frozen=True)
class Fitting:
    """The plans within what somebody can pay a month, cheapest first; `nearest` where nothing fits."""

    quotes: tuple[Quote, ...]
    nearest: Quote | Refusal | None
    limit: Fen
    lowest: Fen | None = None  # the largest payment of the plan that asks least a month, where nothing fits


class Servicing:
    """The facade of the package; composed once in kuanxin.bootstrap."""

    def __init__(self, book: LoanBook, policy: Policy) -> None:
        self.book = book
        self.policy = policy

    # -- asking -----------------------------------------------------------------------------------------------------

    def statuses(self, borrower_id: str, now: datetime) -> tuple[Status, ...]:
        """All loans of a borrower at a moment, those in arrears first (the longest); settled ones last."""
        found = [status_of(loan, now) for loan in self.book.loans_of(borrower_id)]
        found.sort(key=lambda s: (s.settled, -s.days_past_due, s.next_due.due_date if s.next_due else s.as_of.date()))
        return tuple(found)

    def status(self, borrower_id: str, loan_id: str, now: datetime) -> Status:
        return status_of(self.book.loan(borrower_id, loan_id), now)

    def arrangements(self, borrower_id: str, now: datetime | None = None) -> tuple[Arrangement, ...]:
        """Every arrangement of a borrower in the order of consent, with what became of it by `now`.

        Without `now`: by the last thing that the book knows of each loan.
        """
        found = [a for loan in self.book.loans_of(borrower_id) for a in state_of(loan, now or _last(loan)).arrangements]
        return tuple(sorted(found, key=lambda arrangement: arrangement.agreed_at))

    # -- offering ---------------------------------------------------------------------------------------------------

    def quote(self, borrower_id: str, loan_id: str, request: ReliefRequest, now: datetime) -> Quote | Refusal:
        """An offer for this request or the rule that forbids it. Keeps the quote so that consent can name it."""
        return self._kept(offer(self.book.loan(borrower_id, loan_id), self.policy, request, now))

    def later_date(self, borrower_id: str, loan_id: str, on: date, now: datetime) -> Quote | Refusal:
        """The right kind for "a later date".

        Not yet past due: extension. Past due and within the window of a promise: promise to pay all that is due by
        then. Past due and farther: extension, where the policy has it. A refusal says the latest day that is possible.
        """
        loan = self.book.loan(borrower_id, loan_id)
        extended = offer(loan, self.policy, Extension(on), now)
        if not status_of(loan, now).days_past_due:
            return self._kept(extended)
        promised = offer(loan, self.policy, PromiseToPay(on), now)
        if isinstance(promised, Quote) or isinstance(extended, Quote):
            return self._kept(promised if isinstance(promised, Quote) else extended)
        # both say no: the one that leaves a later day open says more
        return extended if "latest" in extended.limits else promised

    def plans(self, borrower_id: str, loan_id: str, now: datetime) -> tuple[Quote | Refusal, ...]:
        """The instalment plans that the policy offers for this loan, a few typical row counts, cheapest first."""
        loan = self.book.loan(borrower_id, loan_id)
        rules = self.policy.rules(ReliefKind.RE_INSTALMENT, loan.product)
        if not isinstance(rules, ReInstalmentRules):
            return (offer(loan, self.policy, ReInstalment(rows=1), now),)
        found = [offer(loan, self.policy, ReInstalment(rows=rows), now) for rows in rules.offers]
        quotes = sorted((q for q in found if isinstance(q, Quote)), key=lambda q: q.total.total)
        for quote in quotes:
            self.book.keep_quote(quote)
        refusals = {refusal.rule: refusal for refusal in found if isinstance(refusal, Refusal)}
        return (*quotes, *refusals.values())

    def plans_within(
        self, borrower_id: str, loan_id: str, monthly: Fen, now: datetime, payday: int | None = None
    ) -> Fitting:
        """Plans whose every payment is at most `monthly`, cheapest first; with `payday`, due two days after it.

        Where nothing fits, `nearest` is a reduced interim payment of at most `monthly` (a person decides what comes
        after it), or the refusal that says what the least would be. Nothing above the limit is ever offered.
        """
        loan = self.book.loan(borrower_id, loan_id)
        moment = now.astimezone(SHANGHAI)
        rules = self.policy.rules(ReliefKind.RE_INSTALMENT, loan.product)
        case = Case(loan, state_of(loan, moment), moment)
        refused = forbidden(case, ReliefKind.RE_INSTALMENT, rules)
        if refused or not isinstance(rules, ReInstalmentRules):
            return Fitting((), refused, monthly)
        first = case.next_due_date() if payday is None else next_on_day(case.today, due_day_after(payday))
        fitting, lowest = _fitting(case, rules, first, monthly)
        offers = (offer(loan, self.policy, request, moment) for request in fitting)
        quotes = [quote for quote in offers if isinstance(quote, Quote)][:_OFFERED]
        for quote in quotes:
            self.book.keep_quote(quote)
        if quotes:
            return Fitting(tuple(quotes), None, monthly)
        return Fitting((), self._nearest(loan, monthly, lowest, moment), monthly, lowest)

    def plans_for(self, borrower_id: str, loan_id: str, budget: Budget, now: datetime) -> Fitting:
        """Plans within what a month leaves, due two days after payday. Raises ValueError where that is not known."""
        if budget.limit is None:
            raise ValueError("neither a comfortable amount nor an income is known")
        return self.plans_within(borrower_id, loan_id, budget.limit, now, budget.payday)

    # -- agreeing ---------------------------------------------------------------------------------------------------

    def commit(self, borrower_id: str, quote_hash: str, now: datetime, consent_text: str) -> Arrangement:
        """Consent to exactly one quote. Idempotent on borrower + loan + hash.

        Raises QuoteStale (expired, the loan or the policy changed, its first day passed) with a new quote for the same
        request; LoanNotFound where this borrower was never shown such a quote; BookUnavailable where the clock is
        behind an earlier consent.
        """
        moment = now.astimezone(SHANGHAI)
        quote = self.book.quote(borrower_id, quote_hash)
        if quote is None:
            raise LoanNotFound(quote_hash)
        loan = self.book.loan(borrower_id, quote.loan_id)
        event = LoanEvent(
            id=f"{loan.id}:{quote.hash[:32]}:committed",
            loan_id=loan.id,
            kind="committed",
            at=moment,
            arrangement_id=arrangement_id(quote),
            policy_version=quote.policy_version,
            quote_hash=quote.hash,
            data={"quote": quote_to_json(quote), "consent": consent_text},
        )
        if all(known.id != event.id for known in loan.events):
            if any(known.kind == "committed" and known.at > moment + CLOCKS_DIFFER for known in loan.events):
                raise BookUnavailable("the clock was set back: what is agreed already does not count yet")
            if not self._current(loan, quote, moment):
                raise self._stale(loan, quote, moment)
            try:
                loan = self.book.append(loan, (event,))
            except LoanChanged:
                loan = self.book.loan(borrower_id, quote.loan_id)
                if all(known.id != event.id for known in loan.events):
                    raise self._stale(loan, quote, moment) from None
        return _arrangement(loan, event.arrangement_id, moment)

    def decide(
        self, borrower_id: str, loan_id: str, arrangement_id: str, approved: bool, by: str, reason: str, now: datetime
    ) -> Arrangement:
        """A person's decision on a request. What is approved takes effect as the borrower agreed to it.

        Idempotent for the same decision. Raises NotUndoable where nothing waits for a decision any more, QuoteStale
        where the first payment of the plan has already passed, LoanChanged where somebody else wrote meanwhile.
        """
        moment = now.astimezone(SHANGHAI)
        loan = self.book.loan(borrower_id, loan_id)
        found = _arrangement(loan, arrangement_id, moment)
        name = f"{loan.id}:{arrangement_id}:decided:{'yes' if approved else 'no'}"
        if any(event.id == name for event in loan.events):
            return found
        if found.state is not ArrangementState.REQUESTED:
            raise NotUndoable(f"{arrangement_id} is {found.state.value}: nothing waits for a decision")
        if approved and found.quote.rows and found.quote.rows[0].due_date < moment.date():
            raise self._stale(loan, found.quote, moment)
        data: dict[str, object] = {"approved": approved, "by": by, "reason": reason}
        loan = self.book.append(loan, (_event(loan, found, "decided", name, moment, data),))
        return _arrangement(loan, arrangement_id, moment)

    def undo(self, borrower_id: str, loan_id: str, arrangement_id: str, now: datetime, reason: str) -> Loan:
        """Takes an arrangement back: the loan stands as if it had never been; payments stay. Idempotent.

        Raises NotUndoable where a later arrangement was built on it (undo that one first), LoanChanged.
        """
        moment = now.astimezone(SHANGHAI)
        loan = self.book.loan(borrower_id, loan_id)
        found = _arrangement(loan, arrangement_id, moment)
        if found.state is ArrangementState.UNDONE:
            return loan
        after = state_of(loan, moment).arrangements
        after = after[[a.id for a in after].index(found.id) + 1 :]
        later = [a for a in after if a.state not in _GONE and _changes_schedule(a)]
        if later and found.state is not ArrangementState.REFUSED:
            raise NotUndoable(f"{later[-1].id} was agreed after it and changed the schedule: undo that one first")
        name = f"{loan.id}:{arrangement_id}:undone"
        return self.book.append(loan, (_event(loan, found, "undone", name, moment, {"reason": reason}),))

    def record_transitions(self, borrower_id: str, loan_id: str, now: datetime) -> tuple[LoanEvent, ...]:
        """Writes down what the state already shows (kept, broken, missed) and gives what was new.

        Raises LoanChanged where somebody else wrote meanwhile: the next call does it.
        """
        loan = self.book.loan(borrower_id, loan_id)
        events = due_transitions(loan, now)
        if events:
            self.book.append(loan, events)
        return events

    # -- inside -----------------------------------------------------------------------------------------------------

    def _kept(self, offered: Quote | Refusal) -> Quote | Refusal:
        if isinstance(offered, Quote):
            self.book.keep_quote(offered)
        return offered

    def _current(self, loan: Loan, quote: Quote, now: datetime) -> bool:
        """Whether the quote would be made again, word for word, and nothing has happened since it was made."""
        if quote.as_of > now + CLOCKS_DIFFER:  # the clock was set back: its figures are of another day
            return False
        if now >= quote.expires_at or (quote.rows and quote.rows[0].due_date < now.date()):
            return False
        if any(p.status is PaymentStatus.POSTED and quote.as_of < p.paid_at <= now for p in loan.payments):
            return False
        then, today = state_of(loan, quote.as_of).arrangements, state_of(loan, now).arrangements
        if [(a.id, a.state) for a in then] != [(a.id, a.state) for a in today]:
            return False
        again = offer(loan, self.policy, quote.request, quote.as_of)
        return isinstance(again, Quote) and again.hash == quote.hash

    def _stale(self, loan: Loan, quote: Quote, now: datetime) -> QuoteStale:
        return QuoteStale(self._kept(offer(loan, self.policy, quote.request, now)))

    def _nearest(self, loan: Loan, monthly: Fen, lowest: Fen, now: datetime) -> Quote | Refusal:
        rules = self.policy.rules(ReliefKind.REDUCED_INTERIM, loan.product)
        months = min(_INTERIM_MONTHS, rules.max_months) if isinstance(rules, ReducedInterimRules) else _INTERIM_MONTHS
        nearest = offer(loan, self.policy, ReducedInterim(monthly, months, limit=monthly), now)
        if isinstance(nearest, Quote):
            return self._kept(nearest)
        reason = f"每月{money(monthly)}以内，现在还没有能排开的方案；期数最多时每期是{money(lowest)}。不勉强您。"
        limits = {**nearest.limits, "lowest_monthly": lowest}
        return refuse(ReliefKind.RE_INSTALMENT, "rows", reason, **limits)


def arrangement_id(quote: Quote) -> str:
    """The number that a borrower is told: short, and the same for the same quote."""
    return f"A{quote.hash[:10].upper()}"


def _last(loan: Loan) -> datetime:
    """The last moment that the book knows of a loan."""
    lent_at = datetime.combine(loan.disbursed_on, time(), SHANGHAI)
    return max([lent_at, *(event.at for event in loan.events), *(payment.paid_at for payment in loan.payments)])


def _changes_schedule(arrangement: Arrangement) -> bool:
    change: Any = arrangement.quote.facts["change"]
    return bool(change["closes"] or change["adds"])


def _arrangement(loan: Loan, wanted: str, now: datetime) -> Arrangement:
    for arrangement in state_of(loan, now).arrangements:
        if arrangement.id == wanted:
            return arrangement
    raise LoanNotFound(wanted)


def _event(
    loan: Loan, arrangement: Arrangement, kind: str, name: str, now: datetime, data: dict[str, object]
) -> LoanEvent:
    quote = arrangement.quote
    return LoanEvent(name, loan.id, kind, now, arrangement.id, quote.policy_version, quote.hash, data)


def _fitting(case: Case, rules: ReInstalmentRules, first: date, monthly: Fen) -> tuple[list[ReInstalment], Fen]:
    """The plans over the whole balance whose every payment is within `monthly`, cheapest first; the lowest payment."""
    params = {"charges": rules.charges, "charges_bear_interest": rules.charges_bear_interest}
    own = case.loan.terms.method
    found: list[tuple[Fen, ReInstalment]] = []
    lowest: Fen | None = None
    for method in dict.fromkeys((own, *rules.methods)):
        fits = 0
        for rows in range(rules.rows[0], rules.rows[1] + 1):
            payments = re_instalment.payments(case.position, rows, first, method, params)
            most = max(payments, default=0)
            lowest = most if lowest is None else min(lowest, most)
            if most <= monthly:
                found.append((sum(payments), ReInstalment(rows, "balance", method, first)))
                fits += 1
            if fits == _OFFERED:
                break
    found.sort(key=lambda one: (one[0], one[1].rows))
    return [request for _, request in found], lowest or 0
