"""Columns that hold personal data are sealed: who reads the database or a copy of it reads no names and numbers.

Fernet (AES-128-CBC, HMAC-SHA-256) of the `cryptography` package, with the keys of KUANXIN_DATA_KEYS: the first one
seals, all of them open, so that a key is replaced without a stop. Without keys values stand as they are, and what was
sealed earlier cannot be opened. docs/security.md says which columns and why not the others.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import String, Text, and_, column, literal, select, table, tuple_, update
from sqlalchemy.types import TypeDecorator

from kuanxin.store.base import metadata
from kuanxin.store.engine import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, Engine

VARIABLE = "KUANXIN_DATA_KEYS"
MARK = "\x02"  # before what is sealed; no text that people write keeps a control character
LOT = 500  # rows of one transaction


class CannotOpen(Exception):
    """A sealed value, and none of the keys opens it."""

    def __init__(self) -> None:
        super().__init__(f"a sealed value cannot be opened: {VARIABLE} must hold the key that sealed it")


def read_keys(text: str) -> tuple[Fernet, ...]:
    """The keys of a setting, the sealing one first: comma between, or file:/path with one a line. Raises ValueError."""
    if text.startswith("file:"):
        try:
            text = ",".join(Path(text.removeprefix("file:")).read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            raise ValueError("expected a file that can be read, with one key a line") from None
    try:
        return tuple(Fernet(key.strip()) for key in text.split(",") if key.strip())
    except ValueError:
        raise ValueError("expected keys of 32 bytes as URL-safe base64 (python -m kuanxin.store new-key)") from None


@lru_cache(maxsize=8)
def _keys(text: str) -> tuple[Fernet, ...]:
    return read_keys(text)


def keys() -> tuple[Fernet, ...]:
    """The keys of this process; none: values are not sealed."""
    return _keys(os.environ.get(VARIABLE, ""))


def seal(value: str) -> str:
    """What stands in the database for a value. One that pretends to be sealed loses its mark."""
    found, value = keys(), value.lstrip(MARK)
    return MARK + found[0].encrypt(value.encode()).decode() if found and value else value


def opened(value: str) -> str:
    """Raises CannotOpen."""
    if not value.startswith(MARK):
        return value
    found = keys()
    try:
        if not found:
            raise InvalidToken
        return MultiFernet(found).decrypt(value.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        raise CannotOpen from None


class Sealed(TypeDecorator):
    """Text that is sealed on its way into the database and opened on its way out. It cannot be searched or compared.

    `length` is what a column was declared with before it was sealed: SQLite keeps the declaration, which limits
    nothing there; PostgreSQL has Text.
    """

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(String(self.length) if self.length and dialect.name == "sqlite" else Text())

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else seal(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else opened(value)


def reseal(engine: Engine) -> dict[str, int]:
    """Seals with the first key whatever stands in plain text or under another key; how many rows of each table.

    Short transactions beside a running assistant; where it is interrupted it goes on at the next call. Raises
    CannotOpen, and ValueError without a key.
    """
    if not keys():
        raise ValueError(f"{VARIABLE} is not set: there is no key to seal with")
    return {of.name: _reseal(engine, of) for of in metadata.sorted_tables if _sealed(of)}


def _sealed(of: Table) -> list[str]:
    return [one.name for one in of.columns if isinstance(one.type, Sealed)]


def _reseal(engine: Engine, of: Table) -> int:
    names, changed = _sealed(of), 0
    key = [one.name for one in of.primary_key.columns]
    raw = table(of.name, *(column(one, of.c[one].type) for one in key), *(column(one, Text) for one in names))
    for rows in _lots(engine, raw, key):
        with engine.begin() as connection:
            changed += sum(_reseal_row(connection, raw, key, names, row) for row in rows)
    return changed


def _lots(engine: Engine, raw: Any, key: list[str]) -> Iterator[list[Any]]:
    ordered = [raw.c[one] for one in key]
    query = select(raw).order_by(*ordered).limit(LOT)
    following = query
    while True:
        with reading(engine) as connection:
            rows = list(connection.execute(following).mappings())
        if not rows:
            return
        yield rows
        last = tuple_(*(literal(rows[-1][one], raw.c[one].type) for one in key))
        following = query.where(tuple_(*ordered) > last)


def _reseal_row(connection: Connection, raw: Any, key: list[str], names: list[str], row: Any) -> int:
    """A value that changed meanwhile is newer and sealed already: it is left alone."""
    values = {name: seal(opened(row[name])) for name in names if row[name] and not _by_first_key(row[name])}
    if not values:
        return 0
    as_read = and_(*(raw.c[name] == row[name] for name in values))
    this = and_(*(raw.c[one] == row[one] for one in key))
    return int(connection.execute(update(raw).where(this, as_read).values(**values)).rowcount)


def _by_first_key(value: str) -> bool:
    if not value.startswith(MARK):
        return False
    try:
        keys()[0].decrypt(value.removeprefix(MARK).encode())
    except InvalidToken:
        return False
    return True
