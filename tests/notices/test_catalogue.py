"""notices.yml: the project's own file is fit, and what is wrong in a bank's is named with its remedy."""

from __future__ import annotations

import copy

import pytest
import yaml

from kuanxin.notices.catalogue import NATURES, Catalogue, Kind, NoticesError
from kuanxin.notices.length import sms_parts
from kuanxin.settings import ROOT

OWN = yaml.safe_load((ROOT / "notices.yml").read_text("utf-8"))


def changed(path: str, value: object) -> dict:
    data = copy.deepcopy(OWN)
    *way, last = path.split(".")
    place = data
    for name in way:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def refused(path: str, value: object) -> str:
    with pytest.raises(NoticesError) as caught:
        Catalogue.parse(changed(path, value))
    return str(caught.value)


def test_the_projects_own_file_has_both_wordings_of_every_kind() -> None:
    catalogue = Catalogue.parse(OWN)
    for kind in Kind:
        for wording in ("full", "neutral"):
            text = catalogue.sms(catalogue.text(kind, wording, NATURES[kind].gaps))
            assert text.startswith("【演示银行】您好")
            assert "{" not in text
            assert sms_parts(text) <= catalogue.most_parts


def test_the_overdue_sms_says_the_four_things() -> None:
    gaps = Catalogue.parse(OWN).gaps(Kind.OVERDUE, "full")
    assert {"since", "total", "parts", "pay", "until", "total_until", "as_of"} <= set(gaps)


def test_who_asked_for_nothing_is_told_how_to_stop_it() -> None:
    catalogue = Catalogue.parse(OWN)
    for kind in Kind:
        text = catalogue.text(kind, "neutral", NATURES[kind].gaps)
        assert text.endswith("退订回T") == (NATURES[kind].weight.value == "reminder")


@pytest.mark.parametrize(
    "text",
    [
        "您的借款有一件事要办",
        "请看账单",
        "还款提醒",
        "100元的事要办",
        "征信相关",
        "您有一笔逾期",
    ],
)
def test_a_neutral_text_names_no_debt(text: str) -> None:
    assert "texts.due_soon.neutral" in refused("texts.due_soon.neutral", text)


@pytest.mark.parametrize("gap", ["total", "parts", "chat", "product", "day"])
def test_a_neutral_text_has_no_gap_that_could(gap: str) -> None:
    assert f"has no gap {gap}" in refused("texts.overdue.neutral", f"您好，{{{gap}}}")


@pytest.mark.parametrize("word", ["否则后果自负", "将起诉", "列入黑名单", "请立即处理", "最后通知", "联系您的家人"])
def test_no_text_presses(word: str) -> None:
    assert "presses" in refused("texts.overdue.full", f"您好，应还{{total}}，{word}")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sender", None, "sender: field required"),
        ("texts.paid", None, "has no paid"),
        ("texts.paid.neutral", None, "texts.paid.neutral: field required"),
        ("texts.due_soon.full", "您好，{amount}", "has no gap amount"),
        ("texts.due_soon.full", "您好，{total", "brace"),
        ("texts.due_soon.full", "您好" * 200, "SMS long"),
        ("contact.opens", "07:30", "08:00"),
        ("contact.opens", yaml.safe_load("9:30"), "in quotes"),
        ("contact.opens", -1, "in quotes"),
        ("contact.closes", "22:30", "22:00"),
        ("contact.closes", "08:30", "opens before closes"),
        ("contact.a_day", 2, "contact.a_day"),
        ("contact.in_seven_days", 4, "contact.in_seven_days"),
        ("timing.overdue", [1, 2, 8], "at least overdue_within"),
        ("timing.overdue", [], "rising days"),
        ("colour", "red", "colour"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: object, said: str) -> None:
    assert said in refused(path, value)


def test_a_bank_may_be_stricter() -> None:
    strict = Catalogue.parse(changed("contact", {"opens": "10:00", "closes": "18:00", "a_day": 1, "in_seven_days": 2}))
    assert (strict.hours.opens.hour, strict.hours.closes.hour, strict.hours.in_seven_days) == (10, 18, 2)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # takes two letters of the alphabet
        ("€" * 81, 2),
        ("a" * 69 + "中", 1),  # one Chinese character makes all of it UCS-2
        ("a" * 70 + "中", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("中" * 66 + "😀" + "中" * 66, 3),  # an emoji is not cut in two
    ],
)
def test_length_in_sms(text: str, parts: int) -> None:
    assert sms_parts(text) == parts
