"""Every kind of help as a loan officer reads it: the loan and the request on top, the payments below.

The loan, unless a test says otherwise: 12,000 yuan in 12 rows of 1,000, 0.05 % a day, penalty interest 0.075 % a day,
three rows paid on their days. Today is 23 November 2026.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from kuanxin.servicing.model import Amounts, DayBasis, Loan, Method, ReliefKind
from kuanxin.servicing.money import yuan
from kuanxin.servicing.offers import offer
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
from tests.servicing.books import EQUAL_INSTALMENT, NOW, TODAY, a_loan, a_loan_of, a_payment, days, the_policy
from tests.servicing.tables import rows, squeezed

D = date.fromisoformat


def quoted(loan: Loan, request: ReliefRequest, **policy: object) -> Quote:
    found = offer(loan, the_policy(**policy), request, NOW)
    assert isinstance(found, Quote), found
    return found


def refused(loan: Loan, request: ReliefRequest, **policy: object) -> Refusal:
    found = offer(loan, the_policy(**policy), request, NOW)
    assert isinstance(found, Refusal), found
    assert found.reason.endswith("如果您觉得这样不合适，可以请同事人工看一下。")
    return found


def payments(quote: Quote, first: int | None = None) -> str:
    """One line a payment: number, day, principal, interest, penalty interest, fees, total; the total of all below."""
    lines = [(str(r.number), r.due_date.isoformat(), r.amounts) for r in quote.rows[:first]]
    if first is None:
        lines.append(("", "total", quote.total))
    return "\n".join(
        " ".join(
            [
                n,
                on,
                yuan(a.principal),
                yuan(a.interest),
                yuan(a.penalty),
                *([yuan(a.fees)] if a.fees else []),
                yuan(a.total),
            ]
        ).strip()
        for n, on, a in lines
    )


class TestPromiseToPay:
    """约定还款."""

    def test_all_that_is_due_on_a_day(self) -> None:
        """3 days past due; paid in 5 days: 8 days of penalty interest at 0.75. The other rows stay as they are."""
        quote = quoted(a_loan(days_past_due=3), PromiseToPay(days(5)))
        assert squeezed(payments(quote, first=3)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-11-28    1000.00   139.50    6.00   1145.50
            2  2026-12-20    1000.00   120.00    0.00   1120.00
            3  2027-01-20    1000.00   108.50    0.00   1108.50
            """
        )
        assert quote.facts["amount"] == 1_145_50
        assert not quote.needs_person
        assert quote.apr is None, "nothing is spread"

    def test_a_part_of_it_leaves_the_rest_overdue(self) -> None:
        """200 yuan cover penalty interest, interest, and 54.50 of principal; the rest comes with the next row.

        945.50 overdue for 22 more days at 0.075 % are 15.60.
        """
        quote = quoted(a_loan(days_past_due=3), PromiseToPay(days(5), 200_00))
        assert squeezed(payments(quote, first=2)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-11-28      54.50   139.50    6.00    200.00
            2  2026-12-20    1945.50   120.00   15.60   2081.10
            """
        )

    def test_a_row_that_falls_due_before_the_day_is_part_of_it(self) -> None:
        loan = a_loan_of((days(-20), 300_00, 9_00), (days(4), 300_00, 4_50), lent_on=days(-50))
        assert quoted(loan, PromiseToPay(days(6))).rows[0].amounts == Amounts(600_00, 13_50, 5_85 + 45)

    def test_never_more_than_is_due(self) -> None:
        assert quoted(a_loan(days_past_due=3), PromiseToPay(TODAY, 9_999_00)).facts["amount"] == 1_141_75

    @pytest.mark.parametrize(
        ("loan", "request_", "rule", "limits"),
        [
            (a_loan(due_in=5), PromiseToPay(days(6)), "days_past_due", {"least": 1}),
            (a_loan(days_past_due=91), PromiseToPay(days(3)), "days_past_due", {"most": 90}),
            (a_loan(days_past_due=3), PromiseToPay(days(8)), "max_days_ahead", {"latest": days(7)}),
            (a_loan(days_past_due=3), PromiseToPay(days(-1)), "on", {"earliest": TODAY, "latest": days(7)}),
            (a_loan(days_past_due=3), PromiseToPay(days(1), 99), "min_amount", {"least": 1_00}),
            (a_loan(days_past_due=3), PromiseToPay(days(1), 0), "min_amount", {"least": 1_00}),
            (a_loan(paid_rows=12), PromiseToPay(days(1)), "settled", {}),
        ],
    )
    def test_what_is_refused(self, loan, request_, rule, limits) -> None:
        refusal = refused(loan, request_)
        assert (refusal.rule, refusal.limits) == (f"promise_to_pay.{rule}", limits)


class TestExtension:
    """延期（缓缴）."""

    def test_past_due_interest_runs_and_penalty_interest_stops(self) -> None:
        """3 days past due, to 5 December: 2.25 of penalty interest so far, 12 days of interest on 1,000 are 6.00."""
        quote = quoted(a_loan(days_past_due=3), Extension(days(12)))
        assert squeezed(payments(quote, first=2)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-05    1000.00   145.50    2.25   1147.75
            2  2026-12-20    1000.00   120.00    0.00   1120.00
            """
        )
        assert (quote.facts["from"], quote.facts["to"]) == ("2026-11-20", "2026-12-05")
        assert (quote.total.total, quote.total_if_paid_now, quote.total_if_nothing) == (9_692_25, 9_686_25, 9_695_25)
        assert quote.apr < Decimal("0.2")

    @pytest.mark.parametrize(
        ("policy", "first"),
        [
            ({"penalty": "stops", "interest": "runs"}, Amounts(1_000_00, 145_50, 2_25)),
            ({"penalty": "stops", "interest": "paused"}, Amounts(1_000_00, 139_50, 2_25)),
            ({"penalty": "runs", "interest": "runs"}, Amounts(1_000_00, 139_50, 11_25)),
            ({"penalty": "runs", "interest": "paused"}, Amounts(1_000_00, 139_50, 11_25)),
        ],
    )
    def test_what_runs_meanwhile_is_the_bank_s_choice(self, policy: dict, first: Amounts) -> None:
        """Penalty interest takes the place of interest on overdue principal: only one of them runs at a time."""
        assert quoted(a_loan(days_past_due=3), Extension(days(12)), extension=policy).rows[0].amounts == first

    @pytest.mark.parametrize(("late", "penalty"), [(2, 0), (5, 7 * 75)])
    def test_grace_days_are_given_once(self, late: int, penalty: int) -> None:
        """Where penalty interest runs on, 2 days after it began it is that of all days; within the grace days none."""
        loan = a_loan(days_past_due=late, grace_days=5 if not penalty else 3)
        quote = quoted(loan, Extension(days(2)), extension={"penalty": "runs"})
        assert quote.rows[0].amounts.penalty == penalty

    def test_not_past_due_the_next_row_moves_and_its_days_bear_interest(self) -> None:
        """Due on 28 November, to 5 December: 7 days of 1,000 are 3.50. There is no penalty interest."""
        quote = quoted(a_loan(due_in=5), Extension(days(12)))
        assert squeezed(payments(quote, first=2)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-05    1000.00   143.00    0.00   1143.00
            2  2026-12-28    1000.00   120.00    0.00   1120.00
            """
        )

    def test_due_today(self) -> None:
        assert quoted(a_loan(due_in=0), Extension(days(4))).rows[0].amounts == Amounts(1_000_00, 141_50)

    def test_everything_past_due_moves_and_what_falls_due_before_the_new_day_with_it(self) -> None:
        """41 days: rows of 13 October and 13 November, and with 15 December also that of 13 December."""
        until_5, until_15 = (quoted(a_loan(days_past_due=41), Extension(days(n))).rows for n in (12, 22))
        assert until_5[0].amounts == Amounts(2_000_00, 259_00 + 12_00, 38_25)
        assert until_15[0].due_date == D("2026-12-15")
        assert until_15[0].amounts == Amounts(3_000_00, 259_00 + 22_00 + 105_00 + 1_00, 38_25)

    def test_money_already_received_for_the_next_row_counts(self) -> None:
        """500 early: taken on the due day, so that 639.50 bear interest for 7 days."""
        loan = a_loan(due_in=5, payments=(a_payment(500_00, days(-3)),))
        assert quoted(loan, Extension(days(12))).rows[0].amounts == Amounts(639_50, 2_24)

    @pytest.mark.parametrize(
        ("loan", "to", "rule", "limits"),
        [
            (a_loan(days_past_due=61), 3, "days_past_due", {"most": 60}),
            (a_loan(days_past_due=3), 31, "days_ahead.past_due", {"latest": days(30)}),
            (a_loan(days_past_due=3), 0, "to", {"earliest": days(1), "latest": days(30)}),
            (a_loan(due_in=5), 16, "days_ahead.not_past_due", {"latest": days(15)}),
            (a_loan(due_in=5), 5, "to", {"earliest": days(6), "latest": days(15)}),
            (a_loan(due_in=20), 25, "days_ahead.not_past_due", {"due": days(20)}),
        ],
    )
    def test_what_is_refused(self, loan, to, rule, limits) -> None:
        refusal = refused(loan, Extension(days(to)))
        assert (refusal.rule, refusal.limits) == (f"extension.{rule}", limits)


class TestReInstalment:
    """重新分期."""

    def test_the_arrears_over_three_rows_beside_the_contract(self) -> None:
        """41 days: 2000.00 of principal; 259.00 of interest and 38.25 of penalty interest are split.

        2000.00 from 23 November bear 20 days (20.00), 1333.33 bear 31 days (20.67), 666.66 bear 31 days (10.33).
        """
        quote = quoted(a_loan(days_past_due=41), ReInstalment(3, "arrears"))
        assert squeezed(payments(quote, first=4)) == rows(
            """
            nr due         principal  interest penalty     total
            1  2026-12-13    1666.67    211.33   12.75   1890.75
            2  2027-01-13    1666.67    200.00   12.75   1879.42
            3  2027-02-13    1666.66    174.17   12.75   1853.58
            4  2027-03-13    1000.00     56.00    0.00   1056.00
            """
        )

    def test_the_whole_balance_over_six_rows(self) -> None:
        """3 days: 9,000 of principal; 139.50, 12.00 (3 days of 8,000) and 2.25 of penalty interest are split.

        9,000 for 27 days are 121.50, 7,500 for 31 days 116.25, and so on.
        """
        quote = quoted(a_loan(days_past_due=3), ReInstalment(6))
        assert squeezed(payments(quote)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-20    1500.00   146.75    0.38   1647.13
            2  2027-01-20    1500.00   141.50    0.38   1641.88
            3  2027-02-20    1500.00   118.25    0.38   1618.63
            4  2027-03-20    1500.00    88.25    0.38   1588.63
            5  2027-04-20    1500.00    71.75    0.38   1572.13
            6  2027-05-20    1500.00    47.75    0.35   1548.10
               total         9000.00   614.25    2.25   9616.50
            """
        )
        assert quote.facts["charges_carried"] == 153_75

    def test_as_equal_instalments(self) -> None:
        quote = quoted(a_loan(days_past_due=3), ReInstalment(12, method=EQUAL_INSTALMENT))
        assert {row.amounts.total for row in quote.rows[:-1]} <= {837_54, 837_53, 837_55}
        assert quote.total.principal == 9_000_00

    def test_charges_on_the_first_row(self) -> None:
        quote = quoted(a_loan(days_past_due=3), ReInstalment(6), re_instalment={"charges": "first_row"})
        assert quote.rows[0].amounts == Amounts(1_500_00, 121_50 + 151_50, 2_25)
        assert quote.rows[1].amounts == Amounts(1_500_00, 116_25)
        assert quote.total.total == 9_616_50, "where they stand changes no total"

    def test_charges_bear_no_interest_unless_the_policy_says_so(self) -> None:
        """153.75 of charges count with the principal: 27 days of 9153.75 are 123.58, 2.08 more."""
        quote = quoted(a_loan(days_past_due=3), ReInstalment(6), re_instalment={"charges_bear_interest": True})
        assert squeezed(payments(quote, first=2)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-20    1371.88   275.08    2.25   1649.21
            2  2027-01-20    1525.63   118.24    0.00   1643.87
            """
        )
        assert quote.total.principal == 9_000_00

    def test_old_rows_keep_what_was_paid_on_them(self) -> None:
        """600 was paid late on the overdue row: 459.75 of principal stays there, 8540.25 moves."""
        loan = a_loan(days_past_due=3, payments=(a_payment(600_00, days(-2)),))
        quote = quoted(loan, ReInstalment(6))
        assert quote.total.principal == 8_540_25
        assert quote.facts["change"]["opening"]["principal"] == 8_540_25

    def test_money_received_early_pays_the_first_of_the_new_rows(self) -> None:
        loan = a_loan(due_in=5, payments=(a_payment(500_00, days(-3)),))
        with_, without = quoted(loan, ReInstalment(6)), quoted(a_loan(due_in=5), ReInstalment(6))
        assert without.rows[0].amounts.total - with_.rows[0].amounts.total == 500_00
        assert with_.rows[1:] == without.rows[1:]

    def test_the_first_day_may_be_chosen(self) -> None:
        quote = quoted(a_loan(days_past_due=3), ReInstalment(3, first_due=D("2026-12-12")))
        assert [row.due_date for row in quote.rows] == [D("2026-12-12"), D("2027-01-12"), D("2027-02-12")]

    def test_a_loan_due_at_the_month_s_end_stays_there(self) -> None:
        loan = a_loan_of((D("2026-10-31"), 300_00, 5_00), (D("2026-11-30"), 300_00, 4_50), lent_on=D("2026-09-30"))
        assert [row.due_date.day for row in quoted(loan, ReInstalment(4)).rows] == [30, 31, 31, 28]
        quote = quoted(loan, ReInstalment(4, first_due=D("2026-12-15")))
        assert [row.due_date.day for row in quote.rows] == [15] * 4

    def test_a_loan_past_its_last_row_goes_on_on_its_day_of_the_month(self) -> None:
        loan = a_loan(days_past_due=41, rows=4)
        assert quoted(loan, ReInstalment(3)).rows[0].due_date == D("2026-12-13")

    def test_long_past_due_a_person_decides(self) -> None:
        assert not quoted(a_loan(days_past_due=90), ReInstalment(6)).needs_person
        quote = quoted(a_loan(days_past_due=91), ReInstalment(6))
        assert (quote.needs_person, quote.facts["person"]) == (True, "person_when.days_past_due_over")

    @pytest.mark.parametrize(
        ("loan", "request_", "rule", "limits"),
        [
            (a_loan(days_past_due=3), ReInstalment(2), "rows", {"min_rows": 3, "max_rows": 24}),
            (a_loan(days_past_due=3), ReInstalment(25), "rows", {"min_rows": 3, "max_rows": 24}),
            (a_loan(due_in=5), ReInstalment(6, "arrears"), "scopes", {"scopes": ["balance"]}),
            (
                a_loan(days_past_due=3),
                ReInstalment(6, first_due=days(46)),
                "first_due_within_days",
                {"earliest": days(1), "latest": days(45)},
            ),
            (
                a_loan(days_past_due=3, method=EQUAL_INSTALMENT),
                ReInstalment(6, method=Method.EQUAL_PRINCIPAL),
                "methods",
                {"method": "equal_instalment"},
            ),
        ],
    )
    def test_what_is_refused(self, loan, request_, rule, limits) -> None:
        refusal = refused(loan, request_)
        assert (refusal.rule, refusal.limits) == (f"re_instalment.{rule}", limits)


class TestReducedInterim:
    """阶段性少还."""

    def test_less_for_three_months_then_the_rest(self) -> None:
        """400 a month: first the interest of the month (121.50), then 153.75 of charges, then principal."""
        quote = quoted(a_loan(days_past_due=3), ReducedInterim(400_00, 3))
        assert squeezed(payments(quote, first=4)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-20     124.75   273.00    2.25    400.00
            2  2027-01-20     262.43   137.57    0.00    400.00
            3  2027-02-20     266.50   133.50    0.00    400.00
            4  2027-03-20     695.53   116.85    0.00    812.38
            """
        )
        assert len(quote.rows) == 3 + 12
        assert quote.total.principal == 9_000_00
        assert quote.facts["rest_from"] == "2027-03-20"

    def test_the_debt_never_grows_meanwhile(self) -> None:
        """The dearest of the three months is one of 31 days: 139.50 on 9,000."""
        refusal = refused(a_loan(days_past_due=3), ReducedInterim(139_49, 3))
        assert (refusal.rule, refusal.limits) == ("reduced_interim.min_monthly", {"lowest_monthly": 139_50})
        assert quoted(a_loan(days_past_due=3), ReducedInterim(139_50, 3)).rows[0].amounts.total == 139_50

    def test_too_much_to_be_called_less(self) -> None:
        assert refused(a_loan(days_past_due=3), ReducedInterim(9_500_00, 3)).rule == "reduced_interim.months"

    @pytest.mark.parametrize(
        ("months", "limit", "person"),
        [(3, None, None), (4, None, "person_when.months_over"), (3, 900_00, None), (3, 812_37, "limit")],
    )
    def test_who_decides(self, months: int, limit: int | None, person: str | None) -> None:
        quote = quoted(a_loan(days_past_due=3), ReducedInterim(400_00, months, limit))
        assert quote.facts.get("person") == person
        assert quote.needs_person == bool(person)

    def test_no_longer_than_the_policy_allows(self) -> None:
        assert refused(a_loan(days_past_due=3), ReducedInterim(400_00, 7)).limits == {"max_months": 6}


