"""Why an offer is what it is: figures that compare, sentences for a borrower, every step for staff."""

from __future__ import annotations

import re

import pytest

from kuanxin.servicing.explain import derivation, explain, explain_for_borrower, why_not
from kuanxin.servicing.model import Amounts, DayBasis
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
    ReInstalment,
)
from tests.servicing.books import BORROWER, NOW, a_loan, a_payment, at, days, servicing, the_policy

LATE, AHEAD = a_loan(days_past_due=3), a_loan(due_in=5)


def quoted(loan, request, **policy) -> Quote:
    found = offer(loan, the_policy(**policy), request, NOW)
    assert isinstance(found, Quote), found
    return found


ALL = [
    (LATE, PromiseToPay(days(5))),
    (LATE, Extension(days(12))),
    (LATE, ReInstalment(6)),
    (LATE, ReducedInterim(400_00, 3)),
    (AHEAD, DueDateChange(12)),
    (LATE, PenaltyWaiver()),
    (LATE, PartialPayment(500_00, days(0))),
    (AHEAD, EarlySettlement(days(1))),
]


class TestFigures:
    def test_by_component_against_paying_today_and_against_doing_nothing(self) -> None:
        """An extension of 12 days: 6.00 of interest against paying today; 9.00 of penalty interest saved."""
        told = explain(quoted(LATE, Extension(days(12))), LATE)
        assert told.against_paying_now == Amounts(0, 6_00, 0)
        assert told.against_nothing == Amounts(0, 6_00, -9_00)

    def test_by_date(self) -> None:
        told = explain(quoted(LATE, Extension(days(12))), LATE)
        first = [rows[0] for rows in (told.offered, told.pay_now, told.nothing)]
        assert [row.due_date for row in first] == [days(12), days(0), days(12)]
        assert [row.amounts.total for row in first] == [1_147_75, 1_141_75, 1_150_75]

    def test_against_doing_nothing_until_any_day(self) -> None:
        told = explain(quoted(LATE, Extension(days(12))), LATE, until=days(100))
        assert told.totals["nothing"].penalty == (103 + 73 + 42 + 11) * 75

    @pytest.mark.parametrize(("loan", "request_"), ALL)
    def test_they_are_those_of_the_quote(self, loan, request_) -> None:
        quote = quoted(loan, request_)
        totals = explain(quote, loan).totals
        assert totals["offered"] == quote.total
        assert totals["pay_now"].total == quote.total_if_paid_now
        assert totals["nothing"].total == quote.total_if_nothing

    def test_they_stay_those_of_the_quote_after_it_was_agreed_and_paid(self) -> None:
        desk = servicing(LATE)
        quote = desk.quote(BORROWER, "L001", Extension(days(12)), NOW)
        before = explain(quote, LATE)
        desk.commit(BORROWER, quote.hash, NOW, "确认")
        desk.book.pay("L001", 1_147_75, at(12))
        assert explain(quote, desk.book.loans["L001"]) == before


class TestForTheBorrower:
    @pytest.mark.parametrize(("loan", "request_"), ALL)
    def test_short_plain_and_with_the_figures(self, loan, request_) -> None:
        quote = quoted(loan, request_)
        lines = explain_for_borrower(quote)
        assert 3 <= len(lines) <= 6
        assert all(line.endswith("。") and len(line) < 110 for line in lines)
        text = "".join(lines)
        assert not re.search(r"principal|None|[A-Za-z]{3}|黑名单|坐牢", text)
        assert yuan(quote.rows[0].amounts.total) in text
        assert "不同意也没关系" in text

    def test_deferred_and_waived_are_told_apart(self) -> None:
        """缓缴 moves money, 减免 makes the debt smaller."""
        deferred = "".join(explain_for_borrower(quoted(LATE, Extension(days(12)))))
        waived = "".join(explain_for_borrower(quoted(LATE, PenaltyWaiver())))
        assert "这是缓缴，不是减免" in deferred
        assert "这是减免，减掉罚息2.25元；条件是2026年12月7日前把其余欠款还上" in waived
        assert "缓缴" not in waived

    @pytest.mark.parametrize(
        ("policy", "says"),
        [
            ({"penalty": "stops", "interest": "runs"}, "这几天的利息照算，按时还上就不加罚息"),
            ({"penalty": "runs", "interest": "runs"}, "这几天的利息照算，罚息也照算"),
            ({"penalty": "stops", "interest": "paused"}, "这几天不收利息，按时还上就不加罚息"),
        ],
    )
    def test_what_runs_meanwhile_is_said_as_the_policy_has_it(self, policy, says) -> None:
        assert says in "".join(explain_for_borrower(quoted(LATE, Extension(days(12)), extension=policy)))

    @pytest.mark.parametrize(
        ("policy", "says"),
        [
            ({}, "153.75元平摊到每一期，不会再生利息"),
            ({"charges": "first_row"}, "153.75元放在第一期，不会再生利息"),
            ({"charges_bear_interest": True}, "153.75元并入新计划，和本金一起计息"),
        ],
    )
    def test_where_old_charges_stand_is_said(self, policy, says) -> None:
        assert says in "".join(explain_for_borrower(quoted(LATE, ReInstalment(6), re_instalment=policy)))

    def test_who_decides_and_what_is_replaced_is_said(self) -> None:
        assert any("由同事审核" in line for line in explain_for_borrower(quoted(LATE, PenaltyWaiver())))
        desk = servicing(LATE)
        promise = desk.quote(BORROWER, "L001", PromiseToPay(days(5)), NOW)
        assert not any("审核" in line or "代替" in line for line in explain_for_borrower(promise))
        desk.commit(BORROWER, promise.hash, NOW, "确认")
        later = desk.quote(BORROWER, "L001", Extension(days(12)), at(1))
        assert any("之前的“约定还款”就由它代替" in line for line in explain_for_borrower(later))


