"""`make bench` (python -m bench): measures, prints, and writes docs/benchmarks.md between its markers."""

from __future__ import annotations

import platform
from datetime import datetime, timezone

import psutil
from rich.console import Console
from rich.table import Table

from bench import turns
from kuanxin.operate.model import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- turns: begin -->", "<!-- turns: end -->"


def main() -> None:
    console = Console()
    console.print("Training and starting both bots; this takes some minutes…")
    rows = turns.measure()
    table = Table("", "bare rasa init", "Kuanxin", "unit", "Kuanxin / bare")
    lines = ["| | bare `rasa init` | Kuanxin | unit | Kuanxin / bare |", "|---|---:|---:|---|---:|"]
    for what, bare, own, unit in rows:
        cells = (what, f"{bare:.1f}", f"{own:.1f}", unit, f"{own / bare:.2f}")
        table.add_row(*cells)
        lines.append("| " + " | ".join(cells) + " |")
    console.print(table)
    memory = psutil.virtual_memory().total / 2**30
    where = f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
    lines += ["", f"Measured {datetime.now(timezone.utc):%Y-%m-%d} on {where} with `make bench`."]
    text = DOCUMENT.read_text("utf-8")
    head, rest = text.split(BEGIN)
    DOCUMENT.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], "utf-8")
    console.print(f"Written to {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
