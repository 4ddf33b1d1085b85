"""The desk's list on PostgreSQL.

Generates conversations (10,000 and 100,000; with --full 1,000,000) with the words of the training data, then times what
a colleague does: the first page, a later page, a filter, a search for a rare and for a common word, opening one. Beside
it, in the same run: what the database alone takes for one row by its key, and a search by LIKE without the index.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml
from sqlalchemy import text

from bench.document import Figures
from bench.measure import percentile
from kuanxin.conversations.review import Filters
from kuanxin.operate.model import ROOT
from kuanxin.store.base import SHANGHAI
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.transcripts_search import SqlTranscripts
from tests.services import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

SIZES, FULL = (10_000, 100_000), (10_000, 100_000, 1_000_000)
ROUNDS = 40
PORTION = 20_000
RARE = "骆驼祥子"  # in one conversation of 10,000
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
TURNS = (2, 2, 3, 3, 4, 6)
CONVERSATIONS = (
    *("id", "channel", "opened_at", "borrower_id", "holder", "last_number", "last_at", "said", "attention"),
    *("fallback", "hardship", "complaint", "handed_over", "unfinished", "lowest_confidence", "rating"),
)
TRANSCRIPT = ("conversation_id", "number", "at", "author", "text", "message_id", "verified")
UNDERSTOOD = (
    *("conversation_id", "message_id", "at", "intent", "confidence", "fallback"),
    *("actions", "entities", "slots", "model", "policy_version"),
)
ANSWER = "好的，这是您现在的账，下面是可以办的。"


def sayings() -> list[tuple[str, str]]:
    """(intent, what a borrower writes) from the training data."""
    found = []
    for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for part in yaml.safe_load(file.read_text("utf-8"))["nlu"]:
            if "intent" in part:
                found += [(part["intent"], line[2:]) for line in part["examples"].splitlines() if line[2:]]
    return found


def fill(engine: Engine, begin: int, end: int, said: list[tuple[str, str]]) -> None:
    """Conversations `begin` to `end`, ten seconds apart, the newest last."""
    chance = random.Random(begin)
    for first in range(begin, end, PORTION):
        heads, lines, seen = [], [], []
        for n in range(first, min(first + PORTION, end)):
            _one(n, chance, said, heads, lines, seen)
        connection = engine.raw_connection()
        with connection.cursor() as cursor:
            for table, columns, rows in (
                ("conversations", CONVERSATIONS, heads),
                ("transcript", TRANSCRIPT, lines),
                ("understood", UNDERSTOOD, seen),
            ):
                file = io.StringIO("".join("\t".join(map(_cell, row)) + "\n" for row in rows))
                cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", file)
        connection.commit()
        connection.close()


def _one(n: int, chance: random.Random, said: list[tuple[str, str]], heads: Any, lines: Any, seen: Any) -> None:
    id, at = f"c{n:08}", NOW - timedelta(days=1200) + timedelta(seconds=100 * n)
    turns = chance.choice(TURNS)
    lowest = 1.0
    for turn in range(turns):
        intent, words = chance.choice(said)
        if n % 10_000 == 77 and not turn:
            words += RARE
        confidence = chance.uniform(0.3, 1)
        lowest = min(lowest, confidence)
        moment = at + timedelta(seconds=turn)
        lines.append((id, 2 * turn + 1, moment, "borrower", words, f"m{turn}", True))
        lines.append((id, 2 * turn + 2, moment, "assistant", ANSWER, f"m{turn}", True))
        seen.append((id, f"m{turn}", moment, intent, confidence, confidence < 0.35, "[]", "[]", "{}", "m1", "p1"))
    flags = [chance.random() < share for share in (0.1, 0.04, 0.01, 0.08, 0.2)]
    attention = 4 if flags[2] else 2 if flags[1] else 1 if flags[0] else 0
    rating = chance.choice((None, None, None, 2, 4, 5))
    head = (
        id,
        chance.choice(("web", "wechat")),
        at,
        f"B{n % 50_000:06}",
        "bot",
        2 * turns,
        at + timedelta(seconds=turns),
    )
    heads.append((*head, turns, attention, *flags, lowest, rating))


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")


def measure(full: bool = False) -> list[Figures]:
    server = PostgreSQL()
    try:
        engine = make_engine(server.fresh_database())
        migrate(engine)
        said = sayings()
        columns: dict[str, list[str]] = {}
        sizes, done = FULL if full else SIZES, 0
        for size in sizes:
            fill(engine, done, size, said)
            done = size
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            for name, do in tasks(engine, size).items():
                columns.setdefault(name, []).append(_timed(do))
        engine.dispose()
    finally:
        server.stop()
    header = ("p50 / p95 in ms", *(f"{size:,} conversations" for size in sizes))
    return [Figures(header, [(name, *cells) for name, cells in columns.items()])]


def tasks(engine: Engine, size: int) -> dict[str, Callable[[], Any]]:
    lists, store, staff = SqlTranscripts(engine), SqlConversations(engine), SqlStaff(engine)
    chance = random.Random(3)
    deep = json.dumps([(NOW - timedelta(days=1200) + timedelta(seconds=100 * (size // 3))).isoformat(), "c"])

    def some() -> str:
        return f"c{chance.randrange(size):08}"

    def open_one() -> None:
        id = some()
        store.latest(id, 1000)
        staff.summary(id)
        staff.understandings(id)

    def by_key() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM conversations WHERE id = :id"), {"id": some()}).all()

    def by_like() -> None:
        query = "SELECT DISTINCT conversation_id FROM transcript WHERE author <> 'assistant' AND text LIKE :said"
        with engine.connect() as connection:
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            connection.execute(text(query), {"said": f"%{RARE}%"}).all()

    return {
        "first page": lambda: lists.page(Filters()),
        "what needs me": lambda: lists.page(Filters(needs_me=True, order="attention")),
        "a page two thirds down": lambda: lists.page(Filters(), deep),
        "complaints": lambda: lists.page(Filters(complaint=True)),
        "one intent": lambda: lists.page(Filters(intent="request_extension")),
        "hardship, low certainty, two rules more": lambda: lists.page(
            Filters(hardship=True, confidence_below=0.5, channel="web", rating_at_most=3)
        ),
        "search, a common word (罚息)": lambda: lists.page(Filters(text="罚息")),
        f"search, a rare word ({RARE})": lambda: lists.page(Filters(text=RARE)),
        "search, a word nobody wrote": lambda: lists.page(Filters(text="量子纠缠")),
        "open a conversation": open_one,
        "reference: one row by its key": by_key,
        "reference: the rare word by LIKE, no index": by_like,
    }


def _timed(do: Callable[[], Any]) -> str:
    do()
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < ROUNDS and (len(taken) < 5 or time.perf_counter() - began < 30):
        start = time.perf_counter()
        do()
        taken.append((time.perf_counter() - start) * 1000)
    return f"{statistics.median(taken):.1f} / {percentile(taken, 95):.1f}"
