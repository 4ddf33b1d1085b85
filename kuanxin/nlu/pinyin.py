"""How Chinese sounds, as far as people mix it up when they type: without tones, zh = z, n = l, ing = in."""

from __future__ import annotations

import re
from functools import cache

from pypinyin import lazy_pinyin

_MIXED_UP = tuple(
    (re.compile(pattern), one)
    for pattern, one in ((r"^([zcs])h", r"\1"), (r"^n(?=[aeiouv])", "l"), (r"(?<=[aei])ng$", "n"), (r"^hu(?=i$)", "fe"))
)


@cache
def syllable(character: str) -> str:
    """The sound of one character, whatever stands beside it; a character without one stays as it is."""
    return lazy_pinyin(character)[0] if "一" <= character <= "鿿" else character


@cache
def folded(character: str) -> str:
    """The sound of one character with the differences dropped that typing mixes up."""
    sound = syllable(character)
    for pattern, one in _MIXED_UP:
        sound = pattern.sub(one, sound)
    return sound


def folded_syllables(text: str) -> list[str]:
    """
    >>> folded_syllables("怔信") == folded_syllables("征信")
    True
    """
    return [folded(c) for c in text]
