"""Which of the numbered choices somebody means: 1, １, 一, 第一个, 选1, 最后一个. All else was said, not chosen."""

from __future__ import annotations

import re
import unicodedata

_CHINESE = "一二三四五六七八九十"
_NUMBER = re.compile(
    rf"(?:我?(?:选择?|要|就|回复?))*\(?(?:第|选项|方案)?(?:(\d{{1,2}})|([{_CHINESE}])|(最后一))\)?(?:个|项|种|条)?(?:吧|就行)?[.。、!,，)]*"
)


def chosen(text: str, buttons: int) -> int | None:
    """The index of the choice, or None. Only a bare number within the offered ones counts: "500" or "3期" is text."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not found:
        return None
    if found[3]:
        return buttons - 1 if buttons else None
    number = int(found[1]) if found[1] else _CHINESE.index(found[2]) + 1
    return number - 1 if 1 <= number <= buttons else None
