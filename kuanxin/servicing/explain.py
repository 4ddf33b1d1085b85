"""Why an offer is what it is: by component and by date, against paying today and against doing nothing until a day.

`explain` gives the figures; `explain_for_borrower` a few plain sentences; `derivation` every step for staff.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.calendar import days_between
from kuanxin.servicing.interest import penalty_rate
from kuanxin.servicing.model import Amounts, DayBasis, Loan, ReliefKind, Terms
from kuanxin.servicing.offers import nothing_done, paid_now, total
from kuanxin.servicing.relief.base import Case, forbidden
from kuanxin.servicing.relief.record import change_from_json
from kuanxin.servicing.state import state_of
from kuanxin.servicing.wire import SHANGHAI
from kuanxin.servicing.words import KIND_NAMES, day, money, parts

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from kuanxin.servicing.policy import Policy
    from kuanxin.servicing.position import LiveRow, Position
    from kuanxin.servicing.quotes import Quote, Refusal, Row

_BASIS = {
    DayBasis.ACT_360: "÷360×实际天数",
    DayBasis.ACT_365: "÷365×实际天数",
    DayBasis.ACT_ACT: "÷当年天数×实际天数",
    DayBasis.ACT_ACT_LAST_DAY: "÷当年天数×实际天数（算尾不算头）",
    DayBasis.THIRTY_360: "÷12×月数（不足一月按当月天数）",
}
_DECIDED_BY = {
    "decides": "这类申请按规定都由人工决定",
    "person_when.days_past_due_over": "逾期天数超过了规则里自动办理的上限",
    "person_when.broken_in_12_months_over": "近12个月没履行的约定次数超过了规则里的上限",
    "person_when.months_over": "少还的月数超过了规则里自动办理的上限",
    "limit": "少还之后的每期金额高于客户说的每月上限",
}


@dataclass(frozen=True)
class Explanation:
    """Three futures of one loan, each as payments by date; their sums by component compare them."""

    offered: tuple[Row, ...]
    pay_now: tuple[Row, ...]  # the arrears today, the schedule runs on
    nothing: tuple[Row, ...]  # nothing until `until`, all that is due then, the schedule runs on
    until: date

    @property
    def totals(self) -> dict[str, Amounts]:
        return {"offered": total(self.offered), "pay_now": total(self.pay_now), "nothing": total(self.nothing)}

    @property
    def against_paying_now(self) -> Amounts:
        """What the offer costs more than paying the arrears today, by component; negative: less."""
        return total(self.offered) - total(self.pay_now)

    @property
    def against_nothing(self) -> Amounts:
        """What the offer costs more than doing nothing; negative: that much is saved."""
        return total(self.offered) - total(self.nothing)


def explain(quote: Quote, loan: Loan, until: date | None = None) -> Explanation:
    """The offer beside paying today and doing nothing `until` a day (that of the quote).

    Computed for the moment of the quote: what happened to the loan after it does not show.
    """
    loan = _as_quoted(loan, quote)
    last = until or quote.nothing_until
    return Explanation(quote.rows, paid_now(state_of(loan, quote.as_of).position), nothing_done(loan, last), last)


def why_not(loan: Loan, policy: Policy, now: datetime) -> tuple[Refusal, ...]:
    """Each kind of help that the rules exclude for this loan now, whatever day or amount is asked for."""
    moment = now.astimezone(SHANGHAI)
    case = Case(loan, state_of(loan, moment), moment)
    found = (forbidden(case, kind, policy.rules(kind, loan.product)) for kind in ReliefKind)
    return tuple(refusal for refusal in found if refusal)


def explain_for_borrower(quote: Quote) -> list[str]:
    """The offer in a few plain sentences: what to pay, what it costs, what it means, until when it stands."""
    lines = [_what_to_pay(quote), _compared(quote)]
    meaning = _meaning(quote)
    if meaning:
        lines.append(meaning)
    if quote.needs_person:
        lines.append("这个方案要由同事审核，通过后才生效。")
    if "replaces" in quote.facts:
        former: Any = quote.facts["replaces"]
        lines.append(f"同意后，之前的“{KIND_NAMES[ReliefKind(former['kind'])]}”就由它代替。")
    expires = quote.expires_at
    lines.append(
        f"这些数按{day(quote.as_of.date())}的账务算，{day(expires.date())}{expires:%H:%M}前有效；不同意也没关系。"
    )
    return lines


def derivation(quote: Quote, loan: Loan) -> list[str]:
    """How each figure came about, line by line, for staff. Every line can be checked with a calculator."""
    loan = _as_quoted(loan, quote)
    position = state_of(loan, quote.as_of).position
    terms = loan.terms
    params: Any = quote.facts["params"]
    change = change_from_json(_json(quote.facts["change"]))
    lines = [
        f"{KIND_NAMES[quote.kind]}，截至{quote.as_of:%Y-%m-%d %H:%M}，"
        f"账务版本{quote.loan_version}，规则版本{quote.policy_version}",
        f"合同：年利率{_percent(terms.annual_rate)}{_BASIS[terms.day_basis]}，罚息利率{_percent(penalty_rate(terms))}"
        f"（上浮{_percent(terms.penalty_uplift)}），宽限{terms.grace_days}天"
        + ("，逢节假日顺延" if terms.holidays_grace else ""),
    ]
    if params:
        lines.append("规则参数：" + "，".join(f"{name}={value}" for name, value in params.items()))
    if quote.facts.get("person"):
        rule = str(quote.facts["person"])
        lines.append(f"需人工决定：{_DECIDED_BY.get(rule, rule)}")
    lines.append("今天的账：")
    lines += [_owed_line(position, row) for row in position.open_rows]
    if position.credit:
        lines.append(f"  已提前收到{money(position.credit)}，先抵最近的期数")
    if change.closes:
        closed = [row for row in position.rows if row.key in change.closes]
        lines.append(f"改动：停用第{'、'.join(str(row.number) for row in closed)}期，当时欠{_sum(change.opening)}")
        lines += [f"  第{row.number}期已还的{_sum(row.paid)}留在原来那一期" for row in closed if row.paid.total]
        lines += [_added_line(row, terms) for row in change.adds]
    lines.append("还款安排：")
    lines += [f"  {row.number}. {day(row.due_date)} {_sum(row.amounts)}" for row in quote.rows]
    explained = explain(quote, loan)
    lines += [
        f"合计：{_sum(quote.total)}",
        f"今天还清欠款、其余照旧：{_sum(explained.totals['pay_now'])}，这个方案{_more(explained.against_paying_now.total)}",
        f"不处理到{day(explained.until)}：{_sum(explained.totals['nothing'])}，这个方案{_more(explained.against_nothing.total)}",
    ]
    if quote.apr is not None:
        lines.append(f"综合年化成本：{_percent(quote.apr)}（今天结清需要的钱对以后每笔还款的内部收益率）")
    return lines


def _as_quoted(loan: Loan, quote: Quote) -> Loan:
    """The loan as it was when the quote was made: what was agreed or paid after it left out."""
    hashes = [event.quote_hash if event.kind == "committed" else "" for event in loan.events]
    known = loan.events[: hashes.index(quote.hash)] if quote.hash in hashes else loan.events
    return replace(
        loan,
        events=tuple(event for event in known if event.at <= quote.as_of),
        payments=tuple(payment for payment in loan.payments if payment.paid_at <= quote.as_of),
    )


def _what_to_pay(quote: Quote) -> str:
    if not quote.rows:
        return "减掉以后没有要还的款。"
    first = quote.rows[0]
    if quote.kind in (ReliefKind.RE_INSTALMENT, ReliefKind.REDUCED_INTERIM, ReliefKind.DUE_DATE_CHANGE):
        return (
            f"分{len(quote.rows)}次还：第一次{day(first.due_date)}还{money(first.amounts.total)}，"
            f"每次最多{money(quote.monthly)}，最后一次在{day(quote.rows[-1].due_date)}，一共{money(quote.total.total)}。"
        )
    return f"{day(first.due_date)}还{money(first.amounts.total)}（{parts(first.amounts)}）。"


def _compared(quote: Quote) -> str:
    now, nothing = quote.total.total - quote.total_if_paid_now, quote.total.total - quote.total_if_nothing
    return (
        f"全部算下来，和今天就还上欠款相比{_more(now)}；和一直不处理到{day(quote.nothing_until)}相比{_more(nothing)}。"
    )


def _more(difference: int) -> str:
    if not difference:
        return "一样多"
    return f"{'多' if difference > 0 else '少'}{money(abs(difference))}"


def _meaning(quote: Quote) -> str:
    facts: Any = quote.facts
    if quote.kind is ReliefKind.EXTENSION:
        interest = "这几天的利息照算" if facts["interest"] == "runs" else "这几天不收利息"
        penalty = "按时还上就不加罚息" if facts["penalty"] == "stops" else "罚息也照算"
        return f"这是缓缴，不是减免：{interest}，{penalty}；到时没还，罚息从原来的还款日算起。"
    if quote.kind is ReliefKind.PENALTY_WAIVER:
        until = day(quote.nothing_until)
        return f"这是减免，减掉罚息{money(facts['waived'])}；条件是{until}前把其余欠款还上，没还上就不减。"
    if quote.kind is ReliefKind.PROMISE_TO_PAY:
        return "还款计划不变，到那天之前利息和罚息照算。"
    if quote.kind is ReliefKind.RE_INSTALMENT:
        carried = f"之前欠的利息、罚息和费用{money(facts['charges_carried'])}"
        if not facts["charges_carried"]:
            return "利息按剩余本金和天数算。"
        if facts["params"]["charges_bear_interest"]:
            return f"{carried}并入新计划，和本金一起计息。"
        where = "平摊到每一期" if facts["charges"] == "split" else "放在第一期"
        return f"{carried}{where}，不会再生利息；新的利息只按剩余本金和天数算。"
    if quote.kind is ReliefKind.REDUCED_INTERIM:
        return f"先少还{facts['months']}个月，之后从下一期起恢复；利息按剩余本金和天数算，不会利滚利。"
    if quote.kind is ReliefKind.DUE_DATE_CHANGE:
        return "本金不变，往后推的那几天照算利息。"
    if quote.kind is ReliefKind.PARTIAL_PAYMENT:
        left = facts["left"]
        return f"还完到期的还差{money(left)}，这部分照常计息。" if left else "到期的都还上了。"
    return "结清以后不再产生利息；当天没有还，就还按原来的计划。"


def _owed_line(position: Position, row: LiveRow) -> str:
    today = position.day
    line = f"  第{row.number}期 {row.due_date} {_sum(position.open(row, today))}"
    if row.paid.total:
        line += f"，已还{_sum(row.paid)}"
    late = days_between(row.penalty_from, today)
    if late > 0 and row.unpaid_principal:
        rate = _percent(penalty_rate(position.terms))
        line += f"；罚息：本金{money(row.unpaid_principal)}×{rate}{_BASIS[position.terms.day_basis]}，{late}天"
        line += "".join(
            f"，另有{paid_on}还的本金{money(fen)}算到那天" for paid_on, fen in row.repaid if paid_on > row.penalty_from
        )
    return line


def _added_line(row: LiveRow, terms: Terms) -> str:
    line = f"  新第{row.number}期 {row.due_date} 本金{money(row.principal)}"
    if row.interest:
        line += (
            f"，利息{money(row.interest)}（{row.since}到{row.until}共{days_between(row.since, row.until)}天，"
            f"本金余额{money(row.balance)}×{_percent(terms.annual_rate)}）"
        )
    if row.running_from is not None:
        line += (
            f"，{row.running_from}到{row.due_date}按未还本金再算{days_between(row.running_from, row.due_date)}天利息"
        )
    if row.carried.total:
        line += f"，带入{parts(row.carried)}（不计息）"
    return line


def _sum(amounts: Amounts) -> str:
    return f"{money(amounts.total)}（{parts(amounts)}）" if amounts.total else money(0)


def _percent(rate: Decimal) -> str:
    return f"{rate * 100:.4f}".rstrip("0").rstrip(".") + "%"


def _json(value: object) -> dict[str, Any]:
    data: Any = value
    return dict(data)
