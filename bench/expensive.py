"""How long the assistant takes over texts that are made to take long: the slowest turns, not the usual ones."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import requests

from bench.document import Figures
from bench.measure import turns_ms
from kuanxin.channels.inbound import MOST_CHARACTERS
from kuanxin.operate.assistant import running_assistant

TURNS = 5
MIXED = "一二三万块，。3３〇号月aA 🙂①—-=/\\"


def texts() -> dict[str, str]:
    """What it is: the text."""
    drawn = random.Random(1)
    fill = {
        "one character": "欠",
        "digits": "1",
        "groups of digits": "1 ",
        "phone numbers": "13911127654 ",
        "almost card numbers": "6222021234567890 ",
        "password without end": "密码是",
        "dates": "下个月15号",
        "amounts": "两万三千五百块",
        "numerals": "一",
        "many wishes": "能延期吗，还要分期，罚息能减吗。",
        "clauses": "，。",
        "emoji": "👨\u200d👩\u200d👧",
        "combining marks": "a\u0301",
        "brackets": "{[(",
        "letters": "a",
    }
    made = {what: (part * MOST_CHARACTERS)[:MOST_CHARACTERS] for what, part in fill.items()}
    made["all mixed"] = "".join(drawn.choice(MIXED) for _ in range(MOST_CHARACTERS))
    return {"usual": "我欠多少", **made}


def measure() -> list[Figures]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="kuanxin-bench-") as var, running_assistant(Path(var)) as assistant:
        for what, text in texts().items():
            token = requests.post(f"{assistant.chat}/visitors", timeout=10).json()["token"]

            def say(speaker: str, number: int, text: str = text) -> None:
                headers = {"Authorization": f"Bearer {speaker}"}
                body = json.dumps({"text": text}, ensure_ascii=False).encode()
                answer = requests.post(f"{assistant.chat}/messages", data=body, headers=headers, timeout=60)
                answer.raise_for_status()

            rows.append((what, max(turns_ms(say, token, TURNS))))
    rows[1:] = sorted(rows[1:], key=lambda row: -row[1])
    return [Figures(("text", "slowest turn, ms"), [(what, f"{ms:.0f}") for what, ms in rows])]
