"""Packing what was said into messages: sizes, order, the cursor after each of them."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from kuanxin.channels.telling import News, messages, size, split
from kuanxin.conversations.channels import Told
from kuanxin.conversations.model import Entry

AT = datetime(2026, 11, 23, tzinfo=timezone.utc)
TEXT = st.text(st.sampled_from("账ab1。\n👨\u200d👩🏽é"), max_size=200)


def entry(number: int, text: str, *buttons: str) -> Entry:
    shown = tuple({"id": f"{number}-{title}", "title": title} for title in buttons)
    return Entry(number, AT, "assistant", text, buttons=shown)


@given(TEXT, st.integers(40, 120))
def test_a_split_text_is_whole_and_each_part_fits(text, most):
    parts = split(text, most)
    assert all(size(part) <= most for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


@given(st.lists(TEXT.filter(str.strip), min_size=1, max_size=6), st.integers(40, 200))
def test_each_message_moves_the_cursor_to_its_end(texts, most):
    news = [News("c", entry(number, text)) for number, text in enumerate(texts, 1)]
    packed = messages(news, most, numbered=True)
    cursors = [dict(message.told)["c"] for message in packed]
    assert [(told.number, told.part) for told in cursors] == sorted({(t.number, t.part) for t in cursors})
    assert cursors[-1] == Told(len(texts))
    assert all(size(message.text) <= most for message in packed)


def test_joined_characters_without_end_are_cut_all_the_same():
    assert split("👨" + "\u200d👨" * 100, 50)[0].startswith("👨")


def test_going_on_within_an_entry_sends_the_rest_of_it():
    whole = messages([News("c", entry(1, "一" * 100))], 150, numbered=True)
    assert [dict(message.told)["c"] for message in whole] == [Told(0, 1), Told(1)]
    (rest,) = messages([News("c", entry(1, "一" * 100), part=1)], 150, numbered=True)
    assert rest.text == whole[1].text
    assert dict(whole[1].before) == {"c": Told(0, 1)}


def test_choices_are_counted_over_all_that_is_told_together():
    packed = messages([News("c", entry(1, "甲", "a", "b")), News("c", entry(2, "乙", "c"))], 2048, numbered=True)
    assert packed[0].text == "甲\n1. a\n2. b\n\n乙\n3. c"
    assert [button["title"] for button in packed[0].buttons] == ["a", "b", "c"]
