"""A row of the pipelines' table holds as long as what it was measured of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench import pipelines

if TYPE_CHECKING:
    from pathlib import Path

ROW = {"right": {"typed": 0.9}, "ms": 1.5, "memory": 600.0, "loading": 4.0, "training": 30.0}


@pytest.fixture(autouse=True)
def nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "KEPT", tmp_path / "pipelines.json")
    monkeypatch.setattr(pipelines, "_measured", lambda name, questions: ROW)


def test_what_was_measured_before_stands_beside_it() -> None:
    pipelines.measure(["without clauses"], [pipelines.TYPED])
    (table,) = pipelines.measure(["configured"], [pipelines.TYPED])
    assert table.header[:2] == ("pipeline", "right, typed")
    assert [row[:2] for row in table.rows] == [("configured", "90.0%"), ("without clauses", "90.0%")]


def test_a_row_of_other_data_is_measured_again() -> None:
    pipelines.measure(["without clauses"], [pipelines.TYPED])
    rows = json.loads(pipelines.KEPT.read_text("utf-8"))
    rows["without clauses"]["of"] = "another"
    pipelines.KEPT.write_text(json.dumps(rows), "utf-8")
    (table,) = pipelines.measure(["configured"], [pipelines.TYPED])
    assert [row[0] for row in table.rows] == ["configured"]


@pytest.mark.parametrize("name", sorted(set(pipelines.VARIANTS) - {"configured"}))
def test_every_pipeline_differs_from_the_configured_one(name: str) -> None:
    variant = pipelines.VARIANTS[name]
    assert variant.replaced or pipelines._config(name) != pipelines._config("configured")
