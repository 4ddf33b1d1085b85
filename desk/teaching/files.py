"""What was confirmed, as files: training data of Rasa, and the table for `kuanxin.evaluate questions`."""

from __future__ import annotations

import csv
import io
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.teaching.models import Lesson


def training_file(lessons: Iterable[Lesson]) -> str:
    """As data/nlu/*.yml: the lessons in the order of their intents."""
    lines = ['version: "3.1"', "nlu:"]
    for intent, group in groupby(lessons, key=lambda lesson: lesson.intent):
        lines += [f"  - intent: {intent}", "    examples: |"]
        lines += [f"      - {_one_line(lesson.text)}" for lesson in group]
    return "\n".join(lines) + "\n" if len(lines) > 2 else 'version: "3.1"\nnlu: []\n'


def measuring_file(lessons: Iterable[Lesson]) -> str:
    """TSV with the columns text, intent, also."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerow(("text", "intent", "also"))
    for lesson in lessons:
        writer.writerow((_one_line(lesson.text), lesson.intent, ""))
    return file.getvalue()


def _one_line(text: str) -> str:
    """Without what Rasa's own form would read as markup."""
    return " ".join(text.translate({ord(c): " " for c in "[](){}`|"}).split())
