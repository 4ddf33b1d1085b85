"""Which model answers: only files that we registered, one training at a time, a way back. SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kuanxin.store.base import SHANGHAI
from kuanxin.store.models_repository import AlreadyTraining, CannotGoLive, NotOurModel, SqlModels

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture
def models(database_url: str, migrated: Callable[[str], Engine]) -> SqlModels:
    return SqlModels(migrated(database_url))


@pytest.fixture
def trained(models, tmp_path):
    """A registered model of this name: trained("a")."""

    def make(name: str, fits: str = "data-1"):
        file = tmp_path / f"{name}.tar.gz"
        file.write_bytes(name.encode())
        return models.register(file.name, file, fits, NOW, "lin", 3)

    return make


def test_the_newest_change_answers_and_there_is_a_way_back(models, trained):
    first, second = trained("first"), trained("second")
    assert models.live() is None
    models.start_with(first, "", "start", NOW)
    models.put_live(second, "lin", "knows more", NOW)
    assert (models.live().model, models.live().by, models.live().reason) == (second, "lin", "knows more")
    assert models.back("wang", "answers worse", NOW) == first
    assert models.live().model == first
    assert [change.reason for change in models.changes(9)] == ["answers worse", "knows more", "start"]


def test_what_no_server_could_load_leaves_the_one_before(models, trained):
    first, second = trained("first"), trained("second")
    models.start_with(first, "", "start", NOW)
    models.loaded(models.live(), NOW)
    models.put_live(second, "lin", "try", NOW)
    broken = models.live()
    models.not_loaded(broken, "ModelNotFound")
    models.loaded(broken, NOW)  # another server, a moment later: too late
    assert models.live().model == first
    assert models.before() is None
    assert models.changes(1, failed=True)[0].failure == "ModelNotFound"


def test_only_a_file_that_is_what_we_registered_goes_live(models, trained, tmp_path):
    models.start_with(trained("first"), "", "start", NOW)
    changed, gone = trained("changed"), trained("gone")
    (tmp_path / "changed.tar.gz").write_bytes(b"somebody else's code")
    (tmp_path / "gone.tar.gz").unlink()
    with pytest.raises(NotOurModel, match="changed after the training"):
        models.put_live(changed, "lin", "try", NOW)
    with pytest.raises(NotOurModel, match="is gone"):
        models.put_live(gone, "lin", "try", NOW)
    with pytest.raises(CannotGoLive, match="other data or code"):
        models.put_live(trained("old", "data-0"), "lin", "try", NOW)
    with pytest.raises(CannotGoLive, match="answers already"):
        models.put_live(trained("first"), "lin", "try", NOW)
    with pytest.raises(CannotGoLive, match="no model answered before"):
        models.back("lin", "try", NOW)
    assert len(models.changes(9, failed=True)) == 1


def test_a_model_trained_again_under_its_name_is_another_one(models, trained, tmp_path):
    before = trained("same")
    (tmp_path / "same.tar.gz").write_bytes(b"trained again")
    after = models.register("same.tar.gz", tmp_path / "same.tar.gz", "data-1", NOW + timedelta(days=1), "lin", 3)
    assert [(m.name, m.sha256) for m in models.all()] == [
        ("same.tar.gz", after.sha256),
        (f"same.tar.gz@{before.sha256[:12]}", before.sha256),
    ]


def test_of_many_who_begin_to_train_one_does(models):
    def begin(who):
        try:
            return models.begin(who, "try", NOW)
        except AlreadyTraining as other:
            return str(other)

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(begin, ("a", "b", "c", "d")))
    ids = [one for one in came if isinstance(one, int)]
    assert len(ids) == 1
    assert len({one for one in came if isinstance(one, str)}) == 1  # the others are told who it is
    models.failed(ids[0], "no room on the disk", NOW)
    assert models.trainings(1, NOW)[0].failure == "no room on the disk"
    assert models.begin("b", "again", NOW) != ids[0]


def test_a_training_whose_process_died_makes_room(models, monkeypatch):
    id = models.begin("lin", "try", NOW)
    assert models.trainings(1, NOW)[0].running
    monkeypatch.setattr("kuanxin.store.models_repository.SILENT_SECONDS", -1.0)
    assert "ended before it was done" in models.trainings(1, NOW)[0].failure
    models.progress(id, "measuring", 3, 9)  # a late sign changes nothing
    assert models.trainings(1, NOW)[0].step == "failed"
