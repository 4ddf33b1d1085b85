"""The worked examples of docs/loans.md say what the code does."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import yaml

from kuanxin.evaluate.vectors import Library, Outcome, judge
from kuanxin.servicing.quotes import KIND_OF

DOC = Path(__file__).parents[2] / "docs" / "loans.md"


def test_every_example_is_true() -> None:
    text = DOC.read_text("utf-8")
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks(text, "pycon")), {}, "loans.md", str(DOC), 0)
    failed, tried = doctest.DocTestRunner(verbose=False).run(examples)
    assert failed == 0
    assert tried == text.count(">>> ")


def test_every_rule_has_an_example() -> None:
    for section in re.split(r"^## ", DOC.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0]
        assert title == "Published figures" or ">>> " in section, f"{title}: no worked example"


def test_every_kind_of_relief_has_an_example() -> None:
    examples = "\n".join(blocks(DOC.read_text("utf-8"), "pycon"))
    assert not [request.__name__ for request in KIND_OF if f"quoted({request.__name__}(" not in examples]


def test_the_example_of_a_vector_is_one() -> None:
    (example,) = blocks(DOC.read_text("utf-8"), "yaml")
    (vector,) = yaml.safe_load(example)["vectors"]
    assert judge(Library(), DOC, vector).outcome is Outcome.REPRODUCED


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
