"""Takes out what should never have been typed into a chat: ID, card and phone numbers, passwords, one-time codes.

Runs before a message is stored, logged or given to the model. Amounts, dates and loan numbers stay: a number is hidden
only where its form proves it (checksum, birth date, issuer and Luhn digit) or the words before it say what it is.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

PLACEHOLDERS = {
    "id_card": "【身份证号】",
    "bank_card": "【银行卡号】",
    "mobile": "【手机号】",
    "password": "【密码】",
    "code": "【验证码】",
}

# Digits in one piece or in groups, as people space out cards and phone numbers.
_RUN = re.compile(r"\d+X?(?:[ \-—]\d+X?)*", re.IGNORECASE)
_GROUP = re.compile(r"\d+X?", re.IGNORECASE)
# An upper-case letter right before it makes a number part of a contract number.
_CONTRACT_LETTER = re.compile(r"[A-Z]$")
_OUR_NUMBERS = re.compile(r"(?:借据|合同|协议|借款|贷款|订单|交易|流水|工单|单|编)(?:编)?号(?:码)?(?:是|为|[: ])*$")
_ID_WORDS = re.compile(r"身份证(?:件)?(?:号码|号)?(?:是|为|[: ])*$")
_CARD_WORDS = re.compile(r"(?:卡号|银行卡|储蓄卡|借记卡|信用卡)(?:号码|号)?(?:是|为|[: ])*$")

_IS = r"(?:[\s:=,“\"'(]|是|为|给你|告诉你|发你|收到)"
_NO_UNIT = r"(?!\s*(?:元|块|万|秒|分|小时|次|位|条|天|日|号|月|年|期|点|个|开头|结尾|%))"
_CODE_WORDS = r"(?:验证码|校验码|动态码|动态密码|短信码|确认码|otp)"
_PASSWORD_WORDS = r"(?:密码|口令|支付码|安全码|password|passwd|pwd|pin码|cvv2?|cvn2?)"
_DIGITS = r"(?:\d(?:[ \-]?\d){3,7}|[零〇一二三四五六七八九幺]{4,8})"
_SIGN = r"[A-Za-z0-9!@#$%^&*_.+\-?~]"
_SECRETS = (
    # after "密码是" any token; without the verb one that holds a digit, so that "密码app里改" stays
    (
        "password",
        re.compile(rf"{_PASSWORD_WORDS}\s*(?:是|为|:|=)+\s*({_SIGN}{{3,32}})(?!{_SIGN}){_NO_UNIT}", re.IGNORECASE),
    ),
    (
        "password",
        re.compile(rf"{_PASSWORD_WORDS}{_IS}*((?={_SIGN}*\d){_SIGN}{{3,32}})(?!{_SIGN}){_NO_UNIT}", re.IGNORECASE),
    ),
    ("code", re.compile(rf"{_CODE_WORDS}{_IS}*({_DIGITS})(?![A-Za-z0-9.]){_NO_UNIT}", re.IGNORECASE)),
    ("code", re.compile(rf"(?<![A-Za-z0-9.])(\d{{4,8}})\s*(?:这个|这|就)?是?(?:我的)?(?<=是|个|的){_CODE_WORDS}")),
    ("code", re.compile(rf"(?<![A-Za-z0-9.])(\d{{6}})\s*{_CODE_WORDS}")),
)

MOST_DIGITS = 19  # of the longest bank card
WORDS_BEFORE = 40  # characters that may say what a number is
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
# UnionPay, Visa, Mastercard, JCB, Amex, older Chinese cards
_ISSUERS = re.compile(r"62|60|4|5[1-8]|3[4-7]|9[05689]|68")


def redact(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with placeholders, and the kinds that were hidden (keys of PLACEHOLDERS).

    Applying it again changes nothing: two numbers without a gap between them are two only once the first is gone.
    """
    kinds: list[str] = []
    while found := _find(_plain(text)):
        parts, at = [], 0
        for start, end, kind in found:
            if start >= at:
                parts += [text[at:start], PLACEHOLDERS[kind]]
                kinds += [kind] if kind not in kinds else []
            at = max(at, end)
        text = "".join([*parts, text[at:]])
    return text, tuple(kinds)


def _find(plain: str) -> list[tuple[int, int, str]]:
    """Where what stands, in order; for the same place the first pattern wins."""
    found = [(*match.span(1), kind) for kind, pattern in _SECRETS for match in pattern.finditer(plain)]
    for run in _RUN.finditer(plain):
        found += _numbers(plain, run)
    return sorted(found, key=lambda place: place[0])


def _plain(text: str) -> str:
    """Full-width letters, digits, punctuation as ASCII, position by position."""
    folded = (unicodedata.normalize("NFKC", c) for c in text)
    return "".join(f if len(f) == 1 else c for f, c in zip(folded, text, strict=True))


def _numbers(plain: str, run: re.Match[str]) -> list[tuple[int, int, str]]:
    """The longest groups of a run that are a number to hide, from the left: "还500 138 0000 0001" holds a phone."""
    groups = [group.span() for group in _GROUP.finditer(plain, *run.span())]
    found, first = [], 0
    while first < len(groups):
        for last in range(min(len(groups), first + MOST_DIGITS), first, -1):
            start, end = groups[first][0], groups[last - 1][1]
            around = plain[max(0, start - WORDS_BEFORE) : start], plain[end : end + WORDS_BEFORE]
            kind = _kind([plain[a:b].upper() for a, b in groups[first:last]], *around)
            if kind:
                found.append((start, end, kind))
                first = last
                break
        else:
            first += 1
    return found


def _kind(groups: list[str], before: str, after: str) -> str | None:
    number, lengths = "".join(groups), [len(group) for group in groups]
    if not 10 < len(number) <= MOST_DIGITS or _CONTRACT_LETTER.search(before):
        return None
    if _is_id(number) or (len(number) in (15, 18) and _ID_WORDS.search(before)):
        return "id_card"
    if _OUR_NUMBERS.search(before) or "X" in number:
        return None
    if _is_mobile(number, lengths, after):
        return "mobile"
    return "bank_card" if _is_card(number, lengths, before) else None


def _is_id(number: str) -> bool:
    if len(number) != 18 or not _PROVINCE.match(number) or not number[:17].isdigit():
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    check = "10X98765432"[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11]
    return born.year >= 1900 and number[17] == check


def _is_mobile(number: str, lengths: list[int], after: str) -> bool:
    usual = len(lengths) == 1 or lengths in ([3, 4, 4], [4, 4, 3], [3, 8], [7, 4]) or set(lengths) == {1}
    return bool(re.fullmatch(r"(?:86)?1[3-9]\d{9}", number)) and usual and not re.match(r"\.\d|\s*元", after)


def _is_card(number: str, lengths: list[int], before: str) -> bool:
    if len(number) < 13:
        return False
    if _CARD_WORDS.search(before):
        return True
    usual = len(lengths) == 1 or set(lengths) == {1} or min(lengths[:-1]) >= 4
    doubled = sum(sum(divmod(int(digit) * (1 + i % 2), 10)) for i, digit in enumerate(reversed(number)))
    return usual and bool(_ISSUERS.match(number)) and doubled % 10 == 0
