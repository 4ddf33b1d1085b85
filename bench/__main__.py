"""`make bench` (python -m bench): measures all parts or one, prints, and writes each block of docs/benchmarks.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import desk, dialogue, endure, engine, expensive, load, notices, pipelines, sizing, turns, web, workers
from bench.document import DOCUMENT, UNDERSTANDING, Figures, write
from kuanxin.operate.model import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parts = (
        "turns",
        "web",
        "load",
        "workers",
        "expensive",
        "engine",
        "notices",
        "desk",
        "pipelines",
        "dialogue",
        "endure",
        "sizing",
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=parts,
        help="one part alone (default: all but pipelines, dialogue and endure, which take long, and sizing)",
    )
    parser.add_argument("--full", action="store_true", help="engine, notices, desk: up to 1,000,000")
    parser.add_argument("--minutes", type=float, default=60, help="endure: how long")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="pipelines: these, beside what was measured before")
    parser.add_argument("--set", nargs="+", default=[], metavar="FIGURE=VALUE", help="sizing: figures of your own")
    parser.add_argument(
        "--questions",
        nargs="+",
        type=Path,
        default=[pipelines.TYPED],
        metavar="FILE",
        help="pipelines: messages to read",
    )
    chosen = parser.parse_args()
    console = Console()
    if chosen.part in (None, "turns"):
        console.print("Training and starting both bots; this takes some minutes…")
        _tell(console, "turns", [_beside_the_bare_bot(turns.measure())], "python -m bench turns")
    if chosen.part in (None, "web"):
        console.print("The web chat in Chromium and 500 sockets; this takes some minutes…")
        _tell(console, "web", web.measure(), "python -m bench web")
    if chosen.part in (None, "load"):
        console.print("Many borrowers at once; this takes some minutes…")
        _tell(console, "load", load.measure(), "python -m bench load")
    if chosen.part in (None, "workers"):
        console.print("Two workers against one; this takes some minutes…")
        _tell(console, "workers", workers.measure(), "python -m bench workers")
    if chosen.part in (None, "expensive"):
        console.print("Texts that are made to take long; this takes a minute…")
        _tell(console, "expensive", expensive.measure(), "python -m bench expensive")
    large = {
        "engine": (engine.measure, "Quotes, schedules and arrears"),
        "notices": (notices.measure, "Planning notices"),
        "desk": (desk.measure, "The desk's list on PostgreSQL"),
    }
    for part, (measure, what) in large.items():
        if chosen.part in (None, part):
            console.print(f"{what}; this takes some minutes…")
            _tell(console, part, measure(full=chosen.full), f"python -m bench {part}{' --full' * chosen.full}")
    if chosen.part == "pipelines":
        names = chosen.only or list(pipelines.VARIANTS)
        if unknown := set(names) - set(pipelines.VARIANTS):
            parser.error(
                f"no pipeline is called {', '.join(sorted(unknown))}; known are: {'; '.join(pipelines.VARIANTS)}"
            )
        console.print("Training one pipeline after the other; each takes minutes…")
        tables = pipelines.measure(names, chosen.questions)
        _tell(console, "pipelines", tables, "python -m bench pipelines", UNDERSTANDING)
    if chosen.part == "dialogue":
        _tell(console, "dialogue", dialogue.measure(), "python -m bench dialogue", UNDERSTANDING)
    if chosen.part == "sizing":
        try:
            print(*(table.markdown() for table in sizing.measure(chosen.set)), sep="\n\n")
        except ValueError as error:
            parser.error(str(error))
    if chosen.part == "endure":
        console.print(f"Servers are killed under borrowers who talk; this takes {chosen.minutes:g} minutes…")
        command = f"python -m bench endure --minutes {chosen.minutes:g}"
        _tell(console, "endure", endure.measure(chosen.minutes), command)


def _beside_the_bare_bot(rows: list[tuple[str, float, float, str]]) -> Figures:
    cells = [(what, f"{bare:.1f}", f"{own:.1f}", unit, f"{own / bare:.2f}") for what, bare, own, unit in rows]
    return Figures(("", "bare `rasa init`", "Kuanxin", "unit", "Kuanxin / bare"), cells)


def _tell(console: Console, part: str, tables: list[Figures], command: str, document: Path = DOCUMENT) -> None:
    for figures in tables:
        table = Table(*figures.header)
        for row in figures.rows:
            table.add_row(*row)
        console.print(table)
    write(part, tables, command, document)
    console.print(f"Written to {document.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
