"""How a turn is timed, the same for every bot: a function that says one thing and waits for the whole answer."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Say = Callable[[str, int], None]  # who speaks, the number of the turn


def turns_ms(say: Say, speaker: str, count: int) -> list[float]:
    """Milliseconds of consecutive turns of one conversation."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        say(speaker, number)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def turns_per_second(say: Say, speakers: Iterable[str], turns_each: int) -> float:
    """All speakers talk at once, each turn after the answer to the one before."""
    everybody = list(speakers)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(everybody)) as pool:
        for done in [pool.submit(turns_ms, say, speaker, turns_each) for speaker in everybody]:
            done.result()
    return len(everybody) * turns_each / (time.perf_counter() - began)


def memory_mb(process_ids: Iterable[int]) -> float:
    """Resident memory of processes and their children."""
    total = 0
    for pid in process_ids:
        process = psutil.Process(pid)
        total += sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
    return total / 2**20
