"""Each part of the benchmark writes its own block of the document and leaves the rest as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.document import Figures, write

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    "# Benchmarks\n\n<!-- turns: begin -->\nold\n<!-- turns: end -->\n\n<!-- engine: begin -->\n<!-- engine: end -->\n"
)
TABLE = Figures(("what", "1/s"), [("quotes", "500")])


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "benchmarks.md"
    path.write_text(TEXT, "utf-8")
    return path


def test_a_part_replaces_its_own_block_alone(page: Path) -> None:
    write("engine", [TABLE, TABLE], "python -m bench engine", page)
    before, after = page.read_text("utf-8").split("<!-- engine: begin -->\n")
    assert before == TEXT.split("<!-- engine: begin -->\n")[0]
    assert after.count("| what | 1/s |\n| --- | ---: |\n| quotes | 500 |\n\n") == 2
    assert "with `python -m bench engine`.\n<!-- engine: end -->\n" in after


def test_measured_again_it_does_not_grow(page: Path) -> None:
    write("turns", [TABLE], "python -m bench turns", page)
    once = page.read_text("utf-8")
    write("turns", [TABLE], "python -m bench turns", page)
    assert page.read_text("utf-8") == once
    assert "old" not in once


def test_a_part_without_a_block_is_told(page: Path) -> None:
    with pytest.raises(ValueError, match="has no block between <!-- chat: begin -->"):
        write("chat", [TABLE], "python -m bench chat", page)
    assert page.read_text("utf-8") == TEXT
