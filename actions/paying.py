"""How to pay: ways, deduction now, failures, cards, automatic deduction."""

from __future__ import annotations

from actions.base import HUMAN, answers
from actions.loan_status import posted_soon
from actions.turn import Answer, Turn, say
from actions.words import day, moment, money
from kuanxin.conversations.replies import Button, Card
from kuanxin.servicing.model import PaymentStatus

SAFE = "只在微信里的微粒贷页面操作，不要转到任何个人账户。"


@answers("ask_payment_methods")
def payment_methods(turn: Turn) -> Answer:
    """The ways to pay this loan and what is due on it."""
    status = turn.known
    product = turn.services.servicing.policy.payment_methods(status.loan.product if status else None)
    facts = [(method.name, method.how) for method in product]
    text = "还款有这几种办法，哪种方便用哪种，都没有手续费。"
    if status and status.due.total:
        text = f"现在应还{money(status.due.total)}。{posted_soon(status)}" + text
    elif status and status.next_due:
        text = f"下一期{day(status.next_due.due_date)}还{money(status.next_open.total)}。" + text
    if status and status.loan.autopay and status.loan.card_tail:
        facts.append(("自动扣款", f"已开通，扣尾号{status.loan.card_tail}的卡，提前一天存够即可"))
    return say(
        text,
        card=Card("payment_methods", "怎么还款", facts=tuple(facts), notes=(SAFE,)),
        buttons=(Button("只能还一部分", "ask_partial_payment"), Button("还款失败了", "report_payment_failure")),
    )


@answers("request_deduction")
def deduct_now(turn: Turn) -> Answer:
    """The money is there: what is due and how it is taken today."""
    status = turn.chosen if turn.must_be_borrower() else None
    if status is None or not status.due.total:
        following = f"下一期是{day(status.next_due.due_date)}。" if status and status.next_due else ""
        return say(f"现在没有到期要扣的款。{following}想提前还可以自己在微粒贷页面点“还款”。")
    waiting = posted_soon(status)
    if waiting:
        return say(waiting.removeprefix("另外"), buttons=(HUMAN,))
    card = f"尾号{status.loan.card_tail}的卡" if status.loan.card_tail else "扣款账户"
    auto = (
        f"自动扣款会再从{card}扣{money(status.due.total)}。想马上还清，"
        if status.loan.autopay
        else f"您还没开自动扣款，系统不会自己扣。现在应还{money(status.due.total)}，"
    )
    return say(
        f"谢谢您准备好了。{auto}在微粒贷页面点“还款”最快，到账当天就停止计罚息。我不能替您发起扣款。",
        buttons=(Button("点了没成功", "report_payment_failure"), Button("到账了吗", "ask_payment_result")),
    )


@answers("report_payment_failure")
def payment_failure(turn: Turn) -> Answer:
    """Why a payment may have failed, what to try, and a record that the borrower tried."""
    status = turn.known
    said = ""
    if status:
        failed = [p for p in status.loan.payments if p.status is PaymentStatus.FAILED]
        if failed:
            last = max(failed, key=lambda p: p.paid_at)
            said = f"看到{moment(last.paid_at)}有一笔{money(last.amount)}没扣成功" + (
                f"，原因是{last.failure}。" if last.failure else "。"
            )
        ticket = turn.services.conversations.open_ticket(turn.conversation, "payment", "还款失败", turn.text, turn.now)
        said += f"您想还而没还成，我已登记（{ticket.number}）。"
    return say(
        said
        + "可以这样试：①看卡的余额和单日限额，不够就换一张卡或用零钱；②分两次还，先小额；③换个网络，退出重进微粒贷页面。"
        "还不行就转人工，别怕耽误，有登记。",
        buttons=(Button("换卡", "change_bank_card"), Button("先还一部分", "ask_partial_payment"), HUMAN),
    )


@answers("change_bank_card")
def change_card(turn: Turn) -> Answer:
    status = turn.known
    now = f"现在扣款的是尾号{status.loan.card_tail}的卡。" if status and status.loan.card_tail else ""
    return say(
        f"{now}换卡在微粒贷页面“我的—扣款账户”里自己改：先加本人的新卡，再设为扣款卡，最后解绑旧卡。只能绑本人名下的卡；"
        "加卡失败多半是银行预留手机号不一致，先到银行改预留号。卡丢了先打银行电话挂失，这期间可以用零钱还。不用把卡号发给我。",
        buttons=(Button("怎么还款", "ask_payment_methods"), HUMAN),
    )


@answers("ask_autopay")
def autopay(turn: Turn) -> Answer:
    """Whether automatic deduction is on for this loan, when it runs, how to switch it."""
    status = turn.known
    if status is None:
        said = "自动扣款开通后，会在还款日从您设的扣款账户扣当期应还。"
    elif status.loan.autopay:
        card = f"尾号{status.loan.card_tail}的卡" if status.loan.card_tail else "您设的账户"
        amount = status.due if status.due.total else status.next_open
        when = "今天" if status.due.total else (day(status.next_due.due_date) if status.next_due else "还款日")
        said = f"您的自动扣款是开着的，{when}会从{card}扣{money(amount.total)}。"
    else:
        said = "您这笔没有开自动扣款，要自己点还款。"
    return say(
        said + "扣款从还款日白天开始，当天会多试几次，余额不够时可能只扣到一部分，所以最好前一天存够。"
        "开关和扣款账户在微粒贷页面“我的—扣款账户”里改；当天24点前还上都算按时。",
        buttons=(Button("到期前提醒我", "set_reminder"), Button("换卡", "change_bank_card")),
    )
