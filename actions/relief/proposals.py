"""The words of a proposal: servicing explains the figures, here stands what goes on meanwhile and the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.explain import explain_for_borrower
from kuanxin.servicing.model import ReliefKind

if TYPE_CHECKING:
    from kuanxin.servicing.quotes import Quote

LEAD = {
    ReliefKind.PROMISE_TO_PAY: "可以这样约定，到那天之前不再提醒您：",
    ReliefKind.EXTENSION: "可以延期：",
    ReliefKind.RE_INSTALMENT: "可以重新分期：",
    ReliefKind.REDUCED_INTERIM: "可以先少还一段时间：",
    ReliefKind.PENALTY_WAIVER: "可以替您申请减免罚息，我不能提前替同事答应，和您投不投诉也没有关系：",
    ReliefKind.PARTIAL_PAYMENT: "可以先还一部分：",
    ReliefKind.EARLY_SETTLEMENT: "全部结清：",
}
# what a missed day means, and what the credit record does meanwhile
MEANWHILE = {
    ReliefKind.PROMISE_TO_PAY: "逾期记录仍如实报送征信；到时没还上，我只问候您一次，再一起想办法。",
    ReliefKind.EXTENSION: "征信按实际情况如实报送。",
    ReliefKind.RE_INSTALMENT: "征信按实际情况如实报送；哪一期没还上，那一期就算逾期，早点告诉我就好。",
    ReliefKind.REDUCED_INTERIM: "征信按实际情况如实报送；哪一期没还上，那一期就算逾期，早点告诉我就好。",
}


def proposal(quote: Quote) -> str:
    """One message: what to pay and when, and what it means. The card beside it compares and says until when it stands."""
    if quote.kind is ReliefKind.DUE_DATE_CHANGE:
        lead = f"可以改成每月{quote.rows[0].due_date.day}号还："
    else:
        lead = LEAD[quote.kind]
    to_pay, _compared, *meaning, _until = explain_for_borrower(quote)
    return "".join((lead, to_pay, *meaning, MEANWHILE.get(quote.kind, ""), "这样可以吗？不同意也没关系。"))
