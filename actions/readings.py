"""What a message may have meant, in the borrower's words: for asking back, and beside an answer that is only likely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.conversations.replies import Button, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actions.turn import Turn

READINGS = {
    "ask_loan_status": "查欠多少、哪天还",
    "ask_payment_result": "还的钱到账没有",
    "request_extension": "晚几天再还",
    "request_instalment_plan": "分期还",
    "request_due_date_change": "改还款日",
    "request_fee_waiver": "减免罚息或费用",
    "report_hardship": "现在还不上",
    "ask_payment_methods": "怎么还款",
    "request_deduction": "现在就扣款",
    "report_payment_failure": "还款失败了",
    "change_bank_card": "换银行卡",
    "ask_autopay": "自动扣款",
    "ask_partial_payment": "先还一部分",
    "request_early_settlement": "提前还清",
    "ask_interest_and_fees": "利息罚息怎么算",
    "ask_credit_impact": "会不会影响征信",
    "ask_overdue_consequences": "逾期会怎样",
    "ask_sms_notice": "短信提醒",
    "ask_reborrow": "还能不能再借",
    "request_clearance_certificate": "开结清证明",
    "set_reminder": "到期提醒我",
    "ask_budget_advice": "怎样不再逾期",
    "dispute_debt": "账不对",
    "report_scam": "是不是诈骗",
    "complain_about_collection": "我要投诉",
    "request_human": "转人工客服",
    "third_party_contact": "我不是本人",
    "stop_reminders": "别再发消息",
    "ask_new_loan": "申请借款",
    "account_change": "账号、手机号",
}


def offered(intents: Iterable[str], most: int = 3) -> tuple[Button, ...]:
    """A button for each reading that can be offered; small talk cannot."""
    return tuple(Button(READINGS[name], name) for name in intents if name in READINGS)[:most]


def otherwise(turn: Turn) -> tuple[Reply, ...]:
    """Beside an answer that is only likely: what else may have been meant, one press away. Nothing beside a sure one."""
    others = offered(name for name in turn.perhaps or () if name not in turn.also)
    return (Reply("要是没说到您想问的，您是想说：", buttons=others),) if others else ()
