"""Models that we trained: which one answers, how to get back to the one before, and one training at a time.

A model is code, so a file is loaded only where its SHA-256 stands here. Putting one live is a row; every Rasa server
looks for it (kuanxin/channels/live_model.py) and says what came of it.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from kuanxin.store.tables_models import model_changes, model_trainings, models
from kuanxin.store.transactions import Transactions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

SILENT_SECONDS = 60.0  # a training that gave no sign for so long has ended with its machine
INTERRUPTED = "the process of this training ended before it was done"


class NotOurModel(Exception):
    """The file is not what was registered; the text says what to do."""


class CannotGoLive(Exception):
    """This model cannot be put live, or there is none to go back to; the text says why."""


class AlreadyTraining(Exception):
    """Somebody trains at this moment; the message is who."""


@dataclass(frozen=True)
class Model:
    sha256: str
    name: str
    file: str
    fits: str
    made_at: datetime
    made_by: str
    lessons: int

    def checked(self) -> Path:
        """The file, whose content is what was registered. Raises NotOurModel."""
        path = Path(self.file)
        if not path.is_file():
            raise NotOurModel(f"{self.name}: its file is gone ({path}); train again")
        if sha256_of(path) != self.sha256:
            raise NotOurModel(f"{self.name}: its file was changed after the training ({path}); train again")
        return path


@dataclass(frozen=True)
class Change:
    """A model was put live: when, by whom, why, and what came of it."""

    id: int
    model: Model
    at: datetime
    by: str
    reason: str
    loaded_at: datetime | None
    failure: str | None


@dataclass(frozen=True)
class Training:
    """`step`: training, measuring (the new model), comparing (the one that answers), ready, failed."""

    id: int
    started_at: datetime
    by: str
    reason: str
    step: str
    done: int
    total: int
    ended_at: datetime | None
    failure: str | None
    sha256: str | None
    measured: dict[str, Any] | None

    @property
    def running(self) -> bool:
        return self.ended_at is None


class SqlModels(Transactions):
    def sha256_of(self, file: Path) -> str:
        return sha256_of(file)

    def register(self, name: str, file: Path, fits: str, made_at: datetime, made_by: str, lessons: int) -> Model:
        """Makes a trained file one of ours. The same file a second time stays what it was."""
        found = Model(sha256_of(file), name, str(file), fits, made_at, made_by, lessons)
        with self._writing() as connection:
            known = connection.execute(select(models).where(models.c.name == name)).first()
            if known is not None and known.sha256 == found.sha256:
                return _model(known)
            if known is not None:  # trained again under its name: the one before is no file any more
                was = update(models).where(models.c.name == name)
                connection.execute(was.values(name=f"{name[:50]}@{known.sha256[:12]}"))
            if connection.execute(select(models).where(models.c.sha256 == found.sha256)).first() is None:
                connection.execute(insert(models), found.__dict__)
        return found

    def all(self) -> tuple[Model, ...]:
        """Newest first."""
        with self._reading() as connection:
            return tuple(map(_model, connection.execute(select(models).order_by(models.c.made_at.desc()))))

    def live(self, fits: str | None = None) -> Change | None:
        """The model that answers, or is about to; None before the first start.

        While an update runs, servers of two releases answer, each with a model of its own: `fits` asks for the one
        that was trained with this data and code.
        """
        return next(iter(self.changes(1, fits=fits)), None)

    def fits_of(self, sha256: str) -> str | None:
        """None where no model of ours has this hash."""
        with self._reading() as connection:
            return connection.execute(select(models.c.fits).where(models.c.sha256 == sha256)).scalar()

    def before(self) -> Model | None:
        """The model that answered before the present one and can answer again."""
        return _before(self.changes(1000))

    def changes(self, limit: int, failed: bool = False, fits: str | None = None) -> tuple[Change, ...]:
        """Newest first; `failed`: also those that no server could load."""
        c = model_changes.c
        query = select(model_changes, models).join(models, models.c.sha256 == c.sha256).order_by(c.id.desc())
        if not failed:
            query = query.where(c.failure.is_(None))
        if fits is not None:
            query = query.where(models.c.fits == fits)
        with self._reading() as connection:
            return tuple(map(_change, connection.execute(query.limit(limit))))

    def put_live(self, model: Model, by: str, reason: str, now: datetime) -> None:
        """Raises CannotGoLive, NotOurModel; then nothing was written."""
        live = self.live()
        if live is not None and live.model.sha256 == model.sha256:
            raise CannotGoLive(f"{model.name} answers already")
        if live is not None and live.model.fits != model.fits:
            raise CannotGoLive(f"{model.name} was trained with other data or code than what runs now; train again")
        model.checked()
        self.start_with(model, by, reason, now)

    def back(self, by: str, reason: str, now: datetime) -> Model:
        """Puts the model live that answered before. Raises CannotGoLive, NotOurModel."""
        model = self.before()
        if model is None:
            raise CannotGoLive("no model answered before this one")
        self.put_live(model, by, reason, now)
        return model

    def start_with(self, model: Model, by: str, reason: str, now: datetime) -> None:
        """Whatever answered before: the data or the code changed, and what stood here no longer fits."""
        with self._writing() as connection:
            row = {"sha256": model.sha256, "at": now, "by": by, "reason": reason}
            connection.execute(insert(model_changes), row)

    def loaded(self, change: Change, now: datetime) -> None:
        """A server answers with it; the first one counts."""
        self._note(change, loaded_at=now)

    def not_loaded(self, change: Change, why: str) -> None:
        """No server could load it: the model before goes on."""
        self._note(change, failure=why)

    def _note(self, change: Change, **what: Any) -> None:
        c = model_changes.c
        this = (c.id == change.id) & c.loaded_at.is_(None) & c.failure.is_(None)
        with self._writing() as connection:
            connection.execute(update(model_changes).where(this).values(**what))

    # trainings

    def begin(self, by: str, reason: str, now: datetime) -> int:
        """One at a time. Raises AlreadyTraining."""
        row = {"running": True, "started_at": now, "by": by, "reason": reason, "step": "training"}
        with self._writing() as connection:
            _end_silent(connection, now)
            try:
                with connection.begin_nested():
                    made = connection.execute(
                        insert(model_trainings).values(**row, done=0, total=0, beat_at=time.time())
                    )
                    return int(made.inserted_primary_key[0])
            except IntegrityError:
                other = select(model_trainings.c.by).where(model_trainings.c.running)
                raise AlreadyTraining(str(connection.execute(other).scalar())) from None

    def beat(self, id: int) -> None:
        self._training(id, beat_at=time.time())

    def progress(self, id: int, step: str, done: int, total: int) -> None:
        self._training(id, step=step, done=done, total=total, beat_at=time.time())

    def ready(self, id: int, model: Model, measured: dict[str, Any] | None, now: datetime) -> None:
        text = None if measured is None else json.dumps(measured, ensure_ascii=False)
        self._training(id, running=None, step="ready", sha256=model.sha256, measured=text, ended_at=now)

    def failed(self, id: int, why: str, now: datetime) -> None:
        self._training(id, running=None, step="failed", failure=why, ended_at=now)

    def trainings(self, limit: int, now: datetime) -> tuple[Training, ...]:
        """Newest first; what gave no sign for a minute has failed."""
        with self._writing() as connection:
            _end_silent(connection, now)
            query = select(model_trainings).order_by(model_trainings.c.id.desc()).limit(limit)
            return tuple(map(_training, connection.execute(query)))

    def _training(self, id: int, **values: Any) -> None:
        this = (model_trainings.c.id == id) & model_trainings.c.running
        with self._writing() as connection:
            connection.execute(update(model_trainings).where(this).values(**values))


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _before(changes: tuple[Change, ...]) -> Model | None:
    present = changes[0].model if changes else None
    for change in changes[1:]:
        if present and change.model.sha256 != present.sha256 and change.model.fits == present.fits:
            return change.model
    return None


def _end_silent(connection: Connection, now: datetime) -> None:
    c = model_trainings.c
    now_here = time.time()  # a beat ahead of it is from before the clock was set back
    silent = c.running & ~c.beat_at.between(now_here - SILENT_SECONDS, now_here + SILENT_SECONDS)
    ended = {"running": None, "step": "failed", "failure": INTERRUPTED, "ended_at": now}
    connection.execute(update(model_trainings).where(silent).values(**ended))


def _model(row: Row) -> Model:
    return Model(**{name: getattr(row, name) for name in Model.__dataclass_fields__})


def _change(row: Row) -> Change:
    return Change(row.id, _model(row), row.at, row.by, row.reason, row.loaded_at, row.failure)


def _training(row: Row) -> Training:
    names = (name for name in Training.__dataclass_fields__ if name != "measured")
    measured = json.loads(row.measured) if row.measured else None
    return Training(**{name: getattr(row, name) for name in names}, measured=measured)
