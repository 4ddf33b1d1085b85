"""What so many borrowers need, computed from figures that were measured or are assumed; an operator puts in own ones.

`python -m bench sizing` prints the tables of docs/operation.md, `--set arrears=0.05 turns=8` those with other figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.document import Figures

if TYPE_CHECKING:
    from collections.abc import Iterable

BORROWERS = (100_000, 1_000_000, 10_000_000, 100_000_000)
GB = 1e9


@dataclass(frozen=True)
class Figure:
    value: float
    meaning: str
    origin: str = "assumed"


FIGURES = {
    "arrears": Figure(0.03, "share of borrowers in arrears in a month"),
    "talk": Figure(0.5, "share of them who write"),
    "conversations": Figure(2, "conversations of each of these a month"),
    "turns": Figure(4.1, "turns of a conversation, the mean of bench/stories.py"),
    "peak_day": Figure(3, "the busiest day, in mean days (all loans due at once)"),
    "peak_hour": Figure(0.15, "the busiest hour, in days"),
    "notices": Figure(1, "notices a borrower a month, on a mean day"),
    "hours": Figure(10, "hours a day in which notices go out"),
    "gateway_ms": Figure(100, "an SMS gateway's answer, ms"),
    "worker_turns": Figure(20, "turns/s of a worker at which 95 % wait less than 0.8 s", "measured: bench load"),
    "worker_mb": Figure(960, "memory of a worker, MB", "measured: bench workers"),
    "worker_connections": Figure(15, "connections of a worker to PostgreSQL", "measured: bench workers"),
    "postgres_ms": Figure(9, "processor time of PostgreSQL a turn, ms", "measured: bench workers"),
    "turn_bytes": Figure(3450, "a turn in the database, with its indexes", "measured: bench workers"),
    "loan_bytes": Figure(3540, "a loan of 20 rows, 7 paid, in our own book", "measured once"),
    "notice_bytes": Figure(1250, "a notice that was sent, its text sealed", "measured once"),
    "loans_planned": Figure(1600, "loans/s that one core plans notices for", "measured: bench notices"),
    "send_ms": Figure(18, "processor time of sending a notice, ms", "measured once"),
}


def measure(own: Iterable[str] = ()) -> list[Figures]:
    """Both tables, with own figures ("arrears=0.05") in place of ours. Raises ValueError for what is no figure."""
    figures = {**FIGURES, **dict(_own(one) for one in own)}
    inputs = [(f"`{name}`", f"{one.value:g}", one.meaning, one.origin) for name, one in figures.items()]
    f = {name: one.value for name, one in figures.items()}
    columns = [_needs(borrowers, f) for borrowers in BORROWERS]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return [
        Figures(("figure", "value", "meaning", "origin"), inputs),
        Figures(("borrowers", *(f"{borrowers:,}" for borrowers in BORROWERS)), rows),
    ]


def _needs(borrowers: int, f: dict[str, float]) -> dict[str, str]:
    turns = borrowers * f["arrears"] * f["talk"] * f["conversations"] * f["turns"]  # a month
    peak = turns / 30 * f["peak_day"] * f["peak_hour"] / 3600
    workers = max(2, math.ceil(peak / f["worker_turns"]) + 1)
    sent = borrowers * f["notices"] / 30 * f["peak_day"] / f["hours"] / 3600
    return {
        "turns a month": f"{turns:,.0f}",
        "turns/s in the peak hour": f"{peak:.2f}",
        "workers, one to spare": f"{workers}",
        "their memory, GB": f"{workers * f['worker_mb'] / 1000:.1f}",
        "their connections to PostgreSQL": f"{workers * f['worker_connections']:.0f}",
        "cores of PostgreSQL for turns": f"{peak * f['postgres_ms'] / 1000:.2f}",
        "conversations, GB a month": f"{turns * f['turn_bytes'] / GB:,.1f}",
        "notices, GB a month": f"{borrowers * f['notices'] * f['notice_bytes'] / GB:,.1f}",
        "own loan book, GB": f"{borrowers * f['loan_bytes'] / GB:,.1f}",
        "planning the day's notices on one core, h": f"{borrowers / f['loans_planned'] / 3600:.1f}",
        "notices/s on the busiest day": f"{sent:.1f}",
        "senders": f"{max(1, math.ceil(sent * (f['send_ms'] + f['gateway_ms']) / 1000))}",
    }


def _own(text: str) -> tuple[str, Figure]:
    name, _, value = text.partition("=")
    if name not in FIGURES:
        raise ValueError(f"no figure is called {name}; there are: {', '.join(FIGURES)}")
    return name, Figure(float(value), FIGURES[name].meaning, "your own")
