"""Cards out of servicing's results: the same figures for a widget and for plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.words import day, day_of_year, moment, money
from kuanxin.conversations.replies import Card
from kuanxin.servicing.model import ArrangementState, ReliefKind
from kuanxin.servicing.words import KIND_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from kuanxin.servicing.model import Amounts, Fen
    from kuanxin.servicing.quotes import Arrangement, Quote
    from kuanxin.servicing.service import Status

# these change the whole schedule; the others are about one payment
SPREAD = {ReliefKind.RE_INSTALMENT, ReliefKind.REDUCED_INTERIM, ReliefKind.DUE_DATE_CHANGE}
ROW_COLUMNS = ("期数", "还款日", "金额", "其中本金")
STATE_NAMES = {
    ArrangementState.REQUESTED: "等待人工审核",
    ArrangementState.ACTIVE: "进行中",
    ArrangementState.KEPT: "已履行",
    ArrangementState.BROKEN: "未按约定",
    ArrangementState.REPLACED: "已由新的约定代替",
    ArrangementState.REFUSED: "未通过",
    ArrangementState.UNDONE: "已撤销",
}
COMPONENTS = (("本金", "principal"), ("利息", "interest"), ("罚息", "penalty"), ("费用", "fees"))


def name_of(status: Status) -> str:
    """How a loan is called in chat: the day it was lent and its amount; no contract number."""
    lent = status.loan.disbursed_on
    return f"{lent.year}年{lent.month}月借的{money(status.loan.principal)}"


def parts(amounts: Amounts) -> tuple[tuple[str, str], ...]:
    """The components that are not zero; they add up to the total."""
    return tuple((label, money(getattr(amounts, key))) for label, key in COMPONENTS if getattr(amounts, key))


def difference(fen: Fen) -> str:
    if not fen:
        return "一样多"
    return f"{'多' if fen > 0 else '少'}{money(abs(fen))}"


def loan_card(status: Status, today: date) -> Card:
    facts: list[tuple[str, str]] = []
    if status.due.total:
        facts.append(("现在应还", money(status.due.total)))
        facts += [(f"其中{label}", value) for label, value in parts(status.due)]
    if status.days_past_due and status.overdue_since:
        facts.append(("逾期", f"{status.days_past_due}天（{day_of_year(status.overdue_since, today)}到期）"))
    if status.next_due:
        facts.append(("下一期", f"{day_of_year(status.next_due.due_date, today)} {money(status.next_open.total)}"))
    facts.append(("剩余期数", f"{len(status.open_rows)}期"))
    facts.append(("今天全部结清", money(status.outstanding.total)))
    if status.arrangement:
        facts.append(("约定", f"{KIND_NAMES[status.arrangement.kind]}（{STATE_NAMES[status.arrangement.state]}）"))
    return Card(
        "loan",
        name_of(status),
        facts=tuple(facts),
        notes=(f"截至{moment(status.as_of)}的账务数据",),
        data={
            "loan": status.loan.id,
            "due": status.due.total,
            "days_past_due": status.days_past_due,
            "outstanding": status.outstanding.total,
            "parts": {key: getattr(status.due, key) for _, key in COMPONENTS},
        },
    )


def schedule_card(status: Status, today: date) -> Card:
    return Card(
        "schedule",
        f"{name_of(status)} 的还款计划",
        columns=("期数", "还款日", "未还金额", "其中本金"),
        rows=tuple(
            (str(row.number), day_of_year(row.due_date, today), money(row.open.total), money(row.open.principal))
            for row in status.open_rows
        ),
        notes=(f"截至{moment(status.as_of)}",),
    )


def quote_rows(quote: Quote, today: date) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (str(row.number), day_of_year(row.due_date, today), money(row.amounts.total), money(row.amounts.principal))
        for row in quote.rows
    )


def offers_card(quotes: Sequence[Quote]) -> Card:
    """Offers side by side: what a month costs, and what all of it costs."""
    return Card(
        "offers",
        "可以选的方案",
        columns=("", "期数", "每期最多", "总共要还", "年化成本"),
        rows=tuple(
            (
                str(number),
                f"{len(quote.rows)}期",
                money(quote.monthly),
                money(quote.total.total),
                f"{quote.apr * 100:.2f}%" if quote.apr is not None else "-",
            )
            for number, quote in enumerate(quotes, 1)
        ),
        notes=("数字都按您的账务算到分，选哪个、不选，都由您定",),
        data={"offers": [{"hash": q.hash, "monthly": q.monthly, "total": q.total.total} for q in quotes]},
    )


def consent_card(quote: Quote, today: date) -> Card:
    """Exactly what is agreed to when the borrower confirms."""
    many = quote.kind in SPREAD
    facts = [("方案", KIND_NAMES[quote.kind])]
    if many:
        facts += [
            ("期数", f"{len(quote.rows)}期"),
            ("每期最多", money(quote.monthly)),
            ("总共要还", money(quote.total.total)),
        ]
        facts += [(f"其中{label}", value) for label, value in parts(quote.total)]
    elif quote.rows:
        first = quote.rows[0]
        facts += [("还款日", day_of_year(first.due_date, today)), ("金额", money(first.amounts.total))]
        facts += [(f"其中{label}", value) for label, value in parts(first.amounts)]
    facts.append(("和今天就还上相比", difference(quote.total.total - quote.total_if_paid_now)))
    until = day_of_year(quote.nothing_until, today)
    facts.append((f"和一直不处理到{until}相比", difference(quote.total.total - quote.total_if_nothing)))
    if quote.apr is not None:
        facts.append(("年化成本", f"{quote.apr * 100:.2f}%"))
    return Card(
        "consent",
        "请核对方案",
        facts=tuple(facts),
        columns=ROW_COLUMNS if many else (),
        rows=quote_rows(quote, today) if many else (),
        notes=(f"按{moment(quote.as_of)}的账务计算，{moment(quote.expires_at)}前有效",),
        data={
            "hash": quote.hash,
            "rows": [{"due": r.due_date.isoformat(), "total": r.amounts.total} for r in quote.rows],
        },
    )


def arrangement_card(arrangement: Arrangement, today: date) -> Card:
    quote = arrangement.quote
    upcoming = [row for row in quote.rows if row.due_date >= today]
    facts = [("方案", KIND_NAMES[arrangement.kind]), ("状态", STATE_NAMES[arrangement.state])]
    if upcoming:
        facts.append(("下一次", f"{day_of_year(upcoming[0].due_date, today)} {money(upcoming[0].amounts.total)}"))
    facts += [("同意时间", moment(arrangement.agreed_at)), ("编号", arrangement.id)]
    many = arrangement.kind in SPREAD
    return Card(
        "arrangement",
        "您的约定",
        facts=tuple(facts),
        columns=ROW_COLUMNS if many else (),
        rows=quote_rows(quote, today) if many else (),
        data={"arrangement": arrangement.id, "hash": quote.hash},
    )


def days_card(title: str, rows: tuple[tuple[date, str], ...]) -> Card:
    return Card("schedule", title, columns=("日期", "事项"), rows=tuple((day(d), what) for d, what in rows))
