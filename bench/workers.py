"""Two workers against one, over one PostgreSQL and one Redis, as many turns as they can do; and what turns leave there.

A worker is a Rasa server and its action server. Two cores cannot hold two workers beside what they and their borrowers
need, so the workers are also compared on one core that is theirs alone: what two get less out of it than one is what
sharing conversations costs. Processor time of each part says what a turn needs, however busy the machine is.
"""

from __future__ import annotations

import itertools
import os
import random
import secrets
import statistics
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import psutil
import requests
from sqlalchemy import text

from bench.document import Figures
from bench.load import many_borrowers
from bench.measure import memory_mb
from bench.stories import STORIES
from kuanxin.operate.assistant import running_assistant
from kuanxin.operate.model import ensure_model
from kuanxin.store.base import metadata
from tests.faults.stage import NOW, Faulty
from tests.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Engine

    from kuanxin.operate.assistant import RunningAssistant

AT_ONCE = 16  # borrowers, each speaking after the answer
WARM_SECONDS, SECONDS = 2.0, 10.0
ROUNDS = 3
FIRST, SECOND = {0}, {1}
BOTH = FIRST | SECOND
SETTINGS = {  # how many workers, their cores, the cores of everything else
    "one worker, a core of its own": (1, FIRST, SECOND),
    "two workers, one core for both": (2, FIRST, SECOND),
    "one worker, both cores for everything": (1, BOTH, BOTH),
    "two workers, both cores for everything": (2, BOTH, BOTH),
}


@dataclass(frozen=True)
class Measured:
    turns_per_second: float
    milliseconds: dict[str, float]  # of processor time a turn, by part


def measure() -> list[Figures]:
    with ExitStack() as stack:
        postgres, redis = PostgreSQL(), Redis()
        stack.callback(postgres.stop)
        stack.callback(redis.stop)
        shared = {"KUANXIN_REDIS_URL": redis.url, "KUANXIN_TOKEN_KEY": secrets.token_hex(32)}
        stack.enter_context(patch.dict(os.environ, shared))
        var, database = Path(stack.enter_context(tempfile.TemporaryDirectory())), postgres.fresh_database()
        workers = [
            stack.enter_context(running_assistant(var / name, database, ensure_model())) for name in ("one", "two")
        ]
        stage = Faulty(workers[0]).stage
        stage.set(book := many_borrowers(), NOW)
        tokens = itertools.cycle([stage.token(borrower["id"]) for borrower in book["borrowers"]])
        engine = stage.services.engine
        before = _sizes(engine)
        found: dict[str, list[Measured]] = {name: [] for name in SETTINGS}
        done = 0
        for _ in range(ROUNDS):
            for name, (count, own, rest) in SETTINGS.items():
                parts = {
                    "Rasa": [worker.processes["rasa"].pid for worker in workers],
                    "actions": [worker.processes["actions"].pid for worker in workers],
                    "PostgreSQL": [postgres.pid],
                    "Redis": [redis.pid],
                }
                for part, pids in parts.items():
                    _pin(_family(pids), own if part in ("Rasa", "actions") else rest)
                _pin([psutil.Process()], rest)
                one, turns = _run(workers[:count], tokens, parts)
                found[name].append(one)
                done += turns
        memory = memory_mb(process.pid for worker in workers for process in worker.processes.values()) / len(workers)
        holds = [
            ("resident memory", f"{memory:.0f} MB"),
            ("connections to PostgreSQL", f"{_connections(workers, postgres.port):.0f}"),
            ("connections to Redis", f"{_connections(workers, redis.port):.0f}"),
            ("memory of Redis for both", f"{memory_mb([redis.pid]):.0f} MB"),
        ]
        storage = _storage(engine, before, done)
    return [_comparison(found), storage, Figures(("a worker under load", ""), holds)]


