"""Borrowers talk with two workers while servers are killed, stopped and started: what is lost, doubled or half agreed.

What each borrower sent and heard is compared with the database at the end. The first and last part of the time is left
without faults: there the waiting is compared. Worker two is stopped now and then but never started again, so that its
memory is that of one process over the whole time.
"""

from __future__ import annotations

import itertools
import os
import random
import secrets
import signal
import tempfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import requests
from sqlalchemy import select

from bench.document import Figures
from bench.measure import memory_mb, percentile
from bench.stories import STORIES
from kuanxin.channels.guard import FAILED
from kuanxin.operate.assistant import running_assistant
from kuanxin.operate.model import ensure_model
from kuanxin.store.tables_book import loan_events
from kuanxin.store.tables_conversations import agreements, transcript
from tests.faults.stage import Faulty, Worker
from tests.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services import Server

BORROWERS = 10  # at once
PAUSE_SECONDS = (2.0, 6.0)
AGREEING = (8, ("分6期", "确认"))  # beside the other stories, so that there is something to lose
WITHOUT_FAULTS = 0.06  # of the time, at its beginning and at its end
FAULT_EVERY_SECONDS = 60.0
SAMPLE_SECONDS = 10.0
GIVES_UP_SECONDS = 180.0  # a borrower whose message nobody takes
TYPES_AGAIN = 6  # times, after words that something went wrong


@dataclass(frozen=True)
class Said:
    """One message of a borrower and what came of it."""

    borrower: str
    id: str
    text: str
    at: float  # seconds since the start
    seconds: float  # until the answer
    sent: int  # times, under the same id
    heard: tuple[str, ...] | None  # None: no answer at all
    told: tuple[str, ...] = ()  # arrangements on the cards of the answer

    @property
    def broke(self) -> bool:
        return self.heard is not None and any(text == FAILED for text in self.heard)


@dataclass
class Endured:
    """What the borrowers saw, and what the database has of it."""

    seconds: float
    said: list[Said]
    faults: Counter[str]
    memory: list[tuple[float, dict[str, float]]]  # second, MB of each process
    lost: list[Said] = field(default_factory=list)  # not in the transcript, or without an answer there
    doubled: list[Said] = field(default_factory=list)  # twice in the transcript, or answered twice
    told: set[str] = field(default_factory=set)  # arrangements that a borrower was told of
    agreed: set[str] = field(default_factory=set)  # arrangements in the loan book
    listed: set[str] = field(default_factory=set)  # arrangements as colleagues see them

    @property
    def lost_agreements(self) -> set[str]:
        return self.told - self.agreed

    @property
    def half_agreements(self) -> set[str]:
        return self.agreed - (self.told & self.listed) | (self.listed - self.agreed)

    def waited(self, begin: float, end: float) -> list[float]:
        """Milliseconds of the turns that began in this part of the time (0 to 1)."""
        return [s.seconds * 1000 for s in self.said if begin <= s.at / self.seconds < end]


class Machine:
    """Two workers over one PostgreSQL and one Redis."""

    def __init__(self, stack: ExitStack) -> None:
        self.postgres, self.redis = PostgreSQL(), Redis()
        stack.callback(self.postgres.stop)
        stack.callback(self.redis.stop)
        shared = {"KUANXIN_REDIS_URL": self.redis.url, "KUANXIN_TOKEN_KEY": secrets.token_hex(32)}
        stack.enter_context(patch.dict(os.environ, shared))
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kuanxin-endure-")))
        database, model = self.postgres.fresh_database(), ensure_model()
        one, two = (
            stack.enter_context(running_assistant(var / name, database_url=database, model=model))
            for name in ("one", "two")
        )
        self.one, self.two = Faulty(one), Worker(two)
        self.chats = (one.chat, two.chat)

    def faults(self) -> tuple[tuple[str, Callable[[float], None]], ...]:
        """Each takes the seconds for which it lasts."""
        one, two = self.one, self.two
        return (
            ("action server killed", lambda seconds: _killed(one, "actions", seconds)),
            ("Rasa server stopped", lambda seconds: _stopped(two, "rasa", seconds)),
            ("PostgreSQL killed", lambda seconds: _ended(self.postgres, seconds)),
            ("action server stopped", lambda seconds: _stopped(two, "actions", seconds)),
            ("Rasa server killed", lambda seconds: _killed(one, "rasa", seconds)),
            ("Redis killed", lambda seconds: _ended(self.redis, seconds)),
            ("PostgreSQL stopped", lambda seconds: _frozen(self.postgres, seconds)),
            ("action server stopped for longer than a turn may take", lambda s: _stopped(two, "actions", 3.5 * s)),
            ("Redis stopped", lambda seconds: _frozen(self.redis, seconds)),
        )

    def memory(self) -> dict[str, float]:
        """Of worker two, in MB."""
        return {name: memory_mb([process.pid]) for name, process in self.two.assistant.processes.items()}


