"""Sizing: the tables of docs/operation.md are what is computed, and figures of an operator's own count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.sizing import measure
from kuanxin.settings import ROOT

if TYPE_CHECKING:
    from bench.document import Figures


def test_the_document_has_what_is_computed() -> None:
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    for table in measure():
        assert table.markdown() in text


def test_own_figures_count() -> None:
    figures, own = measure(["arrears=0.3"])
    assert ("`arrears`", "0.3", "share of borrowers in arrears in a month", "your own") in figures.rows
    assert _most_workers(own) > _most_workers(measure()[1])


def _most_workers(table: Figures) -> int:
    return int(next(row[-1] for row in table.rows if row[0].startswith("workers")))


def test_what_is_no_figure_is_named() -> None:
    with pytest.raises(ValueError, match="no figure is called arear"):
        measure(["arear=1"])
