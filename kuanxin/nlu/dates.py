"""Days as borrowers name them, resolved against the day on which they write.

Where a stretch of days is named (月初, 两三天后, 过两天), the value is its last day: a promise must hold for all of
them. Where the day cannot be known (下个月, 发工资那天), the value is None and `month` or `payday` says what is known.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Any

from kuanxin.nlu import numerals
from kuanxin.nlu.found import Found, Reader
from kuanxin.nlu.jio import jionlp

_N = rf"(?:\d{{1,4}}|[{numerals.CHINESE}]+)"
_DAY = r"(?:[12]\d|3[01]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二两三四五六七八九]|廿[一二三四五六七八九]?)"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_HAO = r"(?:号(?![码线楼院店卡房方])|日(?![常子元志利])|號)"
_THIS = r"(?:这个?月|本月|当月|这月)"
_NEXT = r"(?P<next>下+)个?月"
_LAST = r"上个?月"
_PAYDAY = re.compile(
    r"发了?(?:工资|薪水?|饷|奖金|生活费)|开(?:工资|支|薪)|发薪日?|(?:工资|薪水)(?:一?(?:到账?|下来|发|结|开)了?)|工资日|领(?:工资|退休金)"
)
_PAID_ON = re.compile(r"(?:工资|薪水|发薪)(?:要|是|得|一般|都)?(?:到|等)?$")
_PAST = re.compile(
    r"[还扣付转存交打](?:款)?了(?!.{0,4}(?:[再就行吗]|可以))|[还扣付]过|已经?[还扣付逾]|就已经|逾期了|没扣|没还|扣的|还的(?!话)|刚刚?[还扣付]"
)
_BEFORE = re.compile(r"(?:之前|以前|前面?(?!后|天)|之内|以内)")
_AFTER = re.compile(r"(?:之后|以后|过后|过了|完了|后(?!天|面|台))")
_BEFORE_LEAD = re.compile(r"(?:最晚|最迟|最多|不超过|赶在|截止到?)\S{0,2}$")

_WEEKDAYS = {**{c: i for i, c in enumerate("一二三四五六日")}, **{str(i + 1): i for i in range(7)}, "天": 6, "末": 6}
_RELATIVE = {
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "昨儿": -1,
    "今天": 0,
    "今日": 0,
    "今晚": 0,
    "今早": 0,
    "今儿": 0,
    "明天": 1,
    "明日": 1,
    "明晚": 1,
    "明早": 1,
    "明儿": 1,
    "听日": 1,
    "后天": 2,
    "后日": 2,
    "后儿": 2,
    "大后天": 3,
    "大大后天": 4,
}
_FIXED_FESTIVALS = {
    "元旦": (1, 1),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "国庆": (10, 1),
    "双十一": (11, 11),
    "双11": (11, 11),
    "双十二": (12, 12),
    "双12": (12, 12),
}
_LUNAR_FESTIVALS = {  # as jionlp calls them
    "春节": "春节",
    "过年": "春节",
    "大年初一": "春节",
    "除夕": "除夕",
    "年三十": "除夕",
    "元宵": "元宵节",
    "清明": "清明",
    "端午": "端午",
    "中秋": "中秋",
}
_NEW_YEAR_HOLIDAY_DAYS = 7


def add_months(day: date, months: int) -> date:
    """The same day some months on, the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _number(text: str) -> int:
    text = text.replace("廿", "二十")
    number = numerals.read(text)
    return 0 if number is None else int(number.high)


def is_payday(after: str) -> bool:
    """Whether the words after a day say that wages come on it."""
    return bool(_PAYDAY.match(after.lstrip("才就会要能 ")))


def _found(match: re.Match[str], text: str, value: date | None, **extra: Any) -> Found:
    start, end = match.span()
    rest = text[end:]
    if relation := _BEFORE.match(rest):
        extra["relation"] = "before"
        end += relation.end()
    elif relation := _AFTER.match(rest):
        extra["relation"] = "after"
        end += relation.end()
    elif _BEFORE_LEAD.search(text[:start]):
        extra["relation"] = "before"
    if is_payday(text[end:]) or _PAID_ON.search(text[:start]):
        extra["payday"] = True
    return Found("date", start, end, value.isoformat() if value else None, extra)


def next_day_of_month(day: int, today: date) -> date | None:
    """The next day with this number, today included; a month without it is passed over (31 in November)."""
    for months in range(12):
        first = add_months(today.replace(day=1), months)
        if day <= calendar.monthrange(first.year, first.month)[1] and first.replace(day=day) >= today:
            return first.replace(day=day)
    return None


def _in_month(first: date, day: int) -> date | None:
    return first.replace(day=day) if 1 <= day <= month_end(first).day else None


