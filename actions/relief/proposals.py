"""The words of a proposal: what is proposed, what goes on meanwhile, what a missed day means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.cards import KIND_NAMES, parts
from actions.words import day, money
from kuanxin.servicing.model import ReliefKind

if TYPE_CHECKING:
    from kuanxin.servicing.quotes import Quote


def proposal(quote: Quote) -> str:
    """What is proposed, what goes on meanwhile, what a miss means; one short text for each kind."""
    first = quote.rows[0] if quote.rows else None
    if quote.kind is ReliefKind.PROMISE_TO_PAY and first:
        text = (
            f"可以这样约定：{day(first.due_date)}还{money(first.amounts.total)}（已含到那天的罚息）。到那天之前不再提醒您。"
            "要说清楚的是：利息和罚息会照算，逾期记录也照常报送征信。"
        )
    elif quote.kind is ReliefKind.EXTENSION and first:
        stops = quote.facts.get("penalty") == "stops"
        text = (
            f"可以延期：{day(first.due_date)}还{money(first.amounts.total)}，这叫缓缴，不是减免，延期这几天的利息照算"
            + ("，按时还就不再加罚息。" if stops else "，罚息也照算。")
            + "如果到时没还，会从原来的还款日起恢复计算。"
        )
    elif quote.kind is ReliefKind.RE_INSTALMENT:
        text = (
            f"可以重新分{len(quote.rows)}期，每期最多{money(quote.monthly)}，总共{money(quote.total.total)}。"
            "利息按剩余本金和天数算；征信按合同和实际还款如实报送；哪一期没还上，那一期会重新算逾期，请尽早告诉我。"
        )
    elif quote.kind is ReliefKind.REDUCED_INTERIM:
        text = f"可以先少还一段时间，每期{money(quote.rows[0].amounts.total)}起，之后再补上。利息照算，总共{money(quote.total.total)}。"
    elif quote.kind is ReliefKind.DUE_DATE_CHANGE and first:
        text = f"可以改成每月{first.due_date.day}号还，下一期是{day(first.due_date)}，{money(first.amounts.total)}。多出来的天数照算利息。"
    elif quote.kind is ReliefKind.PENALTY_WAIVER:
        text = f"可以替您申请减免罚息{money(_waived(quote))}，这要由同事审核，我不能提前替他们答应。条件是先把欠款还上，和是否投诉没有关系。"
    elif quote.kind is ReliefKind.PARTIAL_PAYMENT and first:
        left = quote.owed_now.total - first.amounts.total
        text = f"可以先还{money(first.amounts.total)}，会先冲{_first_parts(quote)}。还完还差{money(max(left, 0))}，这部分照常计息。"
    else:
        text = (
            f"{day(first.due_date) if first else '今天'}全部结清要{money(quote.total.total)}，没有提前还款手续费，之后的利息就不再产生。"
            if quote.kind is ReliefKind.EARLY_SETTLEMENT
            else KIND_NAMES[quote.kind]
        )
    if quote.needs_person:
        text += "这个方案要由同事审核，确认后我帮您提交。"
    return text + {
        ReliefKind.EARLY_SETTLEMENT: "这个数今天有效。要按这个结清吗？",
        ReliefKind.PARTIAL_PAYMENT: "要这样安排吗？",
    }.get(quote.kind, "这样可以吗？不同意也没关系。")


def _waived(quote: Quote) -> int:
    return int(quote.facts.get("waived", quote.owed_now.penalty))  # type: ignore[call-overload]


def _first_parts(quote: Quote) -> str:
    return "、".join(f"{label}{value}" for label, value in parts(quote.rows[0].amounts))
