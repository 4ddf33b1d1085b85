"""The document of the import form tells the truth: its example imports, and it names every field."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from kuanxin.book.arrangement_form import WISH
from kuanxin.book.importer import import_book
from kuanxin.book.loan_form import LOAN, PAYMENT, ROW
from kuanxin.servicing.model import Allocation, Component, DayBasis, Method, ReliefKind, Rounding
from tests.builders import NOW

TEXT = (Path(__file__).parents[2] / "docs" / "integration" / "import-form.md").read_text("utf-8")


def test_the_example_imports(engine):
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1]
    result = import_book(engine, yaml.safe_load(example), NOW)
    assert (result.borrowers, result.loans, result.instalments, result.payments) == (1, 1, 3, 1)


def test_every_field_and_kind_is_named():
    for name in (*LOAN, *ROW, *PAYMENT, *WISH, *(kind.value for kind in ReliefKind)):
        assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", TEXT), name


def test_every_choice_of_the_contract_terms_is_named():
    for choice in (*Method, *DayBasis, *Rounding, *Allocation, *Component):
        assert re.search(rf"`[^`\n]*(?<![\w/-]){choice.value}(?![\w/-])[^`\n]*`", TEXT), choice
