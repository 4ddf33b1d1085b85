"""More and more borrowers talk at once with one Rasa server over PostgreSQL: how long they wait."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import yaml

from bench.document import Figures
from kuanxin.book.demo import DEMO_BOOK
from kuanxin.evaluate.stage import Stage
from kuanxin.operate.assistant import running_assistant
from kuanxin.operate.model import ROOT, ensure_model
from tests.services import PostgreSQL

AT_ONCE = (1, 50, 100, 200, 400)
SECONDS = 40  # for each number of borrowers, the time in which they arrive included
COPIES = 60  # of the demo borrowers


def measure() -> list[Figures]:
    server = PostgreSQL()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="kuanxin-load-") as var,
            running_assistant(Path(var), database_url=server.fresh_database(), model=ensure_model()) as assistant,
        ):
            stage = Stage(assistant.environment)
            book = many_borrowers()
            stage.set(book, datetime.fromisoformat("2026-11-23T10:00:00+08:00"))
            tokens = Path(var) / "tokens.json"
            tokens.write_text(json.dumps([stage.token(borrower["id"]) for borrower in book["borrowers"]]), "utf-8")
            found = [_turns(assistant.chat, tokens, at_once, Path(var) / f"load-{at_once}") for at_once in AT_ONCE]
    finally:
        server.stop()
    alone = float(found[0]["50%"])
    rows = [
        (
            f"{at_once:,}",
            f"{float(turn['Requests/s']):.1f}",
            f"{float(turn['50%']):.0f}",
            f"{float(turn['95%']):.0f}",
            f"{float(turn['95%']) / alone:.1f}",
            turn["Failure Count"],
        )
        for at_once, turn in zip(AT_ONCE, found, strict=True)
    ]
    return [Figures(("borrowers at once", "turns/s", "p50, ms", "p95, ms", "p95 / p50 of one alone", "failures"), rows)]


def many_borrowers() -> dict[str, object]:
    """The demo book many times over, every borrower, loan and payment with a number of its own."""
    book = yaml.safe_load(DEMO_BOOK.read_text("utf-8"))
    copies = [_renamed(borrower, copy) for copy in range(COPIES) for borrower in book["borrowers"]]
    return {**book, "borrowers": copies}


def _renamed(part: object, copy: int) -> object:
    if isinstance(part, dict):
        return {k: f"{v}-{copy}" if k == "id" else _renamed(v, copy) for k, v in part.items()}
    if isinstance(part, list):
        return [_renamed(one, copy) for one in part]
    return part


def _turns(chat: str, tokens: Path, at_once: int, out: Path) -> dict[str, str]:
    """Locust's line about the turns of so many borrowers. Raises RuntimeError with its output where it did not run."""
    command = (
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "borrowers.py"), "--headless"),
        *("--host", chat, "--users", str(at_once), "--spawn-rate", str(max(1, at_once // 10))),
        *("--run-time", f"{SECONDS}s", "--csv", str(out), "--only-summary", "--exit-code-on-error", "0"),
    )
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "KUANXIN_LOAD_TOKENS": str(tokens)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"locust did not run:\n{done.stderr}")
    with Path(f"{out}_stats.csv").open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["Name"] == "a turn")
