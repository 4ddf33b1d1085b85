"""What an extractor found in a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Found:
    """One expression: where it stands, what it means. `value` is None where it cannot be known (几天, 发工资那天)."""

    entity: str
    start: int
    end: int
    value: Any
    extra: dict[str, Any] = field(default_factory=dict)


Reader = Callable[["re.Match[str]", str, date], "Found | None"]


def scan(text: str, today: date, rules: list[tuple[re.Pattern[str], Reader]]) -> Iterator[Found]:
    """What the rules find, the first rule that reads a stretch of text having it to itself."""
    taken = [False] * len(text)
    for pattern, reader in rules:
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            found = reader(match, text, today)
            if found is not None:
                taken[start:end] = [True] * (end - start)
                yield found
