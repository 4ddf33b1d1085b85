"""What arrears mean: interest, credit record, consequences, messages, borrowing again, proof of settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import HUMAN, answers
from actions.cards import name_of, parts
from actions.contact import UNDO, in_words, wished
from actions.turn import Answer, Turn, say
from actions.words import day, money
from kuanxin.conversations.replies import Button, Card

if TYPE_CHECKING:
    from decimal import Decimal

PLAN = Button("看看分期方案", "request_instalment_plan")
LATER = Button("晚几天还", "request_extension")
PAY = Button("怎么还款", "ask_payment_methods")


def percent(value: Decimal) -> str:
    return f"{(value * 100).normalize():f}%"


@answers("ask_interest_and_fees")
def interest_and_fees(turn: Turn) -> Answer:
    """How interest and penalty interest are counted, with this borrower's rate and amounts."""
    status = turn.known
    if status is None:
        return say(
            "利息按天算：剩余本金 × 日利率 × 天数，还了的本金就不再计息。逾期的本金从到期次日起按罚息利率算，不算复利。"
            "每个人的利率不一样，登录后我可以用您自己的数字算给您看。",
            buttons=(Button("查我的账", "ask_loan_status"),),
        )
    terms = status.loan.terms
    penal = terms.daily_rate * (1 + terms.penalty_uplift)
    facts = [
        ("日利率", percent(terms.daily_rate)),
        ("折合年利率", percent(terms.annual_rate)),
        ("逾期本金的日罚息率", percent(penal)),
    ]
    facts += [(f"现在应还里的{label}", value) for label, value in parts(status.due)]
    if status.days_past_due:
        facts.append(("每多逾期一天约增加", money(status.penalty_per_day)))
    return say(
        "利息 = 剩余本金 × 日利率 × 天数；逾期的那部分本金改按罚息率算，不利滚利。这是您这笔的数：",
        card=Card(
            "loan",
            name_of(status),
            facts=tuple(facts),
            notes=(
                "没有提前还款手续费"
                if not terms.settlement_fee_rate
                else f"提前结清手续费{percent(terms.settlement_fee_rate)}",
            ),
        ),
        buttons=(PAY, PLAN, Button("能减免吗", "request_fee_waiver")),
    )


@answers("ask_credit_impact")
def credit_impact(turn: Turn) -> Answer:
    """What the credit record shows, for how long, and what can be done; never a guess about a person's file."""
    status = turn.known
    own = ""
    if status and status.days_past_due:
        own = f"您这笔已逾期{status.days_past_due}天，会按实际情况报送。越早还上，影响越小。"
    elif status:
        own = "您现在没有逾期，按时还就不会有不良记录。"
    return say(
        own + "逾期会如实报送征信；还清之后，这条不良记录保留5年，之后删除。正常分期、提前还款本身不是不良。"
        "每年可以免费查两次信用报告；觉得记录有错，可以提异议，20天内会有答复。没有“花钱洗征信”这回事。",
        buttons=(PAY, LATER, Button("记录有错", "dispute_debt")),
    )


@answers("ask_overdue_consequences")
def overdue_consequences(turn: Turn) -> Answer:
    """What being late costs this borrower, by day, and what to do today."""
    status = turn.known
    if status is None:
        return say(
            "逾期后会发生三件事：逾期的本金按罚息率计息；逾期情况如实报送征信；额度可能暂停。只要愿意谈，多半有办法，"
            "可以晚几天、分期，或者先还一部分。登录后我按您的数字说。",
            buttons=(LATER, PLAN, HUMAN),
        )
    if not status.days_past_due:
        due = status.next_due
        when = f"{day(due.due_date)}还{money(status.next_open.total)}" if due else "按期还款"
        return say(
            f"您现在没有逾期，{when}就一点影响都没有。万一来不及，到期次日起逾期本金按罚息率计息，并如实报送征信。"
            "觉得困难，提前说最好办。",
            buttons=(LATER, PLAN),
        )
    week = status.penalty_per_day * 7
    return say(
        f"您现在逾期{status.days_past_due}天，应还{money(status.due.total)}，其中罚息{money(status.due.penalty)}。"
        f"再晚一天约多{money(status.penalty_per_day)}，晚一周约多{money(week)}；逾期会如实报送征信，借款额度可能暂停。"
        "没法一次还也有路：晚几天、分期、先还一部分，挑一个合适的就行。",
        buttons=(LATER, PLAN, Button("先还一部分", "ask_partial_payment"), PAY),
    )


@answers("ask_sms_notice")
def sms_notice(turn: Turn) -> Answer:
    """Which messages come when, and how to check one that looks odd."""
    if answer := wished(turn):
        return answer
    status = turn.known
    own = ""
    if status and status.pending:
        own = "您有一笔款正在入账，这期间的提醒可能没来得及更新，不用重复还。"
    elif status and status.next_due:
        own = f"您下一期是{day(status.next_due.due_date)}。"
    if turn.borrower and turn.known and (wishes := turn.services.contact.of(turn.borrower, turn.now)).own:
        return say(own + "您自己定过：" + in_words(wishes), buttons=(UNDO, Button("别再发提醒", "stop_reminders")))
    return say(
        own
        + "还款提醒一般在到期前和到期当天白天发到您的预留手机号，晚上不发。想换个时间，直接说几点到几点就行。没收到多半是换了号或被拦截，不能当作不用还的依据，"
        "以微粒贷页面的账单为准。提醒可以开，也可以关。短信里有陌生链接别点，可以发来让我帮您看是不是可疑。",
        buttons=(
            Button("设个提醒", "set_reminder"),
            Button("别再发提醒", "stop_reminders"),
            Button("短信可疑", "report_scam"),
        ),
    )


@answers("ask_reborrow")
def reborrow(turn: Turn) -> Answer:
    """Borrowing again: decided by the bank; what the borrower can do is to settle what is due."""
    status = turn.known
    own = ""
    if status and status.days_past_due:
        own = f"您现在逾期{status.days_past_due}天，先把应还的{money(status.due.total)}处理好，额度才会重新评估。"
    return say(
        own
        + "还款后额度不一定马上恢复：正常还的一般随还款恢复，逾期过的要等银行重新评估，能不能再借、借多少以微粒贷页面显示为准，"
        "我不能替银行承诺。正紧的时候，先不急着再借，把眼下这笔理顺更轻松。",
        buttons=(Button("看看我欠多少", "ask_loan_status"), PLAN),
    )


@answers("request_clearance_certificate")
def clearance_certificate(turn: Turn) -> Answer:
    """Proof of settlement: for settled loans a ticket; otherwise what is missing."""
    settled = [status for status in turn.statuses if status.settled]
    if settled:
        ticket = turn.services.conversations.open_ticket(
            turn.conversation, "certificate", settled[0].loan.id, turn.text, turn.now
        )
        return say(
            f"{name_of(settled[0])}已经结清。结清证明的申请登记好了，编号{ticket.number}，开好后同事会在这里通知您。"
        )
    status = turn.chosen
    rest = money(status.outstanding.total) if status else "0.00元"
    return say(
        f"结清证明要全部还清后才能开。您现在全部结清要{rest}，还清后跟我说一声就能申请。",
        buttons=(Button("提前结清要多少", "request_early_settlement"), PAY),
    )