class TestDueDateChange:
    """更改还款日."""

    def test_later_in_the_month(self) -> None:
        """From the 28th to the 12th: the next row moves 14 days to 12 December; 45 days of 9,000 are 202.50.

        Principal stays on its rows; 12 December to 12 January are 31 days of 8,000: 124.00.
        """
        quote = quoted(a_loan(due_in=5), DueDateChange(12))
        assert squeezed(payments(quote, first=3)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-12    1000.00   202.50    0.00   1202.50
            2  2027-01-12    1000.00   124.00    0.00   1124.00
            3  2027-02-12    1000.00   108.50    0.00   1108.50
            """
        )
        assert len(quote.rows) == 9

    def test_in_the_same_month(self) -> None:
        quote = quoted(a_loan_of((D("2026-12-05"), 300_00, 4_50), lent_on=D("2026-11-05")), DueDateChange(20))
        assert [(row.due_date, row.amounts) for row in quote.rows] == [(D("2026-12-20"), Amounts(300_00, 6_75))]

    def test_what_is_due_today_moves_too(self) -> None:
        """Its own month is over (139.50); 19 days more of 9,000 are 85.50."""
        quote = quoted(a_loan(due_in=0), DueDateChange(12))
        assert (quote.rows[0].due_date, quote.rows[0].amounts) == (D("2026-12-12"), Amounts(1_000_00, 225_00))

    @pytest.mark.parametrize("principal", range(30_001, 30_040))
    def test_the_running_month_is_rounded_once(self, principal: int) -> None:
        """From 28 October to 12 December, 45 days at 0.05 %."""
        loan = a_loan_of((D("2026-11-28"), principal, 4_50), lent_on=D("2026-10-28"))
        interest = int(Fraction(principal * 45 * 5, 10_000) + Fraction(1, 2))
        assert quoted(loan, DueDateChange(12)).rows[0].amounts == Amounts(principal, interest)

    def test_month_ends(self) -> None:
        due = (D("2026-11-30"), 100_00, 6_00), (D("2026-12-31"), 100_00, 4_65)
        due += (D("2027-01-31"), 100_00, 3_10), (D("2027-02-28"), 100_00, 1_40)
        loan = a_loan_of(*due, lent_on=D("2026-10-31"))
        moved = [row.due_date.isoformat() for row in quoted(loan, DueDateChange(28)).rows]
        assert moved == ["2026-12-28", "2027-01-28", "2027-02-28", "2027-03-28"]

    @pytest.mark.parametrize(
        ("loan", "day", "rule"),
        [
            (a_loan(days_past_due=1), 12, "days_past_due"),
            (a_loan(due_in=5), 29, "days"),
            (a_loan(due_in=5), 0, "days"),
            (a_loan(due_in=5), 28, "day"),
        ],
    )
    def test_what_is_refused(self, loan, day, rule) -> None:
        assert refused(loan, DueDateChange(day)).rule == f"due_date_change.{rule}"


class TestPenaltyWaiver:
    """罚息减免."""

    def test_penalty_interest_so_far_is_waived_if_the_rest_of_the_arrears_is_paid(self) -> None:
        """41 days: 38.25 so far. By 7 December another 14 days of 2,000 make 21.00, which are not waived."""
        quote = quoted(a_loan(days_past_due=41), PenaltyWaiver())
        assert squeezed(payments(quote, first=2)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-12-07    2000.00   259.00   21.00   2280.00
            2  2026-12-13    1000.00   105.00    0.00   1105.00
            """
        )
        assert quote.needs_person
        assert (quote.facts["waived"], quote.facts["until"]) == (38_25, "2026-12-07")

    def test_a_part_of_it(self) -> None:
        quote = quoted(a_loan(days_past_due=41), PenaltyWaiver(35_00))
        assert quote.rows[0].amounts.penalty == 21_00 + 3_25

    def test_no_more_than_the_share_that_the_policy_allows(self) -> None:
        quote = quoted(a_loan(days_past_due=41), PenaltyWaiver(), penalty_waiver={"max_share": "0.5"})
        assert quote.facts["waived"] == 19_12

    def test_within_the_grace_days_there_is_nothing_to_waive(self) -> None:
        assert refused(a_loan(days_past_due=2, grace_days=3), PenaltyWaiver()).rule == "penalty_waiver.penalty"


