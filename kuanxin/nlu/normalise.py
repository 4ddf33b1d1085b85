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
    """The message as the classifier sees it: one name for the product, one for numbers, no emoji, no stuttering.

    >>> plain("威力贷 分其6期，可以嗎？？？😭")
    'P 分其N期 可以吗'
    """
    text = simplified(text)
    for pattern, one in ((_PRODUCT, PRODUCT), (_MASK, NUMBER), (_NUMBER, NUMBER), (_NUMBERS, NUMBER)):
        text = pattern.sub(one, text)
    return _REPEATED.sub(r"\1", _OTHER.sub(" ", text)).strip()
