"""What stands in the gaps of a text, as of the moment of sending. Pure; every figure is the loan book's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from kuanxin.notices.catalogue import Kind
from kuanxin.servicing.model import Amounts
from kuanxin.servicing.state import state_of
from kuanxin.servicing.status import status_of
from kuanxin.servicing.words import KIND_NAMES, money, parts

if TYPE_CHECKING:
    from kuanxin.notices.causes import Cause
    from kuanxin.servicing.policy import Policy
    from kuanxin.servicing.quotes import Arrangement
    from kuanxin.servicing.service import Status

Values = dict[str, str]


def values_of(cause: Cause, status: Status, policy: Policy, pay_until_days: int) -> Values:
    """The values of a notice about a loan. The cause was found in this very status."""
    about = cause.about
    common = {"product": status.loan.product, "pay": _how_to_pay(status, policy)}
    if cause.kind is Kind.PAID:
        payment = next(p for p in status.loan.payments if p.id == about["payment"])
        return {**common, **_amount(payment.amount), "day": day(payment.paid_at.date()), "rest": _rest(status)}
    if cause.kind is Kind.OVERDUE:
        return {**common, **_overdue(status, pay_until_days)}
    if cause.kind in (Kind.DUE_SOON, Kind.DUE_TODAY, Kind.INSTALMENT_DUE):
        return {**common, **_due(status, date.fromisoformat(about["due"]), about.get("arrangement_due"))}
    arrangement = _arrangement(status, about["arrangement"])
    if cause.kind is Kind.BROKEN_PROMISE:
        missed = date.fromisoformat(about["day"])
        row = next((row for row in arrangement.quote.rows if row.due_date == missed), arrangement.quote.rows[0])
        return {**common, **_amounts(row.amounts), "day": day(missed)}
    values = {**common, "reference": arrangement.id, "what": KIND_NAMES[arrangement.kind]}
    if cause.kind is Kind.DECISION_MADE:
        return {**values, "result": "已经同意，按您同意的方案生效" if about["approved"] else REFUSED}
    first = arrangement.quote.rows[0]
    return {
        **values,
        **_amounts(first.amounts),
        "day": day(first.due_date),
        "count": str(len(arrangement.quote.rows)),
    }


REFUSED = "这次没有同意，可以请同事再看一次"


def day(on: date) -> str:
    """11月28日: an SMS is about days near by."""
    return f"{on.month}月{on.day}日"


def _overdue(status: Status, pay_until_days: int) -> Values:
    """The four contents: since when, how much, how to pay, until when with the amount of that day."""
    today = status.as_of.date()
    until = today + timedelta(days=pay_until_days)
    then = status_of(status.loan, status.as_of + timedelta(days=pay_until_days))
    same = sum(row.open.total for row in then.open_rows if row.due_date <= today)  # the next instalment is not meant
    since = status.overdue_since or until
    return {
        **_amounts(status.due),
        "since": day(since),
        "days": str(status.days_past_due),
        "as_of": f"{day(today)}{status.as_of:%H:%M}",
        "until": day(until),
        "total_until": money(same),
    }


def _due(status: Status, due: date, arrangement_id: str | None) -> Values:
    rows = [row for row in status.open_rows if row.due_date == due]
    number = rows[0].number
    if arrangement_id is not None:  # counted within what was agreed
        agreed = _arrangement(status, arrangement_id).quote.rows
        number = next(n for n, row in enumerate(agreed, 1) if row.due_date == due)
    return {**_amounts(sum((row.open for row in rows), Amounts())), "day": day(due), "number": str(number)}


def _rest(status: Status) -> str:
    if status.settled:
        return "这笔借款已经全部结清"
    if status.due.total and status.days_past_due:
        return f"还有{money(status.due.total)}到期未还，可以在聊天里商量"
    return "这笔借款现在没有逾期"


def _how_to_pay(status: Status, policy: Policy) -> str:
    if status.loan.autopay and not status.days_past_due:
        tail = f"（尾号{status.loan.card_tail}）" if status.loan.card_tail else ""
        return f"自动从扣款账户{tail}扣，请提前一天存够"
    methods = policy.payment_methods(status.loan.product)
    return methods[0].how if methods else "银行官方页面"


def _arrangement(status: Status, wanted: str) -> Arrangement:
    return next(a for a in state_of(status.loan, status.as_of).arrangements if a.id == wanted)


def _amounts(amounts: Amounts) -> Values:
    return {**_amount(amounts.total), "parts": parts(amounts)}


def _amount(fen: int) -> Values:
    return {"total": money(fen)}