def _full(match: re.Match[str], text: str, today: date) -> Found | None:
    year, month, day = (_number(match[name]) for name in ("year", "month", "day"))
    try:
        return _found(match, text, date(year + 2000 if year < 100 else year, month, day))
    except ValueError:
        return None


def _month_and_day(match: re.Match[str], text: str, today: date) -> Found | None:
    month, day = _number(match["month"]), _number(match["day"])
    if not 1 <= month <= 12:
        return None
    years = {"今": 0, "明": 1, "去": -1}
    named = match.groupdict().get("year")
    offsets = (years[named],) if named else (-1, 0, 1)
    days = [d for o in offsets if (d := _in_month(date(today.year + o, month, 1), day))]
    return _found(match, text, min(days, key=lambda d: abs((d - today).days))) if days else None


def _month_part(match: re.Match[str], text: str, today: date) -> Found | None:
    """月底, 下月初, 这个月中旬, 12月底."""
    part = match["part"]
    last = {"初": 5, "头": 5, "上旬": 10, "中": 15, "中旬": 20, "半中": 15}.get(part)

    def value(first: date) -> date:
        return first.replace(day=last) if last else month_end(first)

    this = today.replace(day=1)
    if match.group("next"):
        day = value(add_months(this, len(match["next"])))
    elif match.group("last"):
        day = value(add_months(this, -1))
    elif match.group("named"):
        month = _number(match["named"])
        if not 1 <= month <= 12:
            return None
        days = [value(date(today.year + o, month, 1)) for o in (-1, 0, 1)]
        day = min(days, key=lambda d: abs((d - today).days))
    else:
        day = value(this)
        if day < today and not match.group("this"):
            day = value(add_months(this, 1))
    approx = {} if last is None else {"approx": True}
    return _found(match, text, day, **approx)


def _relative_month_day(match: re.Match[str], text: str, today: date) -> Found | None:
    months = len(match["next"]) if match.group("next") else -1 if match.group("last") else 0
    day = _in_month(add_months(today.replace(day=1), months), _number(match["day"]))
    return _found(match, text, day) if day else None


def _bare_day(match: re.Match[str], text: str, today: date) -> Found | None:
    """15号: the next one; the last one where the message tells of something that happened (15号扣了)."""
    day = _number(match["day"])
    value = next_day_of_month(day, today)
    if _PAST.search(text[match.end() : match.end() + 12]) and value != today:
        this = today.replace(day=1)
        past = [d for o in (0, -1, -2) if (d := _in_month(add_months(this, o), day)) and d <= today]
        value = past[0] if past else value
    return _found(match, text, value) if value else None


def _weekday(match: re.Match[str], text: str, today: date) -> Found | None:
    weekday, monday = _WEEKDAYS[match["weekday"]], today - timedelta(days=today.weekday())
    named = match["which"] or ""
    weeks = len(named) if named.startswith("下") else -1 if named == "上" else 0
    day = monday + timedelta(days=weekday, weeks=weeks)
    if not named and day < today:
        day += timedelta(weeks=1)
    approx = {"approx": True} if match["weekday"] == "末" else {}
    return _found(match, text, day, **approx)


def _relative_day(match: re.Match[str], text: str, today: date) -> Found | None:
    return _found(match, text, today + timedelta(days=_RELATIVE[match[0]]))


def _later(match: re.Match[str], text: str, today: date) -> Found | None:
    """三天后, 两个月以后, 半个月后, 再过一周."""
    span = span_of(match["span"])
    if span is None:
        return None
    days, months, approx = span
    value = add_months(today, months) + timedelta(days=days)
    found = _found(match, text, value, **({"approx": True} if approx else {}))
    found.extra.pop("relation", None)
    if match.groupdict().get("within"):
        found.extra["relation"] = "before"
    return found


def _festival(match: re.Match[str], text: str, today: date) -> Found | None:
    name = match["name"]
    for year in (today.year, today.year + 1):
        if name in _FIXED_FESTIVALS:
            day = date(year, *_FIXED_FESTIVALS[name])
        else:
            day = date.fromisoformat(jionlp.parse_time(f"{year}年{_LUNAR_FESTIVALS[name]}")["time"][0][:10])
        if day >= today:
            return _found(match, text, day)
    return None


def _new_year(today: date) -> date:
    for year in (today.year, today.year + 1):
        day = jionlp.lunar2solar(year, 1, 1, False).date()
        if day + timedelta(days=_NEW_YEAR_HOLIDAY_DAYS) >= today:
            return day
    raise AssertionError("a year holds a new year")


