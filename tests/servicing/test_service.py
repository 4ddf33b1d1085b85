"""Use cases over a loan book: asking, offering, agreeing, deciding, undoing, and what becomes of an arrangement."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from kuanxin.servicing.model import Amounts, ArrangementState, PaymentStatus, ReliefKind
from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    Extension,
    PartialPayment,
    PenaltyWaiver,
    PromiseToPay,
    Quote,
    ReducedInterim,
    Refusal,
    ReInstalment,
    ReliefRequest,
)
from kuanxin.servicing.service import NotUndoable, QuoteStale, Servicing
from kuanxin.servicing.state import due_transitions, state_of
from tests.servicing.books import BORROWER, NOW, TODAY, MemoryBook, a_loan, at, days, servicing, the_policy

ACTIVE, KEPT, BROKEN = ArrangementState.ACTIVE, ArrangementState.KEPT, ArrangementState.BROKEN


def quoted(desk: Servicing, request: ReliefRequest, now=NOW, loan: str = "L001") -> Quote:
    quote = desk.quote(BORROWER, loan, request, now)
    assert isinstance(quote, Quote), quote
    return quote


def agreed(desk: Servicing, request: ReliefRequest, now=NOW, loan: str = "L001"):
    return desk.commit(BORROWER, quoted(desk, request, now, loan).hash, now, "确认")


def state_on(desk: Servicing, n: int, arrangement=0) -> ArrangementState:
    """What has become of an arrangement `n` days from today."""
    return desk.arrangements(BORROWER, at(n))[arrangement].state


class TestAsking:
    def test_loans_in_arrears_come_first_settled_ones_last(self) -> None:
        desk = servicing(
            a_loan(paid_rows=12, id="settled"),
            a_loan(due_in=20, id="later"),
            a_loan(days_past_due=3, id="late"),
            a_loan(due_in=5, id="soon"),
            a_loan(days_past_due=41, id="latest"),
        )
        assert [s.loan.id for s in desk.statuses(BORROWER, NOW)] == ["latest", "late", "soon", "later", "settled"]
        assert desk.statuses("B404", NOW) == ()

    def test_a_foreign_loan_is_not_found(self) -> None:
        desk = servicing(a_loan(), a_loan(id="L900", borrower="B002"))
        for ask in (
            lambda: desk.status(BORROWER, "L900", NOW),
            lambda: desk.quote(BORROWER, "L900", Extension(days(3)), NOW),
            lambda: desk.later_date(BORROWER, "L900", days(3), NOW),
            lambda: desk.plans(BORROWER, "L900", NOW),
            lambda: desk.plans_within(BORROWER, "L900", 500_00, NOW),
            lambda: desk.undo(BORROWER, "L900", "A1", NOW, ""),
        ):
            with pytest.raises(LoanNotFound):
                ask()


class TestLaterDate:
    """ "能不能晚几天": the kind that fits the loan and the day."""

    @pytest.mark.parametrize(
        ("late", "due_in", "on", "kind"),
        [
            (0, 5, 9, ReliefKind.EXTENSION),
            (0, 0, 2, ReliefKind.EXTENSION),
            (3, 0, 0, ReliefKind.PROMISE_TO_PAY),
            (3, 0, 7, ReliefKind.PROMISE_TO_PAY),
            (3, 0, 8, ReliefKind.EXTENSION),
            (41, 0, 30, ReliefKind.EXTENSION),
            (85, 0, 7, ReliefKind.PROMISE_TO_PAY),
        ],
    )
    def test_offered(self, late: int, due_in: int, on: int, kind: ReliefKind) -> None:
        loan = a_loan(days_past_due=late) if late else a_loan(due_in=due_in)
        offered = servicing(loan).later_date(BORROWER, "L001", days(on), NOW)
        assert isinstance(offered, Quote)
        assert offered.kind is kind
        assert offered.rows[0].due_date == days(on)

    @pytest.mark.parametrize(
        ("late", "on", "rule", "latest"),
        [
            (3, 31, "extension.days_ahead.past_due", 30),
            (85, 8, "promise_to_pay.max_days_ahead", 7),
            (0, 16, "extension.days_ahead.not_past_due", 15),
        ],
    )
    def test_refused_with_the_latest_day_that_is_possible(self, late: int, on: int, rule: str, latest: int) -> None:
        loan = a_loan(days_past_due=late) if late else a_loan(due_in=5)
        refusal = servicing(loan).later_date(BORROWER, "L001", days(on), NOW)
        assert isinstance(refusal, Refusal)
        assert (refusal.rule, refusal.limits["latest"]) == (rule, days(latest))

    def test_too_long_past_due_for_either(self) -> None:
        refusal = servicing(a_loan(days_past_due=95)).later_date(BORROWER, "L001", days(3), NOW)
        assert isinstance(refusal, Refusal)
        assert refusal.rule == "promise_to_pay.days_past_due"

    def test_a_bank_without_extensions(self) -> None:
        products = {"default": {"relief": ["promise_to_pay"], "payment_methods": []}}
        desk = servicing(a_loan(days_past_due=3), products=products)
        assert desk.later_date(BORROWER, "L001", days(7), NOW).kind is ReliefKind.PROMISE_TO_PAY
        assert desk.later_date(BORROWER, "L001", days(8), NOW).limits == {"latest": days(7)}


class TestPlans:
    def test_a_few_typical_ones_cheapest_first(self) -> None:
        plans = servicing(a_loan(days_past_due=3)).plans(BORROWER, "L001", NOW)
        assert [len(plan.rows) for plan in plans] == [3, 6, 12]
        assert [plan.total.total for plan in plans] == sorted(plan.total.total for plan in plans)

    def test_a_refusal_is_said_once(self) -> None:
        (refusal,) = servicing(a_loan(paid_rows=12)).plans(BORROWER, "L001", NOW)
        assert refusal.rule == "re_instalment.settled"

    def test_each_can_be_agreed_to(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        for plan in desk.plans(BORROWER, "L001", NOW):
            assert desk.book.quote(BORROWER, plan.hash) == plan


class TestPlansWithin:
    """ "一个月只能还500": never a payment above what can be paid."""

    def test_what_fits_cheapest_first(self) -> None:
        fitting = servicing(a_loan(days_past_due=3)).plans_within(BORROWER, "L001", 1_000_00, NOW)
        assert [(len(q.rows), q.request.method.value, q.monthly) for q in fitting.quotes] == [
            (10, "equal_instalment", 990_59),
            (11, "equal_principal", 958_97),
            (11, "equal_instalment", 907_13),
        ]
        assert fitting.nearest is None

    @pytest.mark.parametrize(("monthly", "rows"), [(990_59, 10), (990_58, 11)])
    def test_to_the_fen(self, monthly: int, rows: int) -> None:
        fitting = servicing(a_loan(days_past_due=3)).plans_within(BORROWER, "L001", monthly, NOW)
        assert len(fitting.quotes[0].rows) == rows

    def test_not_one_row_less_would_have_fitted(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        fitting = desk.plans_within(BORROWER, "L001", 1_000_00, NOW)
        for quote in fitting.quotes[:2]:
            shorter = quoted(desk, replace(quote.request, rows=quote.request.rows - 1))
            assert shorter.monthly > 1_000_00

    def test_due_two_days_after_payday(self) -> None:
        fitting = servicing(a_loan(days_past_due=3)).plans_within(BORROWER, "L001", 1_000_00, NOW, payday=10)
        assert {row.due_date.day for quote in fitting.quotes for row in quote.rows} == {12}
        assert fitting.quotes[0].rows[0].due_date == days(19)

    def test_nothing_fits_but_less_for_some_months_does(self) -> None:
        fitting = servicing(a_loan(days_past_due=3)).plans_within(BORROWER, "L001", 200_00, NOW)
        assert (fitting.quotes, fitting.limit) == ((), 200_00)
        nearest = fitting.nearest
        assert nearest.kind is ReliefKind.REDUCED_INTERIM
        assert [row.amounts.total for row in nearest.rows[:3]] == [200_00] * 3
        assert nearest.needs_person, "what comes after is above the limit: a person looks at it"
        assert fitting.lowest > 200_00

    def test_not_even_the_interest_fits(self) -> None:
        fitting = servicing(a_loan(days_past_due=3)).plans_within(BORROWER, "L001", 100_00, NOW)
        assert fitting.quotes == ()
        assert isinstance(fitting.nearest, Refusal)
        assert fitting.nearest.limits == {"lowest_monthly": fitting.lowest}
        assert "人工" in fitting.nearest.reason

    def test_what_forbids_plans_forbids_these_too(self) -> None:
        fitting = servicing(a_loan(paid_rows=12)).plans_within(BORROWER, "L001", 500_00, NOW)
        assert (fitting.quotes, fitting.nearest.rule) == ((), "re_instalment.settled")


class TestConsent:
    def test_is_to_exactly_one_quote_and_once(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, Extension(days(12)))
        first = desk.commit(BORROWER, quote.hash, NOW, "可以，就这样")
        again = desk.commit(BORROWER, quote.hash, at(0, 11), "确认")
        assert (first.state, first.quote, again) == (ACTIVE, quote, first)
        (event,) = desk.book.loans["L001"].events
        assert (event.kind, event.at, event.quote_hash) == ("committed", NOW, quote.hash)
        assert event.policy_version == desk.policy.version == quote.policy_version
        assert event.data["consent"] == "可以，就这样"

    def test_an_offer_changes_nothing_an_agreement_does(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        before = desk.status(BORROWER, "L001", NOW)
        quote = quoted(desk, Extension(days(12)))
        assert desk.status(BORROWER, "L001", NOW) == before
        desk.commit(BORROWER, quote.hash, NOW, "确认")
        after = desk.status(BORROWER, "L001", NOW)
        assert (after.days_past_due, after.due, after.penalty_per_day) == (0, Amounts(), 0)
        assert (after.next_due.due_date, after.next_due.open) == (days(12), quote.rows[0].amounts)
        assert after.arrangement.id == desk.arrangements(BORROWER, NOW)[0].id

    def test_an_instalment_put_off_to_the_day_of_another_is_told_together_with_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        other = desk.status(BORROWER, "L001", NOW).open_rows[1].due_date
        quote = quoted(desk, Extension(other))
        desk.commit(BORROWER, quote.hash, NOW, "确认")
        after = desk.status(BORROWER, "L001", NOW)
        assert [row.due_date for row in after.open_rows[:2]] == [other, other]
        assert after.next_open.total == sum(row.amounts.total for row in quote.rows if row.due_date == other)

    def test_to_somebody_else_s_offer_is_not_found(self) -> None:
        desk = servicing(a_loan(days_past_due=3), a_loan(days_past_due=3, id="L900", borrower="B002"))
        quote = quoted(desk, Extension(days(12)))
        with pytest.raises(LoanNotFound):
            desk.commit("B002", quote.hash, NOW, "确认")
        with pytest.raises(LoanNotFound):
            desk.commit(BORROWER, "0" * 64, NOW, "确认")
        assert desk.book.loans["L001"].events == ()

    def test_a_later_consent_keeps_the_figures_of_the_offer(self) -> None:
        """Two days of penalty interest more, but the offer stood open 72 hours."""
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, Extension(days(12)))
        desk.commit(BORROWER, quote.hash, at(2), "确认")
        assert desk.status(BORROWER, "L001", at(2)).next_due.open == quote.rows[0].amounts

    @pytest.mark.parametrize("hours", [72, 73, 24 * 30])
    def test_an_offer_that_expired_is_made_again(self, hours: int) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, ReInstalment(6))
        later = NOW + timedelta(hours=hours)
        with pytest.raises(QuoteStale) as stale:
            desk.commit(BORROWER, quote.hash, later, "确认")
        fresh = stale.value.fresh
        assert (fresh.request, fresh.as_of) == (quote.request, later)
        assert desk.book.loans["L001"].events == ()
        assert desk.commit(BORROWER, fresh.hash, later, "确认").quote == fresh

    def test_one_minute_before_it_expires_it_stands(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, ReInstalment(6))
        assert desk.commit(BORROWER, quote.hash, NOW + timedelta(hours=71, minutes=59), "确认").state is ACTIVE

    def test_a_day_that_has_passed_is_not_agreed_to(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, PromiseToPay(days(1)))
        with pytest.raises(QuoteStale) as stale:
            desk.commit(BORROWER, quote.hash, at(2), "确认")
        assert stale.value.fresh.rule == "promise_to_pay.on"

    def test_by_a_clock_that_was_set_back_the_figures_of_a_later_day_are_not_agreed_to(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, ReInstalment(6), at(1))
        with pytest.raises(QuoteStale) as stale:
            desk.commit(BORROWER, quote.hash, NOW, "确认")
        assert stale.value.fresh.as_of == NOW
        seconds = timedelta(seconds=10)  # two machines
        assert desk.commit(BORROWER, quote.hash, at(1) - seconds, "确认").state is ACTIVE

    def test_by_a_clock_that_was_set_back_nothing_is_agreed_twice(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, ReInstalment(6), at(1))
        again = quoted(desk, ReInstalment(6))
        with pytest.raises(BookUnavailable):
            desk.commit(BORROWER, again.hash, NOW, "确认")
        assert len(desk.book.loans["L001"].events) == 1

    def test_after_a_payment_the_offer_is_made_again(self) -> None:
        for paid_on in (at(0, 12), at(-1)):
            desk = servicing(a_loan(days_past_due=3))
            quote = quoted(desk, Extension(days(12)))
            desk.book.pay("L001", 300_00, paid_on)
            with pytest.raises(QuoteStale) as stale:
                desk.commit(BORROWER, quote.hash, at(0, 13), "确认")
            assert stale.value.fresh.rows[0].amounts.total < quote.rows[0].amounts.total

    def test_an_offer_of_the_afternoon_knows_the_payment_of_noon(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        desk.book.pay("L001", 300_00, at(0, 13))
        quote = quoted(desk, PromiseToPay(TODAY), at(0, 15))
        assert quote.total_if_nothing == quote.total_if_paid_now == quote.total.total
        desk.book.pay("L001", 100_00, at(0, 16))
        with pytest.raises(QuoteStale):
            desk.commit(BORROWER, quote.hash, at(0, 17), "确认")

    def test_what_was_built_on_an_extension_is_offered_anew_once_that_was_not_kept(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(1)))
        plan = quoted(desk, ReInstalment(6), at(0, 11))
        with pytest.raises(QuoteStale) as stale:
            desk.commit(BORROWER, plan.hash, at(2), "确认")
        assert stale.value.fresh.owed_now.penalty == 5 * 75

    def test_under_another_policy_the_offer_is_made_again(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        quote = quoted(desk, Extension(days(12)))
        tomorrow = Servicing(desk.book, the_policy(extension={"penalty": "runs"}))
        with pytest.raises(QuoteStale) as stale:
            tomorrow.commit(BORROWER, quote.hash, NOW, "确认")
        assert stale.value.fresh.policy_version == tomorrow.policy.version

    def test_of_two_offers_on_one_loan_one_is_agreed_to(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        extension, plan = quoted(desk, Extension(days(12))), quoted(desk, ReInstalment(6))
        desk.commit(BORROWER, extension.hash, NOW, "确认")
        with pytest.raises(QuoteStale):
            desk.commit(BORROWER, plan.hash, NOW, "确认")
        assert [event.quote_hash for event in desk.book.loans["L001"].events] == [extension.hash]

    def test_also_when_both_consents_arrive_at_the_same_moment(self) -> None:
        """The second reads the loan before the first writes: the book refuses it, the service makes a new offer."""

        class SlowBook(MemoryBook):
            def __init__(self, *loans) -> None:
                super().__init__(*loans)
                self.both_have_read = threading.Barrier(2, timeout=10)
                self.lock = threading.Lock()

            def append(self, loan, events):
                self.both_have_read.wait()
                with self.lock:
                    return super().append(loan, events)

        desk = Servicing(SlowBook(a_loan(days_past_due=3)), the_policy())
        offers = [quoted(desk, Extension(days(12))), quoted(desk, ReInstalment(6))]
        outcomes = []

        def consent(quote: Quote) -> None:
            try:
                outcomes.append(desk.commit(BORROWER, quote.hash, NOW, "确认").state)
            except QuoteStale:
                outcomes.append("stale")

        threads = [threading.Thread(target=consent, args=(quote,)) for quote in offers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes, key=str) == [ACTIVE, "stale"]
        assert len(desk.book.loans["L001"].events) == 1

    def test_the_same_consent_twice_at_the_same_moment_is_one(self) -> None:
        class RacedBook(MemoryBook):
            raced = False

            def append(self, loan, events):
                if not self.raced:
                    self.raced = True
                    super().append(loan, events)
                    raise LoanChanged(loan.id)
                return super().append(loan, events)

        desk = Servicing(RacedBook(a_loan(days_past_due=3)), the_policy())
        assert agreed(desk, Extension(days(12))).state is ACTIVE
        assert len(desk.book.loans["L001"].events) == 1


class TestAPromise:
    """1145.50 by 28 November, 3 days past due."""

    @pytest.mark.parametrize(
        ("payments", "on_the_day", "the_day_after"),
        [
            ([], ACTIVE, BROKEN),
            ([(3, 1_145_50)], KEPT, KEPT),
            ([(5, 1_145_50)], KEPT, KEPT),
            ([(6, 1_145_50)], ACTIVE, BROKEN),
            ([(1, 500_00), (5, 645_50)], KEPT, KEPT),
            ([(1, 500_00)], ACTIVE, BROKEN),
            ([(1, 1_143_25)], ACTIVE, KEPT),  # less, because paid sooner: nothing is due on the day
        ],
    )
    def test_kept_or_broken(self, payments, on_the_day, the_day_after) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5)))
        for n, amount in payments:
            desk.book.pay("L001", amount, at(n, 15))
        assert state_on(desk, 6) is the_day_after
        loan = desk.book.loans["L001"]
        assert state_of(loan, at(5, 23)).arrangements[0].state is on_the_day

    def test_money_on_its_way_is_not_called_broken(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5)))
        desk.book.pay("L001", 1_145_50, at(5), PaymentStatus.PENDING)
        assert state_on(desk, 7) is ACTIVE
        loan = desk.book.loans["L001"]
        failed = replace(loan, payments=(*loan.payments[:-1], replace(loan.payments[-1], status=PaymentStatus.FAILED)))
        assert state_of(failed, at(7)).arrangements[0].state is BROKEN

    def test_it_leaves_the_schedule_and_penalty_interest_as_they_are(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        before = desk.status(BORROWER, "L001", at(4))
        agreed(desk, PromiseToPay(days(5)))
        after = desk.status(BORROWER, "L001", at(4))
        assert (after.due, after.open_rows, after.days_past_due) == (before.due, before.open_rows, 7)

    def test_broken_shows_while_something_is_overdue_and_not_for_ever(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5)))
        assert desk.status(BORROWER, "L001", at(6)).arrangement.state is BROKEN
        desk.book.pay("L001", 1_200_00, at(7))
        assert desk.status(BORROWER, "L001", at(8)).arrangement is None

    def test_a_new_one_takes_its_place_and_says_so(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        first = agreed(desk, PromiseToPay(days(2)))
        second = quoted(desk, PromiseToPay(days(6)), at(1))
        assert second.facts["replaces"] == {"id": first.id, "kind": "promise_to_pay"}
        desk.commit(BORROWER, second.hash, at(1), "确认")
        assert [a.state for a in desk.arrangements(BORROWER, at(3))] == [ArrangementState.REPLACED, ACTIVE]

    def test_kept_it_stays_kept_whatever_is_agreed_after_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5), 200_00))
        desk.book.pay("L001", 200_00, at(2))
        plan = quoted(desk, ReInstalment(6), at(3))
        assert "replaces" not in plan.facts
        desk.commit(BORROWER, plan.hash, at(3), "确认")
        assert [a.state for a in desk.arrangements(BORROWER, at(4))] == [KEPT, ACTIVE]

    def test_who_broke_several_talks_to_a_person(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        for n in (0, 2, 4):
            assert agreed(desk, PromiseToPay(days(n)), at(n)).state is ACTIVE
        assert [a.state for a in desk.arrangements(BORROWER, at(5))] == [BROKEN] * 3
        fourth = quoted(desk, PromiseToPay(days(7)), at(6))
        assert fourth.facts["person"] == "person_when.broken_in_12_months_over"


class TestAnExtension:
    """To 5 December, 1147.75: 2.25 of penalty interest and 6.00 of interest."""

    def test_kept(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        assert desk.status(BORROWER, "L001", at(11)).due == Amounts()
        assert desk.status(BORROWER, "L001", at(12)).due.total == 1_147_75
        desk.book.pay("L001", 1_147_75, at(12, 22))
        after = desk.status(BORROWER, "L001", at(13))
        assert (state_on(desk, 13), after.due, after.days_past_due) == (KEPT, Amounts(), 0)
        assert after.next_due.due_date == days(27)

    def test_paid_sooner_it_costs_less(self) -> None:
        """After 4 days only 2.00 of interest have run."""
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        desk.book.pay("L001", 1_143_75, at(4))
        assert (state_on(desk, 4), desk.status(BORROWER, "L001", at(13)).days_past_due) == (KEPT, 0)

    def test_not_kept_it_is_as_if_it_had_never_been(self) -> None:
        desk, without = servicing(a_loan(days_past_due=3)), servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        broken, never = desk.status(BORROWER, "L001", at(13)), without.status(BORROWER, "L001", at(13))
        assert state_on(desk, 13) is BROKEN
        assert (broken.due, broken.days_past_due) == (never.due, 16)
        assert broken.due.penalty == 16 * 75
        assert broken.arrangement.state is BROKEN

    def test_paid_in_part_it_is_not_kept_and_what_was_paid_counts_from_its_day(self) -> None:
        desk, without = servicing(a_loan(days_past_due=3)), servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        for one in (desk, without):
            one.book.pay("L001", 600_00, at(5))
        assert desk.status(BORROWER, "L001", at(13)).due == without.status(BORROWER, "L001", at(13)).due

    def test_it_stands_while_its_payment_is_on_its_way(self) -> None:
        """Its interest ends on its day; from then on the row bears penalty interest, as any row."""
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        desk.book.pay("L001", 1_147_75, at(12), PaymentStatus.PENDING)
        assert state_on(desk, 14) is ACTIVE
        assert desk.status(BORROWER, "L001", at(14)).due == Amounts(1_000_00, 145_50, 2_25 + 2 * 75)

    def test_a_payment_that_was_posted_late_saves_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        assert state_on(desk, 13) is BROKEN
        desk.record_transitions(BORROWER, "L001", at(13))
        desk.book.pay("L001", 1_147_75, at(12))
        assert state_on(desk, 14) is KEPT
        assert [event.kind for event in due_transitions(desk.book.loans["L001"], at(14))] == ["kept"]

    def test_a_payment_from_before_the_agreement_makes_it_smaller(self) -> None:
        """300 of two days ago are posted after the consent: the same request on what was really owed."""
        desk, known = servicing(a_loan(days_past_due=3)), servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        desk.book.pay("L001", 300_00, at(-2))
        known.book.pay("L001", 300_00, at(-2))
        agreed(known, Extension(days(12)))
        late, at_once = (one.status(BORROWER, "L001", at(1)) for one in (desk, known))
        assert late.open_rows == at_once.open_rows
        assert late.next_due.open.principal == 1_000_00 - 159_75

    def test_two_in_twelve_months(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(2)))
        agreed(desk, Extension(days(5)), at(3))
        refusal = desk.quote(BORROWER, "L001", Extension(days(9)), at(6))
        assert refusal.rule == "extension.at_most"
        assert refusal.limits["again"].isoformat() == "2027-11-23"

    def test_once_a_month_means_again_on_the_same_day_of_the_next(self) -> None:
        desk = servicing(a_loan(days_past_due=3), extension={"at_most": {"times": 1, "in_months": 1}})
        agreed(desk, Extension(days(2)))
        assert desk.quote(BORROWER, "L001", Extension(days(33)), at(29)).limits["again"] == days(30)
        assert isinstance(desk.quote(BORROWER, "L001", Extension(days(33)), at(30)), Quote)

    def test_nothing_may_be_built_on_it_that_the_policy_does_not_name(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(12)))
        refusal = desk.quote(BORROWER, "L001", PenaltyWaiver(), NOW)
        assert refusal.rule == "penalty_waiver.days_past_due", "while it is kept, nothing is past due"
        assert isinstance(desk.quote(BORROWER, "L001", ReducedInterim(400_00, 3), NOW), Quote)
        desk = servicing(a_loan(days_past_due=3), reduced_interim={"replaces": []})
        running = agreed(desk, Extension(days(12)))
        refusal = desk.quote(BORROWER, "L001", ReducedInterim(400_00, 3), NOW)
        assert (refusal.rule, refusal.limits) == ("reduced_interim.replaces", {"in_force": running.id})
        assert "延期还款" in refusal.reason

    def test_less_a_month_after_it_begins_on_the_day_that_it_moved_to(self) -> None:
        """Also where that day comes before today's day of the month and after the loan's own (20, 23, 30)."""
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, Extension(days(7)))
        quote = quoted(desk, ReducedInterim(400_00, 3))
        assert [(row.due_date.month, row.due_date.day) for row in quote.rows[:4]] == [
            (11, 30),
            (12, 30),
            (1, 30),
            (2, 28),
        ]
        refusal = desk.quote(BORROWER, "L001", ReducedInterim(1, 3), NOW)
        assert refusal.limits == {"lowest_monthly": 139_50}, "31 days on 9,000"

    def test_where_a_due_date_change_may_follow_no_day_is_counted_twice(self) -> None:
        """The same rows as without the extension between."""
        loan, wanted = a_loan(due_in=5), DueDateChange(25)
        desk = servicing(loan, due_date_change={"replaces": ["extension"]})
        agreed(desk, Extension(days(10)))
        assert quoted(desk, wanted).rows == quoted(servicing(loan), wanted).rows

    def test_of_what_was_past_due_its_own_principal_bears_the_days_that_are_added(self) -> None:
        """To 25 December: 1000.00 for 32 days (16.00) beside 139.50 and 2.25; the next row 8000.00 for 35 days."""
        desk = servicing(a_loan(days_past_due=3), due_date_change={"replaces": ["extension"]})
        agreed(desk, Extension(days(12)))
        first, second, *_ = quoted(desk, DueDateChange(25)).rows
        assert (first.due_date, first.amounts) == (days(32), Amounts(2_000_00, 155_50 + 140_00, 2_25))
        assert (second.due_date, second.amounts) == (days(63), Amounts(1_000_00, 108_50))


class TestAPlan:
    """Six rows over the balance from 20 December: 1647.13, then 1641.88."""

    def test_a_missed_instalment_is_seen_and_the_plan_goes_on(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, ReInstalment(6))
        assert state_on(desk, 27) is ACTIVE
        missed = desk.status(BORROWER, "L001", at(28))
        assert (missed.arrangement.state, missed.days_past_due) == (BROKEN, 1)
        assert missed.due == Amounts(1_500_00, 146_75, 38 + 1_13)
        desk.book.pay("L001", missed.due.total, at(28))
        assert state_on(desk, 28) is ACTIVE

    def test_kept_when_its_last_row_is_paid(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        plan = agreed(desk, ReInstalment(6)).quote
        for row in plan.rows:
            desk.book.pay("L001", row.amounts.total, row.due_date)
        assert desk.status(BORROWER, "L001", at(200)).settled
        assert state_on(desk, 200) is KEPT

    def test_an_extension_of_one_row_is_built_on_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, ReInstalment(6))
        on_top = quoted(desk, Extension(days(30)), at(25))
        assert "replaces" not in on_top.facts, "the plan goes on"
        desk.commit(BORROWER, on_top.hash, at(25), "确认")
        assert [a.state for a in desk.arrangements(BORROWER, at(26))] == [ACTIVE, ACTIVE]
        desk.book.pay("L001", on_top.rows[0].amounts.total, at(30))
        after = desk.status(BORROWER, "L001", at(31))
        assert after.arrangement.kind is ReliefKind.RE_INSTALMENT

    def test_a_second_plan_takes_its_place_where_the_policy_allows_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3), re_instalment={"replaces": ["re_instalment"]})
        agreed(desk, ReInstalment(6))
        agreed(desk, ReInstalment(12), at(1))
        states = [a.state for a in desk.arrangements(BORROWER, at(2))]
        assert states == [ArrangementState.REPLACED, ACTIVE]
        assert len(desk.status(BORROWER, "L001", at(2)).open_rows) == 12
        assert sum(row.open.principal for row in desk.status(BORROWER, "L001", at(2)).open_rows) == 9_000_00


class TestASettlement:
    def test_paid_that_day_the_loan_is_settled(self) -> None:
        desk = servicing(a_loan(due_in=5))
        quote = agreed(desk, EarlySettlement(days(1))).quote
        desk.book.pay("L001", quote.total.total, at(1))
        assert desk.status(BORROWER, "L001", at(2)).settled
        assert state_on(desk, 2) is KEPT

    def test_not_paid_the_contract_goes_on(self) -> None:
        desk, without = servicing(a_loan(due_in=5)), servicing(a_loan(due_in=5))
        agreed(desk, EarlySettlement(days(1)))
        assert desk.status(BORROWER, "L001", at(2)).open_rows == without.status(BORROWER, "L001", at(2)).open_rows
        assert state_on(desk, 2) is BROKEN

    def test_of_a_plan_what_was_carried_into_it_is_not_forgotten(self) -> None:
        """153.75 of old interest and penalty interest stand on the rows of the plan; one day of 9,000 is 4.50."""
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, ReInstalment(6))
        settled = quoted(desk, EarlySettlement(days(1)), at(1))
        assert settled.total == Amounts(9_000_00, 151_50 + 4_50, 2_25)
        assert settled.total == desk.status(BORROWER, "L001", at(1)).outstanding


class TestAPartialPayment:
    def test_kept_and_broken(self) -> None:
        for amount, outcome in ((500_00, KEPT), (499_99, BROKEN)):
            desk = servicing(a_loan(days_past_due=3))
            agreed(desk, PartialPayment(500_00, days(2)))
            desk.book.pay("L001", amount, at(1))
            assert state_on(desk, 3) is outcome


class TestAPersonDecides:
    """A waiver of 38.25; 41 days past due."""

    def request(self) -> tuple[Servicing, str]:
        desk = servicing(a_loan(days_past_due=41))
        arrangement = agreed(desk, PenaltyWaiver())
        assert arrangement.state is ArrangementState.REQUESTED
        return desk, arrangement.id

    def test_until_then_nothing_changes(self) -> None:
        desk, _ = self.request()
        assert desk.status(BORROWER, "L001", NOW).due.penalty == 38_25
        assert desk.status(BORROWER, "L001", NOW).arrangement.state is ArrangementState.REQUESTED

    def test_approved_it_counts_from_the_day_of_the_quote(self) -> None:
        desk, id = self.request()
        assert desk.decide(BORROWER, "L001", id, True, "staff-7", "首次逾期", at(2)).state is ACTIVE
        assert desk.status(BORROWER, "L001", at(2)).due.penalty == 2 * 1_50
        event = desk.book.loans["L001"].events[-1]
        assert (event.kind, event.data) == ("decided", {"approved": True, "by": "staff-7", "reason": "首次逾期"})
        assert desk.decide(BORROWER, "L001", id, True, "staff-7", "首次逾期", at(3)).state is ACTIVE
        assert len(desk.book.loans["L001"].events) == 2

    def test_the_condition_is_kept_or_the_penalty_interest_is_back(self) -> None:
        for paid, outcome, penalty in ((2_280_00, KEPT, 0), (1_000_00, BROKEN, None)):
            desk, id = self.request()
            desk.decide(BORROWER, "L001", id, True, "staff-7", "", at(1))
            desk.book.pay("L001", paid, at(14))
            assert state_on(desk, 15) is outcome
            if penalty is None:
                without = servicing(a_loan(days_past_due=41))
                without.book.pay("L001", paid, at(14))
                assert desk.status(BORROWER, "L001", at(15)).due == without.status(BORROWER, "L001", at(15)).due
            else:
                assert desk.status(BORROWER, "L001", at(15)).due == Amounts()

    def test_refused(self) -> None:
        desk, id = self.request()
        assert desk.decide(BORROWER, "L001", id, False, "staff-7", "不符合", NOW).state is ArrangementState.REFUSED
        assert desk.status(BORROWER, "L001", NOW).due.penalty == 38_25
        with pytest.raises(NotUndoable, match="refused"):
            desk.decide(BORROWER, "L001", id, True, "staff-8", "", NOW)

    def test_a_promise_meanwhile_does_not_lose_the_request(self) -> None:
        desk, _ = self.request()
        agreed(desk, PromiseToPay(days(3)), at(0, 11))
        assert [a.state for a in desk.arrangements(BORROWER, at(1))] == [ArrangementState.REQUESTED, ACTIVE]

    def test_a_plan_meanwhile_takes_its_place(self) -> None:
        desk, id = self.request()
        plan = quoted(desk, ReInstalment(6), at(0, 11))
        assert plan.facts["replaces"]["id"] == id
        desk.commit(BORROWER, plan.hash, at(0, 11), "确认")
        assert state_on(desk, 1) is ArrangementState.REPLACED

    def test_too_late_for_its_first_payment_a_new_offer_is_needed(self) -> None:
        desk = servicing(a_loan(days_past_due=95))
        id = agreed(desk, ReInstalment(6)).id
        with pytest.raises(QuoteStale):
            desk.decide(BORROWER, "L001", id, True, "staff-7", "", at(30))


class TestUndo:
    def test_restores_what_was_and_keeps_the_record(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        before = desk.status(BORROWER, "L001", at(1))
        id = agreed(desk, ReInstalment(6)).id
        desk.undo(BORROWER, "L001", id, at(1), "客户改主意")
        after = desk.status(BORROWER, "L001", at(1))
        assert (after.due, after.open_rows, after.arrangement) == (before.due, before.open_rows, None)
        assert [event.kind for event in desk.book.loans["L001"].events] == ["committed", "undone"]
        assert state_on(desk, 1) is ArrangementState.UNDONE

    def test_what_was_replaced_is_in_force_again(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5)))
        second = agreed(desk, Extension(days(12)), at(1))
        desk.undo(BORROWER, "L001", second.id, at(2), "弄错了")
        assert state_on(desk, 2) is ACTIVE

    def test_what_something_was_built_on_is_not_undone_before_it(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        first = agreed(desk, Extension(days(12)))
        second = agreed(desk, ReInstalment(6), at(1))
        with pytest.raises(NotUndoable, match=second.id):
            desk.undo(BORROWER, "L001", first.id, at(2), "")
        desk.undo(BORROWER, "L001", second.id, at(2), "")
        desk.undo(BORROWER, "L001", first.id, at(2), "")
        assert desk.status(BORROWER, "L001", at(2)).days_past_due == 5

    def test_of_what_was_never_agreed(self) -> None:
        with pytest.raises(LoanNotFound):
            servicing(a_loan()).undo(BORROWER, "L001", "A404", NOW, "")


class TestTheRecord:
    def test_each_fact_is_written_once(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        promise = agreed(desk, PromiseToPay(days(5)))
        assert desk.record_transitions(BORROWER, "L001", at(5)) == ()
        (event,) = desk.record_transitions(BORROWER, "L001", at(6))
        assert (event.kind, event.arrangement_id, event.data) == ("broken", promise.id, {"on": "2026-11-28"})
        assert desk.record_transitions(BORROWER, "L001", at(7)) == ()

    def test_each_missed_instalment_is_a_fact_of_its_own(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, ReInstalment(6))
        assert [e.data["on"] for e in desk.record_transitions(BORROWER, "L001", at(28))] == ["2026-12-20"]
        assert [e.data["on"] for e in desk.record_transitions(BORROWER, "L001", at(60))] == ["2027-01-20"]

    def test_what_was_broken_does_not_depend_on_having_been_written_down(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(days(5)))
        seen = desk.status(BORROWER, "L001", at(9)).arrangement
        desk.record_transitions(BORROWER, "L001", at(9))
        assert desk.status(BORROWER, "L001", at(9)).arrangement == seen

    def test_arrangements_without_a_moment_are_those_of_the_last_thing_known(self) -> None:
        desk = servicing(a_loan(days_past_due=3))
        agreed(desk, PromiseToPay(TODAY))
        assert [a.state for a in desk.arrangements(BORROWER)] == [ACTIVE]
        desk.book.pay("L001", 1_141_75, at(0, 20))
        assert [a.state for a in desk.arrangements(BORROWER)] == [KEPT]
