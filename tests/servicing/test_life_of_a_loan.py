"""What holds for every loan, whatever its contract, its payments and the relief agreed on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kuanxin.servicing.affordability import Budget
from kuanxin.servicing.model import ArrangementState, Loan, PaymentStatus, ReliefKind
from kuanxin.servicing.offers import as_scheduled, offer
from kuanxin.servicing.policy import MOST_ROWS
from kuanxin.servicing.position import NOTHING, Position
from kuanxin.servicing.quotes import Quote, Refusal, quote_from_json, quote_hash, quote_to_json
from kuanxin.servicing.relief.base import Binding
from kuanxin.servicing.relief.kinds import KINDS
from kuanxin.servicing.service import NotUndoable, QuoteStale, Servicing
from kuanxin.servicing.state import due_transitions, state_of
from kuanxin.servicing.status import status_of
from kuanxin.servicing.wire import loan_from_json, loan_to_json
from tests.servicing.books import BORROWER, NOW, SHANGHAI, TODAY, MemoryBook, a_payment, at, days, the_policy
from tests.servicing.random_loans import loans, requests, requests_of
from tests.servicing.strategies import examples

POLICY = the_policy()
# what binds all kinds is put aside where a property is about the money of an offer, not about who may have it
GENEROUS = the_policy(
    apr_cap="0.36",
    extension={"days_past_due": [0, None], "at_most": None},
    promise_to_pay={"days_past_due": [0, None]},
    due_date_change={"days_past_due": [0, None]},
    re_instalment={"rows": [1, MOST_ROWS]},
)


def budgets() -> st.SearchStrategy[Budget]:
    """A stated amount, an income with what it has to pay for, or both."""
    stated = st.integers(100, 300_000)
    return st.builds(
        Budget,
        comfortable=st.one_of(stated, st.none()),
        income=st.integers(0, 1_000_000),
        essentials=st.integers(0, 500_000),
        other_debts=st.integers(0, 300_000),
        payday=st.one_of(st.none(), st.integers(1, 31)),
    ) | st.builds(Budget, comfortable=stated, payday=st.one_of(st.none(), st.integers(1, 31)))


many = settings(max_examples=examples(200), suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def moment(day: int) -> datetime:
    return at(day)


def parts(amounts) -> tuple[int, int, int, int]:
    return amounts.principal, amounts.interest, amounts.penalty, amounts.fees


def check_position(loan: Loan, position: Position, now: datetime) -> None:
    received = sum(p.amount for p in loan.payments if p.status is PaymentStatus.POSTED and p.paid_at <= now)
    used = sum((row.paid for row in (*position.rows, *position.kept)), NOTHING)
    assert used.total + position.credit == received, "every fen received is on a row or held as credit"
    assert sum(row.principal for row in position.rows) + sum(k.paid.principal for k in position.kept) == loan.principal
    assert position.credit >= 0
    for row in position.rows:
        assert min(parts(row.paid)) >= 0
        assert min(parts(position.accrued(row, position.day))) >= 0
        assert min(parts(position.open(row, position.day))) >= 0
        assert sum(fen for _, fen in row.repaid) == row.paid.principal
    assert len({row.key for row in position.rows}) == len(position.rows)
    assert min(parts(position.outstanding())) >= 0
    if position.credit:
        assert not [
            r for r in position.rows if r.payable_from <= position.day and position.accrued(r, position.day).total
        ]


class TestTheMoney:
    @many
    @given(loans())
    def test_every_fen_is_somewhere_and_nothing_is_negative(self, loan: Loan) -> None:
        check_position(loan, state_of(loan, NOW).position, NOW)

    @many
    @given(loans(), st.integers(0, 400), st.integers(0, 60))
    def test_penalty_interest_only_grows_while_nothing_is_paid(self, loan: Loan, ahead: int, more: int) -> None:
        earlier, later = (state_of(loan, moment(n)).position for n in (ahead, ahead + more))
        before = {row.key: earlier.accrued(row, earlier.day).penalty for row in earlier.rows}
        after = {row.key: later.accrued(row, later.day).penalty for row in later.rows}
        assert earlier.credit or all(after[key] >= before[key] for key in before)

    @many
    @given(loans(), st.randoms())
    def test_the_order_in_which_the_book_lists_payments_does_not_matter(self, loan: Loan, random) -> None:
        listed = list(loan.payments)
        random.shuffle(listed)
        distinct = {p.paid_at for p in listed}
        assume(len(distinct) == len(listed))
        assert state_of(replace(loan, payments=tuple(listed)), NOW) == state_of(loan, NOW)

    @many
    @given(loans(), st.integers(1, 500_000), st.integers(1, 500_000))
    def test_a_sum_paid_in_two_parts_on_one_day_does_what_it_does_at_once(self, loan: Loan, one: int, two: int) -> None:
        at_once = replace(loan, payments=(*loan.payments, a_payment(one + two, NOW, 97)))
        in_parts = replace(loan, payments=(*loan.payments, a_payment(one, NOW, 98), a_payment(two, NOW, 99)))
        a, b = state_of(at_once, NOW).position, state_of(in_parts, NOW).position
        assert a.outstanding() == b.outstanding()
        assert a.credit == b.credit
        assert [row.paid for row in a.rows] == [row.paid for row in b.rows]

    @many
    @given(loans(), st.integers(1, 3))
    def test_a_payment_posted_late_counts_from_the_day_it_was_made(self, loan: Loan, ago: int) -> None:
        """Two paths to one state: known at once, or posted days afterwards with its own date."""
        payment = a_payment(40_000, days(-ago), 99)
        known = replace(loan, payments=(*loan.payments, payment))
        then = replace(
            known,
            payments=tuple(replace(p, status=PaymentStatus.PENDING) if p is payment else p for p in known.payments),
        )
        posted = replace(
            then,
            payments=tuple(replace(p, status=PaymentStatus.POSTED) if p.id == payment.id else p for p in then.payments),
        )
        assert state_of(posted, NOW) == state_of(known, NOW)

    @many
    @given(loans())
    def test_a_loan_comes_back_from_json_in_the_same_state(self, loan: Loan) -> None:
        assert state_of(loan_from_json(loan_to_json(loan)), NOW) == state_of(loan, NOW)

    @many
    @given(loans(), st.integers(0, 40))
    def test_paying_what_settles_everything_leaves_nothing_due_that_day(self, loan: Loan, ahead: int) -> None:
        now = moment(ahead)
        owed = status_of(loan, now)
        assume(owed.due.total)
        paid = replace(loan, payments=(*loan.payments, a_payment(owed.due.total, now, 99)))
        assert status_of(paid, now).due.total == 0
        assert status_of(paid, now).days_past_due == 0


class TestEveryOffer:
    @many
    @given(loans(), requests())
    def test_an_offer_adds_up(self, loan: Loan, request) -> None:
        quote = offer(loan, GENEROUS, request, NOW)
        if isinstance(quote, Refusal):
            assert quote.reason.endswith("可以请同事人工看一下。")
            return
        assert quote.total == sum((row.amounts for row in quote.rows), NOTHING)
        assert all(min(parts(row.amounts)) >= 0 for row in quote.rows)
        assert all(row.amounts.total > 0 for row in quote.rows)
        assert all(row.due_date >= TODAY for row in quote.rows)
        assert [row.due_date for row in quote.rows] == sorted({row.due_date for row in quote.rows})
        position = state_of(loan, NOW).position
        unpaid = sum(row.unpaid_principal for row in position.rows)
        if not position.credit:
            assert quote.total.principal == unpaid, "principal is moved, never made or lost"
        assert quote.total_if_paid_now <= quote.total_if_nothing
        if KINDS[quote.kind].binding is Binding.PROMISE:
            assert quote.total.total <= quote.total_if_nothing, "to pay something costs nothing"

    @many
    @given(loans(), requests())
    def test_an_offer_is_the_same_twice_and_survives_the_store(self, loan: Loan, request) -> None:
        quote = offer(loan, GENEROUS, request, NOW)
        assert offer(loan, GENEROUS, request, NOW) == quote
        if isinstance(quote, Quote):
            assert quote_from_json(quote_to_json(quote)) == quote
            assert quote_hash(quote) == quote.hash

    @many
    @given(loans(), requests())
    def test_asking_changes_nothing_and_agreeing_gives_exactly_what_was_shown(self, loan: Loan, request) -> None:
        book = MemoryBook(loan)
        servicing = Servicing(book, GENEROUS)
        quote = servicing.quote(BORROWER, loan.id, request, NOW)
        assert book.loans == {loan.id: loan}
        assume(isinstance(quote, Quote))
        agreed = servicing.commit(BORROWER, quote.hash, NOW, "确认")
        if quote.needs_person:
            assert agreed.state is ArrangementState.REQUESTED
            assert state_of(book.loans[loan.id], NOW).position == state_of(loan, NOW).position
            agreed = servicing.decide(BORROWER, loan.id, agreed.id, True, "staff", "", NOW)
        after = state_of(book.loans[loan.id], NOW).position
        check_position(book.loans[loan.id], after, NOW)
        if KINDS[quote.kind].binding is not Binding.PROMISE:
            assert as_scheduled(after, TODAY, quote.nothing_until) == quote.rows
        assert servicing.commit(BORROWER, quote.hash, NOW, "确认") == agreed
        assert len(book.loans[loan.id].events) == 1 + quote.needs_person

    @many
    @given(loans(), requests())
    def test_who_pays_what_was_agreed_on_the_days_agreed_owes_nothing_in_the_end(self, loan: Loan, request) -> None:
        loan = replace(loan, payments=tuple(p for p in loan.payments if p.status is PaymentStatus.POSTED))
        book = MemoryBook(loan)
        servicing = Servicing(book, GENEROUS)
        quote = servicing.quote(BORROWER, loan.id, request, NOW)
        assume(isinstance(quote, Quote))
        agreed = servicing.commit(BORROWER, quote.hash, NOW, "确认")
        if quote.needs_person:
            servicing.decide(BORROWER, loan.id, agreed.id, True, "staff", "", NOW)
        for row in quote.rows:
            book.pay(loan.id, row.amounts.total, datetime.combine(row.due_date, time(20), SHANGHAI))
        last = quote.rows[-1].due_date if quote.rows else NOW.date()
        end = datetime.combine(last + timedelta(days=1), time(9), SHANGHAI)
        status = status_of(book.loans[loan.id], end)
        assert status.settled
        assert status.credit == 0
        assert status.outstanding.total == 0
        (kept,) = state_of(book.loans[loan.id], end).arrangements
        assert kept.state is ArrangementState.KEPT

    @many
    @given(loans(), requests(), st.integers(0, 20))
    def test_undo_restores_what_was(self, loan: Loan, request, later: int) -> None:
        book = MemoryBook(loan)
        servicing = Servicing(book, GENEROUS)
        quote = servicing.quote(BORROWER, loan.id, request, NOW)
        assume(isinstance(quote, Quote))
        agreed = servicing.commit(BORROWER, quote.hash, NOW, "确认")
        book.pay(loan.id, 12_345, at(later, 8))
        never_agreed = replace(loan, payments=book.loans[loan.id].payments)
        undone = servicing.undo(BORROWER, loan.id, agreed.id, moment(later), "客户要求")
        assert state_of(undone, moment(later)).position == state_of(never_agreed, moment(later)).position
        assert servicing.undo(BORROWER, loan.id, agreed.id, moment(later), "再点一次") == undone

    @some
    @given(loans(), budgets())
    def test_no_plan_asks_more_than_a_month_leaves(self, loan: Loan, budget: Budget) -> None:
        fitting = Servicing(MemoryBook(loan), POLICY).plans_for(BORROWER, loan.id, budget, NOW)
        monthly = fitting.limit
        assert monthly == budget.limit
        totals = [quote.total.total for quote in fitting.quotes]
        assert totals == sorted(totals)
        for quote in fitting.quotes:
            assert quote.monthly <= monthly
            assert quote.apr is None or quote.apr <= POLICY.apr_cap
        nearest = fitting.nearest
        assert (nearest is None) == bool(fitting.quotes)
        if isinstance(nearest, Quote):
            rest_from = date.fromisoformat(nearest.facts["rest_from"])
            assert nearest.kind is ReliefKind.REDUCED_INTERIM
            assert all(row.amounts.total <= monthly for row in nearest.rows if row.due_date < rest_from)
            assert nearest.monthly <= monthly or nearest.needs_person


class TestTheRecord:
    @many
    @given(loans(), requests(), st.integers(0, 60))
    def test_what_the_record_is_told_is_what_the_state_shows(self, loan: Loan, request, later: int) -> None:
        book = MemoryBook(loan)
        servicing = Servicing(book, GENEROUS)
        quote = servicing.quote(BORROWER, loan.id, request, NOW)
        assume(isinstance(quote, Quote) and not quote.needs_person)
        servicing.commit(BORROWER, quote.hash, NOW, "确认")
        before = state_of(book.loans[loan.id], moment(later))
        told = servicing.record_transitions(BORROWER, loan.id, moment(later))
        after = book.loans[loan.id]
        assert state_of(after, moment(later)) == before, "recording changes nothing"
        assert due_transitions(after, moment(later)) == ()
        (arrangement,) = before.arrangements
        assert {event.kind for event in told} == {arrangement.state.value} - {"active", "replaced"}


class LifeOfALoan(RuleBasedStateMachine):
    """A borrower, a bank and time, in any order. What is wrong with money, consent or the record shows."""

    @initialize(loan=loans())
    def lend(self, loan: Loan) -> None:
        self.book = MemoryBook(loan)
        self.servicing = Servicing(self.book, GENEROUS)
        self.day = 0
        self.seconds = 0
        self.quote: Quote | None = None

    @property
    def loan(self) -> Loan:
        return self.book.loans["L001"]

    @property
    def now(self) -> datetime:
        return at(self.day) + timedelta(seconds=self.seconds)

    @rule(n=st.one_of(st.integers(1, 4), st.integers(5, 45)))
    def time_passes(self, n: int) -> None:
        before = self.loan
        self.day += n
        assert self.loan == before

    @rule(
        amount=st.integers(1, 400_000),
        ago=st.integers(0, 10),
        status=st.sampled_from([PaymentStatus.POSTED] * 4 + [PaymentStatus.PENDING]),
    )
    def money_arrives(self, amount: int, ago: int, status: PaymentStatus) -> None:
        """Now, or backdated."""
        self.book.pay("L001", amount, at(self.day - ago, 9), status)

    @rule()
    def what_is_due_is_paid(self) -> None:
        due = status_of(self.loan, self.now).due.total
        if due:
            self.seconds += 1  # money that arrives in the very moment of a quote counts as there before it
            self.book.pay("L001", due, self.now)
            assert status_of(self.loan, self.now).due.total == 0

    @rule(data=st.data(), kind=st.sampled_from(ReliefKind))
    def relief_is_asked_for(self, data: st.DataObject, kind: ReliefKind) -> None:
        before = self.loan
        offered = self.servicing.quote(BORROWER, "L001", data.draw(requests_of(kind, self.day)), self.now)
        assert self.loan == before
        if isinstance(offered, Quote):
            self.quote = offered

    @rule(data=st.data(), kind=st.sampled_from(ReliefKind))
    def relief_is_asked_for_and_agreed_to(self, data: st.DataObject, kind: ReliefKind) -> None:
        self.quote = None
        self.relief_is_asked_for(data, kind)
        if self.quote:
            assert not self._agree(), "a quote of this moment is current"

    @precondition(lambda self: self.quote is not None)
    @rule()
    def the_borrower_agrees_later(self) -> None:
        self._agree()

    def _agree(self) -> Quote | Refusal | None:
        """The borrower says yes; gives the new offer where this one is stale."""
        before = self.loan
        try:
            agreed = self.servicing.commit(BORROWER, self.quote.hash, self.now, "确认")
        except QuoteStale as stale:
            assert self.loan == before
            return stale.fresh
        assert agreed.quote == self.quote
        assert self.servicing.commit(BORROWER, self.quote.hash, self.now, "确认").id == agreed.id
        assert len(self.loan.events) - len(before.events) in (0, 1)
        return None

    @rule(approved=st.booleans())
    def a_person_decides(self, approved: bool) -> None:
        for arrangement in state_of(self.loan, self.now).arrangements:
            if arrangement.state is ArrangementState.REQUESTED:
                try:
                    self.servicing.decide(BORROWER, "L001", arrangement.id, approved, "staff", "看过了", self.now)
                except QuoteStale:
                    assert approved

    @rule()
    def the_last_arrangement_is_undone(self) -> None:
        arrangements = state_of(self.loan, self.now).arrangements
        if not arrangements:
            return
        try:
            self.servicing.undo(BORROWER, "L001", arrangements[-1].id, self.now, "客户要求")
        except NotUndoable:
            return
        assert state_of(self.loan, self.now).arrangements[-1].state is ArrangementState.UNDONE

    @rule()
    def the_clock_records(self) -> None:
        before = state_of(self.loan, self.now)
        self.servicing.record_transitions(BORROWER, "L001", self.now)
        assert state_of(self.loan, self.now) == before
        assert due_transitions(self.loan, self.now) == ()

    @invariant()
    def the_money_is_all_there(self) -> None:
        if hasattr(self, "book"):
            check_position(self.loan, state_of(self.loan, self.now).position, self.now)

    @invariant()
    def one_arrangement_is_in_force_and_the_replay_is_the_identity(self) -> None:
        if not hasattr(self, "book"):
            return
        state = state_of(self.loan, self.now)
        assert state_of(loan_from_json(loan_to_json(self.loan)), self.now) == state
        promises = [
            a
            for a in state.arrangements
            if a.state is ArrangementState.ACTIVE and KINDS[a.kind].binding is Binding.PROMISE
        ]
        assert len(promises) <= 1
        status = status_of(self.loan, self.now)
        assert status.settled == (not status.open_rows)
        assert status.due.total <= sum(row.open.total for row in status.open_rows)


TestLifeOfALoan = LifeOfALoan.TestCase
TestLifeOfALoan.settings = settings(
    max_examples=examples(60), stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