def _after_new_year(match: re.Match[str], text: str, today: date) -> Found | None:
    value = _new_year(today) + timedelta(days=_NEW_YEAR_HOLIDAY_DAYS)
    return Found("date", *match.span(), value.isoformat(), {"relation": "after", "approx": True})


def _before_new_year(match: re.Match[str], text: str, today: date) -> Found | None:
    value = _new_year(today) - timedelta(days=1)
    return Found("date", *match.span(), value.isoformat(), {"relation": "before", "approx": True})


def _lunar(match: re.Match[str], text: str, today: date) -> Found | None:
    month = {"正": 1, "冬": 11, "腊": 12}.get(match["month"]) or _number(match["month"])
    day = _number(match["day"].removeprefix("初"))
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            value = jionlp.lunar2solar(year, month, day, False).date()
        except (ValueError, KeyError, IndexError):
            return None
        if value >= today:
            return _found(match, text, value)
    return None


def _year_end(match: re.Match[str], text: str, today: date) -> Found | None:
    years = 1 if match[0].startswith("明") else 0
    return _found(match, text, date(today.year + years, 12, 31))


def _month_within(match: re.Match[str], text: str, today: date) -> Found | None:
    months = len(match["next"]) if match.group("next") else 0
    end = month_end(add_months(today.replace(day=1), months))
    return Found("date", *match.span(), end.isoformat(), {"relation": "before"})


def _payday(match: re.Match[str], text: str, today: date) -> Found | None:
    extra: dict[str, Any] = {"payday": True}
    if match["month"]:
        months = len(match["next"]) if match.group("next") else 0
        extra["month"] = add_months(today, months).isoformat()[:7]
    return Found("date", *match.span(), None, extra)


def _some_day_of_month(match: re.Match[str], text: str, today: date) -> Found | None:
    value = add_months(today, len(match["next"]))
    return Found("date", *match.span(), None, {"month": value.isoformat()[:7]})


def _some_day_of_named_month(match: re.Match[str], text: str, today: date) -> Found | None:
    month = _number(match["month"])
    year = today.year + (match["year"] == "明" or (not match["year"] and month < today.month))
    return Found("date", *match.span(), None, {"month": f"{year}-{month:02}"})


def _some_day_of_week(match: re.Match[str], text: str, today: date) -> Found | None:
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=len(match["next"]))
    return Found("date", *match.span(), None, {"week": monday.isoformat()})


_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7}
SPAN = rf"(?:[一二两三四五六七八九十]天半个?月|半个?月|[一1两2]个半月|半年|[一1两2]年半|{_N}多?(?:来|几)?(?:天|日|周|个?星期|个?礼拜|个月|年)(?!半|份)|几(?:天|日|周|个星期|个月))"


def span_of(text: str) -> tuple[int, int, bool] | None:
    """A stretch of time as (days, months, approximate); None where its length is not said (几天).

    >>> span_of("半个月"), span_of("一个半月"), span_of("十来天"), span_of("两三天"), span_of("三个月")
    ((15, 0, False), (15, 1, False), (10, 0, True), (3, 0, True), (0, 3, False))
    """
    if text.startswith("几"):
        return None
    if "天半" in text:
        return 15, 0, True
    if re.fullmatch("半个?月", text):
        return 15, 0, False
    if text == "半年":
        return 0, 6, False
    if half := re.fullmatch("(.)个半月", text):
        return 15, _number(half[1]), False
    if half := re.fullmatch("(.)年半", text):
        return 0, 12 * _number(half[1]) + 6, False
    match = re.fullmatch(rf"({_N}?)(多?(?:来|几)?)(天|日|周|个?星期|个?礼拜|个月|年)", text)
    if match is None:
        return None
    number = numerals.read(match[1])
    if number is None or not 0 < number.high <= 999:
        return None
    count, unit = int(number.high), match[3].removeprefix("个")
    # 两天, 两三天, 十来天: what is said in passing is not counted
    approx = bool(match[2]) or number.low != number.high
    if unit in _UNIT_DAYS:
        return count * _UNIT_DAYS[unit], 0, approx
    return 0, count * (12 if unit == "年" else 1), approx


def _rule(pattern: str, reader: Reader) -> tuple[re.Pattern[str], Reader]:
    return re.compile(pattern), reader


