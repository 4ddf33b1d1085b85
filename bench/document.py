"""docs/benchmarks.md: every part of the benchmark writes its own block there, and nothing else.

The pipelines' table stands in docs/understanding.md, where they are explained.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import psutil

from kuanxin.operate.model import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = ROOT / "docs" / "benchmarks.md"
UNDERSTANDING = ROOT / "docs" / "understanding.md"


@dataclass(frozen=True)
class Figures:
    """A table of measured figures, formatted; the first column names what was measured."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def markdown(self) -> str:
        rule = ("---", *["---:"] * (len(self.header) - 1))
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (self.header, rule, *self.rows))


def write(part: str, tables: list[Figures], command: str, document: Path) -> None:
    """Replaces the block of a part with these tables and where, when and how they were measured.

    Raises ValueError where the document has no such block.
    """
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    text = document.read_text("utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{document.name} has no block between {begin} and {end}")
    memory = psutil.virtual_memory().total / 2**30
    where = f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
    measured = f"Measured {datetime.now(timezone.utc):%Y-%m-%d} on {where} with `{command}`."
    block = "\n\n".join([*(table.markdown() for table in tables), measured])
    head, tail = text.split(begin)[0], text.split(end)[1]
    document.write_text(f"{head}{begin}\n{block}\n{end}{tail}", "utf-8")