class TestPartialPayment:
    """部分还款."""

    def test_what_it_covers_and_what_is_left(self) -> None:
        quote = quoted(a_loan(days_past_due=3), PartialPayment(500_00, TODAY))
        assert quote.rows[0].amounts == Amounts(358_25, 139_50, 2_25)
        assert quote.facts["left"] == 641_75
        assert quote.owed_now == Amounts(1_000_00, 139_50, 2_25)

    def test_it_is_compared_with_doing_nothing_until_what_it_leaves_is_paid(self) -> None:
        """With row 2, on 20 December: 27 days of penalty interest less on 358.25 of principal, at 0.075 % a day."""
        quote = quoted(a_loan(days_past_due=3), PartialPayment(500_00, TODAY))
        assert quote.nothing_until == quote.rows[1].due_date == date(2026, 12, 20)
        assert quote.total_if_nothing - quote.total.total == 7_25
        whole = quoted(a_loan(days_past_due=3), PartialPayment(1_141_75, TODAY))
        assert (whole.nothing_until, whole.total_if_nothing) == (TODAY, whole.total.total)

    def test_more_than_is_due_goes_to_the_next_row(self) -> None:
        quote = quoted(a_loan(days_past_due=3), PartialPayment(1_200_00, TODAY))
        assert quote.facts["left"] == 0
        assert quote.rows[1].amounts.total == 1_120_00 - (1_200_00 - 1_141_75)

    def test_no_more_than_settles_everything(self) -> None:
        assert refused(a_loan(days_past_due=3), PartialPayment(9_153_75, TODAY)).limits == {"most": 9_153_75}
        assert quoted(a_loan(days_past_due=3), PartialPayment(9_153_74, TODAY))


