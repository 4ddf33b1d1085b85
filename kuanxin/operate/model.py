"""The trained model that belongs to the present data: found by a fingerprint, trained when it is not there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kuanxin.store.base import SHANGHAI
from kuanxin.store.models_repository import NotOurModel, SqlModels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
TRAINED_FROM = ("config.yml", "domain.yml", "data", "kuanxin/nlu", "requirements.txt")


def fingerprint(*names: str) -> str:
    """Changes whenever anything changes that a model is made of; or, where named, one of these files and folders."""
    digest = hashlib.sha256()
    for name in names or TRAINED_FROM:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and file.suffix in {".yml", ".py", ".txt"}:
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def model_path() -> Path:
    return ROOT / "models" / f"kuanxin-{fingerprint()}.tar.gz"


def ensure_model() -> Path:
    """The model of the present data; trains it (with Rasa's own progress on the terminal) where it does not exist.

    Raises RuntimeError where training fails; a model that was there stays.
    """
    path = model_path()
    if path.exists():
        return path
    print("训练模型 Training the model: its data changed. This takes a minute or two…", flush=True)
    began = time.monotonic()
    command = training_command(path, ["data"])
    if subprocess.run(command, cwd=ROOT, check=False).returncode or not path.exists():
        raise RuntimeError(
            "training failed: the messages above say why; `rasa data validate` finds most mistakes in data/"
        )
    print(f"Trained in {time.monotonic() - began:.0f} s: {path.name}", flush=True)
    return path


def training_command(model: Path, data: Iterable[object]) -> list[str]:
    """Trains from these files and folders into `model`."""
    command = [sys.executable, "-m", "kuanxin.quietly", "rasa", "train", "--data", *map(str, data)]
    return [*command, "--fixed-model-name", model.name.removesuffix(".tar.gz"), "--out", str(model.parent)]


def starting_model(engine: Engine, chosen: Path | None = None) -> Path:
    """What the servers start with, registered and live: `chosen`, or the model that answered last with this data and
    code, otherwise the one of the present data.

    Raises RuntimeError where that must be trained and training fails.
    """
    models, fits, now = SqlModels(engine), fingerprint(), datetime.now(SHANGHAI)
    live, mine = models.live(), models.live(fits)
    if chosen is None and live is not None and mine is not None:
        try:
            path = mine.model.checked()
            if live.id != mine.id:  # back to the release before, or both at a time
                models.start_with(mine.model, "", "start", now)
            return path
        except NotOurModel:  # an image that was built anew brings another file of that name
            print(f"{mine.model.name} is not the file that answered last: that of the present data starts.", flush=True)
    if live is not None and live.model.lessons:
        print(f"{live.model.name} with its {live.model.lessons} lessons is not what starts: train again.", flush=True)
    path = chosen or ensure_model()
    model = models.register(path.name, path.resolve(), fits, now, "", 0)
    if live is None or live.model.sha256 != model.sha256:
        models.start_with(model, "", "start", now)
    return path
