"""What is owed, since when, until when; whether a payment arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import HUMAN, answers
from actions.cards import loan_card, name_of, schedule_card
from actions.turn import Answer, Turn, say
from actions.words import day, moment, money
from kuanxin.conversations.replies import Button, Reply
from kuanxin.servicing.model import PaymentStatus

if TYPE_CHECKING:
    from kuanxin.servicing.service import Status

WAYS_ON = (
    Button("怎么还款", "ask_payment_methods"),
    Button("晚几天还", "request_extension"),
    Button("看看分期方案", "request_instalment_plan"),
)


def summary(status: Status) -> str:
    """One sentence on a loan: due, overdue or up to date."""
    if status.days_past_due and status.overdue_since:
        return (
            f"{name_of(status)}，{day(status.overdue_since)}到期的款还没还上，已逾期{status.days_past_due}天，"
            f"现在应还{money(status.due.total)}。"
        )
    if status.due.total:
        return f"{name_of(status)}，今天（{day(status.as_of.date())}）是还款日，应还{money(status.due.total)}，今天还上就不算逾期。"
    if status.next_due:
        return (
            f"{name_of(status)}，没有逾期。下一期{day(status.next_due.due_date)}，还{money(status.next_open.total)}。"
        )
    return f"{name_of(status)}，目前没有要还的款。"


@answers("ask_loan_status")
def loan_status(turn: Turn) -> Answer:
    """Every open loan with its parts; the schedule on request."""
    loans = turn.open_loans
    if not loans:
        return say(
            "查到您名下没有未结清的借款，现在不欠款。需要结清证明的话我可以帮您申请。",
            buttons=(Button("开结清证明", "request_clearance_certificate"), HUMAN),
        )
    if turn.entity("view") == "schedule" and turn.chosen:
        return say("这是还没还的每一期：", card=schedule_card(turn.chosen, turn.today))
    replies = tuple(
        Reply(summary(status) + posted_soon(status), card=loan_card(status, turn.today)) for status in loans
    )
    last = replies[-1]
    more = Button("看每一期", "ask_loan_status", {"view": "schedule", "loan": loans[0].loan.id})
    buttons = (*WAYS_ON, more) if loans[0].due.total else (more, WAYS_ON[0])
    return Answer((*replies[:-1], Reply(last.text, last.card, buttons)))


def posted_soon(status: Status) -> str:
    if not status.pending:
        return ""
    total = sum(payment.amount for payment in status.pending)
    return f"另外有一笔{money(total)}已收到、正在入账，上面的数字还没减去它，请先不要重复还。"


@answers("ask_payment_result")
def payment_result(turn: Turn) -> Answer:
    """Whether a payment arrived: posted, on its way, failed, or not seen (then a ticket, and never "pay again")."""
    loans = turn.statuses
    pending = [p for status in loans for p in status.pending]
    if pending:
        latest = max(pending, key=lambda p: p.paid_at)
        ticket = _ticket(turn, f"待入账 {latest.id}")
        return say(
            f"查到了：{moment(latest.paid_at)}付的{money(latest.amount)}已收到，正在入账，请不要再付一次。"
            f"我登记了核对单{ticket}，核对期间不会再为这笔提醒您；入账时间以您实际付款的时间为准。",
            buttons=(HUMAN,),
        )
    payments = sorted((p for status in loans for p in status.loan.payments), key=lambda p: p.paid_at, reverse=True)
    if payments and payments[0].status is PaymentStatus.FAILED:
        failed = payments[0]
        return say(
            f"{moment(failed.paid_at)}那笔{money(failed.amount)}没有扣成功"
            + (f"（{failed.failure}）" if failed.failure else "")
            + "，没有入账。银行卡如果显示已扣，一般会退回；您告诉我，我帮您登记核对。",
            buttons=(Button("卡里已经扣了", "dispute_debt"), Button("怎么还款", "ask_payment_methods"), HUMAN),
        )
    if not payments:
        ticket = _ticket(turn, "未查到还款")
        return say(
            f"账上暂时没看到您的还款，可能还在路上。我登记了核对单{ticket}，核对期间不会为这笔提醒您，也请不要重复付款。"
            "方便的话留好付款截图，同事核对时用得上，不急着发。",
            buttons=(HUMAN,),
        )
    last = payments[0]
    now = "；".join(summary(status) for status in turn.open_loans) or "您名下的借款已全部结清。"
    ticket = _ticket(turn, "还款核对")
    return say(
        f"最近入账的一笔是{moment(last.paid_at)}的{money(last.amount)}。{now}"
        f"如果您说的是另一笔，或者扣了两次，我已登记核对单{ticket}，核对期间不会为它提醒您，请不要重复付款。",
        buttons=(HUMAN,),
    )


def _ticket(turn: Turn, subject: str) -> str:
    conversations = turn.services.conversations
    ticket = conversations.open_ticket(turn.conversation, "payment", subject, turn.text, turn.now)
    conversations.hold_reminders(turn.conversation, "dispute", turn.now)
    return str(ticket.number)
