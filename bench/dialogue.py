"""Rules alone beside rules with a learned policy (TED) on the same rules and stories, each in new processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.document import Figures
from bench.pipelines import EPOCHS
from kuanxin.operate.model import ROOT

RULES, STORIES = ROOT / "data" / "rules", ROOT / "tests" / "stories"
POLICIES: dict[str, list[dict[str, Any]]] = {
    "rules": [],
    "rules and TED": [{"name": "TEDPolicy", "epochs": EPOCHS["TED"], "max_history": 5, "random_seed": 42}],
}


def measure() -> list[Figures]:
    """TED learns the very stories that are then asked for: the best case for it."""
    header = ("dialogue", "stories right", "actions right", "ms an action", "memory, MB", "loading, s", "training, s")
    return [Figures(header, [(name, *_measured(name)) for name in POLICIES])]


def _measured(name: str) -> tuple[str, ...]:
    with (
        tempfile.TemporaryDirectory(prefix="kuanxin-bench-") as folder,
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        training = pool.apply(_train, (name, Path(folder)))
        return (*pool.apply(_play, (Path(folder),)), f"{training:.0f}")


def _train(name: str, folder: Path) -> float:
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    from rasa.model_training import train_core

    config = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))
    config["policies"] += POLICIES[name]
    (folder / "config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    data = folder / "data"
    data.mkdir()
    for file in (*RULES.glob("*.yml"), *STORIES.glob("*.yml")):
        (data / f"{file.parent.name}-{file.name}").write_text(file.read_text("utf-8"), "utf-8")
    began = time.monotonic()
    train_core(str(ROOT / "domain.yml"), str(folder / "config.yml"), str(data), str(folder), fixed_model_name="model")
    return time.monotonic() - began


def _play(folder: Path) -> tuple[str, ...]:
    from rasa.core.agent import Agent
    from rasa.core.test import test

    began = time.monotonic()
    agent = Agent.load(folder / "model.tar.gz")
    loaded = time.monotonic()
    found = asyncio.run(test(str(STORIES), agent, out_directory=str(folder), errors=False, warnings=False))
    seconds = time.monotonic() - loaded
    stories = found["report"]["conversation_accuracy"]
    return (
        f"{stories['correct']} of {stories['total']}",
        f"{found['accuracy']:.1%}",
        f"{seconds / len(found['actions']) * 1000:.1f}",
        f"{psutil.Process().memory_info().rss / 2**20:.0f}",
        f"{loaded - began:.1f}",
    )
