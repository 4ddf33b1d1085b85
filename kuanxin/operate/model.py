"""The trained model that belongs to the present data: found by a fingerprint, trained when it is not there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

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
    command = [
        sys.executable,
        "-m",
        "kuanxin.quietly",
        "rasa",
        "train",
        "--fixed-model-name",
        path.name.removesuffix(".tar.gz"),
        "--out",
        str(path.parent),
    ]
    if subprocess.run(command, cwd=ROOT, check=False).returncode or not path.exists():
        raise RuntimeError(
            "training failed: the messages above say why; `rasa data validate` finds most mistakes in data/"
        )
    print(f"Trained in {time.monotonic() - began:.0f} s: {path.name}", flush=True)
    return path
