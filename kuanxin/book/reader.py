"""Reads a book from a YAML file or CSV files into plain data, and keeps the place of each field for what is wrong."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import yaml

from kuanxin.book.problems import ImportRefused, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

At = tuple[Any, ...]  # where in the data: ("borrowers", 3, "loans", 0, "principal")

_TABLES = {  # the file of the same name: its column that names the parent
    "book": None,
    "borrowers": None,
    "loans": "borrower",
    "instalments": "loan",
    "payments": "loan",
}


class Source:
    """The raw data of a book, and where each part of it was written."""

    def __init__(
        self,
        data: object,
        name: str,
        places: dict[At, Place] | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        self.data = data
        self.name = name
        self.problems = tuple(problems)  # already seen while reading
        self._whole = Place(name)
        self._places = places or {}

    def place(self, path: At) -> Place:
        """The place of a field; of what holds it, where the field itself is missing."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, self._whole)


def read(paths: Iterable[Path]) -> Source:
    """One YAML file, one folder of CSV files, or several CSV files. Raises ImportRefused."""
    files = [file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    if len(files) == 1 and files[0].suffix in {".yml", ".yaml"}:
        return _read_yaml(files[0])
    if files and all(file.suffix == ".csv" for file in files):
        return _CsvBook(files).source()
    named = ", ".join(str(path) for path in paths)
    raise ImportRefused(
        [Problem(Place(named), "file", "no book found there", "Name one .yml file, or .csv files, or their folder.")]
    )


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as fault:
        raise _unreadable(file, None, fault.strerror or str(fault), "Check the path and the rights.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")  # what a Chinese spreadsheet program writes by default
    except UnicodeDecodeError:
        raise _unreadable(file, None, "is neither UTF-8 nor GB18030 text", "Save it as UTF-8.") from None


def _unreadable(file: Path, row: int | None, message: str, remedy: str) -> ImportRefused:
    return ImportRefused([Problem(Place(file.name, row), "file", message, remedy)])


def _read_yaml(file: Path) -> Source:
    text = _text(file)
    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
        walk = _YamlWalk(loader, file.name)
        data = walk.value(root, ()) if root else {}
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or "is not YAML"
        raise _unreadable(file, mark.line + 1 if mark else None, problem, "Correct the line.") from None
    finally:
        loader.dispose()
    return Source(data, file.name, walk.places, walk.twice)


class _YamlWalk:
    """Builds plain values from YAML nodes, with the line of each; a key written twice would silently win otherwise."""

    def __init__(self, loader: yaml.CSafeLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self.places: dict[At, Place] = {}
        self.twice: list[Problem] = []

    def value(self, node: yaml.Node, path: At) -> Any:
        self.places[path] = Place(self._file, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            try:
                return self._loader.construct_object(node)
            except ValueError:  # 2026-13-01 looks like a day: whoever wants a day from it will say what is wrong
                return node.value
        self._loader.flatten_mapping(node)  # <<: *shared_terms
        result: dict[Any, Any] = {}
        written: dict[Any, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = self._loader.construct_object(key_node)
            merged = not node.start_mark.index <= key_node.start_mark.index < node.end_mark.index
            if key in written and not merged:
                place = Place(self._file, key_node.start_mark.line + 1)
                field = dotted((*path, key))
                self.twice.append(Problem(place, field, "is written twice", "Keep one of the two lines."))
            if not merged:
                written[key] = key_node
            result[key] = self.value(value_node, (*path, key))
        return result


class _CsvBook:
    """Builds the nested form of a book from flat tables."""

    def __init__(self, files: list[Path]) -> None:
        self._problems: list[Problem] = []
        self._places: dict[At, Place] = {}
        self._folder = files[0].parent.name or "csv"
        self._tables = {table: [] for table in _TABLES}
        for file in files:
            self._load(file)

    def source(self) -> Source:
        data: dict[str, Any] = {}
        for place, row in self._tables["book"][:1]:
            data = dict(row)
            self._places[()] = place
        for place, _ in self._tables["book"][1:]:
            self._problems.append(Problem(place, "book", "has a second row", "Keep one row of settings."))
        by_borrower = self._put(data, "borrowers", self._tables["borrowers"], ())
        by_loan: dict[str, tuple[dict[str, Any], At]] = {}
        for place, row in self._tables["loans"]:
            parent = self._parent(by_borrower, "borrower", row, place)
            if parent:
                by_loan.update(self._put(parent[0], "loans", [(place, row)], parent[1]))
        for table in ("instalments", "payments"):
            for place, row in self._tables[table]:
                parent = by_loan.get(str(row.get("loan", "")))
                if parent:
                    row.pop("loan")
                    self._put(parent[0], table, [(place, row)], parent[1])
                elif table == "payments":  # on a loan that stands in the book already
                    self._put(data, table, [(place, row)], ())
                else:
                    self._parent(by_loan, "loan", row, place)
        return Source(data, self._folder, self._places, self._problems)

    def _load(self, file: Path) -> None:
        if file.stem not in _TABLES:
            names = ", ".join(f"{name}.csv" for name in _TABLES)
            self._problems.append(Problem(Place(file.name), "file", "is not a table of a book", f"Known: {names}."))
            return
        reader = csv.DictReader(io.StringIO(_text(file), newline=""), strict=True)
        try:
            for row in reader:
                place = Place(file.name, reader.line_num)
                if None in row or None in row.values():
                    message = f"has {'more' if None in row else 'fewer'} cells than the header"
                    self._problems.append(Problem(place, "row", message, "Give each row the columns of the first."))
                    continue
                cells = {column.strip(): cell.strip() for column, cell in row.items() if cell.strip()}
                if cells:
                    self._tables[file.stem].append((place, cells))
        except csv.Error as fault:
            self._problems.append(Problem(Place(file.name, reader.line_num), "row", str(fault), "Correct the row."))

    def _put(
        self, parent: dict[str, Any], table: str, rows: list[tuple[Place, dict[str, Any]]], path: At
    ) -> dict[str, tuple[dict[str, Any], At]]:
        """Hangs rows under their parent; answers them by id, each with its path."""
        by_id = {}
        for place, row in rows:
            siblings = parent.setdefault(table, [])
            own = (*path, table, len(siblings))
            siblings.append(row)
            self._places[own] = place
            by_id[str(row.get("id", ""))] = (row, own)
        return by_id

    def _parent(
        self, parents: dict[str, tuple[dict[str, Any], At]], column: str, row: dict[str, Any], place: Place
    ) -> tuple[dict[str, Any], At] | None:
        name = str(row.pop(column, ""))
        if name not in parents:
            message = f"names no row of {column}s.csv: {name!r}" if name else "is missing"
            self._problems.append(Problem(place, column, message, f"Write the id of a {column} that stands there."))
        return parents.get(name)


def dotted(path: At) -> str:
    """("borrowers", 3, "loans", 0) → "borrowers[3].loans[0]"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
