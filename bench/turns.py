"""A turn of Kuanxin beside a turn of the bare `rasa init` bot, in the same run on the same machine."""

from __future__ import annotations

import statistics
import tempfile
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import yaml

from bench import bare_bot
from bench.measure import memory_mb, percentile, turns_ms, turns_per_second
from kuanxin.book.demo import DEMO_BOOK
from kuanxin.evaluate.stage import Stage
from kuanxin.operate.assistant import running_assistant
from kuanxin.operate.model import ROOT, ensure_model

if TYPE_CHECKING:
    from collections.abc import Callable

SPEAKERS = 8
TURNS_EACH = 40
LONG = 300
# every turn answers from the loan book or from the form; nothing is agreed, so that each round finds the same loan
MESSAGES = ("我欠多少", "会不会上征信", "能晚几天还吗", "28号", "不用了", "怎么还款", "罚息怎么算", "一直不还会怎样")


def measure() -> list[tuple[str, float, float, str]]:
    """Rows: what, bare bot, Kuanxin, unit."""
    build = ROOT / "build" / "bench"
    bare_training = bare_bot.make(build / "bare")
    with tempfile.TemporaryDirectory() as out:
        train = [*bare_bot.COMMAND, "train", "--force", "--out", out]
        own_training = bare_bot.seconds_of(train, ROOT, build / "train.log")
    model = ensure_model()
    with (
        tempfile.TemporaryDirectory(prefix="kuanxin-bench-") as var,
        bare_bot.running(build / "bare") as (url, server, bare_start),
    ):
        began = time.monotonic()
        with running_assistant(Path(var), model=model) as assistant:
            own_start = time.monotonic() - began
            stage = Stage(assistant.environment)
            stage.set(yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.fromisoformat("2026-11-23T10:00:00+08:00"))
            tokens = {f"B{n:03d}": stage.token(f"B{n:03d}") for n in range(1, SPEAKERS + 1)}
            bots = {"bare": _bare(url), "own": _own(assistant.chat, tokens)}
            speakers = {"bare": [f"speaker-{n}" for n in range(SPEAKERS)], "own": list(tokens)}
            single: dict[str, list[float]] = {"bare": [], "own": []}
            rate: dict[str, list[float]] = {"bare": [], "own": []}
            for _round in range(3):
                for name, say in bots.items():
                    single[name] += turns_ms(say, speakers[name][_round], TURNS_EACH)
                    rate[name].append(turns_per_second(say, speakers[name], TURNS_EACH // 4))
            long = {name: turns_ms(say, speakers[name][-1], LONG) for name, say in bots.items()}
            own_pids = [process.pid for process in assistant.processes.values()]
            memory = {"bare": memory_mb([server.pid]), "own": memory_mb(own_pids)}
    return [
        ("p50 of a turn", percentile(single["bare"], 50), percentile(single["own"], 50), "ms"),
        ("p95 of a turn", percentile(single["bare"], 95), percentile(single["own"], 95), "ms"),
        (f"turns/s, {SPEAKERS} borrowers", max(rate["bare"]), max(rate["own"]), "1/s"),
        ("turn 5 of a conversation", _around(long["bare"], 5), _around(long["own"], 5), "ms"),
        (f"turn {LONG} of a conversation", _around(long["bare"], LONG), _around(long["own"], LONG), "ms"),
        ("memory (all servers of the bot)", memory["bare"], memory["own"], "MB"),
        ("start-up to the first answer", bare_start, own_start, "s"),
        ("training", bare_training, own_training, "s"),
    ]


def _around(values: list[float], turn: int) -> float:
    """The median of a full round of messages around a turn, so that the same messages are compared."""
    width = len(MESSAGES)
    start = min(max(turn - width // 2 - 1, 0), len(values) - width)
    return statistics.median(values[start : start + width])


def _bare(url: str) -> Callable[[str, int], None]:
    session = requests.Session()

    def say(speaker: str, number: int) -> None:
        text = bare_bot.MESSAGES[number % len(bare_bot.MESSAGES)]
        session.post(url, json={"sender": speaker, "message": text}, timeout=60).raise_for_status()

    return say


def _own(chat: str, tokens: dict[str, str]) -> Callable[[str, int], None]:
    session = requests.Session()

    def say(speaker: str, number: int) -> None:
        body = {"message_id": uuid.uuid4().hex, "text": MESSAGES[number % len(MESSAGES)]}
        answer = session.post(
            f"{chat}/messages", json=body, headers={"Authorization": f"Bearer {tokens[speaker]}"}, timeout=60
        )
        answer.raise_for_status()
        if not answer.json()["messages"]:
            raise RuntimeError(f"no answer to {body['text']}: a turn without an answer is not a turn")

    return say
