"""Everything that staff read has its English, and the compiled file is that of the text."""

from __future__ import annotations

import gettext
import re

from tests.desk.conftest import ROOT

FOLDER = ROOT / "desk" / "locale" / "en" / "LC_MESSAGES"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
IN_TEMPLATES = re.compile(r"{% translate (?:\"([^\"]+)\"|'([^']+)') %}")
IN_CODE = re.compile(r"\b_\(\s*\"((?:[^\"\\]|\\.)+)\"")


def test_nothing_is_left_untranslated():
    with (FOLDER / "django.mo").open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog
    used = set()
    for file in (ROOT / "desk" / "templates").rglob("*.html"):
        used |= {a or b for a, b in IN_TEMPLATES.findall(file.read_text("utf-8"))}
    for file in (ROOT / "desk").rglob("*.py"):
        used |= set(IN_CODE.findall(file.read_text("utf-8")))
    assert len(used) > 300
    assert {text for text in used if CHINESE.search(text)} - set(known) == set()


def test_the_compiled_file_is_that_of_the_text():
    text = (FOLDER / "django.po").read_text("utf-8")
    pairs = dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', text, re.M))
    with (FOLDER / "django.mo").open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog
    assert {source: known.get(source) for source in pairs} == pairs
    assert not [source for source, english in pairs.items() if not english or CHINESE.search(english)]


def test_an_english_page_has_no_chinese_of_ours(sign_in):
    client = sign_in("supervisor")
    client.post("/language/", {"language": "en", "next": "/"})
    page = client.get("/conversations/").content.decode()
    frame = (
        re.sub(r"<tbody>.*?</tbody>", "", page, flags=re.S)
        .replace("中文", "")
        .replace("演示·主管", "")
        .replace("宽", "")
    )
    assert CHINESE.findall(frame) == []
