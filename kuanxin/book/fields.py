"""Typed fields of one object of the import form. What is wrong is noted, not raised: all problems are told at once.

Every reader answers None where its field is missing or wrong; `Section.sound` says whether anything was.
"""

from __future__ import annotations

import difflib
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from kuanxin.book.problems import Problem
from kuanxin.book.reader import At, Source, dotted
from kuanxin.servicing.money import parse_yuan
from kuanxin.store.base import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import Enum

    from kuanxin.servicing.model import Fen

    E = TypeVar("E", bound=Enum)

_RELATIVE = re.compile(r"today(?:\s*([+-])\s*(\d{1,5}))?(?:\s+(\d{2}:\d{2}))?", re.ASCII)
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_YES_NO = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
REQUIRED: Any = object()


class Reading:
    """One reading of a source: its problems so far, and the day that `today` stands for (None: not allowed)."""

    def __init__(self, source: Source, today: date | None = None) -> None:
        self.source = source
        self.today = today
        self.problems: list[Problem] = list(source.problems)

    def note(self, at: At, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.source.place(at), dotted(at) or "book", message, remedy))

    def root(self, known: Iterable[str]) -> Section | None:
        return self.section(self.source.data, (), known)

    def section(self, data: object, at: At, known: Iterable[str]) -> Section | None:
        if isinstance(data, dict):
            return Section(self, data, at, tuple(known))
        self.note(at, "is not a set of fields", "Write it as `name: value` lines.")
        return None


