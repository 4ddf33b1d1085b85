"""The player of scripted conversations: a wrong script is named, and a wrong answer never passes."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.evaluate import dialogues
from kuanxin.evaluate.script import Dialogue, ScriptError, read_dialogues

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
- id: one
  now: "2026-11-23T10:00:00+08:00"
  turns:
    - say: 你好
      expect: ["您好"]
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "script.yml"
    path.write_text(text, "utf-8")
    return path


def test_a_script_without_a_book_plays_on_the_demo_book(tmp_path: Path) -> None:
    ((dialogue, book),) = read_dialogues(script(tmp_path, GOOD), DEMO_BOOK)
    assert dialogue.id == "one"
    assert book["kind"] == "demo"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("expect", "expects"), "turns.0.expects"),
        (GOOD.replace("say: 你好", "say: 你好\n      press: 确认"), "either `say`"),
        (GOOD.replace('"您好"', '"(您好"'), "not a regular expression"),
        (GOOD + "  state: {arrangement: []}\n", "state.arrangement"),
        (GOOD + "  book: nowhere.yml\n", "nowhere.yml"),
        ("id: one", "expected a list"),
        ("- id: [", "not YAML"),
        ('- {id: one, now: "2026-11-23T10:00:00+08:00", turns: []}', "at least one turn"),
    ],
)
def test_a_mistake_in_a_script_is_named_before_anything_starts(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScriptError, match=r"(script|nowhere)\.yml") as refused:
        read_dialogues(script(tmp_path, text), DEMO_BOOK)
    assert says in str(refused.value)


def test_a_wrong_script_ends_with_status_2(tmp_path: Path) -> None:
    arguments = Namespace(
        files=[script(tmp_path, "id: one")], only=None, model=None, junit=None, verbose=False, most_turns=None
    )
    assert dialogues.run(arguments) == 2


@pytest.mark.parametrize(
    ("agreed", "most", "fails"),
    [
        (("extension", 7), 6, True),
        (("promise_to_pay", 7), 6, True),
        (("extension", 6), 6, False),
        (("re_instalment", 7), 6, False),
        (("extension", 7), None, False),
        (None, 6, False),
    ],
)
def test_a_later_date_agreed_too_late_fails(agreed: tuple[str, int] | None, most: int | None, fails: bool) -> None:
    assert bool(dialogues.too_many_turns(agreed, most)) is fails


def test_missing_and_unwanted_words_are_reported_with_the_text() -> None:
    found = dialogues._mismatches("turn 1", "您逾期3天，坐牢", ("11月28日",), ("坐牢|上门",))
    assert len(found) == 2
    assert "11月28日" in found[0]
    assert "'坐牢'" in found[1]


def test_everything_that_a_borrower_can_read_is_searched() -> None:
    message = {
        "text": "请核对",
        "card": {
            "title": "方案",
            "facts": [["金额", "989.10元"]],
            "columns": ["期数"],
            "rows": [["1"]],
            "notes": ["有效"],
        },
        "buttons": [{"id": "x", "title": "确认"}],
    }
    assert dialogues.message_text(message).splitlines() == [
        "请核对",
        "方案",
        "金额 989.10元",
        "期数",
        "1",
        "有效",
        "[确认]",
    ]


def test_junit_counts_failures(tmp_path: Path) -> None:
    def played(name: str, *failures: str) -> dialogues.Played:
        dialogue = Dialogue.parse_obj({"id": name, "now": "2026-11-23", "turns": [{"say": "你好"}]})
        return dialogues.Played(dialogue, tmp_path / "a.yml", failures=list(failures))

    dialogues._write_junit(tmp_path / "out.xml", [played("good"), played("bad", "turn 1: expected")])
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_turns_until_agreement_are_told_for_each_kind() -> None:
    table = dialogues._turns_to_agreement([("extension", 2), ("extension", 4), ("re_instalment", 3)])
    cells = list(zip(*(column.cells for column in table.columns), strict=True))
    assert cells == [("extension", "2", "3", "4"), ("re_instalment", "1", "3", "3")]
