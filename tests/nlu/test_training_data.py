"""What is measured was not learned: no training message is, or nearly is, one of a measuring set that ships here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from kuanxin.evaluate.questions import read_questions
from kuanxin.nlu.normalise import PRODUCT, plain

SETS = sorted(Path("tests/data/questions").glob("*.tsv"))
# A fifth of the characters, so one in five; of shorter messages (没钱, 人工客服) there are few enough that anyone types
# the same, and only equal ones count.
NEARLY, SHORT = 0.8, 5


def _written(text: str) -> str:
    """As the classifier sees it, without the product's name: what only looks different is the same."""
    return plain(text).replace(" ", "").replace(PRODUCT, "")


def _training() -> list[tuple[str, str]]:
    """(intent, text) of every training message."""
    found = []
    for path in sorted(Path("data/nlu").rglob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            lines = block["examples"].splitlines()
            found += [(block["intent"], line.removeprefix("- ").strip()) for line in lines if line.strip()]
    return found


TRAINING = _training()


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_no_training_message_nearly_is_a_measured_one(path: Path) -> None:
    written = sorted({_written(text) for _, text in TRAINING})
    measured = sorted({_written(q.text) for q in read_questions(path)})
    assert not set(written) & set(measured)
    likeness = process.cdist(written, measured, scorer=Levenshtein.normalized_similarity)
    nearly = [
        (written[row], measured[column])
        for row, column in zip(*(likeness >= NEARLY).nonzero(), strict=True)
        if len(measured[column]) >= SHORT
    ]
    assert not nearly


def test_no_message_is_taught_as_two_needs() -> None:
    taught: dict[str, set[str]] = {}
    for intent, text in TRAINING:
        taught.setdefault(plain(text), set()).add(intent)
    assert not {text: intents for text, intents in taught.items() if len(intents) > 1}
