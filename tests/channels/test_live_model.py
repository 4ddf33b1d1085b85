"""A Rasa server looks every few seconds which model is live; what cannot change meanwhile it asks once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kuanxin.channels import live_model
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.models_repository import SqlModels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(timezone.utc)


class Asked(SqlModels):
    """Keeps what it was asked."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.questions: list[str] = []

    def sha256_of(self, file: Path) -> str:
        self.questions.append("hash")
        return super().sha256_of(file)

    def fits_of(self, sha256: str) -> str | None:
        self.questions.append("fits")
        return super().fits_of(sha256)

    def live(self, fits: str | None = None) -> object:
        self.questions.append(f"live {fits}")
        return super().live(fits)


@pytest.fixture
def models(sqlite_url: str) -> Iterator[Asked]:
    engine = make_engine(sqlite_url)
    migrate(engine)
    yield Asked(engine)
    engine.dispose()


async def _follow_a_while(models: Asked, file: Path) -> None:
    agent = SimpleNamespace(processor=SimpleNamespace(model_path=str(file)))
    app, parts = SimpleNamespace(ctx=SimpleNamespace(agent=agent)), SimpleNamespace(models=models)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(live_model.follow(app, parts), 1)


def test_what_a_model_fits_is_asked_once(models: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_model, "LOOK_SECONDS", 0.01)
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"a model")
    models.start_with(models.register("model", file, "data-1", NOW, "", 0), "", "start", NOW)
    asyncio.run(_follow_a_while(models, file))
    asked_once, asked_again = models.questions[:2], models.questions[2:]
    assert asked_once == ["hash", "fits"]
    assert len(asked_again) > 2
    assert set(asked_again) == {"live data-1"}
