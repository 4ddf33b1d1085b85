"""When and by which way a borrower wants to be written to, said within a message about reminders."""

from __future__ import annotations

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
