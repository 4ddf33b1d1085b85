"""Numbers as they are said: 两千三 is 2300, 十来 about 10, 三五百 is 300 to 500, 1w2 is 12000."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2, "俩": 2, "仨": 3}
_DIGITS |= {"壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_SCALES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000, "万": 10000, "w": 10000}

ONES = "一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
CHINESE = f"{ONES}零〇十百千万拾佰仟俩仨"
ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_TWO_ONES = re.compile(rf"(?<![{CHINESE}\d])([{ONES}])([{ONES}])(?=[十百千万天日周个期号块]|$)")
_ENDS_IN_TWO = re.compile(rf"([{ONES}]?[{ONES}][百千万])([{ONES}])([{ONES}])")
_ARABIC_SCALED = re.compile(rf"({ARABIC})([万千百wk])(\d{{1,3}})?")


@dataclass(frozen=True)
class Number:
    """A number as said; `high` differs from `low` where a range was said (三五百)."""

    low: Decimal
    high: Decimal


def read(text: str) -> Number | None:
    """A whole string as a number, None where it is none.

    >>> read("两千三").low, read("一万零五十").low, read("1w2").low, read("三五百").high
    (Decimal('2300'), Decimal('10050'), Decimal('12000'), Decimal('500'))
    """
    text = text.lower()
    if pair := _TWO_ONES.match(text):
        low, high = (_exact(one + text[2:]) for one in pair.groups())
        return Number(low, high) if low is not None and high is not None and low < high else None
    if (ending := _ENDS_IN_TWO.fullmatch(text)) and ending[2] != ending[3]:  # 一千二三: 1200 to 1300
        low, high = (_exact(ending[1] + one) for one in ending.group(2, 3))
        return Number(low, high) if low is not None and high is not None and low < high else None
    value = _exact(text)
    return None if value is None else Number(value, value)


def _exact(text: str) -> Decimal | None:
    if re.fullmatch(ARABIC, text):
        return Decimal(text.replace(",", ""))
    if scaled := _ARABIC_SCALED.fullmatch(text):
        digits, scale, rest = scaled.groups()
        value = Decimal(digits.replace(",", "")) * _SCALES[scale]
        return value + (_trailing(rest, _SCALES[scale]) if rest else 0)
    if re.fullmatch(rf"[{CHINESE}]+", text):
        value = _chinese(text)
        return None if value is None else Decimal(value)
    return None


def _trailing(digits: str, scale: int) -> int:
    """The rest after a scale: the 2 of 1w2 is 2000, the 500 of 1w500 is 500."""
    return int(digits) * scale // 10 if len(digits) == 1 else int(digits)


def _chinese(text: str) -> int | None:
    if all(c in _DIGITS for c in text):  # 二〇二六, but not 二二 as 22 in a hurry: read digit by digit either way
        return int("".join(str(_DIGITS[c]) for c in text))
    total, section, digit, last_scale, zero = 0, 0, None, 0, False
    for c in text:
        if c in _DIGITS:
            if digit is not None and digit != 0:
                return None
            digit = _DIGITS[c]
            zero = zero or digit == 0
            continue
        scale = _SCALES[c]
        if scale == 10000:
            total, section = (total + section + (digit or 0)) * scale, 0
            if not total:
                return None
        else:
            if digit is None and (section or scale != 10):  # 十五 needs no digit, 百 does
                return None
            section += (1 if digit is None else digit) * scale
        digit, last_scale, zero = None, scale, False
    if digit:
        # 两千三 leaves the scale out, 两千零三 does not
        section += digit * (last_scale // 10 if last_scale >= 100 and not zero else 1)
    return total + section
