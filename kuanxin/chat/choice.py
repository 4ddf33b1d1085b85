"""Which of the numbered buttons somebody means: 1, １, 一, 第一个. Anything else is something that was said."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"(?:第)?(?:(\d{1,2})|([一二三四五六七八九十]))(?:个|项)?[.。、]?")
_CHINESE = "一二三四五六七八九十"


def chosen(text: str, buttons: int) -> int | None:
    """The index of the button, or None. Only a bare number within the offered ones counts: "500" or "3期" is text."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not found:
        return None
    number = int(found[1]) if found[1] else _CHINESE.index(found[2]) + 1
    return number - 1 if 1 <= number <= buttons else None
