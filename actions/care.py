"""People first: despair, hardship, a person to talk to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.base import HUMAN, answers
from actions.relief.state import A_MONTH, MONTHLY, terms_of
from actions.turn import Answer, Turn, say, to_fen
from actions.words import money
from kuanxin.conversations.replies import Button, Reply

if TYPE_CHECKING:
    from kuanxin.servicing.model import Fen

IN_DANGER = re.compile(r"现在就|马上就|正在|楼顶|天台|吃了.{0,4}药|割|跳|遗书|煤气|农药")
CAN_PAY = re.compile(r"最多|顶多|只能|只够|(?<!不)能[还拿付出凑]|可以|拿得?出|也就")
NOTHING = re.compile(r"一分.{0,4}(?:没有?|拿不出)|啥都?没有?|什么都没有?")
OF_THE_LOAN = re.compile(r"欠|还款|还钱|逾期|分期|延期|晚几天|利息|罚息|征信|账单|扣款")
WORN_OUT = re.compile(r"死|活|累|撑|崩溃|难受|绝望|害怕|没意思|受不了")
LATER = Button("晚些天再还", "request_extension")
BY_INCOME = Button("按收入算算能还多少", "request_instalment_plan", {"plan": "budget"})
NO_MONEY = Button("现在一分也拿不出", "request_human")
SAFE_NOW = re.compile(r"没事了?|安全|没有危险|好多了|好一点|不会做傻事|有人陪|在家")


@answers("express_distress")
def distress(turn: Turn) -> Answer:
    """Stops all talk of money, asks whether the person is safe, names who helps, alerts a human at once, stays."""
    conversations = turn.services.conversations
    first = not turn.safety_hold
    conversations.start_safety_hold(turn.conversation, turn.now)
    if IN_DANGER.search(turn.text):
        said = "我很担心您。请先到安全的地方，现在就打110或120，或者叫身边的人过来陪您。我已经请同事马上联系这里，我一直在。"
    elif first:
        said = (
            "听到您这么说，我很担心您。钱的事先放下，现在都不重要。您现在安全吗？身边有人陪着吗？"
            "有马上的危险请打110或120；想找人说说，可以打12356心理援助热线。我已经请同事来这里陪您，我也在，您想说什么都可以。"
        )
    elif SAFE_NOW.search(turn.text):
        said = "谢谢您告诉我，您安全最重要。还款的事先不用想，不会有人催您。同事会来这里和您聊，难受的时候随时可以打12356。"
    elif OF_THE_LOAN.search(turn.text) and not WORN_OUT.search(turn.text):  # not forgotten, and not talked about now
        said = (
            "这件事我替您记着，同事来了一起看，这段时间不会有人催您。钱的事先放一放，您先照顾好自己。"
            "难受的时候可以打12356，紧急的话打110或120。"
        )
    else:
        said = (
            "我在，您慢慢说。别的事都可以先放一放，同事已经在来的路上。如果觉得撑不住，请打12356，紧急的话打110或120。"
        )
    # the form that was open, if any, ends here: nobody is asked for an amount after this
    return say(said, buttons=(Button("我现在安全", "express_distress"), Button("我需要有人帮我", "express_distress")))


@answers("report_hardship")
def hardship(turn: Turn) -> Answer:
    """Acknowledges, pauses reminders, asks what would help; no documents first.

    Beside a wish that the message states as well (失业了 能分期吗), and within a form, it asks nothing: these have a
    question of their own.
    """
    turn.services.conversations.hold_reminders(turn.conversation, "hardship", turn.now)
    heard = "知道了，遇到这种时候确实不容易，您愿意说出来已经很好。我先暂停提醒，不需要您先交什么证明。"
    if turn.intent != "report_hardship" or turn.slots.get("requested_slot"):
        return say(heard)
    if turn.slots.get("told") == A_MONTH and NOTHING.search(turn.text):
        return a_month(turn, 0)
    amount = next((e for e in turn.entities if e["entity"] == "amount" and "of" not in e and e.get("per")), None)
    if amount and CAN_PAY.search(turn.text):
        return a_month(turn, to_fen(amount["value"]) or 0, f"{heard}下面哪种对您帮助最大？")
    of_a_month = {name: value for name, value in terms_of(turn).items() if name in MONTHLY}
    return say(
        f"{heard}下面哪种对您帮助最大？也可以直接说每个月大概能还多少，零也没关系。",
        buttons=(LATER, Button("每月少还一点", "request_instalment_plan"), BY_INCOME, NO_MONEY, HUMAN),
        slots={"told": of_a_month or A_MONTH},  # known already when a plan is asked for next
    )


def a_month(turn: Turn, most: Fen, said: str = "") -> Answer:
    """What follows from the most that can be paid a month, told before a plan was asked for."""
    if not most:
        nobody_pays = Reply("这种时候我不会劝您答应任何还款数，先把日子过好。")
        return Answer((nobody_pays, *human(turn).replies), {"told": None})
    return say(
        f"{said}每月最多{money(most)}，我记下了，分期只找不超过它的。",
        buttons=(LATER, Button(f"按每月{money(most)}找方案", "request_instalment_plan"), BY_INCOME, HUMAN),
        slots={"monthly": most, "told": None},
    )


@answers("request_human")
def human(turn: Turn) -> Answer:
    """A person at the first request; a summary goes along; an honest word when nobody is there."""
    conversations = turn.services.conversations
    handover = conversations.hand_over(turn.conversation, "request", "normal", _summary(turn), turn.now)
    hours = turn.services.settings.staff_hours_text
    if handover.waiting_since < turn.now:
        when = "同事来了就在这里回复您" if handover.staffed else f"同事{hours}在线，上班后按顺序在这里回复您"
        said = f"已经替您排着队，不用再说一遍。{when}。这段时间我还在，也可以先问我。"
    elif handover.staffed:
        said = "好的，正在为您转接同事，前面聊的内容会一起转过去，不用再说一遍。等的时候也可以继续问我。"
    else:
        said = f"好的，已经为您登记转人工。现在同事不在（{hours}在线），上班后会按顺序在这里回复您，前面聊的内容会一起转过去。这段时间我还在。"
    return say(said)


def _summary(turn: Turn) -> str:
    """What the colleague should know first: the last wish and what was being arranged. No figures that may be out of date."""
    relief = turn.slots.get("relief")
    return f"想要：{turn.text}" + (f"；正在谈：{relief}" if relief else "")
