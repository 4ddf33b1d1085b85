"""JUnit XML, the form in which test results are collected elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One thing that was tried. `failure` empty: it passed. `skipped`: why it was not tried."""

    group: str
    name: str
    failure: str = ""
    skipped: str = ""
    seconds: float = 0.0


def write(path: Path, suite: str, cases: list[Case]) -> None:
    """Writes one suite. Raises OSError where the file cannot be written."""
    failed = sum(bool(case.failure) for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(cases)),
        failures=str(failed),
        skipped=str(skipped),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        element = ElementTree.SubElement(
            root, "testcase", classname=case.group, name=case.name, time=f"{case.seconds:.3f}"
        )
        if case.failure:
            ElementTree.SubElement(element, "failure", message=case.failure.splitlines()[0]).text = case.failure
        elif case.skipped:
            ElementTree.SubElement(element, "skipped", message=case.skipped)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
