"""Where a loan stands: 12,000 yuan in 12 rows of 1,000 at 0.05 % a day; three rows were paid on their days.

Row 4 bears the interest of its month on 9,000, row 5 on 8,000, and so on; penalty interest is 0.075 % a day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timezone
from decimal import Decimal

import pytest

from kuanxin.servicing.model import Allocation, Amounts, Component, PaymentStatus, Rounding
from kuanxin.servicing.state import state_of
from kuanxin.servicing.status import status_of
from tests.servicing.books import NOW, SHANGHAI, a_loan, a_loan_of, a_payment, at, days

PENDING, FAILED = PaymentStatus.PENDING, PaymentStatus.FAILED


@pytest.mark.parametrize(
    ("loan", "late", "principal", "interest", "penalty", "a_day", "next_due", "rows"),
    [
        # due in 5 days; due today; 3, 41, 95 days past due (one, two, four rows); everything paid
        (a_loan(due_in=5), 0, 0, 0, 0, 0, "2026-11-28", 9),
        (a_loan(due_in=0), 0, 1_000_00, 139_50, 0, 75, "2026-11-23", 9),
        (a_loan(days_past_due=3), 3, 1_000_00, 139_50, 2_25, 75, "2026-12-20", 9),
        (a_loan(days_past_due=41), 41, 2_000_00, 135_00 + 124_00, 30_75 + 7_50, 1_50, "2026-12-13", 9),
        (a_loan(days_past_due=95), 95, 4_000_00, 461_50, 71_25 + 48_00 + 25_50 + 2_25, 3_00, "2026-12-20", 9),
        (a_loan(days_past_due=3, paid_rows=12), 0, 0, 0, 0, 0, None, 0),
    ],
)
def test_what_is_due(loan, late, principal, interest, penalty, a_day, next_due, rows) -> None:
    status = status_of(loan, NOW)
    assert status.days_past_due == late
    assert status.due == Amounts(principal, interest, penalty)
    assert status.penalty_per_day == a_day
    assert (status.next_due and status.next_due.due_date.isoformat()) == next_due
    assert len(status.open_rows) == rows
    assert status.settled == (not rows)
    assert status.overdue_since == (days(-late) if late else None)


class TestOutstanding:
    def test_a_loan_not_yet_due_is_settled_with_interest_to_today(self) -> None:
        """Row 3 was due on 28 October: 26 days of 9,000 at 0.05 %."""
        assert status_of(a_loan(due_in=5), NOW).outstanding == Amounts(9_000_00, 26 * 4_50)

    def test_a_loan_past_due_is_settled_with_penalty_interest_and_no_interest_twice(self) -> None:
        """Due on 20 November: its own month on 9,000, then 3 days of 8,000; the overdue 1,000 bear penalty interest."""
        outstanding = status_of(a_loan(days_past_due=3), NOW).outstanding
        assert outstanding == Amounts(9_000_00, 139_50 + 3 * 4_00, 2_25)

    def test_a_settled_loan_owes_nothing(self) -> None:
        status = status_of(a_loan(paid_rows=12), NOW)
        assert (status.outstanding, status.due, status.credit) == (Amounts(), Amounts(), 0)

    def test_fees_of_rows_not_yet_due_are_not_part_of_it(self) -> None:
        loan = a_loan(due_in=5)
        loan = replace(loan, instalments=tuple(replace(r, fees=10_00 if r.number > 3 else 0) for r in loan.instalments))
        assert status_of(loan, NOW).outstanding.fees == 0
        assert status_of(loan, at(5)).outstanding.fees == 10_00


class TestPayments:
    def test_paid_in_part_late(self) -> None:
        """600 yuan a day late: 0.75 of penalty interest and 139.50 of interest first, 459.75 of principal.

        Today: 540.25 for 3 days and 459.75 for 1 day make 1.5604; 0.75 of it was paid.
        """
        status = status_of(a_loan(days_past_due=3, payments=(a_payment(600_00, days(-2)),)), NOW)
        assert status.due == Amounts(540_25, 0, 81)
        assert status.open_rows[0].paid == Amounts(459_75, 139_50, 75)
        assert status.penalty_per_day == 41

    def test_paid_early_is_credit_that_the_row_takes_on_its_day(self) -> None:
        loan = a_loan(due_in=5, payments=(a_payment(500_00, days(-3)),))
        today = status_of(loan, NOW)
        assert today.credit == 500_00
        assert today.due == Amounts()
        assert today.next_due.open == Amounts(639_50, 0), "the interest of the row is covered first"
        on_the_day = status_of(loan, at(5))
        assert (on_the_day.credit, on_the_day.due) == (0, Amounts(639_50))
        assert status_of(loan, at(6)).due == Amounts(639_50, 0, 48), "0.075 % of 639.50, never of what was paid"

    def test_paid_too_much_goes_to_the_rows_after_it(self) -> None:
        loan = a_loan(days_past_due=3, payments=(a_payment(1_141_75 + 1_120_00 + 50_00, NOW.replace(hour=9)),))
        status = status_of(loan, NOW)
        assert (status.due, status.days_past_due) == (Amounts(), 0)
        assert status.next_due.number == 6
        assert status.next_due.paid == Amounts(0, 50_00)

    def test_more_than_everything_stays_visible_as_credit(self) -> None:
        loan = a_loan(paid_rows=12, payments=(a_payment(77_00, days(-1)),))
        assert status_of(loan, NOW).settled
        assert status_of(loan, NOW).credit == 77_00

    def test_paid_twice_on_one_day(self) -> None:
        twice = (a_payment(1_139_50, days(-3), 8), a_payment(1_139_50, days(-3), 9))
        status = status_of(a_loan(days_past_due=3, payments=twice), NOW)
        assert status.days_past_due == 0
        assert status.credit == 1_139_50
        assert status.next_due.number == 6, "20 December is covered by the second one"

    def test_posted_late_counts_on_the_day_it_was_made(self) -> None:
        """On time but posted today: as if nothing had been late. Until it is posted, it is shown as on its way."""
        payment = a_payment(1_139_50, days(-3))
        waiting = a_loan(days_past_due=3, payments=(replace(payment, status=PENDING),))
        assert status_of(waiting, NOW).due.total == 1_141_75
        assert [p.amount for p in status_of(waiting, NOW).pending] == [1_139_50]
        posted = a_loan(days_past_due=3, payments=(payment,))
        assert status_of(posted, NOW).due == Amounts()
        assert status_of(posted, NOW).pending == ()

    def test_a_failed_payment_counts_for_nothing(self) -> None:
        loan = a_loan(days_past_due=3, payments=(a_payment(1_139_50, days(-3), 0, FAILED),))
        assert status_of(loan, NOW).due == status_of(a_loan(days_past_due=3), NOW).due

    @pytest.mark.parametrize(
        ("paid_at", "due"),
        [
            (datetime.combine(days(-3), time(23, 59), SHANGHAI), Amounts()),
            (datetime.combine(days(-2), time(0, 1), SHANGHAI), Amounts(75)),  # a day's penalty interest was paid first
        ],
    )
    def test_a_day_ends_at_midnight_in_shanghai_whatever_zone_the_moment_is_written_in(self, paid_at, due) -> None:
        loan = a_loan(days_past_due=3, payments=(a_payment(1_139_50, paid_at.astimezone(timezone.utc)),))
        assert status_of(loan, NOW).due == due
        assert status_of(loan, NOW.astimezone(timezone.utc)).due == due

    def test_a_payment_after_the_moment_that_is_asked_about_is_not_seen(self) -> None:
        loan = a_loan(days_past_due=3, payments=(a_payment(1_141_75, at(0, 15)),))
        assert status_of(loan, NOW).due.total == 1_141_75
        assert status_of(loan, at(0, 16)).due.total == 0


class TestTheOrderOfRepayment:
    """Two rows are past due, 41 and 10 days: 1,000 + 135.00 + 30.75 and 1,000 + 124.00 + 7.50. 200 yuan arrive."""

    @pytest.mark.parametrize(
        ("direction", "first", "second"),
        [
            (Allocation.BY_INSTALMENT, Amounts(34_25, 135_00, 30_75), Amounts()),
            (Allocation.BY_COMPONENT, Amounts(0, 135_00, 30_75), Amounts(0, 26_75, 7_50)),
        ],
    )
    def test_down_a_row_or_across_the_rows(self, direction: Allocation, first: Amounts, second: Amounts) -> None:
        loan = a_loan(days_past_due=41, payments=(a_payment(200_00, at(0, 9)),), allocation=direction)
        rows = status_of(loan, NOW).open_rows
        assert (rows[0].paid, rows[1].paid) == (first, second)

    def test_in_the_order_of_the_contract(self) -> None:
        principal_first = (Component.PRINCIPAL, Component.INTEREST, Component.PENALTY, Component.FEES)
        payments = (a_payment(1_050_00, at(0, 9)),)
        loan = a_loan(days_past_due=3, payments=payments, repayment_order=principal_first)
        assert status_of(loan, NOW).due == Amounts(0, 89_50, 2_25)


class TestContractTerms:
    def test_within_the_grace_days_there_is_no_penalty_interest_after_them_there_is_all_of_it(self) -> None:
        loan = a_loan(due_in=0, grace_days=3)
        assert [status_of(loan, at(n)).due.penalty for n in (0, 1, 3, 4)] == [0, 0, 0, 3_00]
        assert [status_of(loan, at(n)).penalty_per_day for n in (0, 2, 3, 4)] == [0, 0, 75, 75]

    def test_what_is_paid_within_the_grace_days_stays_free_of_it(self) -> None:
        """639.50 of principal is paid on day 2; after day 3 only the other 360.50 bear it, from the due date."""
        loan = a_loan(due_in=0, grace_days=3, payments=(a_payment(779_00, days(2)),))
        assert status_of(loan, at(4)).due == Amounts(360_50, 0, 1_08)

    @pytest.mark.parametrize(("rounding", "penalty"), [(Rounding.HALF_UP, 13), (Rounding.HALF_EVEN, 12)])
    def test_a_half_fen_is_rounded_as_the_contract_says(self, rounding: Rounding, penalty: int) -> None:
        """10 yuan 16 days late at 0.05 % x 1.5625: 12.5 fen."""
        uplift = Decimal("0.5625")
        loan = a_loan_of((days(-16), 10_00, 0), lent_on=days(-47), penalty_uplift=uplift, rounding=rounding)
        assert status_of(loan, NOW).due.penalty == penalty

    def test_penalty_interest_of_a_row_is_added_up_unrounded(self) -> None:
        """5.90 yuan a day late are 0.4425 fen: nothing each, 1.3275 together."""
        principal_first = (Component.PRINCIPAL, Component.INTEREST, Component.PENALTY, Component.FEES)
        loan = a_loan_of((days(-1), 17_70, 0), lent_on=days(-32), repayment_order=principal_first)
        parts = tuple(a_payment(5_90, at(0, 9), n) for n in range(3))
        assert status_of(replace(loan, payments=parts), NOW).due == Amounts(0, 0, 1)


def test_the_state_is_derived_for_any_moment_and_leaves_the_loan_alone() -> None:
    loan = a_loan(days_past_due=41)
    copy = replace(loan)
    assert [status_of(loan, at(n)).days_past_due for n in (-50, -41, -40, 0, 10)] == [0, 0, 1, 41, 51]
    assert state_of(loan, NOW) == state_of(loan, NOW)
    assert loan == copy


def test_rows_may_be_listed_in_any_order() -> None:
    loan = a_loan_of(
        (date(2026, 12, 20), 500_00, 5_00), (date(2026, 11, 20), 500_00, 10_00), lent_on=date(2026, 10, 20)
    )
    assert status_of(loan, NOW).due == Amounts(500_00, 10_00, 1_13)
