"""`python -m kuanxin.evaluate questions FILE.tsv`: how well a model understands messages that it was not trained on.

FILE has a header line and the columns text, intent, also (space-separated intents that are equally right). The model is
loaded once, in this process: no server, no network.
"""

from __future__ import annotations

import asyncio
import csv
import logging
import time
import uuid
import warnings
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from kuanxin.evaluate.understanding import Question, Share, Threshold, Understood, figures
from kuanxin.operate.model import ensure_model
from kuanxin.quietly import hush

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from kuanxin.evaluate.understanding import Figures

SHANGHAI = ZoneInfo("Asia/Shanghai")
FALLBACK = "nlu_fallback"
CONFUSIONS_SHOWN = 15
MESSAGES_SHOWN = 4
THRESHOLD_STEP = 5  # hundredths


class UnreadableQuestions(Exception):
    """The file cannot be measured; the text says which line and why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="TSV with the columns text, intent, also")
    parser.add_argument("--model", type=Path, help="the model to measure (default: that of the present data)")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write an HTML page with plots and results.json there"
    )
    parser.add_argument(
        "--thresholds", action="store_true", help="print what is answered, and how much of it is right, from where on"
    )
    parser.add_argument(
        "--min", type=float, metavar="SHARE", help="exit with 1 below this accuracy within the task (0.9)"
    )


def run(args: argparse.Namespace) -> int:
    """0 when measured (and good enough), 1 when below --min, 2 when a file or model cannot be read."""
    console = Console()
    try:
        questions = [question for path in args.files for question in read_questions(path)]
        model = args.model or ensure_model()
        if not model.exists():
            raise UnreadableQuestions(f"there is no model at {model}")
    except (UnreadableQuestions, RuntimeError) as error:
        console.print(f"[red]{error}")
        return 2
    began = time.monotonic()
    with Progress(console=console) as progress:
        task = progress.add_task("loading the model", total=None)
        results = []
        for result in understand(questions, model):
            if not results:
                progress.update(task, description="reading messages", total=len(questions))
            results.append(result)
            progress.advance(task)
    found = figures(results)
    show(console, found)
    if args.thresholds:
        console.print(_threshold_table(found.thresholds[::THRESHOLD_STEP]))
        below, answered = found.ask_back_below.confidence, _percent(found.ask_back_below.answered)
        console.print(f"Below {below:.2f} the first reading is right in fewer than two of three; {answered} reach it.")
    console.print(f"{len(questions)} messages, {time.monotonic() - began:.1f} s with loading, model {model.name}")
    if args.report:
        from kuanxin.evaluate.understanding_report import write_report

        title = ", ".join(path.name for path in args.files)
        console.print(f"Report: {write_report(args.report, title, model.name, results, found)}")
    if args.min is not None and not found.within_task.value >= args.min:
        console.print(f"[red]accuracy within the task {found.within_task} is below {args.min:.1%}")
        return 1
    return 0


def read_questions(path: Path) -> list[Question]:
    """The messages of a file. Raises UnreadableQuestions."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableQuestions(f"{path}: {error}") from error
    if not rows or rows[0][:2] != ["text", "intent"]:
        raise UnreadableQuestions(f"{path}: line 1 must be the header text<TAB>intent<TAB>also")
    questions = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        text, intent, also, *_ = (*row, "", "")
        if not text.strip() or not intent.strip():
            raise UnreadableQuestions(f"{path}: line {line} needs a text and an intent, found {row!r}")
        questions.append(Question(text, intent.strip(), frozenset(also.split()), line))
    if not questions:
        raise UnreadableQuestions(f"{path}: no messages below the header")
    return questions


def understand(questions: list[Question], model: Path) -> Iterator[Understood]:
    """What the model makes of each message, one after the other, as the channel would hand them over."""
    import structlog

    # Rasa writes every message into its debug log, and warns of intents where a model has no dialogue part
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    hush()
    warnings.simplefilter("ignore")
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    processor = Agent.load(model).processor
    now = datetime.now(SHANGHAI).isoformat()
    loop = asyncio.new_event_loop()
    try:
        for question in questions:
            message = UserMessage(question.text, sender_id=uuid.uuid4().hex, metadata={"now": now})
            yield as_understood(question, loop.run_until_complete(processor.parse_message(message)))
    finally:
        loop.close()


def as_understood(question: Question, parsed: dict[str, Any]) -> Understood:
    """From Rasa's parse data. Where it asks back, the readings are those behind the fallback."""
    ranking = [(r["name"], float(r["confidence"])) for r in parsed.get("intent_ranking") or ()]
    readings = tuple((name, confidence) for name, confidence in ranking if name != FALLBACK)
    if not readings and parsed["intent"]["name"] not in (None, FALLBACK):
        readings = ((parsed["intent"]["name"], float(parsed["intent"]["confidence"])),)
    further = tuple(wish["intent"] for wish in parsed.get("also") or ())
    perhaps = parsed.get("perhaps")
    return Understood(
        question,
        readings,
        parsed["intent"]["name"] in (None, FALLBACK),
        further,
        None if perhaps is None else tuple(perhaps),
        parsed.get("distress"),
        float(parsed.get("suspicion") or 0.0),
    )


def show(console: Console, found: Figures) -> None:
    """Prints the figures of a measurement."""
    summary = Table(title="Understanding", show_header=False)
    for name, share in found.summary:
        summary.add_row(name, share)
    console.print(summary)

    intents = Table("need", "messages", "precision", "recall", title="Needs, the weakest first")
    for row in sorted(found.per_intent, key=lambda r: (r.recall.value if r.recall.whole else 1.0, r.intent)):
        intents.add_row(row.intent, str(row.messages), _percent(row.precision), _percent(row.recall))
    console.print(intents)

    calibration = Table("confidence", "messages", "mean confidence", "right", title="Calibration")
    for bin_ in found.bins:
        calibration.add_row(
            f"{bin_.low:.1f}-{bin_.high:.1f}",
            str(bin_.right.whole),
            f"{bin_.mean_confidence:.2f}",
            _percent(bin_.right),
        )
    console.print(calibration)
    if found.recommended:
        threshold = found.recommended
        console.print(
            f"From confidence {threshold.confidence:.2f} on, {_percent(threshold.right)} is right; "
            f"{_percent(threshold.answered)} of the messages reach it."
        )

    if found.confusions:
        console.print("\n[bold]Worst confusions[/bold] (right answer → what was understood)")
    for (right, understood), wrong in found.confusions[:CONFUSIONS_SHOWN]:
        console.print(f"{len(wrong)} × {right} → {understood}")
        for result in wrong[:MESSAGES_SHOWN]:
            back = ", asked back" if result.asked_back else "" if result.sure else ", not sure"
            console.print(f"    {result.question.text}  ({result.confidence:.2f}{back})", markup=False, highlight=False)


def _threshold_table(thresholds: Sequence[Threshold]) -> Table:
    """Each threshold, what would be answered from there on, and the messages between it and the next."""
    table = Table("from", "answered", "right", "up to the next", "right", title="Thresholds")
    nothing = Threshold(1.0, Share(0, 0), Share(0, 0))
    for here, after in pairwise((*thresholds, nothing)):
        between = Share(here.right.part - after.right.part, here.right.whole - after.right.whole)
        row = (here.answered, here.right, Share(between.whole, here.answered.whole), between)
        table.add_row(f"{here.confidence:.2f}", *map(_percent, row))
    return table


def _percent(share: Share) -> str:
    return f"{share.value:.1%}" if share.whole else "-"
