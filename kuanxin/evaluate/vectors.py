"""`python -m kuanxin.evaluate vectors FILE…`: recomputes published loan figures and compares them to the fen.

A file holds `vectors`, each with `inputs`, `expected` and `use`:
must (has to be reproduced), adapt (a convention that the engine has as a parameter), contrast (a convention that it is
not meant to have), negative (published but wrong: the engine has to disagree).
Exit status 1 when a `must` is not reproduced or a `negative` is not shown to be wrong.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from kuanxin.evaluate import junit
from kuanxin.evaluate.vector_shapes import NotOfThisEngine, all_shapes
from kuanxin.evaluate.vector_shapes.contract import CONVENTIONS, UNROUNDED, Inputs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_SPELLINGS = {
    "reamortize": "reamortise",
    "re_amortize": "reamortise",
    "reamortization": "reamortise",
    "reaging": "reage",
}
CONTRACTS = Path(__file__).with_name("contracts.yml")


class Outcome(Enum):
    REPRODUCED = "reproduced"
    SHOWN_WRONG = "shown to be wrong"
    DIFFERING = "differing"
    UNKNOWN = "of a shape the engine does not have"


@dataclass(frozen=True)
class Result:
    """What became of one vector. `note` names the first difference, or what could not be checked."""

    file: Path
    id: str
    use: str
    shape: str
    outcome: Outcome
    note: str
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        if self.use == "negative":
            return self.outcome is not Outcome.SHOWN_WRONG
        return self.use == "must" and self.outcome is not Outcome.REPRODUCED


class UnreadableFile(Exception):
    """The file is not a file of vectors; the message says why."""


@dataclass
class Library:
    """The vectors of all files, and the contracts that they may refer to."""

    vectors: list[tuple[Path, Mapping[str, Any]]] = field(default_factory=list)
    by_id: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def inputs(self, vector: Mapping[str, Any], conventions: frozenset[str]) -> Inputs:
        """The inputs of a vector on top of those of its base. Raises NotOfThisEngine where the base is nowhere."""
        own = vector.get("inputs") or {}
        if not isinstance(own, Mapping):
            raise NotOfThisEngine(f"inputs given as {own!r}")
        state = own.get("state")
        base_id = own.get("base") or (state.get("base") if isinstance(state, Mapping) else None)
        covers = tuple(vector.get("covers") or ())
        return Inputs(own, self._base(base_id, ()), str(vector.get("rounding", "")), covers, conventions)

    def _base(self, base_id: str | None, seen: tuple[str, ...]) -> Mapping[str, Any]:
        if base_id is None:
            return {}
        if base_id not in self.by_id or base_id in seen:
            raise NotOfThisEngine(f"the base {base_id} is in none of the files")
        inputs = self.by_id[base_id].get("inputs") or {}
        return {**self._base(inputs.get("base"), (*seen, base_id)), **inputs}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files of vectors")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")


def run(args: argparse.Namespace) -> int:
    console = Console()
    try:
        library = read(args.files)
    except UnreadableFile as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 2
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    results = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("recomputing", total=len(library.vectors))
        for path, vector in library.vectors:
            progress.update(task, description=str(vector["id"]))
            results.append(judge(library, path, vector))
            progress.advance(task)
    _report(console, results)
    if args.junit:
        junit.write(args.junit, "vectors", [_as_case(result) for result in results])
    return 1 if any(result.failed for result in results) else 0


def read(files: list[Path]) -> Library:
    """The vectors of all files. Raises UnreadableFile, naming the file and what is wrong with it."""
    library = Library(by_id={contract["id"]: contract for contract in yaml.safe_load(CONTRACTS.read_text("utf-8"))})
    for path in files:
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UnreadableFile(f"{path}: {error}") from error
        vectors = content.get("vectors") if isinstance(content, dict) else content
        if not isinstance(vectors, list):
            raise UnreadableFile(f"{path}: holds no list of vectors")
        for number, vector in enumerate(vectors, 1):
            if not isinstance(vector, dict) or not isinstance(vector.get("expected"), dict) or "id" not in vector:
                raise UnreadableFile(f"{path}: vector {number} needs id, inputs and expected")
            library.vectors.append((path, vector))
            library.by_id[str(vector["id"])] = _spelt(vector)
    return library


def _spelt(value: Any) -> Any:
    """Names in American spelling as the shapes write them."""
    if isinstance(value, dict):
        return {
            _SPELLINGS.get(str(key), str(key).replace("installment", "instalment")): _spelt(item)
            for key, item in value.items()
        }
    return [_spelt(item) for item in value] if isinstance(value, list) else value


def judge(library: Library, path: Path, vector: Mapping[str, Any]) -> Result:
    """Recomputes one vector. Never raises for what a vector says: it is then of a shape the engine does not have."""
    began = time.monotonic()
    vector = _spelt(vector)
    use = str(vector.get("use") or "must")
    # fractions carried along are nobody's money: not where a vector asks for the rounding of the engine
    carried = use != "must" or re.search("unrounded|not rounded|full precision", str(vector.get("rounding", "")), re.I)
    tried = [conventions for conventions in CONVENTIONS if carried or UNROUNDED not in conventions]
    results = (_judged(library, vector, use, conventions) for conventions in tried)
    first = next(results)
    judged = first
    if use != "negative" and first[1] is Outcome.DIFFERING:
        judged = next((result for result in results if result[1] is Outcome.REPRODUCED), first)
    return Result(path, str(vector["id"]), use, *judged, time.monotonic() - began)


def _judged(
    library: Library, vector: Mapping[str, Any], use: str, conventions: frozenset[str]
) -> tuple[str, Outcome, str]:
    """Shape, outcome and note under these conventions."""
    name, expected = "", vector["expected"]
    try:
        inputs = library.inputs(vector, conventions)
        shape = next((shape for shape in all_shapes() if shape.fits(inputs, expected)), None)
        if shape is None:
            raise NotOfThisEngine("nothing in it that the engine computes")
        name = shape.name
        computed = shape.compute(inputs, expected)
    except NotOfThisEngine as missing:
        return name, Outcome.UNKNOWN, str(missing)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return name, Outcome.UNKNOWN, f"its inputs cannot be read as this shape: {error!r}"
    if use == "negative":
        return name, *_negative(expected, computed)
    outcome, note = _compared(expected, computed)
    if outcome is Outcome.DIFFERING and inputs.unread:
        note += f" (given but not used: {', '.join(inputs.unread)})"
    if outcome is Outcome.REPRODUCED and conventions:
        note = "; ".join(filter(None, (f"with {', '.join(sorted(conventions))}", note)))
    return name, outcome, note


def _compared(expected: Mapping[str, Any], computed: Mapping[str, Any]) -> tuple[Outcome, str]:
    known = {key: value for key, value in expected.items() if key in computed}
    if not known:
        return Outcome.UNKNOWN, f"expects {', '.join(map(str, expected))}"
    difference = next(differences(known, computed), None)
    if difference:
        return Outcome.DIFFERING, difference
    unchecked = [str(key) for key in expected if key not in computed]
    return Outcome.REPRODUCED, f"not determined by the inputs: {', '.join(unchecked)}" if unchecked else ""


def _negative(expected: Mapping[str, Any], computed: Mapping[str, Any]) -> tuple[Outcome, str]:
    """What was published has to differ; what is given as correct has to agree."""
    claims = {key: value for key, value in expected.items() if re.search("publish|wrong", str(key))}
    right = {key: value for key, value in expected.items() if key not in claims} if claims else {}
    claimed = claims or expected
    if not all(key in computed for key in (*claimed, *right)):
        return Outcome.UNKNOWN, f"expects {', '.join(map(str, expected))}"
    wrong = next(differences(right, computed), None)
    if wrong:
        return Outcome.DIFFERING, f"the correct figures differ too: {wrong}"
    shown_wrong = next(differences(claimed, computed), None)
    if shown_wrong:
        return Outcome.SHOWN_WRONG, shown_wrong
    return Outcome.REPRODUCED, "the engine agrees with a figure that is known to be wrong"


def differences(expected: Any, computed: Any, where: str = "") -> Iterator[str]:
    """Where the computed figures are not the expected ones, in order. Only what is expected is looked at."""
    if isinstance(expected, Mapping) and isinstance(computed, Mapping):
        for key, value in expected.items():
            yield from differences(value, computed.get(key), f"{where}, {key}" if where else str(key))
    elif isinstance(expected, list) and isinstance(computed, list):
        if len(expected) != len(computed):
            yield f"{where}: {len(expected)} rows expected, {len(computed)} computed"
        for number, (one, other) in enumerate(zip(expected, computed, strict=False), 1):
            yield from differences(one, other, f"{where} {number}")
    elif not _same(expected, computed):
        yield f"{where}: {expected} expected, {computed} computed"


def _same(expected: object, computed: object) -> bool:
    try:
        return Decimal(str(expected)) == Decimal(str(computed))
    except InvalidOperation:
        return str(expected) == str(computed)


def _report(console: Console, results: list[Result]) -> None:
    table = Table("vector", "use", "shape", "result", "", box=None, pad_edge=False)
    for result in results:
        colour = "red" if result.failed else "green" if _good(result) else "yellow"
        table.add_row(result.id, result.use, result.shape, f"[{colour}]{result.outcome.value}[/]", result.note)
    console.print(table)
    counts = {outcome: sum(r.outcome is outcome for r in results) for outcome in Outcome}
    failed = sum(result.failed for result in results)
    summary = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)
    console.print(f"{len(results)} vectors: {summary or 'none'}", highlight=False)
    print(f"{len(results) - failed} passed, {failed} failed")


def _good(result: Result) -> bool:
    return result.outcome in (Outcome.REPRODUCED, Outcome.SHOWN_WRONG)


def _as_case(result: Result) -> junit.Case:
    text = f"{result.outcome.value}: {result.note}" if result.note else result.outcome.value
    failure = text if result.failed else ""
    skipped = text if not result.failed and not _good(result) else ""
    return junit.Case(f"vectors.{result.file.stem}", result.id, failure, skipped, result.seconds)
