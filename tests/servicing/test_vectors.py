"""The engine against published figures, and the evaluation that compares them."""

from __future__ import annotations

import copy
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.evaluate import vectors
from kuanxin.evaluate.__main__ import main
from kuanxin.evaluate.vectors import Library, Outcome, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = Path(__file__).parents[1] / "data" / "loan_vectors.yaml"
VECTORS: list[dict[str, Any]] = yaml.safe_load(PUBLISHED.read_text("utf-8"))["vectors"]
NAMED = {vector["id"]: vector for vector in VECTORS}


@pytest.fixture(scope="module")
def library() -> Library:
    return vectors.read([PUBLISHED])


@pytest.mark.parametrize("name", NAMED)
def test_published_figures(library: Library, name: str) -> None:
    result = judge(library, PUBLISHED, NAMED[name])
    expected = Outcome.SHOWN_WRONG if NAMED[name]["use"] == "negative" else Outcome.REPRODUCED
    assert (result.outcome, result.failed) == (expected, False), result.note


def amounts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the figures of a vector stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from amounts_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from amounts_in(inner, (*path, index))
    elif isinstance(value, str) and value.replace(".", "").isdigit() and "." in value:
        yield path


@pytest.mark.parametrize("name", [name for name, vector in NAMED.items() if vector["use"] != "negative"])
def test_no_figure_may_be_a_fen_off(library: Library, name: str) -> None:
    """Every amount of every vector is really compared: a hundredth more, and the vector differs."""
    for path in amounts_in(NAMED[name]["expected"]):
        changed = copy.deepcopy(NAMED[name])
        place = changed["expected"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = str(Decimal(place[path[-1]]) + Decimal("0.01"))
        result = judge(library, PUBLISHED, changed)
        assert result.outcome is Outcome.DIFFERING, f"{name}: {path} is not compared"


@pytest.mark.parametrize("name", [name for name, vector in NAMED.items() if "due_dates" in vector["expected"]])
def test_no_due_date_may_be_a_day_off(library: Library, name: str) -> None:
    changed = copy.deepcopy(NAMED[name])
    dates = changed["expected"]["due_dates"]
    row = dates[-1] if isinstance(dates[-1], list) else dates
    row[-1] = "2031-01-01"
    assert judge(library, PUBLISHED, changed).outcome is Outcome.DIFFERING


def test_names_do_not_matter(library: Library) -> None:
    for vector in VECTORS:
        result = judge(library, PUBLISHED, {**vector, "id": "anything", "covers": []})
        assert result.outcome in (Outcome.REPRODUCED, Outcome.SHOWN_WRONG)


# --- what is reported


def a_vector(**changes: Any) -> dict[str, Any]:
    return {
        "id": "V",
        "use": "must",
        "inputs": {"principal": "10.00", "daily_rate_pct": "0.05", "days": [10, 10]},
        "expected": {"principal": ["5.00", "5.00"], "interest": ["0.05", "0.02"]},
        **changes,
    }


def report(tmp_path: Path, capsys: pytest.CaptureFixture[str], *given: dict[str, Any]) -> tuple[int, str]:
    file = tmp_path / "vectors.yaml"
    file.write_text(yaml.safe_dump({"vectors": list(given)}), "utf-8")
    status = main(["vectors", str(file), "--junit", str(tmp_path / "junit.xml")])
    return status, " ".join(capsys.readouterr().out.split())


def test_reproduced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = report(tmp_path, capsys, a_vector())  # 0.025 to even is 0.02
    assert status == 0
    assert "1 vectors: 1 reproduced" in out
    assert "1 passed, 0 failed" in out


def test_the_rounding_that_a_vector_states_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    up = a_vector(rounding="HALF_UP to 0.01", expected={"interest": ["0.05", "0.03"]})
    assert report(tmp_path, capsys, up)[0] == 0


def test_the_first_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = report(tmp_path, capsys, a_vector(expected={"interest": ["0.05", "0.04"]}))
    assert status == 1
    assert "interest 2: 0.04 expected, 0.02" in out
    assert "0 passed, 1 failed" in out
    case = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (case.get("tests"), case.get("failures")) == ("1", "1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"inputs": {"weather": "fine"}}, "nothing in it that the engine computes"),
        ({"expected": {"mood": "good"}}, "expects mood"),
        ({"inputs": {"base": "nowhere", "business_date": "2024-01-01"}}, "the base nowhere is in none of the files"),
        ({"inputs": {"principal": "10.00", "instalments": 2, "day_count": "NL/365"}}, "a day count NL/365"),
        ({"inputs": {"principal": "ten", "daily_rate_pct": "0.05", "days": [10]}}, "not an amount in yuan"),
        ({"inputs": {"principal": "10.00", "instalments": 2, "method": "FLAT"}}, "a method FLAT"),
        ({"inputs": {"principal": "10.00", "instalments": 10**9}}, "1000000000 instalments"),
        ({"inputs": {"principal": "10.00", "instalments": 2, "month_end": "FIRST_DAY"}}, "leave their month"),
        ({"inputs": "a loan"}, "inputs given as"),
    ],
)
def test_of_a_shape_that_the_engine_does_not_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], says: str
) -> None:
    """Said, not guessed; and a `must` that cannot be recomputed has failed."""
    status, out = report(tmp_path, capsys, a_vector(**change))
    assert status == 1
    assert "of a shape the engine does not have" in out
    result = judge(vectors.read([tmp_path / "vectors.yaml"]), tmp_path, a_vector(**change))
    assert says in result.note


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in the inputs of a vector."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places_in(value[key], (*path, key))