class TestEarlySettlement:
    """提前结清."""

    def test_interest_to_the_day_and_nothing_after_it(self) -> None:
        """27 days of 9,000 since 28 October are 121.50; the contract would have taken 684.00."""
        quote = quoted(a_loan(due_in=5), EarlySettlement(days(1)))
        assert squeezed(payments(quote)) == rows(
            """
            nr due         principal interest penalty     total
            1  2026-11-24    9000.00   121.50    0.00   9121.50
               total         9000.00   121.50    0.00   9121.50
            """
        )
        assert quote.total_if_paid_now == 9_684_00

    def test_with_arrears(self) -> None:
        quote = quoted(a_loan(days_past_due=3), EarlySettlement(TODAY))
        assert quote.total == Amounts(9_000_00, 139_50 + 12_00, 2_25)

    def test_the_fee_of_the_contract(self) -> None:
        quote = quoted(a_loan(due_in=5, settlement_fee_rate=Decimal("0.01")), EarlySettlement(TODAY))
        assert quote.total.fees == 90_00

    def test_money_already_received_counts(self) -> None:
        loan = a_loan(due_in=5, payments=(a_payment(500_00, days(-3)),))
        assert quoted(loan, EarlySettlement(days(1))).total.total == 8_621_50

    def test_ten_days_of_ten_thousand(self) -> None:
        """The bank's own published example: 10,000 for 10 days at 9 % a year on 360 days cost 25.00."""
        loan = a_loan_of((days(20), 10_000_00, 75_00), lent_on=days(-10), annual_rate=Decimal("0.09"))
        assert quoted(loan, EarlySettlement(TODAY)).total == Amounts(10_000_00, 25_00)

    def test_it_stands_until_the_end_of_the_day(self) -> None:
        assert quoted(a_loan(due_in=5), EarlySettlement(days(1))).expires_at.isoformat() == "2026-11-24T00:00:00+08:00"

    def test_not_after_the_next_due_date(self) -> None:
        assert quoted(a_loan(due_in=5), EarlySettlement(days(5))).total.principal == 9_000_00
        refusal = refused(a_loan(due_in=5), EarlySettlement(days(6)))
        assert (refusal.rule, refusal.limits["latest"]) == ("early_settlement.on", days(5))


