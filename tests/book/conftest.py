"""A database for a book, and a small real book to change one thing in."""

from __future__ import annotations

from copy import deepcopy

import pytest

_REAL = {
    "kind": "real",
    "borrowers": [
        {
            "id": "C1",
            "name": "王芳",
            "phone": "13800000001",
            "loans": [
                {
                    "id": "K1",
                    "product": "微粒贷",
                    "principal": "3000.00",
                    "disbursed": "2026-08-20",
                    "annual_rate": "0.18",
                    "instalments": [
                        {"due_date": "2026-09-20", "principal": "1000.00", "interest": "46.50"},
                        {"due_date": "2026-10-20", "principal": "1000.00", "interest": "30.00"},
                        {"due_date": "2026-11-20", "principal": "1000.00", "interest": "15.50"},
                    ],
                    "payments": [{"id": "Z1", "amount": "1046.50", "at": "2026-09-20 08:30"}],
                }
            ],
        }
    ],
}


@pytest.fixture
def engine(sqlite_url, migrated):
    return migrated(sqlite_url)


@pytest.fixture
def real():
    return deepcopy(_REAL)


@pytest.fixture
def loan(real):
    """The one loan of `real`."""
    return real["borrowers"][0]["loans"][0]


@pytest.fixture
def files(tmp_path):
    """Writes files into a folder: files(name=text) → the folder."""

    def write(**texts: str):
        folder = tmp_path / "form"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / name.replace("_", ".")).write_text(text, "utf-8")
        return folder

    return write
