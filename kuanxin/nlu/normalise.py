"""How the classifier reads a message: what people vary without meaning anything by it is made one.

Only for the classifier's eyes. The message itself stays as it was typed, for entities, transcripts and staff.
"""

from __future__ import annotations

import re
import unicodedata

from kuanxin.nlu.jio import traditional_simplified_loader

PRODUCT = "P"
NUMBER = "N"

# 微粒贷 as phones write it, and sister products whose names people use for the loan they have.
_PRODUCT = re.compile(
    r"[微威薇维唯为徽薇卫][粒立利力里离丽例历栗][贷带代货袋戴待贸]款?|微[粒立]贷?款|微[粒立](?=[的还借逾能可怎])|微信?贷款?"
    r"|花呗|借呗|wei\s*li\s*dai|w\s*l\s*d|hua\s*bei|jie\s*bei"
)
_MASK = re.compile(r"[*＊xX×]{2,}|\[[^\]\s]{1,8}\]|〔[^〕]*〕|【[^】]{1,8}】")
_DIGIT = "一二两三四五六七八九"
_UNIT = r"个?(?:[期月天号日块元圆年周钱点笔]|礼拜|星期|小时)"
_NUMBER = re.compile(
    r"\d[\d,.]*(?:[万千百wk](?![a-z]))?"
    rf"|[{_DIGIT}][十百千万][{_DIGIT}十百千万零]*|十[{_DIGIT}]?(?={_UNIT})|[{_DIGIT}](?={_UNIT})|半(?=个月|年|月)"
)
_NUMBERS = re.compile(rf"{NUMBER}(?:[-~到至、,，.]?{NUMBER})+")
_REPEATED = re.compile(r"(.)\1{2,}")
_OTHER = re.compile(r"[^\w一-鿿]+|_+")

_YES = re.compile("[👌👍🆗✅🙆💯]")
# Dialect as it is typed, longer words first: what the classifier learned in standard Chinese holds for it
_DIALECT = {
    "而家": "现在", "点解": "为什么", "点样": "怎么", "点算": "怎么办", "几时": "什么时候", "边度": "哪里", "冇得": "没有",
    "莫得": "没有", "么得": "没有", "木有": "没有", "木得": "没有", "啷个": "怎么", "囊个": "怎么", "咋个": "怎么", "咋子": "怎么",
    "啥子": "什么", "做咩": "为什么", "唔该": "麻烦", "唔系": "不是", "晓得": "知道", "不得行": "不行", "得行": "可以",
    "中不中": "行不行", "迟啲": "晚点", "早啲": "早点", "啲": "点", "唔": "不", "冇": "没有", "嘅": "的", "咗": "了", "俾": "给",
    "畀": "给", "佢": "他", "嘢": "东西", "咩": "什么", "哋": "们", "俺": "我", "侬": "你", "伐": "吗", "忒": "太", "滴": "的",
}  # fmt: skip
_DIALECT_WORD = re.compile("|".join(sorted(_DIALECT, key=len, reverse=True)))
_SIMPLIFIED = {
    ord(old): new
    for old, new in traditional_simplified_loader("tra2sim_char.txt").items()
    if len(old) == len(new) == 1 and old not in "乾著"  # these two have two simplified forms
}


def simplified(text: str) -> str:
    """Width made one (NFKC), traditional characters simplified, letters small."""
    return unicodedata.normalize("NFKC", text).translate(_SIMPLIFIED).lower()


def without_product(text: str) -> str:
    """Simplified text with the product's names taken out."""
    return _PRODUCT.sub("", simplified(text))


def plain(text: str) -> str:
    """The message as the classifier sees it: standard words, one name for the product, one for
    numbers, no emoji, no stuttering.

    >>> plain("威力贷 分其6期，可以嗎？？？😭")
    'P 分其N期 可以吗'
    """
    if not _OTHER.sub("", text) and _YES.search(text):
        return "好的"
    text = _DIALECT_WORD.sub(lambda match: _DIALECT[match[0]], simplified(text))
    for pattern, one in ((_PRODUCT, PRODUCT), (_MASK, NUMBER), (_NUMBER, NUMBER), (_NUMBERS, NUMBER)):
        text = pattern.sub(one, text)
    return _REPEATED.sub(r"\1", _OTHER.sub(" ", text)).strip()