def _comparison(found: dict[str, list[Measured]]) -> Figures:
    parts = list(next(iter(found.values()))[0].milliseconds)
    best = {name: max(one.turns_per_second for one in several) for name, several in found.items()}
    names = list(SETTINGS)
    rows = []
    for name, several in found.items():
        beside = names[names.index(name) // 2 * 2]
        needs = [statistics.median(one.milliseconds[part] for one in several) for part in parts]
        rows.append((name, f"{best[name]:.1f}", f"{best[name] / best[beside]:.2f}", *(f"{ms:.1f}" for ms in needs)))
    return Figures(("", "turns/s", "of one worker's", *(f"{part}, ms" for part in parts)), rows)


def _run(workers: list[RunningAssistant], tokens: Iterator[str], parts: dict[str, list[int]]) -> tuple[Measured, int]:
    """Turns and processor time while borrowers talk; and all turns, those of the warming up included."""
    counted, ends = itertools.count(), threading.Event()
    chats = itertools.cycle([worker.chat for worker in workers])

    def talk(seed: int) -> None:
        chance, session = random.Random(seed), requests.Session()
        while not ends.is_set():
            token = next(tokens)
            (story,) = chance.choices([said for _, said in STORIES], [often for often, _ in STORIES])
            for said in story:
                answer = session.post(
                    f"{next(chats)}/messages",
                    json={"message_id": uuid.uuid4().hex, "text": said},
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=60,
                )
                answer.raise_for_status()
                if not answer.json()["messages"]:
                    raise RuntimeError(f"no answer to {said}: a turn without an answer is not a turn")
                next(counted)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        talks = [pool.submit(talk, seed) for seed in range(AT_ONCE)]
        time.sleep(WARM_SECONDS)
        first, began, used = next(counted), time.perf_counter(), _processor_seconds(parts)
        time.sleep(SECONDS)
        turns, seconds, after = next(counted) - first - 1, time.perf_counter() - began, _processor_seconds(parts)
        ends.set()
        for one in talks:
            one.result()
    milliseconds = {part: (after[part] - used[part]) * 1000 / turns for part in used}
    return Measured(turns / seconds, milliseconds), next(counted) - 2


def _family(pids: Iterable[int]) -> list[psutil.Process]:
    first = [psutil.Process(pid) for pid in pids]
    return [*first, *(child for process in first for child in process.children(recursive=True))]


def _pin(processes: Iterable[psutil.Process], cores: set[int]) -> None:
    for process in processes:
        for thread in process.threads():
            os.sched_setaffinity(thread.id, cores)


def _processor_seconds(parts: dict[str, list[int]]) -> dict[str, float]:
    """What each part has used so far, with its children, those that ended included; and the borrowers, in here."""
    used = {part: sum(sum(process.cpu_times()[:4]) for process in _family(pids)) for part, pids in parts.items()}
    return {**used, "borrowers": time.process_time()}


def _sizes(engine: Engine) -> dict[str, int]:
    """Bytes of each table with its indexes, without what updates left behind."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM FULL"))
        size = text("SELECT pg_total_relation_size(CAST(:table AS regclass))")
        return {table: connection.execute(size, {"table": table}).scalar() for table in metadata.tables}


def _connections(workers: list[RunningAssistant], port: int) -> float:
    """To a server's port, for each worker."""
    processes = _family(process.pid for worker in workers for process in worker.processes.values())
    connections = [connection for process in processes for connection in process.net_connections()]
    return sum(bool(one.raddr) and one.raddr.port == port for one in connections) / len(workers)


def _storage(engine: Engine, before: dict[str, int], turns: int) -> Figures:
    after = _sizes(engine)
    with engine.connect() as connection:
        rows = {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in metadata.tables}
    grown = {table: after[table] - before[table] for table in after if after[table] > before[table]}
    cells = [
        (table, f"{rows[table]:,}", f"{rows[table] / turns:.2f}", f"{size / rows[table]:.0f}", f"{size / turns:.0f}")
        for table, size in sorted(grown.items(), key=lambda one: -one[1])
    ]
    cells.append(("all", "", "", "", f"{sum(grown.values()) / turns:.0f}"))
    return Figures((f"{turns:,} turns left", "rows", "rows a turn", "bytes a row", "bytes a turn"), cells)
