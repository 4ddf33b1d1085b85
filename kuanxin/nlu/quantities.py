"""How much, how long, in how many parts, on which day of the month, and which of what was offered.

A number means something only by its surroundings: 500 after 还 is money, 12378 is a hotline, 三天 after 逾期 is the past.
Where a range is said, the reading is taken that does not promise too much: the lower amount, the longer time.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from kuanxin.nlu import numerals
from kuanxin.nlu.dates import SPAN, is_payday, next_day_of_month, span_of
from kuanxin.nlu.found import Found, Reader

_ONE_TO_NINE = {c: i + 1 for i, c in enumerate("一二三四五六七八九")} | {"两": 2, "俩": 2, "仨": 3}
_C = numerals.CHINESE

# ---- how long -----------------------------------------------------------------------------------------------------

_LATER = r"(?:晚|迟|延[期后长迟缓]?|推[迟后]?|往?后[推延移]|缓[缓期交]?|宽[限容]?|拖[延欠]?|等|顺延|展期|通融|容|停|再给|给|多给|再要|需要?|要|还要|还差|大概|估计|差不多|最多|最少|至少|就|只要|个)"
_LATER_BEFORE = re.compile(rf"{_LATER}(?:[我你俺咱]们?|一?下|个|到|上|多|大概|最多|差不多|还款|还|了)?\s*$")
_LATER_AFTER = re.compile(
    r"(?:的?时间|再还|还行|行不|行吗|可以|就能|就够|够了|左右|吧|能不能|成不|好吗|的?宽限|的?延期|以?后还)"
)
_PAST_BEFORE = re.compile(
    r"(?:逾期|预期|愈期|超期?过?|晚还|借|欠|住院|失业|干|做|用|拖|忘|迟|还|贷|没上班|都|已经|上班|催|停工?|病)了?(?:快|都|有|大概)?\s*$"
)
_PAST_AFTER = re.compile(r"(?:了(?!再|就|能)|前|没|多没|的?利息|的?罚息|的?工资|内不|一次|多少|以来|之前借)")


def _duration(match: re.Match[str], text: str, today: date) -> Found | None:
    """A wish for time (晚三天), not a length that is told (逾期三天了, 住院半个月)."""
    before, after = text[: match.start()], text[match.end() :]
    wanted = _LATER_BEFORE.search(before) or _LATER_AFTER.match(after) or _alone(before, after)
    told = _PAST_AFTER.match(after) or (_PAST_BEFORE.search(before) and not _LATER_AFTER.match(after))
    if (
        not wanted
        or (told and not re.search(r"(?:晚|迟|延期?|缓|拖)\s*$", before))
        or re.match(r"了(?!再|就|能|行)", after)
    ):
        return None
    if match[0].startswith("几"):
        return Found("duration", *match.span(), None, {"approx": True})
    span = span_of(match[0])
    if span is None:
        return None
    days, months, approx = span
    return Found(
        "duration", *match.span(), days + 30 * months if months != 12 else 365, {"approx": True} if approx else {}
    )


_FILLER = re.compile(
    r"[\s,，.。!！?？~]|那就?|就|吧|嘛|吗|呢|呀|啊|可以|行|好的?|嗯|我(?:想|要|选)?|分成?(?=\d|[一二两三四五六七八九十半])|不对|是|改成?|大概|左右|的|先|按|还|给我?|最多|一共|应该|差不多|只能|能|算|你们?|要不|那"
)


def _alone(before: str, after: str) -> bool:
    """Whether an expression is all that the message says."""
    return not _FILLER.sub("", before) and not _FILLER.sub("", after)


# ---- in how many parts --------------------------------------------------------------------------------------------

_COUNT_TOLD = re.compile(
    r"(?:第|逾|上|下|本|这|每|前|后|还了|已还|还过|还剩下?|剩下?|剩余|欠了?|付了|提前还|多还|先还|交了|扣了|还有|少还|差)$"
)
_SPREAD_BEFORE = re.compile(
    r"(?:分[期成个到摊]*|分期(?:还款)?|摊[成到]?|改[成为到]?|换成?|办个?|做个?|选|按|拉长到?|延长[到成]|变成|弄成?|搞个?|慢慢还|方案)\s*$"
)
_SPREAD_AFTER = re.compile(
    r"(?:[内]?(?:慢慢|分期|分开|能)?(?:还完|还清|付清|结清|还得?完|还上)|的?分期|(?:的)?方案|分摊|慢慢还|来还|还款计划)"
)


def _count(match: re.Match[str], text: str, today: date) -> Found | None:
    before, after = text[: match.start()], text[match.end() :]
    if _COUNT_TOLD.search(before) or re.match(r"(?:没|了|账单|逾期|的(?:钱|账单|利息))", after):
        return None
    number = numerals.read(match["n"])
    if number is None or number.low != number.high or not 1 <= number.high <= 120:
        return None
    if number.high == 1 and not _SPREAD_BEFORE.search(before):
        return None
    return Found("count", *match.span(), int(number.high))


def _months_as_count(match: re.Match[str], text: str, today: date) -> Found | None:
    """六个月 in 分六个月 or 六个月还完; as an answer on its own it may be either (see `bare`)."""
    before, after = text[: match.start()], text[match.end() :]
    if re.search(r"(?:逾期|晚|延期?|推迟|缓|拖|第|每|借)\s*$", before):
        return None
    if not (_SPREAD_BEFORE.search(before) or _SPREAD_AFTER.match(after)):
        return None
    months = _months(match[0])
    return Found("count", *match.span(), months) if months else None


def _months(text: str) -> int | None:
    span = span_of(text)
    return span[1] if span and span[1] and not span[0] else None


# ---- how much -----------------------------------------------------------------------------------------------------

_MONEY = (
    rf"(?:{numerals.ARABIC})(?:[万千百kw]\d{{0,3}}|[千百]\d)?"
    rf"|[{numerals.ONES}][{numerals.ONES}]?[十百千万拾佰仟][{_C}]*|十[{_C}]*|[{numerals.ONES}]"
)
_YUAN = r"(?:元|块钱?|圆|大洋|rmb|人民币|刀|蚊)"
_ABOUT_AFTER = re.compile(r"(?:[多来几](?:块钱?|元)?|左右|上下|的样子|差不多|出头|大概)")
_ABOUT_BEFORE = re.compile(r"(?:大概|大约|差不多|约|估计|也就)(?:能?[还付]|是)?$")
_WISH_BEFORE = re.compile(
    r"(?:[还付给交凑转存扣打]|还款|还个|有|只有|只能|最多|顶多|最少|至少|先|就|能拿|拿出?|出|承受|负担|接受|控制在|压到|降到|大概|差不多|不超过|超过|每个?月|一个?月|月供|每期|一期|改成?|是|按|凑够|[¥￥])(?:[还付交]?(?:个|你们?|到|了|得起)?)\s*$"
)
_WISH_AFTER = re.compile(r"(?:我|已经)?(?:凑够|先还|能还|可以吗|行吗|行不|一期|够了)")
_NOT_MONEY_AFTER = re.compile(
    r"\s*(?:[%％‰期天号日年月次遍个位名岁点分倍条通人种笔小时层楼路]|星期|礼拜|周|多个|多次|几个|多天|来天|来个|电话|强|后|g|G|ml|号)"
)
_INCOME = re.compile(r"(?:工资|收入|薪水|月薪|底薪|到手|挣|赚|退休金|低保|养老金|补贴|津贴)[^\d,，。;；]{0,5}$")
_EXPENSE = re.compile(
    r"(?:房租|生活费|吃饭|饭钱|伙食|水电|话费|交通|日常|开销|开支|支出|花销|学费|孩子|老人|赡养|药费|医药费|奶粉|保险)[^\d,，。;；]{0,5}$"
)
_DEBT = re.compile(
    r"(?:房贷|车贷|信用卡|花呗|借呗|网贷|(?:其他|其它|别的|另外的?)(?:贷款|借款|欠款|债)|别家)[^\d,，。;；]{0,5}$"
)
_OWED = re.compile(
    r"(?:欠|借了?|贷了?|扣了|还了|交了|付了|利息|罚息|手续费|违约金|额度|本金|存了|转了|显示|应还|剩下?|账单|多扣|多收)(?:我|是|有|还|了|款|的|只|你们?|怎么)*[^\d,，。;；还]{0,1}$"
)
_NAMED = {"income": _INCOME, "expense": _EXPENSE, "debt": _DEBT, "owed": _OWED}
_PER_MONTH_BEFORE = re.compile(r"(?:每个?月|一个?月|月供|月还|每期|月月|一期|每月底?)[^\d,，。;；]{0,8}$")
_PER_MONTH_AFTER = re.compile(r"(?:块钱?|元|左右|上下|多|来块)*\s*(?:(?:每|一个?)月|/\s*月|每期|一期)")
_AT_ONCE_BEFORE = re.compile(r"先(?:[还付交]|转|存)(?:你们?|个|上|掉|了)?$")
_NO_MONEY = re.compile(r"(?:钱)?(?:都|也)?(?:没|拿不|掏不|不[会剩还])")


def _amount(match: re.Match[str], text: str, today: date) -> Found | None:
    before, after = text[: match.start()], text[match.end() :]
    raw, unit = match["n"], match["unit"]
    number = numerals.read(raw)
    if number is None or number.low <= 0:
        return None
    value = number.low
    if cents := match.groupdict().get("cents"):
        value += _tenths(cents, match["cent_unit"])
    if unit is None and not _money_without_unit(raw, before, after):
        return None
    if value <= 1 and _NO_MONEY.match(after):
        return None
    extra: dict[str, Any] = {}
    if number.low != number.high or _ABOUT_AFTER.match(after) or _ABOUT_BEFORE.search(before):
        extra["approx"] = True
    if _PER_MONTH_BEFORE.search(before) or _PER_MONTH_AFTER.match(after):
        extra["per"] = "month"
    if _AT_ONCE_BEFORE.search(before):
        extra["at_once"] = True
    named = {of: found.start() for of, pattern in _NAMED.items() if (found := pattern.search(before))}
    if named:
        extra["of"] = max(named, key=lambda of: named[of])  # the nearest word: 工资五千 房租一千五
    return Found("amount", *match.span(), f"{value:.2f}", extra)


def _tenths(digits: str, unit: str | None) -> Decimal:
    number = numerals.read(digits)
    tenths = number.low if number else Decimal(0)
    return tenths / 100 if unit == "分" or (unit is None and tenths >= 10) else tenths / 10


def _money_without_unit(raw: str, before: str, after: str) -> bool:
    if _NOT_MONEY_AFTER.match(after) or re.search(r"[\d.:：/第零a-z-]$", before):
        return False
    if raw.isdigit() and (len(raw) >= 7 or raw.startswith("0")):
        return False
    number = numerals.read(raw)
    assert number is not None
    scaled = bool(re.search(r"[百千万kw]", raw))
    if number.low < 10 or (number.low < 50 and not _WISH_BEFORE.search(before)):
        return False
    if _alone(before, _ABOUT_AFTER.sub("", after, count=1)):
        return number.low >= 32 and raw not in _HOTLINES
    if raw in _HOTLINES:
        return False
    named = bool(_WISH_AFTER.match(after)) or any(
        p.search(before) for p in (_WISH_BEFORE, *_NAMED.values(), _PER_MONTH_BEFORE)
    )
    return named or bool(_PER_MONTH_AFTER.match(after)) or (scaled and not re.match(r"[强度米克]", after))


_HOTLINES = {
    "110",
    "120",
    "119",
    "114",
    "12378",
    "12363",
    "12356",
    "12345",
    "12315",
    "10086",
    "10000",
    "10010",
    "95017",
    "96110",
}

# ---- which day of the month, which of what was offered -------------------------------------------------------------

_DAY = r"(?:[12]\d|3[01]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"


def _day_of_month(match: re.Match[str], text: str, today: date) -> Found | None:
    number = numerals.read(match["day"])
    if number is None or not 1 <= number.high <= 31:
        return None
    if is_payday(text[match.end() :]) and (day := next_day_of_month(int(number.high), today)):  # 每月15号发工资
        return Found("date", *match.span("day"), day.isoformat(), {"payday": True})
    return Found("day_of_month", *match.span("day"), int(number.high))


_ORDINALS = {**_ONE_TO_NINE, "a": 1, "b": 2, "c": 3, "d": 4, "①": 1, "②": 2, "③": 3}


def _choice(match: re.Match[str], text: str, today: date) -> Found | None:
    n = match["n"].lower()
    return Found("choice", *match.span(), n if n.isdigit() else str(_ORDINALS[n]))


def _means(value: str) -> Reader:
    return lambda match, text, today: Found("choice", *match.span(), value)


# ---- a number and nothing else ------------------------------------------------------------------------------------


def bare(text: str, today: date, next_day: Any) -> list[Found]:
    """A small number (15), nothing (零), a length (六个月) as the whole message: each thing it may answer, marked `bare`.

    The question that was asked decides which one is meant.
    """
    core = re.search(rf"\d+|[{_C}]+", text)
    if core and core[0] in {"0", "零"} and _alone(text[: core.start()], re.sub(_YUAN, "", text[core.end() :])):
        return [Found("amount", *core.span(), "0.00", {"bare": True})]
    if core and _alone(text[: core.start()], text[core.end() :]):
        number = numerals.read(core[0])
        if number is None or number.low != number.high or not 1 <= number.low <= 31 or number.low % 1:
            return []
        n, span, extra = int(number.low), core.span(), {"bare": True}
        found = [Found("day_of_month", *span, n, extra), Found("count", *span, n, extra)]
        if day := next_day(n, today):
            found.append(Found("date", *span, day.isoformat(), extra))
        if n <= 9:
            found.append(Found("choice", *span, str(n), extra))
        return found
    span_match = re.search(SPAN, text)
    if span_match and _alone(text[: span_match.start()], text[span_match.end() :]):
        months = _months(span_match[0])
        if months and months > 1 and not _SPREAD_BEFORE.search(text[: span_match.start()]):
            return [Found("count", *span_match.span(), months, {"bare": True})]
    return []


def _rule(pattern: str, reader: Reader) -> tuple[re.Pattern[str], Reader]:
    return re.compile(pattern), reader


BEFORE_DATES: list[tuple[re.Pattern[str], Reader]] = [
    _rule(
        rf"(?:每个?月的?|月月|以后都?|固定)(?:在|都|是|[改调换挪变设定](?:成|到|为|在|至)?)*(?P<day>{_DAY})(?:号|日)",
        _day_of_month,
    ),
    _rule(
        rf"(?:还款|扣款|账单)(?:日期?|时间).{{0,10}}[改调换挪变设定](?:成|到|为|在|至)(?:每个?月)?的?(?P<day>{_DAY})(?:号|日|(?=[吧吗行可]|$))",
        _day_of_month,
    ),
    _rule(
        r"第(?P<n>[一二三四五六七八九1-9])(?:个(?!月|星期|礼拜|小时|工作)|种|项|档|套|款|条|方案|(?=[吧呢吗行]|$))(?:方案)?",
        _choice,
    ),
    _rule(r"(?:方案|选项?|要)\s*(?P<n>[一二三四1-4a-dA-D①②③])(?![\d期个天号月年百千万十笔次块元.多点会定下])", _choice),
    _rule(r"(?<![\d.])(?P<n>[1-4一二三四])号方案", _choice),
    _rule(r"(?:头|前面|上面|最上面|最前面)(?:那?一?个)(?!月|人)|前者", _means("1")),
    _rule(r"中间(?:那?一?[个种])", _means("2")),
    _rule(r"(?:最后|最下面|最下边|最底下|后面|末尾)(?:那?一?[个种项])(?!月|人)|后者|最后一?个?方案", _means("last")),
    _rule(
        r"(?:最?便宜|最?省钱|最划算|更?划算|(?:总共|总的|一共|加起来)(?:还得?|付得?)?最?少|利息(?:最|更)?[少低]|最少利息)(?:一?点)?的?(?:那一?[个种]|方案|[个种])?"
        r"(?<=[个种案宜钱算])",
        _means("cheapest"),
    ),
    _rule(
        r"(?:(?:每个?月|月供|每期|一个月)(?:还款?得?)?最?(?:还得?)?[少低]|月供低|压力(?:最|更)?小|时间最?长|期数最?[多长]|最长|期限最?长)(?:一?点)?(?:的?(?:那一?[个种]|方案)|的(?=[吧呢行]|$))",
        _means("lowest_monthly"),
    ),
]

AFTER_DATES: list[tuple[re.Pattern[str], Reader]] = [
    _rule(
        rf"(?<![逾预愈第上下本到长定周学日短])(?P<n>\d{{1,3}}|[{_C}]{{1,4}})个?期(?![间待望限房货刊])(?:数)?", _count
    ),
    _rule(rf"(?:分(?:成|个|作)?|分期)(?P<n>\d{{1,2}}|[{_C}]{{1,3}})(?:次|笔|份)", _count),
    _rule(rf"(?P<n>\d{{1,2}}|[{_C}]{{1,3}})次(?=还完|还清|付清)(?<!一次)", _count),
    _rule(SPAN.replace("|几(?:天|日|周|个星期|个月)", ""), _months_as_count),
    _rule(SPAN, _duration),
    _rule(
        rf"(?P<n>{_MONEY})\s*(?P<unit>{_YUAN})(?:(?P<cents>[{numerals.ONES}]|\d{{1,2}})(?P<cent_unit>[毛角分])?(?![\d个天期]))?",
        _amount,
    ),
    _rule(rf"(?:¥|￥|rmb)\s*(?P<n>{_MONEY})(?P<unit>(?:))", _amount),
    _rule(rf"(?P<n>{_MONEY})(?P<unit>(?=[多来几]{_YUAN}))", _amount),
    _rule(rf"(?<![\d.])(?P<n>{_MONEY})(?P<unit>元)?(?![\d])", _amount),
]