RULES: list[tuple[re.Pattern[str], Reader]] = [
    _rule(
        rf"(?P<year>20\d\d|\d\d|二[零〇][一二三四五六七八九零〇]{{2}})年(?P<month>{_MONTH})月份?(?P<day>{_DAY})(?:{_HAO}|(?!\d))",
        _full,
    ),
    _rule(rf"(?<!\d)(?P<year>20\d\d)[-/.](?P<month>{_MONTH})[-/.](?P<day>{_DAY})(?!\d)", _full),
    _rule(rf"(?<!逾期)(?:再过|再等|过)?(?P<span>{SPAN})(?:之后|以后|过后|后(?!天))", _later),
    _rule(rf"(?:再过|(?<![超经不])过)(?P<span>{SPAN})(?!了)", _later),
    _rule(rf"(?P<span>{SPAN})(?P<within>之内|以内|内)(?!.{{0,3}}免)", _later),
    _rule(
        r"过完(?:新|大)?年|过了(?:新|大)?年|(?:过年|春节|年|新年)(?:之|以|过|假期)?后(?!天|面)|正月里?(?![初十])",
        _after_new_year,
    ),
    _rule(r"(?<![去今明后前每半\d一两几])(?:过?年|春节)(?:之|以)?前(?!后)", _before_new_year),
    _rule(
        rf"(?:农历|阴历|旧历)?(?P<month>正|冬|腊|(?<=历){_MONTH})月(?P<day>初[一二三四五六七八九十]|{_DAY})(?:{_HAO})?",
        _lunar,
    ),
    _rule(
        rf"(?P<name>{'|'.join(sorted({*_FIXED_FESTIVALS, *_LUNAR_FESTIVALS}, key=len, reverse=True))})(?:节|假期)?(?![号块十百千万])",
        _festival,
    ),
    _rule(
        rf"(?:(?P<year>[今明去])年)?(?<!\d)(?P<month>{_MONTH})月份?的?(?P<day>{_DAY})(?:{_HAO}|(?![\d个期天块万千百元]))",
        _month_and_day,
    ),
    _rule(
        rf"(?<![\d.])(?P<month>1[0-2]|0?[1-9])[-/](?P<day>[12]\d|3[01]|0?[1-9]){_HAO}?(?![\d/天期个-])", _month_and_day
    ),
    _rule(rf"(?<![\d.])(?P<month>1[0-2]|0?[1-9])\.(?P<day>[12]\d|3[01]|0?[1-9]){_HAO}", _month_and_day),
    _rule(
        r"(?<=[到等在])(?P<month>1[0-2]|0?[1-9])\.(?P<day>[12]\d|3[01]|0?[1-9])(?![\d%元块万千百倍])", _month_and_day
    ),
    _rule(
        rf"(?:(?P<this>{_THIS})|{_NEXT}|(?P<last>{_LAST})|(?<!\d)(?P<named>{_MONTH})月份?|月)的?(?P<part>月?底|末|尾|初|头|上旬|中旬|下旬|中(?!国|奖))",
        _month_part,
    ),
    _rule(
        rf"(?:(?P<this>{_THIS})|{_NEXT}|(?P<last>{_LAST})|次月)的?(?P<day>{_DAY})(?:{_HAO}|(?=[还再发扣才之以前后能行可吧吗呢嘛 ，,。？?]|$))",
        _relative_month_day,
    ),
    _rule(
        r"(?P<which>下+|上|这|本)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天1-7末])(?![年月个天转期\d])", _weekday
    ),
    _rule("|".join(sorted(_RELATIVE, key=len, reverse=True)), _relative_day),
    _rule(
        rf"(?P<month>(?:{_THIS}|{_NEXT})的?)?(?:等|到)?(?:我|老公|老婆|单位|公司|厂里)?(?:{_PAYDAY.pattern})(?:的?那[天日]|的?当天|的?时候|了?(?:之后|以后|后|再|就|才|马上|立马|立刻))",
        _payday,
    ),
    _rule(rf"(?P<month>(?:{_THIS}|{_NEXT})的?)?(?:发薪日|工资日)", _payday),
    _rule(
        rf"(?:等|到)(?:我|我们|老公|老婆|单位|公司|厂里)?(?P<month>(?:{_THIS}|{_NEXT}))?(?:{_PAYDAY.pattern})", _payday
    ),
    _rule(rf"(?:(?P<this>{_THIS}|月)|{_NEXT})(?:之内|以内|内)", _month_within),
    _rule(r"(?:今|明)?年(?:底|末)", _year_end),
    _rule(rf"(?<![\d第月])(?P<day>{_DAY}){_HAO}", _bare_day),
    _rule(rf"{_NEXT}(?!供|份?的?账单)", _some_day_of_month),
    _rule(
        rf"(?:(?P<year>明)年)?(?<!\d)(?P<month>{_MONTH})月份?(?=再|才|就|还|能|以后|之后|发|有|$)",
        _some_day_of_named_month,
    ),
    _rule(r"(?P<next>下+)个?(?:周(?!转|期)|星期|礼拜)(?![一二三四五六日天\d末])", _some_day_of_week),
]