class TestRulesOfAllKinds:
    @pytest.mark.parametrize("kind", list(ReliefKind))
    def test_a_product_without_the_kind(self, kind: ReliefKind) -> None:
        requests = {
            ReliefKind.PROMISE_TO_PAY: PromiseToPay(days(3)),
            ReliefKind.EXTENSION: Extension(days(3)),
            ReliefKind.RE_INSTALMENT: ReInstalment(6),
            ReliefKind.REDUCED_INTERIM: ReducedInterim(400_00, 3),
            ReliefKind.DUE_DATE_CHANGE: DueDateChange(5),
            ReliefKind.PENALTY_WAIVER: PenaltyWaiver(),
            ReliefKind.PARTIAL_PAYMENT: PartialPayment(100_00, TODAY),
            ReliefKind.EARLY_SETTLEMENT: EarlySettlement(TODAY),
        }
        products = {"default": {"relief": [], "payment_methods": [{"name": "柜台", "how": "到网点还"}]}}
        assert refused(a_loan(days_past_due=3), requests[kind], products=products).rule == f"{kind.value}.product"
        assert refused(a_loan(paid_rows=12), requests[kind]).rule == f"{kind.value}.settled"

    def test_no_offer_costs_more_a_year_than_the_cap(self) -> None:
        """Contract interest at 0.05 % a day is about 19.8 % a year; where penalty interest runs on, it is more."""
        refusal = refused(a_loan(days_past_due=3), ReInstalment(6), apr_cap="0.19")
        assert refusal.rule == "apr_cap"
        assert Decimal("0.19") < refusal.limits["apr"] < Decimal("0.2")
        one_row = a_loan(days_past_due=3, rows=4)
        assert quoted(one_row, Extension(days(20)))
        assert refused(one_row, Extension(days(20)), extension={"penalty": "runs"}).rule == "apr_cap"

    @pytest.mark.parametrize("basis", list(DayBasis))
    def test_on_every_day_basis_what_is_agreed_repays_the_principal(self, basis: DayBasis) -> None:
        loan = a_loan(days_past_due=3, day_basis=basis)
        for request in (Extension(days(9)), ReInstalment(6), ReducedInterim(400_00, 3), EarlySettlement(TODAY)):
            assert quoted(loan, request).total.principal == 9_000_00

    def test_fees_of_the_schedule_move_with_their_rows(self) -> None:
        plan = ((days(5), 300_00, 13_50), (days(35), 300_00, 9_00), (days(66), 300_00, 4_65))
        loan = a_loan_of(*plan, lent_on=days(-25))
        loan = replace(loan, instalments=tuple(replace(row, fees=50) for row in loan.instalments))
        for request in (Extension(days(9)), DueDateChange(12), ReInstalment(3), ReducedInterim(50_00, 3)):
            total = quoted(loan, request).total
            assert (total.principal, total.fees) == (900_00, 1_50)
        assert quoted(loan, EarlySettlement(TODAY)).total == Amounts(900_00, 11_25), "none of them is due yet"

    def test_loans_without_interest_cost_nothing(self) -> None:
        loan = a_loan(due_in=5, annual_rate=Decimal(0))
        quote = quoted(loan, ReInstalment(6))
        assert (quote.total, quote.apr) == (Amounts(9_000_00), Decimal(0))


def test_what_is_offered_is_compared_with_paying_today_and_with_doing_nothing() -> None:
    """6 rows instead of 9: less interest than the contract; doing nothing until 20 May adds penalty interest."""
    quote = quoted(a_loan(days_past_due=3), ReInstalment(6))
    assert quote.nothing_until == quote.rows[-1].due_date
    assert (
        quote.total_if_paid_now
        == 1_141_75 + 1_120_00 + 1_108_50 + 1_093_00 + 1_070_00 + 1_062_00 + 1_045_00 + 1_031_00 + 1_015_00
    )
    overdue_days = sum((quote.nothing_until - date(2026, 11, 20)).days - gap for gap in (0, 30, 61, 92, 120, 151, 181))
    assert quote.total_if_nothing == quote.total_if_paid_now - 2_25 + overdue_days * 75


def test_two_loans_of_one_borrower_are_quoted_apart() -> None:
    one, two = a_loan(days_past_due=3), a_loan(days_past_due=3, id="L002")
    first, second = quoted(one, Extension(days(5))), quoted(two, Extension(days(5)))
    assert first.hash != second.hash
    assert replace(first, hash="", loan_id="") == replace(second, hash="", loan_id="")