def _killed(worker: Worker, name: str, seconds: float) -> None:
    worker.kill(name)
    time.sleep(seconds)
    worker.start(name)


def _stopped(worker: Worker, name: str, seconds: float) -> None:
    worker.signal(name, signal.SIGSTOP)
    time.sleep(seconds)
    worker.signal(name, signal.SIGCONT)


def _ended(server: PostgreSQL | Redis, seconds: float) -> None:
    server.end()
    time.sleep(seconds)
    server.start_again()


def _frozen(server: Server, seconds: float) -> None:
    server.freeze()
    time.sleep(seconds)
    server.thaw()


class Talk:
    """Some borrowers, one after the other, in the voice of one thread."""

    def __init__(self, machine: Machine, borrowers: list[str], began: float, until: float) -> None:
        self._machine, self._borrowers = machine, itertools.cycle(borrowers)
        self._began, self._until = began, until
        self._random = random.Random(borrowers[0])
        self.said: list[Said] = []

    def run(self) -> list[Said]:
        stories = (*STORIES, AGREEING)
        while time.monotonic() < self._until:
            borrower = next(self._borrowers)
            (story,) = self._random.choices([said for _, said in stories], [often for often, _ in stories])
            token = self._machine.one.stage.token(borrower)
            for text in story:
                for _ in range(TYPES_AGAIN):
                    said = self._say(borrower, token, text)
                    self.said.append(said)
                    time.sleep(self._random.uniform(*PAUSE_SECONDS))
                    if not said.broke:
                        break
        return self.said

    def _say(self, borrower: str, token: str, text: str) -> Said:
        """As the widget does: sent again under its number, to whichever worker, until it is answered."""
        id, at = uuid.uuid4().hex, time.monotonic()
        messages, sent = None, 0
        while messages is None and time.monotonic() < at + GIVES_UP_SECONDS:
            if sent:
                time.sleep(1)
            sent += 1
            messages = _answered(self._random.choice(self._machine.chats), token, id, text)
        heard = None if messages is None else tuple(message["text"] for message in messages)
        told = tuple(_arrangements(message["card"] for message in messages or ()))
        return Said(borrower, id, text, at - self._began, time.monotonic() - at, sent, heard, told)


def _answered(chat: str, token: str, id: str, text: str) -> list[dict[str, Any]] | None:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = requests.post(f"{chat}/messages", json={"message_id": id, "text": text}, headers=headers, timeout=60)
        return answer.json()["messages"] if answer.ok else None
    except requests.RequestException:
        return None


def _arrangements(cards: Iterator[dict[str, Any] | None]) -> Iterator[str]:
    return (card["data"]["arrangement"] for card in cards if card and card["data"].get("arrangement"))


def endure(minutes: float) -> Endured:
    """Raises AssertionError where a server does not come back."""
    with ExitStack() as stack:
        machine = Machine(stack)
        before = _agreed(machine)
        began, seconds = time.monotonic(), minutes * 60
        borrowers = sorted(borrower.id for borrower in machine.one.stage.services.book.borrowers())
        talks = [Talk(machine, borrowers[n::BORROWERS], began, began + seconds) for n in range(BORROWERS)]
        stop = threading.Event()
        memory: list[tuple[float, dict[str, float]]] = []

        def sample() -> None:
            while not stop.wait(min(SAMPLE_SECONDS, seconds / 20)):
                memory.append((time.monotonic() - began, machine.memory()))

        with ThreadPoolExecutor(BORROWERS + 1) as pool:
            sampling = pool.submit(sample)
            try:
                talking = [pool.submit(talk.run) for talk in talks]
                faults = _trouble(machine, began, seconds)
                said = [one for talk in talking for one in talk.result()]
            finally:
                stop.set()
            sampling.result()
        found = Endured(seconds, said, faults, memory)
        _compare(machine, found)
        found.agreed -= before
        return found


