"""Trains a model with what colleagues taught, and measures it beside the one that answers. Changes nothing that runs.

A new model lies in KUANXIN_VAR/models and is registered by its hash; the one that answers goes on until somebody puts
another one live. Steps and failures stand in the database, so that the desk and the command line see the same.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from kuanxin.evaluate.questions import UnreadableQuestions, read_questions, understand
from kuanxin.evaluate.understanding import figures
from kuanxin.operate.model import ROOT, fingerprint, training_command
from kuanxin.store.base import SHANGHAI
from kuanxin.store.models_repository import NotOurModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kuanxin.evaluate.understanding import Question, Understood
    from kuanxin.store.models_repository import Model, SqlModels

BEAT_SECONDS = 5.0
WORST = 10  # confusions that are kept
LAST_LINES = 12  # of a failed training's log


class TrainingFailed(RuntimeError):
    """Nothing changed; the text says why."""


def train(
    models: SqlModels, id: int, folder: Path, by: str, lessons: Sequence[Path], measuring: Sequence[Path]
) -> Model:
    """Carries out training `id`, which was begun. Raises TrainingFailed, which is also written down."""
    try:
        with _beating(models, id):
            taught = sum(map(_lessons_in, lessons))
            questions = [question for path in measuring for question in read_questions(path)]
            model = _trained(models, folder, by, lessons, taught)
            measured = None
            if questions:

                def told(step: str, done: int) -> None:
                    models.progress(id, step, done, len(questions))

                measured = compare(models, model, questions, told)
            models.ready(id, model, measured, _now())
            return model
    except (TrainingFailed, UnreadableQuestions, NotOurModel) as error:
        models.failed(id, str(error), _now())
        raise TrainingFailed(str(error)) from error
    except BaseException as error:
        models.failed(id, f"{type(error).__name__}: {error}", _now())
        raise


def compare(
    models: SqlModels, model: Model, questions: list[Question], told: Callable[[str, int], None]
) -> dict[str, Any]:
    """This model beside the one that answers, on the same messages. Raises NotOurModel.

    {messages, before, after, mended, spoiled}, where before and after are {summary: [[name, share]], confusions:
    [[right, understood, how often]]}; without `before` where no other model answers.
    """
    after = _understood(model, questions, lambda done: told("measuring", done))
    found: dict[str, Any] = {"messages": len(questions), "after": _as_json(after)}
    live = models.live()
    if live is not None and live.model.sha256 != model.sha256:
        before = _understood(live.model, questions, lambda done: told("comparing", done))
        pairs = list(zip(before, after, strict=True))
        found["before"] = _as_json(before)
        found["mended"] = sum(new.right and not old.right for old, new in pairs)
        found["spoiled"] = sum(old.right and not new.right for old, new in pairs)
    return found


def _trained(models: SqlModels, folder: Path, by: str, lessons: Sequence[Path], taught: int) -> Model:
    fits = fingerprint()
    digest = hashlib.sha256(fits.encode())
    for path in lessons:
        digest.update(path.read_bytes())
    file = folder / f"kuanxin-{digest.hexdigest()[:12]}.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        command = training_command(file, ["data", *lessons])
        # nothing is written outside KUANXIN_VAR: the programme's own folder may be read-only
        where = {"cwd": ROOT, "env": os.environ | {"RASA_CACHE_DIRECTORY": str(folder / "cache")}}
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **where)
        if done.returncode or not file.exists():
            said = done.stdout.decode("utf-8", "replace").splitlines()[-LAST_LINES:]
            raise TrainingFailed("\n".join(["training failed; the last lines were:", *said]))
    return models.register(file.name, file, fits, _now(), by, taught)


def _lessons_in(path: Path) -> int:
    """How many messages a file of training data holds. Raises TrainingFailed where it is none."""
    try:
        parts = yaml.safe_load(path.read_text("utf-8"))["nlu"]
        return sum(len(part["examples"].splitlines()) for part in parts if "intent" in part)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise TrainingFailed(f"{path}: expected training data of Rasa (version, nlu: intent, examples)") from None


def _understood(model: Model, questions: list[Question], told: Callable[[int], None]) -> list[Understood]:
    found = []
    told(0)
    for result in understand(questions, model.checked()):
        found.append(result)
        if len(found) % 20 == 0:
            told(len(found))
    return found


def _as_json(results: list[Understood]) -> dict[str, Any]:
    found = figures(results)
    worst = [[right, understood, len(wrong)] for (right, understood), wrong in found.confusions[:WORST]]
    return {"summary": [list(line) for line in found.summary], "confusions": worst}


@contextmanager
def _beating(models: SqlModels, id: int) -> Iterator[None]:
    """Shows that this process lives, also while Rasa trains."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            models.beat(id)

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _now() -> datetime:
    return datetime.now(SHANGHAI)