class Section:
    """The fields of one object."""

    def __init__(self, reading: Reading, data: dict[str, Any], at: At, known: tuple[str, ...]) -> None:
        self._reading = reading
        self._data = data
        self.at = at
        self.sound = True
        for name in data:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                remedy = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
                self.wrong(name, "is not a field of the form", remedy)

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def wrong(self, name: str | None, message: str, remedy: str) -> None:
        """Notes a problem with a field, or with the object itself where `name` is None."""
        self.sound = False
        self._reading.note(self.at if name is None else (*self.at, name), message, remedy)

    def text(self, name: str, default: str | None = REQUIRED, longest: int = 64) -> str | None:
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if not isinstance(value, str):
            self.wrong(name, f"is {_what(value)}, not text", f'Put it in quotes: {name}: "{value}"')
        elif not value.strip():
            self.wrong(
                name, "is empty", "Write it, or leave the field out." if default is not REQUIRED else "Write it."
            )
        elif len(value) > longest:
            self.wrong(name, f"is longer than {longest} characters", "Shorten it.")
        else:
            return value.strip()
        return None

    def ident(self, name: str) -> str | None:
        """An id: it stands in addresses, file names and logs, so it is plain."""
        value = self.text(name)
        if value is not None and not _ID.fullmatch(value):
            self.wrong(name, f"is {value!r}", "Use letters and digits without accents, and . _ : - (at most 64).")
            return None
        return value

    def yuan(self, name: str, default: Fen | None = REQUIRED, *, positive: bool = True) -> Fen | None:
        """An amount in yuan as fen. A number with a point in YAML is a binary fraction, so it is refused."""
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if isinstance(value, float):
            self.wrong(
                name, f"is a floating-point number ({value})", f'Put the amount in quotes: {name}: "{value:.2f}"'
            )
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise ValueError
            fen = parse_yuan(str(value))
        except ValueError:
            self.wrong(
                name, f"is not an amount in yuan ({value!r})", 'Write yuan with at most two decimals, e.g. "1234.50".'
            )
            return None
        if fen < 0 or (positive and fen == 0):
            self.wrong(name, f"is {value}", f"Write an amount {'above' if positive else 'of at least'} 0.")
            return None
        return fen

    def rate(self, name: str, default: Decimal | None = REQUIRED) -> Decimal | None:
        """A rate as a fraction: "0.18" or "18%"."""
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if isinstance(value, float):
            self.wrong(name, f"is a floating-point number ({value})", f'Put the rate in quotes: {name}: "{value}"')
            return None
        found = _RATE.fullmatch(str(value).strip())
        if isinstance(value, bool) or not found:
            self.wrong(name, f"is not a rate ({value!r})", 'Write a fraction or a percentage: "0.18" or "18%".')
            return None
        number = Decimal(found[1]) / 100 if found[2] else Decimal(found[1])
        if number >= 1 and not found[2]:
            self.wrong(name, f"would be {number:%}", f'Write a fraction or a percentage: "{number}%"?')
            return None
        return number.normalize() if number else Decimal(0)

    def whole(self, name: str, default: int | None = REQUIRED, *, least: int = 0, most: int = 10_000) -> int | None:
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip(), re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(name, f"is not a whole number ({value!r})", f"Write a number from {least} to {most}.")
        elif not least <= value <= most:
            self.wrong(name, f"is {value}", f"Write a number from {least} to {most}.")
        else:
            return value
        return None

    def flag(self, name: str, default: bool) -> bool:
        value = self._given(name, default)
        known = value if isinstance(value, bool) else _YES_NO.get(str(value).strip().lower())
        if known is None:
            self.wrong(name, f"is neither yes nor no ({value!r})", "Write true or false.")
        return bool(known)

    def choice(self, name: str, kind: type[E], default: E | None = REQUIRED) -> E | None:
        value = self._given(name, default)
        if value is None or value is default:
            return value
        try:
            return kind(value)
        except ValueError:
            self._not_among(name, value, [str(item.value) for item in kind])
            return None

    def word(self, name: str, words: tuple[str, ...], default: str | None = REQUIRED) -> str | None:
        value = self._given(name, default)
        if value is None or value in words:
            return value
        self._not_among(name, value, list(words))
        return None

    def day(self, name: str, default: date | None = REQUIRED) -> date | None:
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and (relative := _RELATIVE.fullmatch(value.strip())) and not relative[3]:
            return self._relative_day(name, relative)
        try:
            if isinstance(value, str):
                return date.fromisoformat(value.strip())
        except ValueError:
            pass
        self.wrong(name, f"is not a day ({value})", "Write it as 2026-11-23.")
        return None

    def moment(self, name: str, default: datetime | None = REQUIRED) -> datetime | None:
        """A moment; without a time zone it is local time in China. A day alone is its noon."""
        value = self._given(name, default)
        if value is None or value is default:
            return value
        if isinstance(value, str):
            value = self._moment_of(name, value.strip())
            if value is None:
                return None
        if isinstance(value, datetime):
            return value.replace(tzinfo=SHANGHAI) if value.tzinfo is None else value.astimezone(SHANGHAI)
        if isinstance(value, date):
            return datetime.combine(value, time(12), SHANGHAI)
        self.wrong(name, f"is not a moment ({value})", "Write it as 2026-11-23 10:00.")
        return None

    def sections(self, name: str, known: Iterable[str]) -> list[Section]:
        """The objects of a list."""
        value = self._given(name, [])
        if not isinstance(value, list):
            self.wrong(name, "is not a list", "Begin each of its entries with a dash.")
            return []
        found = [self._reading.section(item, (*self.at, name, number), known) for number, item in enumerate(value)]
        if None in found:
            self.sound = False
        return [section for section in found if section is not None]

    def ids(self, name: str | None) -> list[tuple[str, At]]:
        """The ids in a list of objects (or the object's own), sound or not, with the places of those objects."""
        listed = self._data.get(name) if name else [self._data]
        if not isinstance(listed, list):
            return []
        return [
            (entry["id"].strip(), (*self.at, name, number) if name else self.at)
            for number, entry in enumerate(listed)
            if isinstance(entry, dict) and isinstance(entry.get("id"), str)
        ]

    def is_list(self, name: str) -> bool:
        return isinstance(self._data.get(name), list)

    def raw(self, name: str) -> Any:
        return self._data.get(name)

    def _given(self, name: str, default: Any) -> Any:
        value = self._data.get(name)
        if value is not None:
            return value
        if default is REQUIRED:
            self.wrong(name, "is missing", f"Add {name}.")
            return None
        return default

    def _not_among(self, name: str, value: object, words: list[str]) -> None:
        near = difflib.get_close_matches(str(value), words, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Write one of: {', '.join(words)}."
        self.wrong(name, f"is unknown ({value!r})", remedy)

    def _relative_day(self, name: str, found: re.Match[str]) -> date | None:
        if self._reading.today is None:
            self.wrong(name, "counts from today, which real data cannot", "Write the day itself, e.g. 2026-11-23.")
            return None
        days = int(found[2] or 0) * (-1 if found[1] == "-" else 1)
        return self._reading.today + timedelta(days=days)

    def _moment_of(self, name: str, text: str) -> datetime | date | None:
        relative = _RELATIVE.fullmatch(text)
        day = self._relative_day(name, relative) if relative else None
        try:
            if relative:
                return day and datetime.combine(day, time.fromisoformat(relative[3] or "12:00"), SHANGHAI)
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            self.wrong(name, f"is not a moment ({text})", "Write it as 2026-11-23 10:00.")
            return None


def _what(value: object) -> str:
    return {bool: "yes or no", int: "a number", float: "a number", list: "a list", dict: "a set of fields"}.get(
        type(value), "a date" if isinstance(value, date) else "something else"
    )
