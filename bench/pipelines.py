"""Ways to understand the same training data, one after the other: the configured pipeline, Rasa's own
classifiers, and the configured one without a part of it.

Each is trained and read in new processes, so that its memory is its own. What was measured is kept while data,
components and pipeline are the same, so that a part can be measured now and the rest later.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import psutil
import yaml

from bench.document import Figures
from kuanxin.evaluate.questions import read_questions, understand
from kuanxin.evaluate.understanding import figures
from kuanxin.nlu.terms import PARTS
from kuanxin.operate.model import ROOT, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]  # of the configured pipeline

TYPED = ROOT / "tests" / "data" / "questions" / "typed.tsv"
KEPT = ROOT / "build" / "bench" / "pipelines.json"
EPOCHS = {"DIET": 5, "TED": 20}


@dataclass(frozen=True)
class Variant:
    """A way to understand. `replaced` are names in our modules and what stands there instead, for what no setting
    switches off."""

    pipeline: Change
    replaced: dict[str, Any] = field(default_factory=dict)


def _with(component: str, **settings: Any) -> Change:
    return lambda own: [{**c, **settings} if c["name"].endswith(component) else c for c in own]


def _without(*components: str) -> Change:
    return lambda own: [c for c in own if not c["name"].endswith(components)]


def _instead(*components: dict[str, Any]) -> Change:
    """Other features and another classifier, between the clauses and their wishes as configured."""
    return lambda own: [own[0], *components, *own[3:]]


JIEBA, WORDS = {"name": "JiebaTokenizer"}, {"name": "CountVectorsFeaturizer"}
LOGISTIC = {"name": "LogisticRegressionClassifier"}
DIET = {"name": "DIETClassifier", "epochs": EPOCHS["DIET"], "entity_recognition": False, "random_seed": 42}
FEATURIZER, CLASSIFIER = "SentenceFeaturizer", "SentenceClassifier"
SENTENCE = f"kuanxin.nlu.featurizer.{FEATURIZER}"

VARIANTS = {
    "configured": Variant(list),
    "DIET, words": Variant(_instead(JIEBA, WORDS, DIET)),
    "logistic regression, words": Variant(_instead(JIEBA, WORDS, LOGISTIC)),
    "logistic regression, characters of the sentence": Variant(
        _instead({"name": SENTENCE, "parts": ["characters"]}, LOGISTIC)
    ),
    "logistic regression, characters and sounds": Variant(
        _instead({"name": SENTENCE, "parts": ["characters", "syllables"]}, LOGISTIC)
    ),
    "logistic regression, characters, sounds and concepts": Variant(_instead({"name": SENTENCE}, LOGISTIC)),
    "with the sound of every character": Variant(_with(FEATURIZER, parts=list(PARTS))),
    "without sounds: concepts by spelling alone": Variant(list, {"kuanxin.nlu.concepts._BY_SOUND": {}}),
    "without concepts": Variant(_with(FEATURIZER, parts=["characters"])),
    "without normalisation": Variant(list, {"kuanxin.nlu.terms.plain": str}),
    "without naive Bayes": Variant(_with(CLASSIFIER, bayes=0.0)),
    "without clauses": Variant(_without("ClauseSplitter", "WishMerger")),
}


def measure(names: Sequence[str], questions: Sequence[Path]) -> list[Figures]:
    """Measures the variants named and returns the table of all that were measured and still hold.

    Raises UnreadableQuestions where a file is none, before anything is trained.
    """
    for path in questions:
        read_questions(path)
    kept = _kept()
    for name in names:
        kept[name] = {"of": _of(name), **_measured(name, questions)}
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
    return [_table(kept)]


def _kept() -> dict[str, dict[str, Any]]:
    """What was measured before and still holds."""
    rows = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    return {name: row for name, row in rows.items() if name in VARIANTS and row["of"] == _of(name)}


def _of(name: str) -> str:
    """What a row was measured of. Thresholds are left out: they do not change which reading is the first."""
    pipeline = [c for c in _config(name)["pipeline"] if not c["name"].endswith(("FallbackClassifier", "Doubt"))]
    made_of = fingerprint("data/nlu", "kuanxin/nlu") + json.dumps(pipeline)
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]


def _config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))
    return {**config, "pipeline": VARIANTS[name].pipeline(config["pipeline"])}


def _table(kept: dict[str, dict[str, Any]]) -> Figures:
    files = sorted({file for row in kept.values() for file in row["right"]})
    header = (
        "pipeline",
        *(f"right, {file}" for file in files),
        "ms a message",
        "memory, MB",
        "loading, s",
        "training, s",
    )
    rows = [
        (
            name,
            *(f"{row['right'][file]:.1%}" if file in row["right"] else "" for file in files),
            f"{row['ms']:.1f}",
            f"{row['memory']:.0f}",
            f"{row['loading']:.1f}",
            f"{row['training']:.0f}",
        )
        for name, row in ((name, kept[name]) for name in VARIANTS if name in kept)
    ]
    return Figures(header, rows)


def _measured(name: str, questions: Sequence[Path]) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="kuanxin-bench-") as folder,
        # a new process for each of both: what training left in memory is not counted as the model's
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        training = pool.apply(_train, (name, Path(folder)))
        return {"training": training, **pool.apply(_read, (name, Path(folder), questions))}


def _train(name: str, folder: Path) -> float:
    """Trains in the folder and returns the seconds that it took."""
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")  # a part from the cache would not be trained
    from rasa.model_training import train_nlu

    (folder / "config.yml").write_text(yaml.safe_dump(_config(name), allow_unicode=True), "utf-8")
    with _replaced(name):
        began = time.monotonic()
        train_nlu(str(folder / "config.yml"), str(ROOT / "data" / "nlu"), str(folder), fixed_model_name="model")
        return time.monotonic() - began


def _read(name: str, folder: Path, questions: Sequence[Path]) -> dict[str, Any]:
    """The share that is right within the task for each file; the median of a message; memory after all of them;
    loading with the first message."""
    files = {path.stem: read_questions(path) for path in questions}
    results, moments = [], [time.perf_counter()]
    with _replaced(name):
        for result in understand([q for found in files.values() for q in found], folder / "model.tar.gz"):
            moments.append(time.perf_counter())
            results.append(result)
    loading, *taken = [after - before for before, after in pairwise(moments)]
    left = iter(results)
    right = {file: figures(list(islice(left, len(found)))).within_task.value for file, found in files.items()}
    memory = psutil.Process().memory_info().rss / 2**20
    return {"right": right, "ms": statistics.median(taken) * 1000, "memory": memory, "loading": loading}


def _replaced(name: str) -> ExitStack:
    stack = ExitStack()
    for target, value in VARIANTS[name].replaced.items():
        stack.enter_context(mock.patch(target, value))
    return stack