PLACES = [(name, path) for name, vector in NAMED.items() for path in places_in(vector["inputs"])]
ODD = st.sampled_from(
    [None, "", [], {}, 0, -1, "x", "NaN", "Infinity", 10**30, True, ["a"], [{}], {"a": 1}, "2024-02-30", 1e308]
)


@given(place=st.sampled_from(PLACES), odd=ODD)
def test_whatever_stands_in_a_vector_is_judged(library: Library, place: tuple[str, tuple[Any, ...]], odd: Any) -> None:
    """One input of a published vector exchanged for something odd: a result or a reason, never a crash."""
    name, path = place
    changed = copy.deepcopy(NAMED[name])
    inside = changed["inputs"]
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = odd
    result = judge(library, PUBLISHED, changed)
    assert result.outcome is not Outcome.UNKNOWN or result.note


@pytest.mark.parametrize("use", ["adapt", "contrast"])
def test_other_conventions_do_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str], use: str) -> None:
    status, out = report(tmp_path, capsys, a_vector(use=use, expected={"interest": ["9.99", "9.99"]}))
    assert status == 0
    assert "1 differing" in out


def test_a_published_error_that_the_engine_shares_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = ["0.05", "0.02"]
    wrong = a_vector(use="negative", expected={"published": ["0.05", "0.03"], "correct": right})
    shared = a_vector(use="negative", expected={"published": right})
    assert report(tmp_path, capsys, wrong)[0] == 0
    assert report(tmp_path, capsys, shared)[0] == 1


def test_an_expectation_that_nothing_determines_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    partly = a_vector(expected={"interest": ["0.05", "0.02"], "mood": "good"})
    assert report(tmp_path, capsys, partly)[0] == 0
    assert judge(Library(), tmp_path, partly).note == "not determined by the inputs: mood"


@pytest.mark.parametrize("text", ["[", "1", "vectors: [{id: X}]"])
def test_a_file_that_holds_no_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, "utf-8")
    assert main(["vectors", str(file)]) == 2
    assert "broken.yaml" in capsys.readouterr().out.replace("\n", "")


def test_the_door_offers_every_evaluation() -> None:
    parser = ArgumentParser()
    vectors.add_arguments(parser)
    assert parser.parse_args(["a.yaml", "b.yaml"]).files == [Path("a.yaml"), Path("b.yaml")]
    with pytest.raises(SystemExit) as asked:
        main(["--help"])
    assert asked.value.code == 0
