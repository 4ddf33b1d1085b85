"""A training that fails says why and changes nothing: the model that answers goes on."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from kuanxin.operate import training
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.models_repository import SqlModels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
LESSONS = 'version: "3.1"\nnlu:\n  - intent: ask_loan_status\n    examples: |\n      - 上回那个事\n'


@pytest.fixture
def models(sqlite_url: str, tmp_path: Path) -> Iterator[SqlModels]:
    engine = make_engine(sqlite_url)
    migrate(engine)
    models = SqlModels(engine)
    (tmp_path / "live.tar.gz").write_bytes(b"live")
    model = models.register("live.tar.gz", tmp_path / "live.tar.gz", "data-1", NOW, "", 0)
    models.start_with(model, "", "start", NOW)
    yield models
    engine.dispose()


@pytest.mark.parametrize(
    ("lessons", "measuring", "command", "why"),
    [
        ("not yaml: [", None, None, "expected training data of Rasa"),
        (LESSONS, "text;intent\n", None, "line 1 must be the header"),
        (LESSONS, None, "print('no memory left'); raise SystemExit(1)", "no memory left"),
        (LESSONS, None, "print('done')", "training failed"),  # says that it went well, and left no model
    ],
)
def test_a_failed_training_leaves_the_model_that_answers(
    models, tmp_path, monkeypatch, lessons, measuring, command, why
):
    files = []
    for name, text in (("lessons.yml", lessons), ("measuring.tsv", measuring)):
        if text is not None:
            (tmp_path / name).write_text(text, "utf-8")
            files.append(tmp_path / name)
    monkeypatch.setattr(training, "training_command", lambda model, data: [sys.executable, "-c", command or "1/0"])
    id = models.begin("lin", "more lessons", NOW)
    with pytest.raises(training.TrainingFailed, match=why):
        training.train(models, id, tmp_path / "models", "lin", files[:1], files[1:])
    ended = models.trainings(1, NOW)[0]
    assert (ended.step, ended.running) == ("failed", False)
    assert why in ended.failure
    assert models.live().model.name == "live.tar.gz"
    assert len(models.all()) == 1


def test_the_start_takes_what_was_put_live_while_data_and_code_are_the_same(models, tmp_path, monkeypatch):
    from kuanxin.operate import model

    monkeypatch.setattr(model, "fingerprint", lambda: "data-1")
    monkeypatch.setattr(model, "ensure_model", lambda: pytest.fail("nothing is to be trained"))
    assert model.starting_model(models._engine) == tmp_path / "live.tar.gz"
    (tmp_path / "present.tar.gz").write_bytes(b"present")
    monkeypatch.setattr(model, "fingerprint", lambda: "data-2")
    monkeypatch.setattr(model, "ensure_model", lambda: tmp_path / "present.tar.gz")
    assert model.starting_model(models._engine) == tmp_path / "present.tar.gz"
    assert models.live().model.name == "present.tar.gz"
    assert models.before() is None  # what was trained with other data cannot answer again
    assert models.live("data-1").model.name == "live.tar.gz"  # servers of the release before go on with theirs
    monkeypatch.setattr(model, "fingerprint", lambda: "data-1")
    monkeypatch.setattr(model, "ensure_model", lambda: pytest.fail("nothing is to be trained"))
    assert model.starting_model(models._engine) == tmp_path / "live.tar.gz"  # back to it, with its lessons
    assert models.live().model.name == "live.tar.gz"


def test_a_file_that_was_changed_is_not_what_starts(models, tmp_path, monkeypatch):
    from kuanxin.operate import model

    (tmp_path / "live.tar.gz").write_bytes(b"somebody else's code")
    (tmp_path / "present.tar.gz").write_bytes(b"present")
    monkeypatch.setattr(model, "fingerprint", lambda: "data-1")
    monkeypatch.setattr(model, "ensure_model", lambda: tmp_path / "present.tar.gz")
    assert model.starting_model(models._engine) == tmp_path / "present.tar.gz"