def _trouble(machine: Machine, began: float, seconds: float) -> Counter[str]:
    """One fault after the other, each healed before the next."""
    happened: Counter[str] = Counter()
    faults = machine.faults()
    first, last = began + WITHOUT_FAULTS * seconds, began + (1 - WITHOUT_FAULTS) * seconds
    every = min(FAULT_EVERY_SECONDS, (last - first) / len(faults))
    for number, (name, fault) in enumerate(itertools.cycle(faults)):
        at = max(time.monotonic(), first + number * every)
        if at + every > last:
            return happened
        time.sleep(max(0.0, at - time.monotonic()))
        fault(every / 6)
        happened[name] += 1
    raise AssertionError("the faults go round without end")


def _compare(machine: Machine, found: Endured) -> None:
    """Fills in what the database has."""
    with machine.one.stage.services.engine.connect() as connection:
        rows = connection.execute(select(transcript.c.message_id, transcript.c.author, transcript.c.text)).all()
        found.listed = set(connection.execute(select(agreements.c.id)).scalars())
    asked = Counter(row.message_id for row in rows if row.author == "borrower")
    answers: dict[str, list[str]] = {}
    for row in rows:
        if row.author == "assistant" and row.message_id:
            answers.setdefault(row.message_id, []).append(row.text)
    for one in found.said:
        heard = answers.get(one.id, [])
        if not asked[one.id] or not heard or one.heard is None:
            found.lost.append(one)
        if asked[one.id] > 1 or len(set(heard)) < len(heard):
            found.doubled.append(one)
        found.told.update(one.told)
    found.agreed = _agreed(machine)


def _agreed(machine: Machine) -> set[str]:
    committed = select(loan_events.c.arrangement_id).where(loan_events.c.kind == "committed")
    with machine.one.stage.services.engine.connect() as connection:
        return set(connection.execute(committed).scalars())


def measure(minutes: float) -> list[Figures]:
    return _figures(endure(minutes))


def _figures(found: Endured) -> list[Figures]:
    again = sum(one.sent > 1 for one in found.said)
    counts = [
        ("messages sent", len(found.said)),
        ("faults", sum(found.faults.values())),
        ("messages that had to be sent again under their number", again),
        ("messages answered with the words to write again", sum(one.broke for one in found.said)),
        ("messages lost: not in the transcript, or never answered", len(found.lost)),
        ("messages doubled: twice in the transcript, or answered twice", len(found.doubled)),
        ("agreements in the loan book", len(found.agreed)),
        ("agreements lost: a borrower was told, the book does not know", len(found.lost_agreements)),
        ("agreements half: not told, or not among those that colleagues see", len(found.half_agreements)),
    ]
    parts = {
        "before the first fault": (0, WITHOUT_FAULTS),
        "while faults happen": (WITHOUT_FAULTS, 1 - WITHOUT_FAULTS),
        "after the last": (1 - WITHOUT_FAULTS, 1),
    }
    waiting = [
        (name, f"{len(ms)}", f"{percentile(ms, 50):.0f}", f"{percentile(ms, 95):.0f}")
        for name, ms in ((name, found.waited(*part)) for name, part in parts.items())
    ]
    names = {"rasa": "Rasa server", "actions": "action server"}
    grown = [
        (names[name], *(f"{_memory(found, name, at):.0f}" for at in (WITHOUT_FAULTS, 0.25, 0.5, 0.75, 1)))
        for name in names
    ]
    return [
        Figures(
            (f"in {found.seconds / 60:g} minutes, {BORROWERS} borrowers at once", ""),
            [(a, f"{b:,}") for a, b in counts],
        ),
        Figures(("a fault that happened", "times"), [(name, str(times)) for name, times in found.faults.items()]),
        Figures(("turns", "number", "p50, ms", "p95, ms"), waiting),
        Figures(("memory of worker two, MB", "before the first fault", "1/4", "1/2", "3/4", "end"), grown),
    ]


def _memory(found: Endured, name: str, at: float) -> float:
    """Of the last sample up to this part of the time."""
    return next(mb[name] for second, mb in reversed(found.memory) if second <= at * found.seconds + SAMPLE_SECONDS)
