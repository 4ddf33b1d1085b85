"""Whether a message can be an answer: only to what its writer could have read when it was sent.

A platform may bring a message minutes after it was written, or after a later one. Moments are seconds since 1970, real
time: `sent_at` is the platform's own for the message, `shown_at` ours for when it had taken the question.
"""

from __future__ import annotations

import re
from typing import Any

_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
# WeChat, WeCom and Telegram give whole seconds, and two clocks kept by NTP may be some tenths of a second apart. Within
# this time nobody reads an offer and answers it: who is asked once more for nothing is somebody who did not read it.
READING_SECONDS = 2.0

LATE = "刚才那条可能是在下面这个问题之前发出的，怕弄错您的意思，先没有当作答复，请看一眼再回我一次。"


def seconds(given: Any) -> float:
    """A platform's moment as it came over the wire. What is none counts as long ago: nothing is agreed to by it."""
    return float(given) if _SECONDS.fullmatch(str(given)) else 0.0


def came_before(sent_at: float | None, shown_at: float | None) -> bool:
    """Whether a message was sent before somebody could read the question, or the question was not shown there at all.

    Without `sent_at` there is no platform in between, and the order of arrival counts.
    """
    if sent_at is None:
        return False
    return shown_at is None or sent_at < shown_at + READING_SECONDS