class TestForStaff:
    def test_every_step_can_be_checked(self) -> None:
        loan = a_loan(days_past_due=3, payments=(a_payment(600_00, days(-2)),))
        text = "\n".join(derivation(quoted(loan, ReInstalment(6)), loan))
        for step in (
            "年利率18%÷360×实际天数，罚息利率27%（上浮50%）",
            "charges=split",
            "第4期 2026-11-20 541.06元（本金540.25元、罚息0.81元），已还600.00元",
            "罚息：本金540.25元×27%÷360×实际天数，3天，另有2026-11-21还的本金459.75元算到那天",
            "第4期已还的600.00元（本金459.75元、利息139.50元、罚息0.75元）留在原来那一期",
            "利息115.29元（2026-11-23到2026-12-20共27天，本金余额8540.25元×18%）",
            "带入利息2.00元、罚息0.14元（不计息）",
            "合计：8992.16元",
            "综合年化成本：19.8",
        ):
            assert step in text

    @pytest.mark.parametrize(("loan", "request_"), ALL)
    def test_every_payment_and_total_stands_in_it(self, loan, request_) -> None:
        quote = quoted(loan, request_)
        lines = derivation(quote, loan)
        for row in quote.rows:
            assert any(line.startswith(f"  {row.number}. ") for line in lines)
        assert quote.policy_version in lines[0]

    @pytest.mark.parametrize("basis", DayBasis)
    def test_each_day_basis_is_named_as_the_contract_counts(self, basis) -> None:
        names = {
            DayBasis.ACT_360: "÷360×实际天数，",
            DayBasis.ACT_365: "÷365×实际天数，",
            DayBasis.ACT_ACT: "÷当年天数×实际天数，",
            DayBasis.ACT_ACT_LAST_DAY: "÷当年天数×实际天数（算尾不算头），",
            DayBasis.THIRTY_360: "÷12×月数",
        }
        loan = a_loan(days_past_due=3, day_basis=basis)
        assert f"年利率18%{names[basis]}" in "\n".join(derivation(quoted(loan, PromiseToPay(days(5))), loan))

    def test_why_a_person_decides(self) -> None:
        loan = a_loan(days_past_due=95)
        assert any("需人工决定" in line for line in derivation(quoted(loan, ReInstalment(6)), loan))

    def test_money_held_as_credit(self) -> None:
        loan = a_loan(due_in=5, payments=(a_payment(500_00, days(-3)),))
        assert any("已提前收到500.00元" in line for line in derivation(quoted(loan, ReInstalment(6)), loan))


class TestWhyNot:
    def test_each_rule_that_excludes_a_kind(self) -> None:
        rules = {refusal.rule for refusal in why_not(a_loan(days_past_due=95), the_policy(), NOW)}
        assert rules == {
            "promise_to_pay.days_past_due",
            "extension.days_past_due",
            "due_date_change.days_past_due",
        }

    def test_nothing_is_left_to_help_with(self) -> None:
        refusals = why_not(a_loan(paid_rows=12), the_policy(), NOW)
        assert {refusal.rule.split(".")[1] for refusal in refusals} == {"settled"}
