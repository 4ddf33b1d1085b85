"""When and by which way somebody wants to be written to: 晚上8点以后别发短信, 只在微信上联系我, 早上再提醒我.

`contact_hours`: "09:00-20:00", one side empty where nothing was said of it; "any": as the bank does. `contact_way`: wechat,
sms. A reminder for one day (明天早上提醒我, 提前三天晚上提醒) says nothing of all the others and is none of these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kuanxin.nlu import numerals
from kuanxin.nlu.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITE = r"(?:发|推|提醒|通知|联系|打扰|打搅|打给|找我|骚扰|吵|短信|消息|微信|信息)"
_NEVER = r"(?:别|不要|不用|不想|不许|不准|不能|请勿|勿|甭)"
_DAYPARTS = {
    "早上": (8, 12),
    "早晨": (8, 12),
    "上午": (8, 12),
    "白天": (9, 18),
    "上班时间": (9, 18),
    "上班的时候": (9, 18),
    "上班时": (9, 18),
    "中午": (11, 14),
    "下午": (12, 18),
    "晚上": (18, 22),
    "下班后": (18, 22),
    "下班以后": (18, 22),
    "下班之后": (18, 22),
}
_PART = "|".join(sorted(_DAYPARTS, key=len, reverse=True))
_CLOCK = r"(?:(?P<part{0}>早上|上午|中午|下午|晚上|夜里|晚)的?)?(?P<n{0}>\d{{1,2}}|十[一二]?|二十[一二]?|[一二两三四五六七八九])(?:点|[:：]00)(?P<half{0}>半|[:：]?30分?)?钟?"
_ONE_DAY = re.compile(
    r"今[天晚早]|明[天晚早]|后天|当[天日晚]|那[天日]|前一[天晚]|提前|周末|星期|礼拜|周[一二三四五六日]|\d[号日]|到期|还款日"
)

_BETWEEN = re.compile(rf"{_CLOCK.format(1)}(?:到|至|-|—|~|和){_CLOCK.format(2)}(?:之间)?[^,，。;；]{{0,4}}?{_WRITE}")
_AFTER_NEVER = re.compile(
    rf"{_CLOCK.format(1)}(?:钟)?(?:以后|之后|过后|后)[^,，。;；]{{0,4}}?{_NEVER}[^,，。;；]{{0,4}}{_WRITE}"
)
_BEFORE_NEVER = re.compile(rf"{_CLOCK.format(1)}(?:以前|之前|前)[^,，。;；]{{0,4}}?{_NEVER}[^,，。;；]{{0,4}}{_WRITE}")
_AFTER = re.compile(rf"{_CLOCK.format(1)}(?:以后|之后|过后|后)(?:再|才|可以|都可以)[^,，。;；]{{0,4}}{_WRITE}")
_BEFORE = re.compile(rf"{_CLOCK.format(1)}(?:以前|之前|前)(?:再|都可以|可以)?[^,，。;；不别]{{0,4}}{_WRITE}")
_PART_NEVER = re.compile(
    rf"(?:(?P<part>{_PART})(?:的时候|时候)?[^,，。;；]{{0,3}}?{_NEVER}|{_NEVER}(?:再|老是?|总是?|在|给我)*(?P<part2>{_PART}))"
    rf"[^,，。;；]{{0,5}}?{_WRITE}"
)
_PART_ONLY = re.compile(
    rf"(?:(?P<part>{_PART})(?:再|才)[^,，。;；]{{0,4}}?{_WRITE}|(?:只|改到|改成|换到|换成)(?:能|可以|在)?(?P<part2>{_PART})(?!\d))"
)
_ANY = re.compile(
    r"(?:恢复|改回|用回|回到)[^,，。;；]{0,3}(?:默认|原来|以前|正常)[^,，。;；]{0,4}(?:时间|时段|提醒|通知|短信|发)|(?:取消|去掉|不要)[^,，。;；]{0,4}时间(?:限制|设置|要求)"
    r"|(?:随时|什么时候|几点)都?(?:可以|能|行)(?:发|提醒|通知|联系)|(?:随时|什么时候|几点)发?都(?:可以|行)"
)

_WAY = {"微信": "wechat", "短信": "sms"}
_DENIED_WAY = re.compile(rf"{_NEVER}(?:再|给我|老|总|用)*(?:发|打|用)?(?:微信|短信|电话)")
_ONLY = re.compile(
    r"只(?:能|想|要|用|在|发|通过|走|收|看|许|准|给我发)*(?P<way>微信|短信)"
    r"|(?:用|在|发|走|通过)?(?P<way2>微信|短信)(?:上|里)?(?:消息)?(?:发|通知|提醒|联系|跟我说|说)?我?(?:一下|一声)?(?:就行|就好|就可以|即可|就够|得了|就成)"
    r"|(?:用|在|改用|改成|换成|改发|走)(?P<way3>微信)(?:上|里)?(?:发|通知|提醒|联系|说|消息|吧|$)"
)


def wishes(text: str) -> Iterator[Found]:
    """At most one wish about hours and one about the way; nothing where a single day is meant."""
    if match := _ANY.search(text):
        yield Found("contact_hours", *match.span(), "any")
    elif not _ONE_DAY.search(text) and (hours := _hours(text)):
        yield hours
    said = _DENIED_WAY.sub(lambda denied: " " * len(denied[0]), text)
    if match := _ONLY.search(said):
        yield Found("contact_way", *match.span(), _WAY[match["way"] or match["way2"] or match["way3"]])


def _hours(text: str) -> Found | None:
    if match := _BETWEEN.search(text):
        opens, closes = _time(match, "1"), _time(match, "2")
        closes = closes + 12 * 60 if closes <= opens else closes
        return None if re.search(_NEVER, text) else _found(match, opens, closes)
    if match := _AFTER_NEVER.search(text):
        return _found(match, None, _time(match, "1", evening=12))
    if match := _BEFORE_NEVER.search(text):
        return _found(match, _time(match, "1"), None)
    if match := _AFTER.search(text):
        return _found(match, _time(match, "1", evening=8), None)
    if (match := _BEFORE.search(text)) and not re.search(_NEVER, text):
        return _found(match, None, _time(match, "1", evening=8))
    if match := _PART_ONLY.search(text):
        first, last = _DAYPARTS[match["part"] or match["part2"]]
        return _found(match, first * 60, last * 60)
    if match := _PART_NEVER.search(text):
        first, last = _DAYPARTS[match["part"] or match["part2"]]
        if first >= 18:
            return _found(match, None, first * 60)
        return _found(match, last * 60, None)
    return None


def _time(match: re.Match[str], which: str, evening: int = 7) -> int:
    """Minutes of the day. An hour without a part of the day is one of the evening where it is below `evening`."""
    number = numerals.read(match[f"n{which}"])
    hour = int(number.low) if number else 0
    part = match[f"part{which}"] or ""
    if hour < 12 and (part in {"下午", "晚上", "夜里", "晚"} or (not part and hour < evening)):
        hour += 12
    return hour * 60 + (30 if match[f"half{which}"] else 0)


def _found(match: re.Match[str], opens: int | None, closes: int | None) -> Found | None:
    if any(at is not None and at > 24 * 60 for at in (opens, closes)):
        return None
    return Found("contact_hours", *match.span(), f"{_clock(opens)}-{_clock(closes)}")


def _clock(minutes: int | None) -> str:
    return "" if minutes is None else f"{min(minutes, 23 * 60 + 59) // 60:02}:{min(minutes, 23 * 60 + 59) % 60:02}"
