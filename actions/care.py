"""People first: despair, hardship, a person to talk to."""

from __future__ import annotations

import re
from typing import Any

from actions.base import HUMAN, answers
from actions.relief.state import MONTHLY, terms_of
from actions.turn import Answer, Turn, say, to_fen
from actions.words import money
from kuanxin.conversations.replies import Button

IN_DANGER = re.compile(r"现在就|马上就|正在|楼顶|天台|吃了.{0,4}药|割|跳|遗书|煤气|农药")
A_MONTH = re.compile(r"(?:每个?|[一1]个)月.*(?:最多|顶多|只能|[能可]以?.{0,4}[还拿付出凑])|[每月].{0,6}拿得?出")
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
    of_a_month = {name: value for name, value in terms_of(turn).items() if name in MONTHLY}
    known: dict[str, Any] = {"told": of_a_month} if of_a_month else {}
    more = "也可以直接说每个月大概能还多少，零也没关系。"
    less = Button("每月少还一点", "request_instalment_plan")
    if (can_pay := to_fen(turn.entity("amount"))) and A_MONTH.search(turn.text):
        known["monthly"] = can_pay
        more = f"每月最多{money(can_pay)}，我记下了，分期只找不超过它的。"
        less = Button(f"按每月{money(can_pay)}找方案", "request_instalment_plan")
    return say(
        f"{heard}下面哪种对您帮助最大？{more}",
        buttons=(
            Button("晚些天再还", "request_extension"),
            less,
            Button("按收入算算能还多少", "request_instalment_plan", {"plan": "budget"}),
            Button("现在一分也拿不出", "request_human"),
            HUMAN,
        ),
        slots=known,  # when a plan is asked for next
    )


@answers("request_human")
def human(turn: Turn) -> Answer:
    """A person at the first request; a summary goes along; an honest word when nobody is there."""
    conversations = turn.services.conversations
    handover = conversations.hand_over(turn.conversation, "request", "normal", _summary(turn), turn.now)
    if handover.staffed:
        said = "好的，正在为您转接同事，前面聊的内容会一起转过去，不用再说一遍。等的时候也可以继续问我。"
    else:
        hours = turn.services.settings.staff_hours_text
        said = f"好的，已经为您登记转人工。现在同事不在（{hours}在线），上班后会按顺序在这里回复您，前面聊的内容会一起转过去。这段时间我还在。"
    return say(said)


def _summary(turn: Turn) -> str:
    """What the colleague should know first: the last wish and what was being arranged. No figures that may be out of date."""
    relief = turn.slots.get("relief")
    return f"想要：{turn.text}" + (f"；正在谈：{relief}" if relief else "")
