"""Small talk with a purpose, messages outside the task, and messages that were not understood."""

from __future__ import annotations

import re
from typing import Any

from actions.base import DISCLOSURE, HUMAN, RESPONDERS, KuanxinAction, answers, opening, sign_in
from actions.care import a_month
from actions.readings import offered
from actions.relief.conclusion import untold
from actions.relief.counter_offer import opened, standing_offer
from actions.relief.state import A_MONTH
from actions.turn import Answer, Turn, say, to_fen
from kuanxin.conversations.replies import Button, Reply

I_AM = re.compile(r"(?<!不)(?<!并非)(?<!不是我)本人(?!不|不在)|我就?是(?:借款人|机主)|就是我自己")
MENU = (
    Button("我欠多少", "ask_loan_status"),
    Button("晚几天还", "request_extension"),
    Button("看看分期方案", "request_instalment_plan"),
    HUMAN,
)


@answers("greet")
def greet(turn: Turn) -> Answer:
    return say(DISCLOSURE + "您想先聊哪件事？", buttons=MENU)


@answers("goodbye")
def goodbye(turn: Turn) -> Answer:
    return say("好的，您先忙。有变化随时来找我，照顾好自己。")


@answers("thank")
def thank(turn: Turn) -> Answer:
    return say("不客气。还有想问的随时说，没有的话先去忙您的。")


@answers("ask_capabilities")
def capabilities(turn: Turn) -> Answer:
    return say(
        "我能做这些：查欠款和还款日，核对到账；帮您商量晚几天还、分期、改还款日、先还一部分；讲清楚利息、罚息和征信；"
        "设提醒、记账建议；登记异议和投诉；转人工。",
        buttons=MENU,
    )


@answers("ask_bot_identity")
def bot_identity(turn: Turn) -> Answer:
    return say(
        "我是宽心，AI 助手，不是真人。数字都从银行账务里查，不会编。想和真人说，点“转人工客服”就行。", buttons=MENU
    )


@answers("affirm")
def affirm(turn: Turn) -> Answer:
    """A yes to a colleague's plan opens it, so that consent is given to exactly what is shown."""
    offer = standing_offer(turn)
    return (offer and opened(turn, offer)) or untold(turn) or say("好的。您想先办哪件？", buttons=MENU)


@answers("deny")
def deny(turn: Turn) -> Answer:
    if (offer := standing_offer(turn)) is not None:
        return say(
            "好的，同事建议的方案不办，什么都没有改动。改主意了随时可以再看，也可以聊别的办法。",
            buttons=(offer, MENU[1], HUMAN),
        )
    return say("好的，不办也没关系。想到什么再叫我。", buttons=MENU)


@answers("stop")
def stop(turn: Turn) -> Answer:
    return say("好的，先到这里，什么都没有改动。")


@answers("inform")
def inform(turn: Turn) -> Answer:
    """A bare date, amount or count outside a form: asks which wish it belongs to, and keeps the figure in the button.

    Unless it was asked for just now, or somebody only says to be the borrower.
    """
    if I_AM.search(turn.text):
        return _it_is_me(turn)
    if turn.slots.get("told") == A_MONTH and (amount := to_fen(turn.entity("amount"))) is not None:
        return a_month(turn, amount)
    told = {e["entity"]: e["value"] for e in turn.entities if e.get("value") is not None}
    buttons = _meant(told)
    if not buttons:
        return unclear(turn)
    # 15号发工资 … 延到那天: the day is still known when the wish follows
    kept = {"told": {"date": told["date"]}} if "date" in told else {}
    return say("收到。您的意思是？", buttons=(*buttons, HUMAN), slots=kept)


def _it_is_me(turn: Turn) -> Answer:
    """Whether somebody is the borrower is for the sign-in to say, not for a message; it costs nobody anything either."""
    if turn.third_party or turn.borrower is None:
        return Answer((sign_in(turn),))
    return say("好的，您已经登录过，我知道是您本人。想办哪件，直接说就行。", buttons=MENU)


def _meant(told: dict[str, Any]) -> tuple[Button, ...]:
    """What a bare figure may be for, with the figure in the button."""
    buttons = []
    if "date" in told or "duration" in told:
        buttons.append(Button("想延到那天还", "request_extension", told))
    if "amount" in told:
        buttons += [
            Button("每月最多还这么多", "request_instalment_plan", told),
            Button("这次先还这么多", "ask_partial_payment", told),
        ]
    if "count" in told:
        buttons.append(Button("想分这么多期", "request_instalment_plan", told))
    if "day_of_month" in told:
        buttons.append(Button("还款日改到这天", "request_due_date_change", told))
    return tuple(buttons)


@answers("ask_new_loan")
def new_loan(turn: Turn) -> Answer:
    return say(
        "开通、额度、审批和放款由银行系统评估，我这里看不到，也不能替它承诺；在微信“微粒贷借钱”页面能看到自己的结果。"
        "我能帮的是已有借款的还款。手头紧的话，别急着再借，先看看怎么把眼下的安排好。",
        buttons=(MENU[0], MENU[2], HUMAN),
    )


@answers("account_change")
def account_change(turn: Turn) -> Answer:
    return say(
        "手机号、姓名、微信号、证件更新这类要核实身份，请在微信“微粒贷借钱—我的”里办，办不了可以转人工。"
        "收不到验证码先看信号和拦截短信，隔一分钟再取；验证码不要发给任何人，也不用发给我。账号换了，借款还在，还款日不变。",
        buttons=(HUMAN, Button("怎么还款", "ask_payment_methods")),
    )


@answers("out_of_scope")
def out_of_scope(turn: Turn) -> Answer:
    return say("这个我帮不上，怕说错。我擅长的是微粒贷还款方面的事，下面这些都可以问我。", buttons=MENU)


class Unclear(KuanxinAction):
    """Offers the likeliest readings; then once more differently; then a person with a summary."""

    def name(self) -> str:
        return "action_unclear"

    def answer(self, turn: Turn) -> Answer:
        return unclear(turn)


def unclear(turn: Turn) -> Answer:
    conversations = turn.services.conversations
    conversations.remember_unclear(turn.conversation, turn.text, {"ranking": turn.ranking[:5]}, turn.now)
    times = int(turn.slots.get("unclear") or 0) + 1
    if times >= 3:
        said = RESPONDERS["request_human"](turn)
        return Answer((Reply("我可能没帮到点上，请同事来看，免得耽误您。"), *said.replies), {"unclear": 0})
    buttons = offered(name for name, _ in turn.ranking if name != HUMAN.intent)
    said = (
        "想确认一下，您是想问这个吗？" if times == 1 else "我换个问法：您现在最想解决的是哪件？用几个字再说一次也行。"
    )
    choice = (*buttons, HUMAN) if times == 1 else MENU
    return Answer((*opening(turn), Reply(said, buttons=choice)), {"unclear": times})
