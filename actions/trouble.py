"""When something is wrong: disputes, scams, complaints, third parties, no more messages."""

from __future__ import annotations

import re
from dataclasses import replace

from actions.base import HUMAN, answers
from actions.contact import family_left_out, wished
from actions.loan_status import summary
from actions.turn import Answer, Turn, say
from actions.understanding import interest_and_fees
from kuanxin.conversations.replies import Button

_ONLY_WHY = re.compile(
    r"[那我这]*(?:为什么|为啥|怎么|咋)(?:我|会|就|要|得|还|欠|了|是)*[这那]么[多高](?:钱|的|了|啊|呀|呢|[?？])*$"
)


@answers("dispute_debt")
def dispute(turn: Turn) -> Answer:
    """Freezes reminders on the item, opens a ticket, never asks to pay it. Who only asks why it is so much is shown what
    it is made of first, with the dispute one press away."""
    turn.must_be_borrower()
    if turn.known and _ONLY_WHY.match(turn.text):
        (made_of,) = interest_and_fees(turn).replies
        text = f"{summary(turn.known)}{made_of.text}"
        return Answer((replace(made_of, text=text, buttons=(Button("账不对", "dispute_debt"), HUMAN)),))
    conversations = turn.services.conversations
    subject = turn.chosen.loan.id if turn.chosen else "不是本人的借款"
    ticket = conversations.open_ticket(turn.conversation, "dispute", subject, turn.text, turn.now)
    conversations.hold_reminders(turn.conversation, "dispute", turn.now)
    on_record = "；".join(summary(status) for status in turn.open_loans) or "账上没有您未结清的借款。"
    return say(
        f"您的异议我记下了，核对单号{ticket.number}。核对清楚之前，不会再为这一笔提醒您，也不需要您先付款。"
        f"账上的记录是：{on_record}哪里对不上，直接打字告诉我就行。如果怀疑被人冒用，请马上改支付密码并转人工。",
        buttons=(HUMAN, Button("怀疑被盗用", "report_scam"), Button("我要投诉", "complain_about_collection")),
    )


@answers("report_scam")
def scam(turn: Turn) -> Answer:
    """Never vouches for a message or link; what to do when data or money went out already."""
    turn.services.conversations.open_ticket(turn.conversation, "scam", "可疑信息", turn.text, turn.now)
    return say(
        "先别点链接、别转账、别报验证码。任何电话、短信我都没法替它作保，要核实只在微信里的微粒贷页面看账单、还款。"
        "凡是要您转到“安全账户”、先交“保证金”“解冻费”的，都是骗局。"
        "如果已经给了信息或转了钱：马上打银行电话冻结卡，改支付密码，拨110或反诈专线96110，再转人工，我已登记。",
        buttons=(HUMAN, Button("没点，我核对下账单", "ask_loan_status")),
    )


@answers("complain_about_collection")
def complaint(turn: Turn) -> Answer:
    """Takes the complaint, names the channels and the days, keeps every option open."""
    if answer := family_left_out(turn):
        return answer
    conversations = turn.services.conversations
    ticket = conversations.open_ticket(turn.conversation, "complaint", "服务或催收投诉", turn.text, turn.now)
    conversations.hand_over(turn.conversation, "complaint", "high", f"投诉，编号{ticket.number}", turn.now)
    further = (Button("别再联系我", "stop_reminders"), HUMAN)
    if ticket.opened_at < turn.now:
        return say(
            f"您补充的这些同事也会看到，投诉编号还是{ticket.number}，不用重新提交。还有什么都可以接着说，有录音、截图请留着。",
            buttons=further,
        )
    return say(
        f"对不起，让您受委屈了。投诉已登记，编号{ticket.number}，15天内会给您答复，也有同事会来跟您核实。"
        "您也可以打12378（金融消费者投诉）或12363（人民银行金融消费权益保护）。"
        "骚扰、威胁、找您家人同事谈债都是不应该的，有录音、截图请留着。投诉不影响您申请任何还款安排。",
        buttons=further,
    )


@answers("third_party_contact")
def third_party(turn: Turn) -> Answer:
    """Discusses no debt with anybody but the borrower; whoever does not want to be contacted is left alone at once."""
    if answer := family_left_out(turn):
        return answer
    conversations = turn.services.conversations
    conversations.mark_third_party(turn.conversation, turn.now)
    conversations.hold_reminders(turn.conversation, "third_party", turn.now)
    return say(
        "谢谢您告诉我。借款的事我只能和借款人本人说，包括有没有借款都不方便透露，也不能代收代谈，请您理解。"
        "这边已设为不再联系您。如果之前被打扰，可以在这里投诉，也可以转人工；借款人本人可以自己登录后来找我。"
        "如果您就是本人，请重新登录。",
        buttons=(Button("我要投诉", "complain_about_collection"), HUMAN),
    )


@answers("stop_reminders")
def stop_reminders(turn: Turn) -> Answer:
    """Stops proactive messages at once; costs no service. Who names hours or a way keeps the others."""
    if answer := wished(turn):
        return answer
    turn.services.conversations.hold_reminders(turn.conversation, "opt_out", turn.now)
    return say(
        "好的，从现在起不再主动给您发提醒。您随时可以来问，其他服务都不受影响；想恢复，说一声“设个提醒”就行。"
        "账单和还款日可以在微粒贷页面自己看。",
        buttons=(Button("看看我的账", "ask_loan_status"),),
    )
