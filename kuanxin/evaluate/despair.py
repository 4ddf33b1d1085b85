"""`python -m kuanxin.evaluate despair FILE.tsv…`: how often despair is heard where none is, and how often it is missed.

The files are those of `questions`; what counts is whether the intent is express_distress. Whatever stands there for
other messages (`anything_else`) does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from kuanxin.evaluate.questions import UnreadableQuestions, read_questions, understand
from kuanxin.evaluate.understanding import Share
from kuanxin.nlu.distress import EXPRESS_DISTRESS
from kuanxin.operate.model import ensure_model

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from kuanxin.evaluate.understanding import Understood

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Heard:
    """`false_alarms`: everyday messages that were heard as despair; `missed`: statements that were not."""

    false_alarms: Share
    missed: Share


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="TSV with the columns text, intent, also")
    parser.add_argument("--model", type=Path, help="the model to measure (default: that of the present data)")
    parser.add_argument("--list", action="store_true", help="print each message that was heard wrongly")


def run(args: argparse.Namespace) -> int:
    """0 when measured, 2 when a file or model cannot be read."""
    console = Console()
    try:
        questions = {path: read_questions(path) for path in args.files}
        results = iter(list(understand([q for of in questions.values() for q in of], args.model or ensure_model())))
    except (UnreadableQuestions, RuntimeError) as error:
        console.print(f"[red]{error}")
        return 2
    for path, of in questions.items():
        read = [next(results) for _ in of]
        found = heard(read)
        console.print(f"{path.name}: {found.false_alarms} false alarms, {found.missed} missed")
        console.print(_table(read))
        if args.list:
            for result in wrongly(read):
                console.print(f"    {_described(result)}", markup=False, highlight=False)
    return 0


def heard(results: Sequence[Understood], likely: float | None = None) -> Heard:
    """As the assistant reacts; given `likely`, as it would with that threshold for the classifier's own suspicion."""
    said = [is_heard(r, likely) for r in results if r.question.intent == EXPRESS_DISTRESS]
    not_said = [is_heard(r, likely) for r in results if r.question.intent != EXPRESS_DISTRESS]
    return Heard(Share(sum(not_said), len(not_said)), Share(len(said) - sum(said), len(said)))


def is_heard(result: Understood, likely: float | None = None) -> bool:
    if likely is None:
        return result.despair is not None
    return result.despair not in (None, "classifier") or result.suspicion >= likely


def wrongly(results: Sequence[Understood]) -> list[Understood]:
    """The false alarms, then what was missed."""
    wrong = [r for r in results if is_heard(r) != (r.question.intent == EXPRESS_DISTRESS)]
    return sorted(wrong, key=lambda r: not is_heard(r))


def _table(results: Sequence[Understood]) -> Table:
    table = Table("likely from", "false alarms", "missed")
    for likely in THRESHOLDS:
        found = heard(results, likely)
        table.add_row(f"{likely:.2f}", str(found.false_alarms), str(found.missed))
    return table


def _described(result: Understood) -> str:
    why = f"heard by {result.despair}" if is_heard(result) else f"missed: {result.intent}"
    return f"{result.question.text}  ({why}, suspicion {result.suspicion:.2f})"
