"""A change to a schedule as plain JSON: part of the quote that a borrower agrees to, and replayed from it."""

from __future__ import annotations

from datetime import date
from typing import Any

from kuanxin.servicing.position import Change, LiveRow
from kuanxin.servicing.quotes import Json, amounts_from_json, amounts_to_json

_DAYS = {"due_date", "since", "until", "payable_from", "penalty_from", "running_from"}


def change_to_json(change: Change) -> Json:
    return {
        "closes": list(change.closes),
        "opening": amounts_to_json(change.opening),
        "adds": [_row_to_json(row) for row in change.adds],
    }


def change_from_json(data: Json) -> Change:
    return Change(
        tuple(data["closes"]), amounts_from_json(data["opening"]), tuple(_row_from_json(row) for row in data["adds"])
    )


def _row_to_json(row: LiveRow) -> Json:
    """New rows have nothing paid on them: `paid` and `repaid` are left out."""
    return {name: _plain(value) for name, value in row._asdict().items() if name not in {"paid", "repaid"}}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int)) else amounts_to_json(value)


def _row_from_json(data: Json) -> LiveRow:
    read: Json = {
        name: date.fromisoformat(value) if name in _DAYS and value is not None else value
        for name, value in data.items()
    }
    return LiveRow(**{**read, "carried": amounts_from_json(data["carried"])})
