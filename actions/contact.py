"""When, by which way and beside whom a borrower wants to be written to, said within a message about something else."""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING

from actions.turn import Answer, Turn, say
from kuanxin.conversations.contact import NoSuchHours, NoSuchWay
from kuanxin.conversations.replies import Button

if TYPE_CHECKING:
    from kuanxin.conversations.contact import Wishes

WAYS = {"sms": "短信", "wechat": "微信"}
ALLOWED = "早上8点到晚上10点"
UNDO = Button("改回默认", "set_reminder", {"contact_hours": "any"})
NONE = Button("都不要发", "stop_reminders")
_PEOPLE = r"家里|家人|亲戚|[爸妈爹娘哥姐弟妹]|父母|父亲|母亲|公婆|岳父|岳母|老[公婆]|爱人|媳妇|对象|[男女]朋友|孩子|儿子|女儿|同事|单位|公司|领导|老板|老师|朋友"
_LEAVE_OUT = re.compile(
    r"(?:别|不要|不能|不想|不可以|不准|千万|能不能不|可不可以不).{0,8}(?:打|联系|告诉|找|通知|发|知道|说|提)"
)
_OWN_PEOPLE = re.compile(
    rf"我(?:的|们|那|那个)?(?:{_PEOPLE})|(?:{_PEOPLE}).{{0,4}}(?:都|也|还)?(?:不知道|不知情)|家里|家人|爸妈|父母"
)
# it happened already, it is about the borrower's own messages, or somebody else speaks
_COMPLAINS = re.compile(
    r"天天|一直|老是|[又再]|凭|为什么|投诉|停止|烦|骚扰|威胁|已经|(?:打|找|说|发|联系|通知|告诉)[了过到]|欠|他是|我是(?!本人|借款人)|我[打发]"
)


def wished(turn: Turn) -> Answer | None:
    """Keeps what the message wishes about hours and way, and says what holds from now on. None where it wishes nothing."""
    hours, way = turn.entity("contact_hours"), turn.entity("contact_way")
    if hours is None and way is None:
        return None
    borrower, wishes = turn.must_be_borrower(), turn.services.contact
    try:
        if hours == "any":
            wishes.forget(borrower)
        elif hours is not None:
            opens, closes = (time.fromisoformat(side) if side else None for side in hours.split("-"))
            wishes.set_hours(borrower, opens, closes, turn.now)
        if way is not None:
            wishes.set_way(borrower, way, turn.now)
    except NoSuchHours:
        return say(
            f"我们只在{ALLOWED}之间发提醒，这里面没有您说的时间，所以先没有改。您想几点到几点收？比如“晚上7点到9点之间发”。",
            buttons=(NONE, UNDO),
        )
    except NoSuchWay:
        kept = "时间我记下了。" if hours else ""
        return say(
            f"{kept}提醒现在只能发短信，微信还发不了，所以发送方式先没有改。短信不想要，可以让我都不发。",
            buttons=(NONE, Button("我的提醒时间", "ask_sms_notice")),
        )
    now = wishes.of(borrower, turn.now)
    if hours == "any" and way is None:
        return say(f"好的，改回默认了：{in_words(now)}", buttons=(Button("设个提醒", "set_reminder"), NONE))
    stopped = any(hold.reason == "opt_out" for hold in turn.services.conversations.reminder_holds(borrower, turn.now))
    if stopped:
        return say(
            "记下了。不过您之前说过都不要发，这个还算数。想重新收提醒，点“设个提醒”，就按您说的时间和方式发。",
            buttons=(Button("设个提醒", "set_reminder"), UNDO),
        )
    return say(f"记下了。从现在起，{in_words(now)}", buttons=(UNDO, NONE))


def family_left_out(turn: Turn) -> Answer | None:
    """Who only asks that their own people hear nothing is told that they do not. None where it is about anything else."""
    if not (_LEAVE_OUT.search(turn.text) and _OWN_PEOPLE.search(turn.text)) or _COMPLAINS.search(turn.text):
        return None
    return say(
        "您放心，借款的事我只和您本人说，不会联系您的家人、朋友、同事和单位，也不会告诉他们。要是有人已经被打扰了，告诉我，我马上登记投诉。",
        buttons=(Button("已经打扰到他们了", "complain_about_collection"), Button("看看我的账", "ask_loan_status")),
    )


def in_words(wishes: Wishes) -> str:
    """What holds, in a sentence or two."""
    said = f"提醒只在{_clock(wishes.opens)}到{_clock(wishes.closes)}之间发，用{WAYS[wishes.way]}，不打电话。"
    if wishes.way == "sms":
        return said
    if not wishes.reached:
        return said + "您的微信还没有绑定，绑定之前先发短信。"
    return said + "微信发不进去的时候（比如您超过48小时没在微信里说话），才改发短信；短信一条也不要，就点“都不要发”。"


def _clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02}"
