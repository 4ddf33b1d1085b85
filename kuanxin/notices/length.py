"""How many SMS a text becomes. A text in the GSM alphabet has 160 letters in one SMS and 153 in each of several; any
other, Chinese for example, 70 and 67 (UTF-16 code units: an emoji takes two and is never cut). 3GPP TS 23.038, 23.040.
"""

from __future__ import annotations

import smsutil


def sms_parts(text: str) -> int:
    """What a carrier counts and bills."""
    return len(smsutil.split(text).parts)
