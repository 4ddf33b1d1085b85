"""What is wrong with a book that was to be imported: all of it at once, each with its place and its remedy."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where something stands in what was imported. `row` is the line of a YAML file or the row of a CSV file."""

    file: str
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.row}" if self.row else self.file


class Problem(NamedTuple):
    """One thing to correct."""

    place: Place
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.field}: {self.message}. {self.remedy}"


class ImportRefused(Exception):
    """Nothing was imported; `problems` are all that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.place.file, problem.place.row or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))
